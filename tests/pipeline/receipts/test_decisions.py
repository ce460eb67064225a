"""Protects that whatever is open can be ended by a person, with a reason, on record, and that it can be taken back."""

from typing import Any

import pytest

from cloudkasse_etl.state.stores.books.decision_log import Subject
from tests.support.books import complete
from tests.support.programs import Program
from tests.support.receipts.coffee_receipts import changed, closing, receipt

pytestmark = pytest.mark.synced

ACCOUNTS = {"clearing": "1371", "revenue": {"19.00": "8400"}, "tenders": {"ECKarte": "1361"}}


@pytest.fixture
def shop(program: Program) -> Program:
    """A shop that is synchronised and may book cash sales."""
    program.world.settings["registers"][0]["cash_account"] = "1000"
    program.world.settings["accounts"] = ACCOUNTS
    return program


def listed(shop: Program, *arguments: str) -> dict[str, dict[str, Any]]:
    code, found = shop.call_json("receipts", *arguments)
    assert code == 0
    return {row["receipt_id"]: row for row in found["receipts"]}


def test_a_dismissal_is_taken_back_and_the_receipt_is_checked_again(shop: Program) -> None:
    shop.world.server.store.deliver_receipts([receipt(1), changed(receipt(2), "total_cents", 1)])
    shop.call("sync", "receipts")
    for receipt_id in ("r1", "r2"):
        assert shop.call("receipts", "dismiss", receipt_id, "--reason", "booked by hand")[0] == 0
    code, out, _ = shop.call("receipts", "restore", "r1", "--reason", "the wrong one")
    assert (code, out.strip()) == (0, "The receipt K1-1 · 2026-11-23 · 23.80 € was checked again; its status: staged.")
    code, said = shop.call_json("receipts", "restore", "r2", "--reason", "that too")
    assert (code, said["status"], {r["code"] for r in said["rejections"]}) == (
        0,
        "rejected",
        {"receipt_lines_total", "receipt_payments_total"},
    )
    found = listed(shop)
    assert {key: row["status"] for key, row in found.items()} == {"r1": "staged", "r2": "rejected"}
    decisions = found["r1"]["decisions"]
    assert [(d["action"], d["reason"]) for d in decisions] == [
        ("dismiss", "booked by hand"),
        ("restore", "the wrong one"),
    ]
    assert all("@" in d["decided_by"] and d["decided_at"] for d in decisions)
    assert found["r1"]["reason"] is None
    assert shop.call_json("import")[1]["message"].startswith("successful: 1 receipt imported")


def test_a_dismissed_receipt_that_is_restored_follows_the_settings_of_now(shop: Program) -> None:
    shop.world.server.store.deliver_receipts([receipt(1)])
    shop.call("sync", "receipts")
    shop.call("receipts", "dismiss", "r1", "--reason", "booked by hand")
    shop.world.settings["receipts"] = {"start_date": "2026-12-01"}
    assert shop.call_json("receipts", "restore", "r1", "--reason", "no")[1]["status"] == "before_start"


def test_a_correct_content_that_came_after_a_dismissal_takes_the_place_once_that_is_taken_back(shop: Program) -> None:
    for item in (changed(receipt(1), "total_cents", 1), receipt(1)):
        shop.world.server.store.deliver_receipts([item])
        shop.call("sync", "receipts")
        shop.call("receipts", "dismiss", "r1", "--reason", "booked by hand")
    assert listed(shop)["r1"]["status"] == "dismissed"
    assert shop.call_json("receipts", "restore", "r1", "--reason", "it was not")[1]["status"] == "staged"
    assert shop.call_json("import")[1]["message"].startswith("successful: 1 receipt imported")
    assert sorted(row["status"] for row in listed(shop).values()) == ["dismissed", "imported"]


@pytest.mark.parametrize(
    ("arguments", "message", "cure"),
    [
        (("receipts", "dismiss", "nobody"), "There is no receipt 'nobody'.", "cloudkasse-etl receipts"),
        (("receipts", "restore", "r1"), "cannot be restored; its status: imported", "cloudkasse-etl receipts"),
        (("receipts", "dismiss", "r1"), "cannot be dismissed; its status: imported", "cloudkasse-etl receipts"),
        (("receipts", "release", "r2"), "cannot be released: it is wrong", "dismiss it and book it by hand"),
        (("receipts", "dismiss", "r1", "--line", "1"), "is no refused stock line", "protocol"),
        (("receipts", "restore", "r1", "--line", "1"), "is not dismissed", "--status dismissed"),
        (("closings", "dismiss", "K1", "99"), "Nothing is open of a closing 'K1 99'", "cloudkasse-etl closings"),
        (("closings", "restore", "K1", "1"), "'K1 1' is not dismissed", "cloudkasse-etl closings"),
    ],
)
def test_what_cannot_be_decided_is_told_with_its_cure(
    shop: Program, arguments: tuple[str, ...], message: str, cure: str
) -> None:
    shop.world.server.store.deliver_receipts([receipt(1), changed(receipt(2), "total_cents", 1)])
    shop.world.server.store.deliver_closings([closing(1, 1, 1)])
    shop.call("sync", "receipts", "--import")
    code, said = shop.call_json(*arguments, "--reason", "x")
    assert code == 2
    assert message in said["error"]
    assert cure in said["hint"]
    code, said = shop.call_json(*arguments, "--reason", " ")
    assert (code, said["error"]) == (2, "Nothing is decided without a reason.")
    assert shop.call(*arguments)[0] == 2  # and without the option


def test_a_stock_line_that_was_booked_by_hand_is_dismissed_and_can_be_opened_again(shop: Program) -> None:
    two = receipt(1)
    two["lines"] = [{**two["lines"][0], "article": name, "number": at} for at, name in ((1, "gone"), (2, "lost"))]
    two |= {
        "total_cents": 4760,
        "vat": [{"vat_rate": "19.00", "gross_cents": 4760, "net_cents": 4000, "tax_cents": 760}],
    }
    two["payments"][0] |= {"amount_cents": 4760, "base_amount_cents": 4760}
    shop.world.server.store.deliver_receipts([two])
    _, report = shop.call_json("sync", "receipts", "--import")
    assert [r["key"] for r in report["rejections"]] == ["r1|1", "r1|2"]
    code, out, _ = shop.call("receipts", "dismiss", "r1", "--line", "1", "--reason", "counted by hand")
    assert (code, out.strip()) == (0, "Line 1 of receipt K1-1 · 2026-11-23 · 47.60 € is dismissed.")
    assert "Line 1 dismissed: counted by hand" in listed(shop)["r1"]["reason"]
    assert listed(shop, "--status", "dismissed")["r1"]["decisions"][0]["line"] == 1
    assert shop.call_json("import")[1]["message"] == "nothing new; 1 rejected"
    # what a person did is never done by the program
    shop.world.erp("UPDATE ART SET Artikelnummer = 'gone' WHERE Artikelnummer = 'A4'")
    shop.world.erp("UPDATE ART SET Artikelnummer = 'lost' WHERE Artikelnummer = 'A5'")
    assert shop.call_json("import")[1]["assets"]["stock_movements"]["new"] == 1
    assert shop.call_json("import")[1]["message"] == "nothing new"
    assert shop.call("receipts", "restore", "r1", "--line", "1", "--reason", "it was another one")[0] == 0
    assert shop.call_json("import")[1]["assets"]["stock_movements"]["new"] == 1
    assert shop.call_json("import")[1]["message"] == "nothing new"


def test_a_closing_conflict_is_dismissed_for_good_until_it_is_taken_back(shop: Program) -> None:
    store = shop.world.server.store
    others = [closing(1, 1, last) for last in (2, 3)]
    store.deliver_closings([closing(1, 1, 1), *others])
    code, report = shop.call_json("sync", "receipts")
    assert [r["code"] for r in report["rejections"]] == ["closing_conflict"]
    assert "closings dismiss" in report["rejections"][0]["cure"]
    _, found = shop.call_json("closings", "--status", "rejected")
    assert [(c["register"], c["number"], c["codes"]) for c in found["closings"]] == [("K1", 1, ["closing_conflict"])]
    assert shop.call("closings", "dismiss", "K1", "1", "--reason", "the first one is right")[0] == 0
    store.deliver_closings(others)  # the same contents do not open it again
    assert shop.call_json("sync", "receipts")[1]["rejections"] == []
    assert shop.call_json("sync", "receipts", "--retry-rejected")[1]["rejections"] == []
    _, found = shop.call_json("closings", "--status", "dismissed")
    (only,) = found["closings"]
    assert (only["reason"], only["decisions"][0]["action"]) == ("the first one is right", "dismiss")
    store.deliver_closings([closing(1, 1, 4)])  # another one does
    assert [r["code"] for r in shop.call_json("sync", "receipts")[1]["rejections"]] == ["closing_conflict"]
    shop.call("closings", "dismiss", "K1", "1", "--reason", "that one too")
    code, said = shop.call_json("closings", "restore", "K1", "1", "--reason", "not so sure")
    assert (code, said["status"], [r["code"] for r in said["rejections"]]) == (0, "rejected", ["closing_conflict"])
    assert shop.call("closings")[0] == 0


def test_a_closing_that_is_broken_missing_or_different_is_ended_by_a_person(shop: Program) -> None:
    shop.world.server.store.deliver_closings([closing(1, 1, 1), closing(5, 2, 2), {"text": "none"}])
    _, report = shop.call_json("sync", "receipts")
    (broken,) = report["rejections"]
    assert broken["code"] == "closing_malformed"
    assert shop.call("closings", "dismiss", broken["key"], "--reason", "nothing")[0] == 0
    assert shop.call("closings", "dismiss", "K1", "3", "--reason", "the tablet broke")[0] == 0
    assert shop.call("closings", "dismiss", "K1", "1", "--reason", "a test day")[0] == 0
    _, found = shop.call_json("closings")
    assert [(c["number"], c["status"]) for c in found["closings"] if c["register"] == "K1"] == [
        (1, "dismissed"),
        (2, "missing"),
        (3, "dismissed"),
        (4, "missing"),
        (5, "open"),
    ]
    assert shop.call_json("sync", "receipts")[1]["rejections"] == []
    found = complete(shop.world)
    assert [f.numbers for f in found.closing_gaps] == ["2", "4"]
    assert [f.numbers for f in found.closing_differences] == ["5"]


def test_receipt_numbers_that_will_never_come_are_ended_by_a_person(shop: Program) -> None:
    shop.world.server.store.deliver_receipts([receipt(number) for number in (1, 5, 7)])
    shop.call("sync", "receipts")
    code, out, _ = shop.call("receipts", "dismiss", "--missing", "K1", "3-4", "--reason", "the tablet broke")
    assert (code, out.strip()) == (0, "Receipt numbers 3-4 of register K1 are dismissed.")
    assert shop.call("receipts", "dismiss", "--missing", "K1", "6", "--reason", "x")[0] == 0
    assert [f.numbers for f in complete(shop.world).receipt_gaps] == ["2"]
    _, found = shop.call_json("receipts", "--status", "dismissed")
    assert [(d["register"], d["numbers"], d["reason"]) for d in found["dismissed_numbers"]] == [
        ("K1", "3-4", "the tablet broke"),
        ("K1", "6", "x"),
    ]
    assert "Missing numbers 3-4 of register K1 dismissed: the tablet broke" in shop.call("receipts")[1]
    for wrong in ("1", "2-3", "4-2", "x", "99"):
        code, said = shop.call_json("receipts", "dismiss", "--missing", "K1", wrong, "--reason", "x")
        assert (code, "are not missing" in said["error"]) == (2, True)
    assert shop.call("receipts", "dismiss", "r1", "--missing", "K1", "2", "--reason", "x")[0] == 2
    assert shop.call("receipts", "dismiss", "--reason", "x")[0] == 2
    assert shop.call("receipts", "restore", "--missing", "K1", "3-4", "--reason", "found it")[0] == 0
    assert shop.call("receipts", "restore", "--missing", "K1", "3-4", "--reason", "again")[0] == 2
    assert [f.numbers for f in complete(shop.world).receipt_gaps] == ["2–4"]


def test_that_a_decided_receipt_has_another_id_now_is_told_in_each_language(shop: Program) -> None:
    shop.world.server.store.deliver_receipts([receipt(1), receipt(1, note="changed")])
    shop.call("sync", "receipts")
    (ours,) = (key for key in listed(shop) if key != "r1")
    shop.call("receipts", "dismiss", ours, "--reason", "booked by hand")
    shop.world.server.store.deliver_receipts([receipt(2, id=ours)])
    shop.call("sync", "receipts")
    (free,) = (key for key in listed(shop) if key not in ("r1", ours))
    with shop.world.session() as session:
        moved = session.store.decisions.newest(Subject.RECEIPT, [ours])[ours]
    for language, words in (("en", "has the id"), ("de", "hat jetzt die Id"), ("fr", "a désormais l'identifiant")):
        assert f"{words} {free}" in moved.why(language)
