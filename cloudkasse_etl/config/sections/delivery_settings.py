"""Settings: what of the books is brought into SelectLine, and as what (docs/deliveries.md)."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloudkasse_etl.config.section import Day, Section
from cloudkasse_etl.config.settings_file import refused
from cloudkasse_etl.i18n.text import say

DocumentTarget = Literal["none", "transfer", "storage"]
LedgerTarget = Literal["none", "batch"]
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


class Storage(Section):
    """What manual storages of SelectLine's Web API need besides the books."""

    employee: Annotated[str, Field(min_length=1, max_length=6)] | None = Field(
        None, description="The employee (Mitarbeiter) that each names."
    )
    number_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,4}$")] = Field(
        "CK", description="What their numbers begin with; of each company that shares a tenant another."
    )


class Batch(Section):
    """Where batches of postings for SelectLine's ledger go."""

    tenant: Annotated[str, Field(min_length=1, max_length=14)] | None = Field(
        None, description="The database of the ledger's tenant, where that is another one than delivery.tenant."
    )
    year: Annotated[str, Field(min_length=1, max_length=19)] | None = Field(
        None, description="The database of the fiscal year (Wirtschaftsjahr) that is posted in."
    )


class Delivery(Section):
    """What is brought into SelectLine by its Web API."""

    documents: DocumentTarget = "none"
    ledger: LedgerTarget = "none"
    grain: Grain = "closing"
    when: Literal["manual", "direct"] = Field("manual", description="direct: right after each import.")
    start_date: Day | None = Field(None, description="Receipts of an earlier business day are never delivered.")
    tenant: Annotated[str, Field(min_length=1, max_length=14)] | None = Field(
        None, description="The database of the tenant (Mandant) that is delivered to."
    )
    transfer: Transfer = Transfer()
    storage: Storage = Storage()
    batch: Batch = Batch()
    ca_bundle: Path | None = Field(None, description="Certificates of SelectLine's own authority (PEM).")

    @property
    def is_on(self) -> bool:
        """Whether anything is delivered."""
        return self.has_documents or self.has_storages or self.has_ledger

    @property
    def has_documents(self) -> bool:
        """Whether documents are delivered, which carry sales."""
        return self.documents == "transfer"

    @property
    def has_storages(self) -> bool:
        """Whether stock alone is delivered."""
        return self.documents == "storage"

    @property
    def has_ledger(self) -> bool:
        """Whether postings are."""
        return self.ledger != "none"

    def tenant_of(self, target: str) -> str | None:
        """The tenant that deliveries to a target go into."""
        return (self.batch.tenant or self.tenant) if target == "batch" else self.tenant

    def has_any(self, target: str) -> bool:
        """Whether anything is delivered in place of a target: documents or stock, or postings."""
        return self.has_ledger if target == "batch" else self.documents != "none"

    def delivers(self, target: str, tenant: str | None) -> bool:
        """Whether a delivery to a target is made, and into the tenant of a former one.

        Args:
            target: The target: `transfer`, `storage` or `batch`.
            tenant: The tenant; None for one that was not stored.

        Returns:
            Whether it is.
        """
        is_on = target in (self.documents, self.ledger)
        return is_on and tenant in (None, self.tenant_of(target))

    @model_validator(mode="after")
    def _says_what_a_delivery_needs(self) -> Self:
        if not self.is_on:
            return self
        # without a first day, switching it on in an old shop would deliver years that are in SelectLine already
        has_tenant = self.tenant is not None or (self.documents == "none" and self.batch.tenant is not None)
        for name, is_there in (("tenant", has_tenant), ("start_date", self.start_date is not None)):
            if not is_there:
                raise refused(say("A delivery needs it; write {name}: under delivery.", name=name), name)
        for name in ("document_kind", "salesman"):
            if self.has_documents and getattr(self.transfer, name) is None:
                raise refused(
                    say("A transfer document needs it; write {name}: under delivery.transfer.", name=name),
                    "transfer", name,
                )  # fmt: skip
        if self.has_ledger and self.batch.year is None:
            raise refused(
                say("A batch of postings needs it; write {name}: under delivery.batch.", name="year"), "batch", "year"
            )
        return self
