"""The program for a chain of small shops: its commands, its definitions, and the ticks of its sensors."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from assets.cli.group import run
from assets.definitions import build_defs
from assets.instance.home import HOME_VARIABLE, SETTINGS_VARIABLES, Home, find_home, open_instance
from assets.instance.storage import VARIABLE as STORAGE_VARIABLE
from tests.support.chains.small_chain import Chain
from tests.support.programs import STORAGE


@dataclass
class ChainProgram:
    """A chain's program.

    Attributes:
        chain: The shops.
        home: Dagster's folders.
        capture: pytest's capture of what commands print.
    """

    chain: Chain
    home: Home
    capture: pytest.CaptureFixture[str]

    def call(self, *arguments: str) -> tuple[int, str, str]:
        """A command in this process: its exit code, what it printed, and what it said on standard error."""
        self.chain.write()
        self.capture.readouterr()
        code = run(list(arguments))
        printed = self.capture.readouterr()
        return code, printed.out, printed.err

    def call_json(self, *arguments: str) -> tuple[int, Any]:
        """A command with `--json`; fails if anything else stands on standard output."""
        code, out, _ = self.call(*arguments, "--json")
        return code, json.loads(out)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The Dagster instance, as a command opens it."""
        with open_instance(self.home) as opened:
            yield opened

    def definitions(self, **overrides: Any) -> dg.Definitions:
        """Fresh definitions, as the UI loads them."""
        return build_defs(self.chain.installation(), protocol_folder=self.home.protocols, **overrides)

    def tick(self, instance: dg.DagsterInstance, sensor: str, cursor: str | None = None) -> dg.SensorResult:
        """One evaluation of a sensor, as the daemon would have it."""
        definitions = self.definitions()
        with (
            dg.partition_loading_context(dynamic_partitions_store=instance),
            dg.build_sensor_context(instance=instance, definitions=definitions, cursor=cursor) as context,
        ):
            found = definitions.resolve_sensor_def(sensor).evaluate_tick(context)
        for change in found.dynamic_partitions_requests or ():
            if isinstance(change, dg.AddDynamicPartitionsRequest):
                instance.add_dynamic_partitions(change.partitions_def_name, change.partition_keys)
            else:
                for key in change.partition_keys:
                    instance.delete_dynamic_partition(change.partitions_def_name, key)
        return dg.SensorResult(
            run_requests=found.run_requests or None, skip_reason=found.skip_message or None, cursor=found.cursor
        )


@contextmanager
def chain_program_in(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
) -> Iterator[ChainProgram]:
    """Exports a chain's environment to this process, with a Dagster home whose storage lies in its folder."""
    for name in (*SETTINGS_VARIABLES, HOME_VARIABLE, STORAGE_VARIABLE, "DAGSTER_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "")  # so that it is as before afterwards, whatever a command makes of it
    chain.write()
    for name, value in chain.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(STORAGE_VARIABLE, str(chain.folder / STORAGE))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield ChainProgram(chain, find_home(), capture)
    finally:
        signal.signal(signal.SIGTERM, handler)
