"""Protects our own table of deliveries, in each database: a receipt is in one that counts at most."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.books.decision_log import Action, Decision, Subject
from cloudkasse_etl.state.stores.deliveries.api_sessions import ApiSessions
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, Deliveries, DeliveryStatus
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import UndeliveredReceipts
from cloudkasse_etl.sync.deliveries.delivery_list import list_deliveries
from tests.support.books import deliver, fetch_and_book, sale
from tests.support.selectline.delivery_drafts import DRAFT
from tests.support.worlds import BOTH, World

SECOND = replace(DRAFT, key="cloudkasse:1|K1|closing 1|2", generation=2, receipts=("R3",))
REFUSED = Rejection("selectline_documents", DRAFT.key, "delivery_unclear", {"message": "-"}, "c")


@BOTH
def test_a_receipt_is_in_one_delivery_at_most_until_that_is_taken_back(world: World) -> None:
    with world.session() as session:
        store = Deliveries(session.store.connection)
        store.freeze([DRAFT])
        with pytest.raises((CloudkasseError, sa.exc.IntegrityError)):
            store.freeze([replace(SECOND, receipts=("R9", "R2"))])
        assert [one.key for one in store.all()] == [DRAFT.key]  # nothing of the second, its other receipt included
        (delivery,) = store.all()
        assert store.covering(["R1", "R2", "R9"]) == {"R1": delivery, "R2": delivery}
        decision = Decision(Subject.DELIVERY, "1", Action.RETRACT, "falsch")
        store.retract(delivery, decision)
        assert store.covering(["R1", "R2"]) == {}
        store.freeze([replace(SECOND, receipts=("R1", "R2"))])
        assert [one.status for one in store.all()] == ["retracted", "intended"]
        with pytest.raises(AssertionError):
            store.retract(delivery, decision)


@BOTH
def test_a_key_is_given_once(world: World) -> None:
    with world.session() as session:
        store = Deliveries(session.store.connection)
        store.freeze([DRAFT])
        with pytest.raises((CloudkasseError, sa.exc.IntegrityError)):
            store.freeze([replace(DRAFT, receipts=("R7",))])
        store.freeze([SECOND])
        assert store.generations([("K1", "closing 1"), ("K1", "closing 2"), ("K2", "closing 1")]) == {
            ("K1", "closing 1"): 2
        }
        assert store.known([DRAFT.key, "another"]) == {DRAFT.key}


@BOTH
def test_a_status_and_its_rejection_move_together(world: World) -> None:
    with world.session() as session:
        store, rejections = Deliveries(session.store.connection), session.store.rejections
        store.freeze([DRAFT])
        (delivery,) = store.all(DeliveryStatus.INTENDED)
        store.leave(delivery, REFUSED)
        assert [found.code for found in rejections.of("selectline_documents")] == ["delivery_unclear"]
        store.move(delivery, DeliveryStatus.DELIVERED, remote_id=7)
        assert rejections.of("selectline_documents") == []
        store.move(delivery, DeliveryStatus.ASSUMED, destination="26-1")
        found = store.find(delivery.delivery_id)
        assert found is not None
        assert (found.status, found.remote_id, found.destination) == ("assumed", 7, "26-1")
        with pytest.raises(AssertionError):
            store.move(delivery, DeliveryStatus.DELIVERED)  # what was taken over stays so
        assert store.find(99) is None


@BOTH
def test_the_session_that_was_not_ended_is_remembered_and_forgotten(world: World) -> None:
    with world.session() as session:
        sessions = ApiSessions(session.store.connection)
        assert sessions.left() is None
        for token in ("first", "second"):
            sessions.keep(SecretStr(token))
        left = sessions.left()
        assert left is not None
        assert left.get_secret_value() == "second"
        sessions.forget()
        assert sessions.left() is None


@BOTH
def test_deliveries_without_lines_need_not_be_sent(world: World) -> None:
    with world.session() as session:
        store = Deliveries(session.store.connection)
        store.freeze([replace(DRAFT, line_count=0, amount_cents=0, body=b"")])
        assert [one.status for one in store.all()] == ["delivered"]
        assert {one.key for one in store.covering(["R1", "R2", "R3"]).values()} == {DRAFT.key}
        assert sorted(store.covering(["R1", "R2", "R3"])) == ["R1", "R2"]
    (listed,) = list_deliveries(world.configuration())
    assert listed.reason("en") == "Nothing in it goes to SelectLine, so nothing was sent."


@BOTH
def test_each_target_has_its_own_deliveries_of_the_same_receipts(world: World) -> None:
    with world.session() as session:
        documents, ledger = (Deliveries(session.store.connection, target) for target in ("transfer", BATCH))
        documents.freeze([DRAFT])
        ledger.freeze([replace(DRAFT, year="SL_MSHOPF-2026", carries_sales=False)])
        ((document,), (batch,)) = documents.all(), ledger.all()
        assert (document.target, document.year, batch.target, batch.year) == (
            "transfer", None, "batch", "SL_MSHOPF-2026",
        )  # fmt: skip
        assert (documents.covering(["R1"]), ledger.covering(["R1"])) == ({"R1": document}, {"R1": batch})
        assert ledger.find(document.delivery_id) == document
        assert UndeliveredReceipts(session.store.connection).in_documents(["R1", "R9"]) == {"R1"}
        rejections = session.store.rejections
        documents.leave(document, REFUSED)
        ledger.note(batch, 7)
        ledger.move(batch, DeliveryStatus.DELIVERED)
        assert [one.key for one in rejections.of("selectline_documents")] == [DRAFT.key]  # the other one's stays
        assert [(one.status, one.remote_id) for one in (*documents.all(), *ledger.all())] == [
            ("intended", None), ("delivered", 7),
        ]  # fmt: skip
        with pytest.raises((CloudkasseError, sa.exc.IntegrityError)):
            ledger.freeze([SECOND, replace(SECOND, key="another", receipts=("R1",))])


@BOTH
@pytest.mark.shop(accounts=True)
def test_what_the_ledger_has_the_sales_of_is_no_documents_any_more(world: World) -> None:
    deliver(world, *(sale(number) for number in (1, 2, 3)))
    fetch_and_book(world)
    with world.session() as session:
        connection = session.store.connection
        ledger = Deliveries(connection, BATCH)
        ledger.freeze([replace(DRAFT, receipts=("R1",)), replace(SECOND, receipts=("R2",), carries_sales=False)])

        def left(target: str) -> list[str]:
            return [one.receipt_id for one in UndeliveredReceipts(connection, target).since(DRAFT.day.replace(day=1))]

        assert (left("transfer"), left(BATCH)) == (["R2", "R3"], ["R3"])
        ledger.retract(ledger.all()[0], Decision(Subject.DELIVERY, "1", Action.RETRACT, "falsch"))
        assert (left("transfer"), left(BATCH)) == (["R1", "R2", "R3"], ["R1", "R3"])


@BOTH
@pytest.mark.shop(accounts=True)
def test_postings_are_read_whole_for_a_ledger(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    with world.session() as session:
        (rows,) = UndeliveredReceipts(session.store.connection, BATCH).ledger_rows(["R1"]).values()
    assert [(row.account, row.amount_cents, row.tax_code, row.vat_rate, row.tax_cents) for row in rows] == [
        ("8400", -2380, "3", "19.00", -380), ("1371", 2380, None, None, 0),
        ("1000", 2380, None, None, 0), ("1371", -2380, None, None, 0),
    ]  # fmt: skip
    assert [(row.business_case, row.tender, row.currency) for row in rows[::2]] == [
        ("Umsatz", None, "EUR"), (None, "Bar", "EUR"),
    ]  # fmt: skip
