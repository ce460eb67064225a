"""Turns our errors into Dagster's failures: with plain texts, and whether the run may be restarted automatically."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from assets.instance.typed_commands import as_typed
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Language, rendered

RESTARTS = "may pass by itself"
IN_SHORT = "in short"


@contextmanager
def plain_failures(language: Language) -> Iterator[None]:
    """Turns our errors into Dagster's failure, for which the UI shows the message first and no traceback of ours."""
    try:
        yield
    except CloudkasseError as error:
        raise failure(error, language) from None


def failure(error: CloudkasseError, language: Language) -> dg.Failure:
    """The failure for an error: its text, and whether the run may be restarted automatically."""
    metadata: dict[str, Any] = (
        {"what to do": dg.MetadataValue.text(as_typed(rendered(error.hint, language)))} if error.hint else {}
    )
    metadata[RESTARTS] = dg.MetadataValue.bool(error.is_restartable)
    metadata[IN_SHORT] = dg.MetadataValue.text(rendered(error.in_short, language))
    return dg.Failure(as_typed(error.render(language)), metadata=metadata, allow_retries=error.is_restartable)


def in_short(event: dg.DagsterEvent) -> str | None:
    """Why a step failed, in two or three words; None where no error of ours is the reason."""
    found = event.step_failure_data.user_failure_data
    value = found and found.metadata.get(IN_SHORT)
    return str(value.value) if value else None


def is_restartable(event: dg.DagsterEvent) -> bool:
    """Whether a step failed for a temporary reason; the exception itself is not available here."""
    told = event.step_failure_data.user_failure_data
    return told is not None and bool((value := told.metadata.get(RESTARTS)) and value.value)
