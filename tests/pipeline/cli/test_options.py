"""Protects the commands' options: what cannot be meant is told as wrong use, and nothing is written or started."""

import shlex
from pathlib import Path

import click
import pytest

from assets.cli.commands.sandbox import sell
from cloudkasse_etl.sandbox.till.selling import MAX_DAYS, MAX_RECEIPTS
from tests.support.programs import Program, names_of


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))


@pytest.mark.synced
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("export postings --from 2026-12-31 --to 2026-01-01 --csv x.csv", "--to (2026-01-01) is before --from (2026-"),
        ("export movements --from 2026-12-31 --to 2026-01-01 --csv x.csv", "--to (2026-01-01) is before --from"),
        ("export postings --from 2026-02-30 --csv x.csv", "'2026-02-30' is no day; write 2026-11-01 or 01.11."),
        ("export postings --from 0001-01-01 --csv x.csv", "'0001-01-01' is not between"),
        ("export postings --from 0 --csv x.csv", "'0' is no day"),
        ("export postings --csv ''", "Invalid value for '--csv': It is empty."),
        ("export postings --csv .", "Invalid value for '--csv': File '.' is a directory."),
        ("report --last --html ''", "Invalid value for '--html': It is empty."),
        ("report --last --html -", "Invalid value for '--html': It is no file"),
        ("report '' --html x.html", "Invalid value for '[RUN_ID]': It is empty."),
        ("report zz --html x.html", "There is no run 'zz'."),
        ("report \udcff --html x.html", "It has a character that no text has."),
        ("protocol ''", "Invalid value for 'RUN_ID': It is empty."),
        ("protocol zz", "There is no protocol of a run 'zz'."),
        ("protocol zz --csv ''", "Invalid value for '--csv': It is empty."),
        ("import --receipt ''", "Invalid value for '--receipt': It is empty."),
        ("import --receipt ' '", "Invalid value for '--receipt': It is empty."),
        ("import --receipt nobody", "There is no receipt 'nobody'."),
        ("import --receipt \udcff", "Invalid value for '--receipt': It has a character that no text has."),
        ("receipts dismiss '' --reason x", "RECEIPT]': It is empty."),
        ("receipts dismiss nobody --reason ' '", "Nothing is decided without a reason."),
        ("receipts dismiss nobody --reason \udcff", "Invalid value for '--reason': It has a character"),
        ("receipts dismiss \udcff --reason x", "RECEIPT]': It has a character"),
        ("receipts --limit 0", "0 is not in the range x>=1."),
        ("receipts --limit -1", "-1 is not in the range x>=1."),
        ("receipts --day 30.02.2026", "'30.02.2026' is no day"),
        ("receipts --day 01.02.26", "'01.02.26' is no day"),
        ("closings --day 01.01.0001", "'01.01.0001' is not between"),
        (
            "rejections --asset gross_price",
            "'gross_price' is no asset that refuses records; did you mean 'gross_prices",
        ),
        ("rejections --asset nonsense", "there are: selectline_company, cloudkasse_company, "),
        ("rejections --code acount_missing", "is no code of rejections; did you mean 'account_missing'?"),
        ("rejections --code zzz", "'zzz' is no code of rejections; there are: value_missing, "),
        ("receipts --status nothing", "'nothing' is not one of"),
        ("history --limit 0", "0 is not in the range"),
        ("history prune --keep-days 0", "0 is not in the range"),
        ("history prune --keep-days -1", "-1 is not in the range"),
        ("ui --port 0", "0 is not in the range"),
        ("ui --port 65536", "65536 is not in the range"),
        ("ui --demo --folder ''", "Invalid value for '--folder': It is empty."),
        ("demo --folder ''", "Invalid value for '--folder': It is empty."),
        ("sandbox --data ''", "Invalid value for '--data': It is empty."),
        ("sandbox --token ''", "Invalid value for '--token': It is empty."),
        ("sandbox sell --days 0", "0 is not in the range"),
        ("sandbox sell --url nonsense", "Invalid value for '--url': 'nonsense' is no address"),
        ("sandbox sell --first-day 9999-12-31", "Invalid value for '--first-day': '9999-12-31' is not between"),
        ("sandbox sell --days 1001", "1001 is not in the range"),
        ("sandbox misbehave all:0.1 --url ftp://x", "Invalid value for '--url': 'ftp://x' is no address"),
        ("plan nothing", "'nothing' is not one of"),
        ("sync import", "'import' is not one of"),
    ],
)
def test_an_option_that_cannot_be_meant_is_wrong_use(program: Program, arguments: str, told: str) -> None:
    code, out, said = program.call(*shlex.split(arguments))
    assert (code, out) == (2, ""), said
    assert told in said
    assert names_of(Path.cwd()) == []


def test_no_more_can_be_ordered_than_a_sandbox_sells() -> None:
    ranges = {option.name: option.type for option in sell.params if isinstance(option.type, click.IntRange)}
    assert (ranges["days"].max, ranges["receipts"].max) == (MAX_DAYS, MAX_RECEIPTS)


@pytest.mark.synced
@pytest.mark.parametrize("day", ["2026-11-23", "23.11.2026", " 23.11.2026 "])
def test_a_day_is_taken_as_files_and_as_germans_write_it(program: Program, day: str) -> None:
    code, _, said = program.call("export", "postings", "--from", day, "--to", "22.11.2026", "--csv", "x.csv")
    assert (code, said.split(".")[0]) == (2, "--to (2026-11-22) is before --from (2026-11-23)")


@pytest.mark.synced
def test_the_same_day_twice_is_a_period_of_one_day(program: Program) -> None:
    code, out, _ = program.call("export", "postings", "--from", "2026-11-23", "--to", "2026-11-23", "--csv", "x.csv")
    assert (code, out.split(" written")[0]) == (0, "0 postings")
    assert Path("x.csv").is_file()
