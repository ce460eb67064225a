"""The Celery app of launcher and workers: `celery -A assets.instance.engines.celery_app worker`.

The broker is Celery's own variable CELERY_BROKER_URL. There is no result backend: whether a run is alive, its lease
says, and every result that nobody fetches would stay in the broker.
"""

from typing import Any

from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_execute_job_task

NO_RESULTS = "disabled://"
SETTINGS: dict[str, Any] = {
    # a run has a process of its own, as on one machine
    "worker_max_tasks_per_child": 1,
    # a worker takes a run once it can begin with it: what it took beforehand would be lost with it
    "worker_disable_prefetch": True,
    "worker_prefetch_multiplier": 1,
    # never twice from the broker: the sensors `dead_runs` and `retries` begin a dead run again
    "task_acks_late": False,
    "task_ignore_result": True,
    # a worker waits for its broker for as long as it is away
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "worker_hijack_root_logger": False,
}

app = make_app({"backend": NO_RESULTS, "config_source": SETTINGS, "task_default_queue": "dagster"})  # type: ignore[no-untyped-call]

execute_job = create_execute_job_task(app)
