"""Settings: how the program works: its limits and patience, and where its tables are."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from cloudkasse_etl.config.section import Section


class Safety(Section):
    """Limits beyond which a run stops and asks a person."""

    retire_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        20, description="A run that would retire more than this share of an entity's records stops."
    )
    retire_minimum: Annotated[int, Field(ge=0)] = Field(
        50, description="Retiring up to this many records never stops a run, whatever the share."
    )


class Api(Section):
    """How the till is called; address and token come from the environment."""

    connections: Annotated[int, Field(ge=1, le=16)] = 4
    connect_seconds: Annotated[float, Field(ge=0.1, le=120)] = 10
    read_seconds: Annotated[float, Field(ge=0.1, le=600)] = 60
    attempts: Annotated[int, Field(ge=1, le=20)] = 6
    retry_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        120, description="How long one request is retried before the run gives up."
    )
    ca_bundle: Path | None = Field(None, description="Certificates of an own authority (PEM).")


class Erp(Section):
    """The place of SelectLine's tables in the ERP's database."""

    db_schema: str | None = Field(
        None, alias="schema", description="Schema of SelectLine's tables, where not the default."
    )


class State(Section):
    """The place of our own tables; the database comes from the environment."""

    db_schema: str | None = Field(None, alias="schema", description="A schema of their own for our tables.")
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")] = "cloudkasse_"


class History(Section):
    """How long the runs are kept."""

    keep_days: Annotated[int, Field(ge=1, le=36500)] | None = Field(
        None, description="Finished runs that are older go; null keeps all."
    )


class Checks(Section):
    """When the asset checks warn."""

    waiting_hours: Annotated[int, Field(ge=1, le=8760)] | None = Field(
        72, description="What has waited longer is a warning of check nothing_waits_too_long; null: it never is."
    )
