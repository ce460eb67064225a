"""A chain of two small shops, with Dagster's history already made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.support.chains.chain_program import ChainProgram, chain_program_in
from tests.support.chains.small_chain import small_chain
from tests.support.programs import STORAGE


@pytest.fixture
def chain(
    empty_history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[ChainProgram]:
    """The chain and its program."""
    shutil.copytree(empty_history, tmp_path / STORAGE)
    with small_chain(tmp_path, "berlin", "hamburg") as made, chain_program_in(made, monkeypatch, capsys) as program:
        yield program


@pytest.fixture
def history(chain: ChainProgram) -> Iterator[dg.DagsterInstance]:
    """The chain's Dagster instance, as a command opens it."""
    with chain.instance() as opened:
        yield opened
