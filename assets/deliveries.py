"""The deliveries into SelectLine: what is booked, as documents and in the ledger. In the graph where chosen."""

import dagster as dg

from assets.checks.rejections import AS_BOOKED, PROCESSED, TAKEN_OVER, report_checks
from assets.run.resources import Sync
from assets.steps import Result, carry_out
from cloudkasse_etl.config.sections.delivery_settings import Delivery
from cloudkasse_etl.entities import REVENUE_POSTINGS, SELECTLINE_DOCUMENTS, SELECTLINE_LEDGER, STOCK_MOVEMENTS
from cloudkasse_etl.sync.deliveries.document_delivery import deliver_documents
from cloudkasse_etl.sync.deliveries.ledger.ledger_delivery import deliver_ledger

GROUP = "selectline_delivery"


@dg.asset(
    name=SELECTLINE_DOCUMENTS,
    group_name=GROUP,
    kinds={"rest"},
    deps=[dg.AssetKey(REVENUE_POSTINGS), dg.AssetKey(STOCK_MOVEMENTS)],
    check_specs=report_checks(SELECTLINE_DOCUMENTS, AS_BOOKED, TAKEN_OVER),
)
def selectline_documents(sync: Sync) -> Result:
    """What was booked, as documents in SelectLine: each goes there once.

    With `delivery.documents: transfer` the sales go into its inbox, where a person takes them over, which makes a
    document with revenue and stock, or discards them; what becomes of each is followed here. With `storage` the stock
    alone goes there, as manual storages.
    """
    return carry_out(deliver_documents, sync, AS_BOOKED, TAKEN_OVER)


@dg.asset(
    name=SELECTLINE_LEDGER,
    group_name=GROUP,
    kinds={"rest"},
    deps=[dg.AssetKey(REVENUE_POSTINGS)],
    check_specs=report_checks(SELECTLINE_LEDGER, AS_BOOKED, PROCESSED),
)
def selectline_ledger(sync: Sync) -> Result:
    """What was booked and no document carries, as batches of postings for SelectLine's ledger.

    Each goes there once. A person in SelectLine processes it, which posts it; what becomes of it is followed here.
    """
    return carry_out(deliver_ledger, sync, AS_BOOKED, PROCESSED)


def assets_of(delivery: Delivery) -> tuple[dg.AssetsDefinition, ...]:
    """The assets of the targets that the settings choose."""
    documents = (selectline_documents,) if delivery.documents != "none" else ()
    return (*documents, selectline_ledger) if delivery.has_ledger else documents
