"""Protects that the demo's books end in its SelectLine, which answers for the commands that ask it and for no other."""

import io
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from assets.cli.demo.demo_server import is_free
from assets.cli.demo.demo_shop import DEARER_ARTICLE, Demo
from assets.cli.demo.selectline_tour import tell_of_selectline
from assets.cli.group import run
from cloudkasse_etl.sandbox.selectline.clerk import clerk_orders
from tests.support.demos import demo_in


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with demo_in(tmp_path) as made:
        yield made


def sold(demo: Demo) -> None:
    """Lets the demo sell, and books it."""
    assert run(["sync", "master-data", "--demo"]) == 10
    assert run(["sandbox", "sell", "--receipts", "200", "--demo"]) == 0
    assert run(["sync", "receipts", "--import", "--demo"]) == 0


def settings(demo: Demo, old: str, new: str) -> None:
    text = demo.settings.read_text(encoding="utf-8")
    assert old in text
    demo.settings.write_text(text.replace(old, new), encoding="utf-8")


def stock(demo: Demo) -> list[int]:
    """The article's stock in thousandths by warehouse, from SelectLine's own table."""
    query = (
        "SELECT Bestand FROM LAGERBESTAND JOIN LAGERPLATZ ON LAGERPLATZ.Id = LAGERBESTAND.LagerplatzId "
        "WHERE Artikelnummer = ? ORDER BY Lager"
    )
    with sqlite3.connect(demo.erp) as connection:
        return [round(row[0] * 1000) for row in connection.execute(query, (DEARER_ARTICLE,))]


def told_tour(demo: Demo) -> tuple[bool, list[str]]:
    out = Console(file=io.StringIO(), width=160)
    with demo.running(cloud=False) as (configuration, home):
        is_expected = tell_of_selectline(demo, out, configuration, home, 8)
    assert isinstance(out.file, io.StringIO)
    return is_expected, out.file.getvalue().splitlines()


def german(milli: int) -> str:
    whole, part = divmod(milli, 1000)
    return f"{whole},{part:03d} kg" if part else f"{whole} kg"


def test_the_tour_tells_in_german_what_the_shops_database_holds(demo: Demo) -> None:
    sold(demo)
    settings(demo, "language: en", "language: de")
    with demo.running(cloud=False):
        before = stock(demo)  # its tables are made as it starts
    is_expected, lines = told_tour(demo)
    after = stock(demo)
    assert is_expected, "\n".join(lines)
    assert before != after
    assert sum("26-00000" in line for line in lines) == 2  # a document for each register's closing
    assert "   2 dort übernommen" in " ".join(lines).replace("erfolgreich:", "  ")
    told = [line.split("  ") for line in lines if " kg" in line]
    shown = [[cell.strip() for cell in row if " kg" in cell] for row in told]
    assert shown == [
        [german(then), german(now), german(then - now)] for then, now in zip(before, after, strict=True)
    ]  # fmt: skip


def test_a_clerk_who_takes_nothing_over_is_no_success(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    sold(demo)
    monkeypatch.setattr(clerk_orders, "take_over_remotely", lambda page: [])
    assert not told_tour(demo)[0]


def test_commands_deliver_list_and_take_back(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    sold(demo)
    assert run(["plan", "deliver", "--demo"]) == 0
    assert run(["deliver", "--demo"]) == 0
    assert run(["check", "--demo"]) == 0
    assert run(["deliveries", "retract", "1", "--reason", "test", "--demo"]) == 0
    assert run(["sandbox", "misbehave", "failed_after:1", "--selectline", "--demo"]) == 0
    said = capsys.readouterr().out
    assert "2 documents delivered" in said
    assert "failed_after" in said
    assert run(["deliver", "--demo"]) == 0
    assert "1 document delivered" in capsys.readouterr().out
    assert demo.selectline_port is not None
    assert is_free(demo.selectline_port)


def test_another_program_on_its_port_hinders_only_what_asks_it(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.selectline_port is not None
    with socket.create_server(("127.0.0.1", demo.selectline_port)):
        assert run(["sync", "--demo"]) == 10
        assert run(["import", "--demo"]) == 0
        assert run(["plan", "deliver", "--demo"]) == 0
        assert "is used by another program" not in capsys.readouterr().err
        for words in (["deliver"], ["deliveries"], ["check"], ["sandbox"]):
            assert run([*words, "--demo"]) == 2
            said = capsys.readouterr().err
            assert said.startswith(f"Port {demo.selectline_port}, on which the demo's SelectLine runs, is used by ")
        settings(demo, "when: manual", "when: direct")
        assert run(["import", "--demo"]) == 2


def test_a_demo_whose_till_is_another_has_none(tmp_path: Path) -> None:
    other = Demo(tmp_path, 1, "korona")
    assert other.selectline is None
    assert not [name for name in other.environment if name.startswith("SELECTLINE")]
