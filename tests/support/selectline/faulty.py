"""A bundled SelectLine that goes wrong, and somebody who tries all the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS
from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer


@contextmanager
def faulty(server: SelectlineServer, plan: str) -> Iterator[None]:
    """Faults by a plan, like `slow:0.3,seed=1`, and none afterwards."""
    server.control.set(FaultPlan.parse(f"{plan},slow_seconds=0.01", SELECTLINE_FAULTS))
    yield
    server.control.set(FaultPlan(kinds=SELECTLINE_FAULTS))


def try_on(act: Callable[[], object], times: int) -> None:
    """Does something again and again, whatever goes wrong."""
    for _ in range(times):
        with suppress(CloudkasseError):
            act()
