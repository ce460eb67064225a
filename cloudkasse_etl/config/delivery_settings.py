"""Settings: what of the books is brought into SelectLine, and as what (docs/deliveries.md)."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloudkasse_etl.config.section import Day, Section
from cloudkasse_etl.config.settings_file import refused
from cloudkasse_etl.i18n.text import say

DocumentTarget = Literal["none", "transfer"]
Grain = Literal["closing", "day", "receipt"]


class Transfer(Section):
    """What the transfer documents of SelectLine's Web API need besides the books."""

    document_kind: Annotated[str, Field(min_length=1, max_length=10)] | None = Field(
        None, description="The kind of document (Belegtyp) that SelectLine makes of one."
    )
    salesman: Annotated[str, Field(min_length=1, max_length=6)] | None = Field(
        None, description="The salesman (Vertreter) that each names."
    )
    customer: Annotated[str, Field(min_length=1, max_length=13)] | None = Field(
        None, description="The customer that each is for."
    )
    cash_bank: dict[str, Annotated[str, Field(min_length=1, max_length=2)]] = Field(
        default_factory=dict, description="Register -> SelectLine's cash account (KasseBank)."
    )


class Delivery(Section):
    """What is brought into SelectLine by its Web API."""

    documents: DocumentTarget = "none"
    grain: Grain = "closing"
    when: Literal["manual", "direct"] = Field("manual", description="direct: right after each import.")
    start_date: Day | None = Field(None, description="Receipts of an earlier business day are never delivered.")
    tenant: Annotated[str, Field(min_length=1, max_length=14)] | None = Field(
        None, description="The database of the tenant (Mandant) that is delivered to."
    )
    transfer: Transfer = Transfer()
    ca_bundle: Path | None = Field(None, description="Certificates of SelectLine's own authority (PEM).")

    @property
    def is_on(self) -> bool:
        """Whether anything is delivered."""
        return self.documents != "none"

    @model_validator(mode="after")
    def _says_what_a_document_needs(self) -> Self:
        if self.documents == "none":
            return self
        # without a first day, switching it on in an old shop would deliver years that are in SelectLine already
        for name in ("tenant", "start_date"):
            if getattr(self, name) is None:
                raise refused(say("A delivery needs it; write {name}: under delivery.", name=name), name)
        for name in ("document_kind", "salesman"):
            if getattr(self.transfer, name) is None:
                raise refused(
                    say("A transfer document needs it; write {name}: under delivery.transfer.", name=name),
                    "transfer", name,
                )  # fmt: skip
        return self
