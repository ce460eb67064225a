"""Protects that no delivery is begun with settings that lack what it needs, and that each lack is named by its key."""

from typing import Any

import pytest
from pydantic import ValidationError

from cloudkasse_etl.config.settings import Settings

DOCUMENTS: dict[str, Any] = {"documents": "transfer", "transfer": {"document_kind": "8", "salesman": "1"}}
LEDGER: dict[str, Any] = {"ledger": "batch", "batch": {"year": "SL_MSHOPF-2026"}}
PLACE: dict[str, Any] = {"tenant": "SL_MSHOP", "start_date": "2026-01-01"}


def told(delivery: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"delivery": delivery})
    return str(refused.value)


@pytest.mark.parametrize(
    ("delivery", "missing"),
    [
        ({**DOCUMENTS, "start_date": "2026-01-01"}, "write tenant: under delivery."),
        ({**LEDGER, "tenant": "SL_MSHOP"}, "write start_date: under delivery."),
        ({**LEDGER, **PLACE, "batch": {}}, "write year: under delivery.batch."),
        ({**DOCUMENTS, **PLACE, "transfer": {"salesman": "1"}}, "write document_kind: under delivery.transfer."),
        # documents go into the shop's tenant, whatever the ledger's is
        (
            {**DOCUMENTS, **LEDGER, "start_date": "2026-01-01", "batch": {"tenant": "SL_MFIBU", "year": "X"}},
            "write tenant: under delivery.",
        ),
    ],
)
def test_what_is_missing_is_named(delivery: dict[str, Any], missing: str) -> None:
    assert missing in told(delivery)


def test_the_ledger_needs_nothing_of_documents_and_may_have_a_tenant_of_its_own() -> None:
    alone = Settings.model_validate({"delivery": {**LEDGER, **PLACE}}).delivery
    assert (alone.is_on, alone.has_documents, alone.has_ledger) == (True, False, True)
    assert alone.tenant_of("batch") == alone.tenant_of("transfer") == "SL_MSHOP"
    batch = {"tenant": "SL_MFIBU", "year": "SL_MFIBUF-2026"}
    apart = Settings.model_validate({"delivery": {**LEDGER, "start_date": "2026-01-01", "batch": batch}}).delivery
    assert (apart.tenant_of("batch"), apart.tenant_of("transfer")) == ("SL_MFIBU", None)


def test_where_nothing_is_delivered_nothing_is_needed() -> None:
    assert not Settings.model_validate({"delivery": {"batch": {"year": "SL_MSHOPF-2026"}}}).delivery.is_on
