"""Protects the books from settings that lack something: it is named, nothing is booked, and it is made up for."""

from typing import Any

import pytest

from cloudkasse_etl.errors import StateUnavailableError
from cloudkasse_etl.state.stores.books.booked_receipts import BookedReceipts
from cloudkasse_etl.state.stores.books.staged_receipts import StagedReceipts
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.monitoring.open_records import open_records
from tests.support.books import (
    balances,
    book,
    deliver,
    fetch,
    fetch_and_book,
    sale,
    statuses,
    tables,
    told,
)
from tests.support.receipts.receipt_factory import Fields, item, line, pay
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True, page_items=10)


def test_an_account_of_selectline_that_cannot_be_used_refuses_its_receipt_and_no_other_account_is_taken(
    world: World,
) -> None:
    world.erp("UPDATE ART SET KontoVerkauf = :account WHERE Artikelnummer = 'A1'", {"account": "84\t0000"})
    deliver(world, item(line(article="A1"), id="R1", number=1), item(line(article="A2"), id="R2", number=2))
    fetch(world)
    postings, _ = book(world)
    assert [(r.key, r.code) for r in postings.rejections] == [("R1", "account_missing")]
    assert "ART.KontoVerkauf, KTOGRUPPENPOS.GKonto = '84 0000'" in postings.rejections[0].text("en")
    assert statuses(world) == {"R1": "rejected", "R2": "imported"}
    world.erp("UPDATE ART SET KontoVerkauf = '8401' WHERE Artikelnummer = 'A1'")
    assert told(book(world)[0]) == {"new": 1}


@pytest.mark.parametrize(
    ("lines", "payments", "section", "name", "setting"),
    [
        pytest.param([line("Pfand", 25)], [pay("Bar", 25)], "business_cases", "Pfand", "accounts.business_cases.Pfand",
                     id="business case"),
        pytest.param([line("Umsatz", 107, "7.00")], [pay("Bar", 107)], "revenue", "7.00", 'accounts.revenue."7.00"',
                     id="revenue"),
        pytest.param([line()], [pay("ECKarte", 1190)], "tenders", "ECKarte", "accounts.tenders.ECKarte", id="tender"),
        pytest.param([line()], [pay("Unbar", 1190, "Rechnung")], "tenders", "Unbar", "accounts.tenders.Unbar.Rechnung",
                     id="tender by name"),
        pytest.param([line("DifferenzSollIst", -5, None)], [pay("Bar", -5)], "business_cases", "DifferenzSollIst",
                     "accounts.business_cases.DifferenzSollIst.short", id="short"),
    ],
)  # fmt: skip
def test_an_unmapped_account_rejects_that_receipt_by_the_settings_name_until_it_is_there(
    world: World, lines: list[Fields], payments: list[Fields], section: str, name: str, setting: str
) -> None:
    removed = world.settings["accounts"][section].pop(name)
    deliver(world, sale(1), item(*lines, payments=payments, id="R2", number=2), sale(3))
    fetch(world)
    postings, _ = book(world)
    assert told(postings) == {"new": 2, "rejected": 1}
    assert [(r.key, r.code) for r in postings.rejections] == [("R2", "account_missing")]
    for language in ("de", "en"):
        assert setting in postings.rejections[0].text(language)
    assert statuses(world) == {"R1": "imported", "R2": "rejected", "R3": "imported"}
    assert {row["receipt_id"] for row in tables(world)["posting"]} == {"R1", "R3"}
    since = postings.rejections[0]

    postings, _ = book(world)
    assert told(postings) == {"still_rejected": 1}
    postings, _ = book(world, retry_rejected=True)
    assert told(postings) == {"rejected": 1}
    assert postings.rejections[0].since == since.since

    world.settings["accounts"][section][name] = removed
    postings, _ = book(world)
    assert told(postings) == {"new": 1}
    assert statuses(world)["R2"] == "imported"
    assert [row for row in tables(world)["rejection"] if row["asset"] == "revenue_postings"] == []
    assert told(book(world)[0]) == {}


def test_a_payment_service_without_an_account_is_named_with_its_register_until_the_setting_is_there(
    world: World,
) -> None:
    register, tenders = world.settings["registers"][0], world.settings["accounts"]["tenders"]
    tenders["Kreditkarte"] = "1399"
    visa, amex = ([pay("Kreditkarte", 1190, name)] for name in ("Visa", "Amex"))
    deliver(world, *(item(line(), payments=by, id=f"R{at}", number=at) for at, by in enumerate((visa, amex), 1)))
    fetch(world)
    # changed between fetch and import: it is booked by what holds then
    tenders["Kreditkarte"], register["tenders"] = {"Visa": "1362"}, {"Kreditkarte": {"Diners": "1361"}}
    postings, _ = book(world)
    assert told(postings) == {"new": 1, "rejected": 1}
    setting = "registers.K1.tenders.Kreditkarte.Amex"
    for language in ("de", "en"):
        assert setting in postings.rejections[0].text(language)
        assert 'Amex: "' in postings.rejections[0].cure(language)
    found = plan(world.configuration(), "import").imports
    assert (found is None or dict(found.missing)) == {setting: 1}
    assert told(book(world)[0]) == {"still_rejected": 1}

    register["tenders"]["Kreditkarte"]["Amex"] = "1364"
    assert told(book(world)[0]) == {"new": 1}
    by_card = {account: cents for account, cents in balances(world).items() if account.startswith("136")}
    assert by_card == {"1362": 1190, "1364": 1190}


def test_a_receipt_that_lacks_two_accounts_stands_under_each_and_is_counted_once_in_every_total(world: World) -> None:
    del world.settings["accounts"]["tenders"]["ECKarte"]
    removed = world.settings["accounts"]["business_cases"].pop("Pfand")
    by_card = [pay("ECKarte", 1190)]
    deliver(
        world,
        item(line(), payments=by_card, id="R1", number=1),
        item(line("Pfand", 1190), payments=by_card, id="R2", number=2),
        sale(3),
    )
    postings, _ = fetch_and_book(world)
    assert told(postings) == {"new": 1, "rejected": 2}
    found = open_records(world.configuration())
    assert {cause.text: (cause.count, cause.stuck.cents) for cause in found.causes} == {
        "No account is set: accounts.tenders.ECKarte.": (2, {"EUR": 2380}),
        "No account is set: accounts.business_cases.Pfand.": (1, {"EUR": 1190}),
    }
    assert (found.count, found.stuck.cents, found.stuck.receipts) == (2, {"EUR": 2380}, 2)
    assert "for 2 causes; 23.80 € are stuck in 2 receipts. 1 of them stands under several causes." in found.sentence
    assert sum(fate.count for fate in found.sums.fates) == found.sums.count == 3
    both = plan(world.configuration(), "import").imports
    assert both is not None
    assert dict(both.missing) == {"accounts.tenders.ECKarte": 2, "accounts.business_cases.Pfand": 1}

    world.settings["accounts"]["business_cases"]["Pfand"] = removed
    book(world)
    assert [cause.count for cause in open_records(world.configuration()).causes] == [2]


def test_a_register_without_a_cash_account_is_named(world: World) -> None:
    world.settings["registers"][0].pop("cash_account")
    deliver(world, sale(1), item(line(), payments=[pay("ECKarte", 1190)], id="R2", number=2))
    postings, _ = fetch_and_book(world)
    assert told(postings) == {"new": 1, "rejected": 1}
    assert "registers.K1.cash_account" in postings.rejections[0].text("en")


def test_a_register_that_was_removed_while_its_receipts_wait_is_to_be_put_back_or_they_dismissed(world: World) -> None:
    world.sync()  # a register that was never in use would be unknown
    deliver(world, sale(1), item(line(), payments=[pay("ECKarte", 1190)], id="R2", number=2))
    fetch(world)
    registers = world.settings["registers"]
    world.settings["registers"] = [{**registers[0], "number": "K9"}]
    postings, _ = book(world)
    assert told(postings) == {"new": 1, "rejected": 1}
    ((key, code, cure),) = ((r.key, r.code, r.cure("en")) for r in postings.rejections)
    assert (key, code) == ("R1", "register_removed")
    assert cure.startswith("Put register 'K1' back below registers: in cloudkasse.yaml")
    assert "cloudkasse-etl receipts dismiss RECEIPT --reason TEXT" in cure
    del world.settings["accounts"]["clearing"]  # what else is missing is told beside it
    assert [r.code for r in book(world)[0].rejections] == ["account_missing", "register_removed"]
    world.settings |= {"registers": registers, "accounts": world.settings["accounts"] | {"clearing": "1371"}}
    assert told(book(world)[0]) == {"new": 1}


def test_without_a_clearing_account_nothing_is_booked(world: World) -> None:
    del world.settings["accounts"]["clearing"]
    deliver(world, sale(1), sale(2))
    postings, movements = fetch_and_book(world)
    assert (told(postings), told(movements)) == ({"rejected": 2}, {})
    assert "accounts.clearing" in postings.rejections[0].text("en")
    assert tables(world)["posting"] == tables(world)["stock_movement"] == []


def test_a_receipt_that_was_chosen_and_refused_is_tried_again_when_the_settings_are_as_they_were_before(
    world: World,
) -> None:
    deliver(world, sale(1), sale(2))
    fetch(world)
    book(world, "R1")
    book(world)  # level with these settings
    deliver(world, sale(3))
    fetch(world)
    removed = world.settings["accounts"]["revenue"].pop("19.00")
    assert told(book(world, "R3")[0]) == {"rejected": 1}
    world.settings["accounts"]["revenue"]["19.00"] = removed
    assert told(book(world)[0]) == {"new": 1}


def test_an_import_that_broke_leaves_nothing_that_a_later_one_takes_for_settled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    deliver(world, sale(2), sale(3))
    fetch(world)
    removed = world.settings["accounts"]["revenue"].pop("19.00")
    original = BookedReceipts.book

    def dies_afterwards(store: BookedReceipts, **arguments: Any) -> None:
        original(store, **arguments)
        raise StateUnavailableError("The database went away.")

    with monkeypatch.context() as patch:
        patch.setattr("cloudkasse_etl.sync.receipts.receipt_import.BATCH", 1)
        patch.setattr(BookedReceipts, "book", dies_afterwards)
        with pytest.raises(StateUnavailableError):
            book(world)
    assert statuses(world) == {"R1": "imported", "R2": "rejected", "R3": "staged"}
    world.settings["accounts"]["revenue"]["19.00"] = removed
    assert told(book(world)[0]) == {"new": 2}


def test_a_fetch_that_broke_leaves_nothing_that_a_later_one_takes_for_settled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(world, sale(1))
    fetch(world)
    deliver(world, *(sale(number) for number in range(2, 15)))
    named = world.settings["registers"]
    world.settings["registers"] = []
    original = StagedReceipts.stage

    def dies_afterwards(store: StagedReceipts, *arguments: Any, **more: Any) -> None:
        original(store, *arguments, **more)
        raise StateUnavailableError("The database went away.")

    with monkeypatch.context() as patch:
        patch.setattr(StagedReceipts, "stage", dies_afterwards)
        with pytest.raises(StateUnavailableError):
            fetch(world)
    assert sorted(statuses(world).values()) == ["rejected"] * 11  # the first one, too, follows the settings
    world.settings["registers"] = named
    assert told(fetch(world)[0]) == {"new": 14}
