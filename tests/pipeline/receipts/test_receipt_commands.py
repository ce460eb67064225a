"""Protects the clerk's way with receipts: fetch, look, decide, import, dismiss, export, each with its exit code."""

import os
import select
import sys
import time
from pathlib import Path

import pytest

from tests.support import databases
from tests.support.patience import HANG_SECONDS
from tests.support.programs import EXECUTABLE, Program
from tests.support.receipts.coffee_receipts import changed, receipt

ACCOUNTS = {"clearing": "1371", "revenue": {"19.00": "8400"}, "tenders": {"ECKarte": "1361"}}


pytestmark = pytest.mark.synced


@pytest.fixture
def shop(program: Program) -> Program:
    """A shop that is synchronised and may book cash sales."""
    program.world.settings["registers"][0]["cash_account"] = "1000"
    program.world.settings["accounts"] = ACCOUNTS
    return program


def test_receipts_are_staged_by_a_sync_and_booked_by_an_import(shop: Program) -> None:
    shop.world.server.store.deliver_receipts([receipt(number) for number in (1, 2, 3)])
    code, report = shop.call_json("sync", "receipts")
    assert code == 0
    assert report["kind"] == "receipts"
    assert report["message"] == "successful: 3 receipts staged. 3 receipts wait for their import (71.40 €)."
    assert report["receipts"]["fates"] == [
        {"fate": "staged", "reason": None, "count": 3, "cents": {"EUR": 7140}, "unknown": 0}
    ]
    assert report["assets"]["staged_receipts"]["new"] == 3
    assert report["assets"]["revenue_postings"]["new"] == 0
    code, listed = shop.call_json("receipts", "--status", "staged")
    assert [(r["register"], r["number"], r["total_cents"]) for r in listed["receipts"]] == [
        ("K1", 1, 2380),
        ("K1", 2, 2380),
        ("K1", 3, 2380),
    ]

    code, report = shop.call_json("import", "--receipt", "r2")
    waiting = "2 receipts wait for their import (47.60 €)."
    assert (code, report["message"]) == (0, f"successful: 1 receipt imported, 1 stock line moved. {waiting}")
    code, report = shop.call_json("import")
    assert (code, report["assets"]["revenue_postings"]["new"]) == (0, 2)
    code, report = shop.call_json("import")
    assert (code, report["outcome"]) == (0, "no_new_data")
    assert shop.call_json("sync", "receipts")[1]["outcome"] == "no_new_data"
    kinds = [run["kind"] for run in shop.call_json("history")[1]["runs"]]
    assert kinds == ["receipts", "import", "import", "import", "receipts", "all"]


def test_the_list_says_what_a_void_waits_for_and_which_stock_line_is_refused(shop: Program) -> None:
    void = receipt(2, cancelled=True, reference={"receipt_id": "r9"})
    shop.world.server.store.deliver_receipts([changed(receipt(1), "lines.0.article", "NEU"), void])
    shop.call_json("sync", "receipts", "--import")
    assert [(r["status"], r["reason"]) for r in shop.call_json("receipts")[1]["receipts"]] == [
        ("imported", "Line 1: Article 'NEU' is not in SelectLine, so no stock was moved."),
        ("staged", "Waits for a receipt that has not come (r9), which it voids and which is not booked yet."),
    ]
    shop.call_json("receipts", "dismiss", "r1", "--line", "1", "--reason", "counted")
    assert shop.call_json("receipts")[1]["receipts"][0]["reason"] == "Line 1 dismissed: counted"


@pytest.mark.parametrize(
    ("setting", "option", "imported"),
    [("ask", [], 0), ("manual", [], 0), ("direct", [], 1), ("direct", ["--no-import"], 0), ("manual", ["--import"], 1)],
)
def test_the_setting_decides_about_importing_unless_the_command_does(
    shop: Program, setting: str, option: list[str], imported: int
) -> None:
    shop.world.settings["receipts"] = {"import": setting}
    shop.world.server.store.deliver_receipts([receipt(1)])
    code, report = shop.call_json("sync", "all", *option)
    assert code == 0
    assert report["assets"]["staged_receipts"]["new"] == 1
    assert report["assets"]["revenue_postings"]["new"] == imported


def test_a_missing_account_is_named_and_the_receipt_goes_through_once_it_is_there(shop: Program) -> None:
    card = receipt(1)
    card["payments"][0]["tender"] = "Kreditkarte"
    shop.world.server.store.deliver_receipts([card, receipt(2)])
    code, report = shop.call_json("sync", "receipts", "--import")
    assert code == 10
    (rejection,) = report["rejections"]
    assert (rejection["asset"], rejection["key"], rejection["code"]) == ("revenue_postings", "r1", "account_missing")
    assert "accounts.tenders.Kreditkarte" in rejection["text"] + rejection["cure"]
    code, out, _ = shop.call("receipts", "--status", "rejected")
    assert code == 0
    assert "accounts.tenders.Kreditkarte" in out
    assert shop.call_json("import")[1]["message"] == "nothing new; 1 rejected"
    shop.world.settings["accounts"] = {**ACCOUNTS, "tenders": {"ECKarte": "1361", "Kreditkarte": "1362"}}
    assert shop.call_json("import")[1]["message"] == "successful: 1 receipt imported, 1 stock line moved"


def test_a_receipt_is_dismissed_with_a_reason_that_is_kept(shop: Program) -> None:
    shop.world.server.store.deliver_receipts([changed(receipt(1), "total_cents", 1), receipt(2)])
    assert shop.call("sync", "receipts")[0] == 10
    code, _, err = shop.call("receipts", "dismiss", "r1", "--reason", " ")
    assert (code, "without a reason" in err) == (2, True)
    assert shop.call("receipts", "dismiss", "r1", "--reason", "booked by hand")[0] == 0
    assert shop.call("receipts", "dismiss", "r2", "--reason", "a test sale")[0] == 0
    code, report = shop.call_json("import")
    assert (code, report["outcome"]) == (0, "no_new_data")
    listed = shop.call_json("receipts")[1]["receipts"]
    assert [(r["status"], r["reason"]) for r in listed] == [
        ("dismissed", "booked by hand"),
        ("dismissed", "a test sale"),
    ]
    assert shop.call("receipts", "dismiss", "nobody", "--reason", "x")[0] == 2
    assert shop.call_json("sync", "receipts")[1]["message"] == "nothing new"


def test_an_unknown_receipt_cannot_be_imported(shop: Program) -> None:
    code, said = shop.call_json("import", "--receipt", "nobody")
    assert code == 2
    assert said["error"] == "There is no receipt 'nobody'."
    assert len(shop.call_json("history")[1]["runs"]) == 1  # there was no run


def test_the_books_are_exported_balanced_with_totals(shop: Program, tmp_path: Path) -> None:
    odd = receipt(2)
    odd["lines"][0]["text"] = "=cmd|' /C calc'!A0"
    shop.world.settings["language"] = "de"
    shop.world.server.store.deliver_receipts([receipt(1), odd])
    shop.call("sync", "receipts", "--import")
    journal, movements = tmp_path / "journal.csv", tmp_path / "movements.csv"
    code, out, _ = shop.call("export", "postings", "--from", "2026-11-01", "--to", "2026-11-30", "--csv", str(journal))
    assert (code, "Soll 95,20 EUR, Haben 95,20 EUR" in out) == (0, True)
    rows = journal.read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].startswith("Datum;Belegnummer;Kasse;Abschluss;Konto;Soll;Haben")
    assert rows[1].startswith("23.11.2026;K1-1;K1;;8400;;23,80;EUR;3;19,00;-3,80;Umsatz;;Kaffee;")
    assert rows[-1].startswith("Summe;;;;;95,20;95,20;")
    assert "'=cmd" in journal.read_text(encoding="utf-8-sig")
    assert shop.call("export", "movements", "--csv", str(movements))[0] == 0
    assert "23.11.2026;A1;1;;2,000;Stk;K1;r1;1" in movements.read_text(encoding="utf-8-sig")
    code, out, _ = shop.call("export", "postings", "--to", "2026-11-22", "--csv", str(journal))
    assert (code, out.startswith("0 Buchungen")) == (0, True)
    assert shop.call("export", "postings", "--csv", str(tmp_path / "no" / "file.csv"))[0] == 2


@databases.ONLY_SQLITE
def test_receipts_come_down_also_while_the_erp_is_away(shop: Program, tmp_path: Path) -> None:
    shop.world.state_url = f"sqlite:///{tmp_path / 'state.db'}"
    os.environ["CLOUDKASSE_STATE_URL"] = shop.world.state_url
    shop.world.server.store.deliver_receipts([receipt(1)])
    (tmp_path / "erp.db").rename(tmp_path / "away.db")
    code, report = shop.call_json("sync", "all")
    assert code == 20
    assert "does not exist" in report["message"]
    assert report["assets"]["staged_receipts"]["new"] == 1
    (tmp_path / "away.db").rename(tmp_path / "erp.db")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are Unix's")
@pytest.mark.parametrize(
    ("earlier", "language", "question", "answers", "status"),
    [
        (1, "en", "2 receipts wait for their import (47.60 €). Import them now? [Y/n]: ", ["y"], "imported"),
        # nothing is new; j is no English
        (2, "en", "2 receipts wait for their import (47.60 €). Import them now? [Y/n]: ", ["j", "no"], "staged"),
        (0, "de", "2 Bons warten auf ihren Import (47,60 €). Jetzt importieren? [J/n]: ", ["J"], "imported"),
        (0, "fr", "[O/n]: ", [""], "imported"),
    ],
)
def test_a_terminal_is_asked_for_all_that_an_import_would_book(
    shop: Program, earlier: int, language: str, question: str, answers: list[str], status: str
) -> None:
    import pty

    shop.world.settings["language"] = language
    both = [receipt(1), receipt(2)]
    shop.world.server.store.deliver_receipts(both[:earlier])
    shop.call("sync", "all", "--no-import")
    shop.world.server.store.deliver_receipts(both[earlier:])
    shop.world.configuration()
    child, terminal = pty.fork()
    if child == 0:
        os.execve(
            sys.executable, [sys.executable, "-c", EXECUTABLE, "sync", "receipts"], {**os.environ, "TERM": "dumb"}
        )
    deadline = time.monotonic() + HANG_SECONDS
    for answer, asked in zip(answers, [question, "Yes or no? [Y/n]: "], strict=False):
        said = b""
        while asked not in said.decode(errors="replace") and time.monotonic() < deadline:
            if select.select([terminal], [], [], 1)[0]:
                said += os.read(terminal, 4096)
        assert asked in said.decode()
        os.write(terminal, f"{answer}\n".encode())
    while time.monotonic() < deadline:
        try:
            if select.select([terminal], [], [], 1)[0] and not os.read(terminal, 4096):
                break
        except OSError:  # the other end of a terminal that was closed
            break
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert {r["status"] for r in shop.call_json("receipts")[1]["receipts"]} == {status}
