"""Protects the kits in deploy/, which cannot be run here as a whole: what they name is there, and Dagster takes it."""

import importlib
import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from assets.instance.home import PROJECT

DEPLOY = PROJECT / "deploy"
# Of the chart's values.schema.json (helm/dagster of Dagster's repository), in which they were looked up.
CHART = {
    "dagsterWebserver", "dagster-user-deployments", "postgresql", "generatePostgresqlPasswordSecret",
    "generateCeleryConfigSecret", "rabbitmq", "redis", "flower", "ingress", "imagePullSecrets", "computeLogManager",
    "scheduler", "runLauncher", "pythonLogs", "dagsterDaemon", "busybox", "migrate", "telemetry", "serviceAccount",
    "global", "retention", "additionalInstanceConfig",
}  # fmt: skip
LAUNCHER = {
    "image", "imagePullPolicy", "jobNamespace", "loadInclusterConfig", "kubeconfigFile", "envConfigMaps", "envSecrets",
    "envVars", "volumeMounts", "volumes", "labels", "failPodOnRunFailure", "resources", "schedulerName",
    "securityContext", "runK8sConfig",
}  # fmt: skip


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


@pytest.fixture
def values() -> Any:
    return read("kubernetes/values.yaml")


def limits_of(folder: Path, coordinator: Any) -> Any:
    """The run queue that Dagster makes of a section; fails where it does not take it."""
    settings = {"run_coordinator": coordinator, "telemetry": {"enabled": False}}
    (folder / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        return instance.get_concurrency_config().run_queue_config


def test_dagster_takes_the_run_queue_of_the_values(values: Any, tmp_path: Path) -> None:
    queue = limits_of(tmp_path, values["dagsterDaemon"]["runCoordinator"]["config"]["customRunCoordinator"])
    assert queue.max_concurrent_runs == 8
    assert queue.tag_concurrency_limits[0]["key"] == "dagster/partition"
    assert queue.max_user_code_failure_retries > 1000


def test_the_values_are_named_as_the_charts(values: Any) -> None:
    assert {*values} <= CHART
    assert {*values["runLauncher"]["config"]["k8sRunLauncher"]} <= LAUNCHER
    memory = values["runLauncher"]["config"]["k8sRunLauncher"]["resources"]["limits"]["memory"]
    assert memory == "1Gi"


def test_all_pods_have_the_same_code_settings_and_secrets(values: Any) -> None:
    (code,) = values["dagster-user-deployments"]["deployments"]
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    for other in (values["dagsterDaemon"], values["dagsterWebserver"], launcher):
        for name in ("image", "envSecrets", "volumes", "volumeMounts"):
            assert other[name] == code[name]
    assert launcher["envVars"] == [f"{row['name']}={row['value']}" for row in code["env"]]


def test_both_kits_and_the_single_shop_queue_runs_by_the_same_class() -> None:
    named = [
        read("celery/dagster.yaml")["run_coordinator"],
        read("kubernetes/values.yaml")["dagsterDaemon"]["runCoordinator"]["config"]["customRunCoordinator"],
        yaml.safe_load((PROJECT / "dagster.yaml").read_text(encoding="utf-8"))["run_coordinator"],
    ]
    assert {(one["module"], one["class"]) for one in named} == {("assets.instance.run_queue", "RunQueue")}


def test_what_the_celery_kit_names_is_there() -> None:
    pytest.importorskip("dagster_celery", reason="the extra celery is not installed")
    launcher = read("celery/dagster.yaml")["run_launcher"]
    assert hasattr(importlib.import_module(launcher["module"]), launcher["class"])
    services = read("celery/docker-compose.yaml")["services"]
    command = services["worker"]["command"]
    assert importlib.import_module(command[command.index("-A") + 1]).app
    program = {"webserver", "daemon", "worker", "tables"}
    assert {*services} == program | {"postgres", "redis"}
    assert {service["image"] for name, service in services.items() if name in program} == {"cloudkasse-etl"}


def test_every_variable_that_the_celery_kit_reads_is_in_its_example() -> None:
    texts = [(DEPLOY / "celery" / name).read_text(encoding="utf-8") for name in ("dagster.yaml", "docker-compose.yaml")]
    asked = {name for text in texts for name in re.findall(r"\{env: (\w+)\}|\$\{(\w+)", text) for name in name if name}
    example = (DEPLOY / "celery" / "env.example").read_text(encoding="utf-8")
    image = (DEPLOY / "celery" / "Dockerfile").read_text(encoding="utf-8")
    given = {*re.findall(r"^(\w+)=", example, re.MULTILINE), *re.findall(r"\b([A-Z_]+)=/", image)}
    assert "CELERY_BROKER_URL" in asked
    assert asked <= given


def test_the_image_holds_what_it_copies_and_knows_its_extras() -> None:
    image = (DEPLOY / "celery" / "Dockerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.+)", image, re.MULTILINE) for name in line.split()[:-1]]
    assert "assets" in copied
    assert not [name for name in copied if not (PROJECT / name).exists()]
    (extras,) = re.findall(r"^ARG EXTRAS=(.+)$", image, re.MULTILINE)
    known = re.findall(r"^([\w-]+) = \[", (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*extras.split(",")} <= {*known}


def test_a_company_has_one_run_at_a_time_and_dead_runs_are_looked_for() -> None:
    instance = read("celery/dagster.yaml")
    assert instance["concurrency"]["runs"]["tag_concurrency_limits"] == [
        {"key": "dagster/partition", "limit": 1, "value": {"applyLimitPerUniqueValue": True}}
    ]
    assert instance["run_monitoring"]["enabled"]
    assert not instance["run_retries"]["enabled"]
