"""Protects the list of runs from being cut off: on a narrow terminal a result stands below its run."""

import datetime as dt
import io

import pytest
from rich.console import Console

from assets.cli.commands import history
from assets.instance.run_history import PastRun

RESULT = "partially successful: 60 receipts imported, 152 stock lines moved, 5 rejected, 12 still rejected, 2 waiting"
BEGUN = dt.datetime(2026, 11, 27, 22, 30, tzinfo=dt.UTC)
BY = "command line (bookkeeper@a-computer-with-a-long-name)"
RUN = PastRun("a6ac4edf-4a01", "master-data", "partially_successful", BEGUN, 1234.5, BY, {}, RESULT)


@pytest.mark.parametrize("width", [60, 80, 100, 130, 200])
def test_no_word_is_cut_at_any_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(history, "console", lambda: Console(file=out, width=width, highlight=False))
    history._print_table([RUN, RUN], "en", dt.UTC)
    told = out.getvalue()
    assert max(map(len, told.splitlines())) <= width
    for word in f"a6ac4edf 2026-11-27 22:30:00 1234.5 {BY} {RESULT}".split():
        assert told.count(word) >= 2, word
