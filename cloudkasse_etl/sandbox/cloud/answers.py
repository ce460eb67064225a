"""CloudKasse's answers: pages, results of a batch, problems, its status.

These models only describe: what the server sends is raw JSON, and the OpenAPI document is made of them.
"""

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from cloudkasse_etl.sandbox.cloud.receipt_models import Closing, Receipt
from cloudkasse_etl.sandbox.cloud.record_models import RECORDS, STORED, Entity


class Answer(BaseModel):
    """Base of what the server says: nothing that is not described here."""

    model_config = ConfigDict(extra="forbid")


class Problem(Answer):
    """An error (RFC 9457)."""

    type: str = Field(description="A URI of the kind of problem", json_schema_extra={"format": "uri"})
    title: str = Field(description="The HTTP status in words")
    status: int = Field(description="The HTTP status", ge=400, le=599)
    detail: str = Field(description="What is wrong, for people")
    code: str = Field(description="What is wrong, for programs", examples=["register_required"])


class ItemError(Answer):
    """Why an item was rejected."""

    code: str = Field(description="The reason, for programs", examples=["gtin_invalid"])
    field: str = Field(description="The field that it hangs on; empty when it is the whole item")
    message: str = Field(description="The reason, for people")


class ItemResult(Answer):
    """What became of one item of a batch."""

    index: int = Field(description="The item's place in the batch, from 0", ge=0)
    key: str = Field(description="The parts of its key, joined by |, empty for null")
    status: Literal["created", "updated", "unchanged", "deactivated", "rejected"]
    id: str | None = Field(description="The cloud's id; null where a rejected item has no record")
    error: ItemError | None = Field(description="Only when rejected")


class BatchAnswer(Answer):
    """One result an item, in the order sent."""

    results: list[ItemResult]


class CompanyName(Answer):
    """The company that the token belongs to."""

    number: str
    name: str


class WireLimits(Answer):
    """How much fits into one request or page."""

    batch_items: int = Field(description="Most items in a batch", ge=1)
    page_items: int = Field(description="Most items on a page, and how many come when none is asked for", ge=1)


class Count(Answer):
    """How many records of an entity the cloud holds."""

    active: int = Field(description="In use", ge=0)
    total: int = Field(description="Retired ones included", ge=0)


class Heads(Answer):
    """The cursors of a client that has fetched everything."""

    receipts: str = Field(description="Cursor after the newest receipt")
    closings: str = Field(description="Cursor after the newest closing")


class Status(Answer):
    """Whether the cloud can be reached, the token is good, and there is something to fetch."""

    api_version: Literal["1.0"]
    time: str = Field(description="The cloud's clock", json_schema_extra={"format": "date-time"})
    company: CompanyName | None
    limits: WireLimits
    counts: dict[Entity, Count]
    heads: Heads


ItemT = TypeVar("ItemT")


class Page(Answer, Generic[ItemT]):
    """A page of what the cloud holds."""

    items: list[ItemT]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last one")


class Feed(Answer, Generic[ItemT]):
    """A page of what arrived, in the order of arrival."""

    items: list[ItemT]
    next_cursor: str = Field(description="What to store, also on the last page")
    has_more: bool = Field(description="Whether there is more to fetch at once")


class ServedRequest(Answer):
    """How often a request was answered in one way."""

    method: str
    path: str
    status: int
    count: int = Field(ge=1)


class ServedRequests(Answer):
    """What this server has answered since it was started. Of the sandbox only."""

    requests: list[ServedRequest]


class FaultsNow(Answer):
    """What goes wrong with requests at present. Of the sandbox only."""

    faults: str = Field(description="As it was asked for, with its seed; `off` when all is well")
    done: dict[str, int] = Field(description="How many requests went wrong since then, by fault")


# Built by name, since the models of what is stored are made at run time.
PAGES: dict[str, Any] = {entity.value: Page.__class_getitem__(stored) for entity, stored in STORED.items()} | {
    "receipts": Feed[Receipt],
    "closings": Feed[Closing],
}


def component_schemas() -> dict[str, Any]:
    """Return the schemas that the OpenAPI document refers to and that FastAPI does not see."""
    models: list[type[BaseModel]] = [*RECORDS.values(), Problem]
    named = models_json_schema([(model, "validation") for model in models], ref_template="#/components/schemas/{model}")
    return dict(named[1]["$defs"])
