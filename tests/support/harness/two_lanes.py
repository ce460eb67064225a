"""Which worker runs which file of tests: half of the workers wait for daemons and browsers while the others compute."""

from typing import Any

from xdist.scheduler import LoadScopeScheduling

SHARED_UI = ("e2e/test_daemon.py", "e2e/test_ticks.py", "e2e/test_ui.py")
_SHARED = "the shared UI"
_WAITING = "/e2e/"


class TwoLanes(LoadScopeScheduling):
    """A file's tests stay together, and so do those of the files that share a UI.

    Begun one after the other, the files that wait would leave the cores idle for minutes, and those that compute would
    stand in each other's way afterwards.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _SHARED if any(path in nodeid for path in SHARED_UI) else nodeid.split("::")[0]

    def _assign_work_unit(self, node: Any) -> None:
        others = [work for other, work in self.assigned_work.items() if other is not node]
        waiting = sum(any(_waits(place) and not all(work[place].values()) for place in work) for work in others)
        wanted = waiting < len(self.nodes) // 2
        chosen = next((place for place in self.workqueue if _waits(place) is wanted), None)
        if chosen:
            self.workqueue.move_to_end(chosen, last=False)
        super()._assign_work_unit(node)


def _waits(place: str) -> bool:
    return place == _SHARED or _WAITING in place
