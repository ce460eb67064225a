"""Protects the ledger by real processes: many at once post once, and one that is ended ends its session."""

import json
import signal
from collections.abc import Iterator

import pytest

from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS
from tests.support.books import closing_of_sales, deliver, fetch_and_book, with_accounts
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.programs import Program
from tests.support.selectline.delivering import mixed_receipts
from tests.support.selectline.posting import PostingShop, posting
from tests.support.torture.torture_figures import LONG

pytestmark = pytest.mark.synced

AT_ONCE = 16 if LONG else 4
WHOLE = [f"K1-{number}" for number in range(1, 7)]


@pytest.fixture
def shop(program: Program) -> Iterator[PostingShop]:
    program.world.settings = with_accounts(program.world.settings)
    with posting(program.world, grain="receipt") as made:
        deliver(
            program.world, *mixed_receipts(1, 6), closings=[closing_of_sales(n, 2 * n - 1, 2 * n) for n in (1, 2, 3)]
        )
        fetch_and_book(program.world)
        yield made


def documents(shop: PostingShop) -> list[str]:
    return sorted(posting["PostingDocument"] for some in shop.posted().values() for posting in some)


def test_many_at_once_post_each_posting_once(program: Program, shop: PostingShop) -> None:
    started = [program.start("deliver", "--json") for _ in range(AT_ONCE)]
    outs = [process.communicate(timeout=HANG_SECONDS)[0] for process in started]
    codes = [process.returncode for process in started]
    assert set(codes) <= {0, 30}
    assert 0 in codes
    assert sum(json.loads(out)["assets"]["selectline_ledger"]["new"] for out in outs if "assets" in out) == 3
    assert documents(shop) == WHOLE
    assert shop.server.sessions.open == []
    assert shop.server.sessions.most_at_once == 1


def test_one_that_is_terminated_ends_its_session_and_the_next_goes_on(program: Program, shop: PostingShop) -> None:
    shop.server.control.set(FaultPlan.parse("slow:1,seed=1,slow_seconds=0.5", SELECTLINE_FAULTS))
    process = program.start("deliver")
    wait_until(lambda: any(path.endswith("/Postings") for path in shop.writes()), "a posting is sent")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 20
    assert shop.server.sessions.open == []
    shop.server.control.set(FaultPlan(kinds=SELECTLINE_FAULTS))
    following = program.start("deliver", "--json")
    assert json.loads(following.communicate(timeout=HANG_SECONDS)[0])["outcome"] == "successful"
    assert documents(shop) == WHOLE
