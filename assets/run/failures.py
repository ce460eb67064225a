"""Our errors as Dagster's failures: in the words of a person, and whether the run may be started again by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Language, told

RESTARTS = "may pass by itself"


@contextmanager
def plain_failures(language: Language) -> Iterator[None]:
    """Turns our errors into Dagster's failure, which the UI shows with the message first and no traceback of ours."""
    try:
        yield
    except CloudkasseError as error:
        raise failure(error, language) from None


def failure(error: CloudkasseError, language: Language) -> dg.Failure:
    """An error in the words of a person, and whether the run may be started again by itself."""
    metadata: dict[str, Any] = {"what to do": dg.MetadataValue.text(told(error.hint, language))} if error.hint else {}
    metadata[RESTARTS] = dg.MetadataValue.bool(error.is_restartable)
    return dg.Failure(error.told(language), metadata=metadata, allow_retries=error.is_restartable)


def is_restartable(event: dg.DagsterEvent) -> bool:
    """Whether a step failed on something that may pass by itself; the exception itself is gone by then."""
    told = event.step_failure_data.user_failure_data
    return told is not None and bool((value := told.metadata.get(RESTARTS)) and value.value)
