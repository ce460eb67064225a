"""Protects that nothing stays open for ever: of every code of the catalogue there is a way to end what it refuses."""

import pytest

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_CLOSINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.errors import LeaseHeldError
from cloudkasse_etl.rejections.catalogue import CATALOGUE, CLOUD, HOLDING, record_codes
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.records import SyncedRecord
from cloudkasse_etl.state.stores.rejections import Rejections
from cloudkasse_etl.sync.receipts import decisions
from cloudkasse_etl.sync.receipts.closing_list import list_closings
from cloudkasse_etl.sync.receipts.receipt_list import list_receipts
from cloudkasse_etl.sync.receipts.validation.receipt_validation import validator_of
from tests.support.books import book, decider, dismiss, fetch, statuses
from tests.support.receipts.coffee_receipts import closing, receipt
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True)

WAITING = {"register_required", "article_required", "receipt_original"}
WARNINGS = {
    "vat_rate_unexpected", "vat_unexpected", "cash_for_review", "revenue_account_ambiguous",
    "void_original_unknown", "void_of_unsold", "original_after_void",
}  # fmt: skip


def way_out(code: str) -> str:
    """Who or what ends a refusal with this code."""
    if code in WAITING:
        return "what is waited for comes"
    if code in WARNINGS:
        return "it is told once, and nothing is open"
    if code in record_codes.TEXTS or code.startswith(CLOUD):
        return "the record is corrected"
    if code.startswith("closing_"):
        return "closings dismiss"
    return "receipts dismiss --line" if code.startswith("stock_") else "receipts dismiss"


def codes(way: str) -> list[str]:
    return [code for code in CATALOGUE if way_out(code) == way]


def open_codes(world: World) -> list[str]:
    with world.session() as session:
        found = [
            r
            for asset in (STAGED_RECEIPTS, STAGED_CLOSINGS, REVENUE_POSTINGS, STOCK_MOVEMENTS)
            for r in session.store.rejections.of(asset)
        ]
    return sorted(rejection.code for rejection in found)


def refused(asset: str, key: str, code: str) -> Rejection:
    return Rejection(asset, key, code, {"value": "x", "number": "1", "register": "K1"}, content="c")


def refuse_on_arrival(world: World, by_id: dict[str, str]) -> None:
    """As if the checks had refused receipts with these codes."""
    with world.session() as session:
        store = session.store.staging
        for receipt_id, code in by_id.items():
            (judged,) = validator_of(session).stored(store.stored(receipt_id))
            judged.staged.status, judged.staged.rejections = (
                Status.REJECTED,
                [refused(STAGED_RECEIPTS, receipt_id, code)],
            )
            store.restage([judged.staged])


def refuse_at_import(world: World, by_id: dict[str, str]) -> None:
    """As if an import had refused receipts with these codes."""
    with world.session() as session:
        for receipt_id, code in by_id.items():
            rejection = refused(REVENUE_POSTINGS, receipt_id, code)
            session.store.checkpoints.set(REVENUE_POSTINGS, "", "{}")
            with session.store.connection.transaction() as connection:
                table = session.store.connection.tables.receipt
                connection.execute(
                    table.update()
                    .where(table.c.receipt_id == receipt_id)
                    .values(status=Status.REJECTED, refused_by=REVENUE_POSTINGS)
                )
                Rejections(session.store.connection).put(connection, REVENUE_POSTINGS, [rejection])


@pytest.mark.parametrize("where", ["on arrival", "at the import"])
def test_every_refused_receipt_can_be_dismissed_and_is_never_opened_again(world: World, where: str) -> None:
    by_id = {f"r{number}": code for number, code in enumerate(codes("receipts dismiss"), 1)}
    assert len(by_id) >= 20
    world.server.store.deliver_receipts([receipt(number) for number in range(1, len(by_id) + 1)])
    fetch(world)
    if where == "on arrival":
        refuse_on_arrival(world, by_id)
    else:
        refuse_at_import(world, by_id)
    assert open_codes(world) == sorted(by_id.values())
    for receipt_id in by_id:
        dismiss(world, receipt_id, "dealt with by hand")
    for _ in range(2):
        assert open_codes(world) == []
        assert set(statuses(world).values()) == {"dismissed"}
        fetch(world, retry_rejected=True)
        book(world, retry_rejected=True)


@pytest.mark.parametrize("where", ["on arrival", "at the import"])
def test_everything_that_holds_a_receipt_can_be_released(world: World, where: str) -> None:
    by_id = {f"r{number}": code for number, code in enumerate(sorted(HOLDING), 1)}
    assert set(by_id.values()) <= set(codes("receipts dismiss"))
    world.server.store.deliver_receipts([receipt(number) for number in range(1, len(by_id) + 1)])
    fetch(world)
    if where == "on arrival":
        refuse_on_arrival(world, by_id)
    else:
        refuse_at_import(world, by_id)
    for receipt_id in by_id:
        assert decisions.release_receipt(decider(world, "it is right"), receipt_id).status == "staged"
    book(world)
    assert open_codes(world) == []
    assert set(statuses(world).values()) == {"imported"}


def test_every_refused_stock_line_can_be_dismissed(world: World) -> None:
    by_id = {f"r{number}": code for number, code in enumerate(codes("receipts dismiss --line"), 1)}
    assert len(by_id) >= 10
    world.server.store.deliver_receipts([receipt(number) for number in range(1, len(by_id) + 1)])
    fetch(world)
    book(world)
    with world.session() as session, session.store.connection.transaction() as connection:
        table = session.store.connection.tables.receipt
        connection.execute(table.update().values(stock_pending=True))
        lines = [refused(STOCK_MOVEMENTS, f"{receipt_id}|1", code) for receipt_id, code in by_id.items()]
        Rejections(session.store.connection).put(connection, STOCK_MOVEMENTS, lines)
    assert open_codes(world) == sorted(by_id.values())
    for receipt_id in by_id:
        decisions.dismiss_line(decider(world, "booked by hand"), receipt_id, 1)
    assert open_codes(world) == []
    with world.session() as session:
        assert list(session.store.receipts.raw_pending_stock()) == []
    book(world, retry_rejected=True)
    assert open_codes(world) == []


def test_every_refused_closing_can_be_dismissed(world: World) -> None:
    keys = {f"K1|{number}": code for number, code in enumerate(codes("closings dismiss"), 1)}
    assert set(keys.values()) == {"closing_malformed", "closing_conflict"}
    world.server.store.deliver_closings([closing(2, 1, 1), closing(2, 1, 2), {"register": "K1", "number": 1}])
    fetch(world)
    assert open_codes(world) == sorted(keys.values())
    for key in keys:
        decisions.dismiss_closing(decider(world, "looked at"), key)
    assert open_codes(world) == []
    fetch(world, retry_rejected=True)
    assert open_codes(world) == []


@pytest.mark.parametrize("code", codes("the record is corrected"))
def test_a_refused_record_ends_once_it_is_corrected_or_no_longer_wanted(world: World, code: str) -> None:
    with world.session() as session:
        store = session.store
        store.synced.settle(
            "cloudkasse_articles",
            "articles",
            answered=[],
            accepted=[],
            rejected=[refused("cloudkasse_articles", key, code) for key in ("corrected", "gone")],
        )
        assert len(store.rejections.of("cloudkasse_articles")) == 2
        good = SyncedRecord("corrected", 1, "{}", active=True, cloud_id=None)
        store.synced.settle("cloudkasse_articles", "articles", answered=[], accepted=[good], rejected=[])
        store.rejections.end("cloudkasse_articles", ["gone"])
        assert store.rejections.of("cloudkasse_articles") == []
        store.rejections.replace("selectline_articles", [refused("selectline_articles", "A1", code)])
        store.rejections.replace("selectline_articles", [])
        assert store.rejections.of("selectline_articles") == []


@BOTH
def test_whatever_is_decided_is_on_record_in_every_database(world: World) -> None:
    world.server.store.deliver_receipts([receipt(1), receipt(2), receipt(3, business_day="2062-11-23")])
    world.server.store.deliver_closings([closing(1, 1, 1), closing(1, 1, 2)])
    fetch(world)
    dismiss(world, "r1", "by hand")
    decisions.restore_receipt(decider(world, "after all"), "r1")
    decisions.release_receipt(decider(world, "it is right"), "r3")
    decisions.dismiss_closing(decider(world, "the first is right"), "K1|1")
    decisions.restore_closing(decider(world, "or not"), "K1|1")
    assert statuses(world) == dict.fromkeys(("r1", "r2", "r3"), "staged")
    assert open_codes(world) == ["closing_conflict"]
    book(world)
    assert statuses(world) == dict.fromkeys(("r1", "r2", "r3"), "imported")
    listed = {row.receipt_id: row for row in list_receipts(world.configuration())}
    assert [d.reason for d in listed["r1"].decisions] == ["by hand", "after all"]
    (found,) = list_closings(world.configuration())
    assert [(d.action, d.decided_by) for d in found.decisions] == [("dismiss", "a test"), ("restore", "a test")]


def test_nothing_is_decided_beside_a_running_synchronisation(world: World) -> None:
    world.server.store.deliver_receipts([receipt(1)])
    fetch(world)
    with world.session(), pytest.raises(LeaseHeldError):
        dismiss(world, "r1", "by hand")
    assert statuses(world) == {"r1": "staged"}
    assert list_receipts(world.configuration())[0].decisions == ()
