"""The queue in which runs wait, named in dagster.yaml: Dagster's own, but for what a re-execution has of its parent."""

import dagster as dg
from dagster._core.run_coordinator import SubmitRunContext
from dagster_shared.record import copy

from assets.instance import tags


class RunQueue(dg.QueuedRunCoordinator[dg.DagsterInstance]):
    """Dagster's queue, in which no run shows the result of its parent.

    Dagster copies all tags of a run to its re-execution. Our own reset of them begins with the run's process: until
    then, and for ever where it never begins, the list of runs would show the parent's outcome.
    """

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Puts a run into the queue, without its parent's result."""
        run = context.dagster_run
        if own := tags.waiting(run.run_id, run.tags):
            self._instance.add_run_tags(run.run_id, own)
        parent, root = run.tags.get(tags.PARENT), run.tags.get(tags.ROOT)
        if parent and root and run.parent_run_id is None and run.remote_job_origin is not None:
            # A sensor's request has tags only, and Dagster's pages find the runs of a group by these fields.
            kin = copy(run, parent_run_id=parent, root_run_id=root)
            self._instance.run_storage.replace_job_origin(kin, run.remote_job_origin)
        return super().submit_run(context)
