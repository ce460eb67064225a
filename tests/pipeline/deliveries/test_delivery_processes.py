"""Protects deliveries by real processes: many at once deliver once, and one that is ended ends its session."""

import json
import signal
from collections.abc import Iterator

import pytest

from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS
from tests.support.books import deliver, fetch_and_book, with_accounts
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.programs import Program
from tests.support.selectline.delivering import DeliveringShop, delivering, mixed_receipts
from tests.support.torture.torture_figures import LONG

pytestmark = pytest.mark.synced

AT_ONCE = 16 if LONG else 5
RECEIPTS = 6


@pytest.fixture
def shop(program: Program) -> Iterator[DeliveringShop]:
    program.world.settings = with_accounts(program.world.settings)
    with delivering(program.world, grain="receipt") as made:
        deliver(program.world, *mixed_receipts(1, RECEIPTS))
        fetch_and_book(program.world)
        yield made


def keys(shop: DeliveringShop) -> list[str]:
    return sorted(document["CustomFields"]["Text1"] for document in shop.documents())


def test_many_at_once_deliver_each_document_once(program: Program, shop: DeliveringShop) -> None:
    started = [program.start("deliver", "--json") for _ in range(AT_ONCE)]
    outs = [process.communicate(timeout=HANG_SECONDS)[0] for process in started]
    codes = [process.returncode for process in started]
    assert set(codes) <= {0, 30}
    assert 0 in codes
    new = sum(json.loads(out)["assets"]["selectline_documents"]["new"] for out in outs if "assets" in out)
    assert new == RECEIPTS
    assert len(set(keys(shop))) == len(keys(shop)) == RECEIPTS
    assert shop.server.sessions.open == []
    assert shop.server.sessions.most_at_once == 1


def test_one_that_is_terminated_ends_its_session_and_the_next_goes_on(program: Program, shop: DeliveringShop) -> None:
    shop.server.control.set(FaultPlan.parse("slow:1,seed=1,slow_seconds=0.5", SELECTLINE_FAULTS))
    process = program.start("deliver")
    wait_until(lambda: "POST /TransferDocuments" in shop.writes(), "a document is sent")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 20
    assert shop.server.sessions.open == []
    shop.server.control.set(FaultPlan(kinds=SELECTLINE_FAULTS))
    following = program.start("deliver", "--json")
    assert json.loads(following.communicate(timeout=HANG_SECONDS)[0])["outcome"] == "successful"
    assert len(set(keys(shop))) == len(keys(shop)) == RECEIPTS
