"""Reads the ledger's master data, which postings are held against before they are sent."""

from cloudkasse_etl.config.sections.delivery_settings import Delivery as DeliverySettings
from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH
from cloudkasse_etl.transform.deliveries.ledger_chart import LedgerChart, read_accounts, read_tax_codes, read_years


def read_chart(client: SelectLineClient, settings: DeliverySettings) -> LedgerChart | None:
    """The master data of the fiscal year of the settings, in which the session works afterwards.

    Args:
        client: The session.
        settings: Tenant and year.

    Returns:
        The master data; None where SelectLine does not tell what days the year has.

    Raises:
        CloudkasseError: It cannot be read.
    """
    tenant, name = settings.tenant_of(BATCH) or "", settings.batch.year or ""
    client.work_in(tenant, name)
    years = read_years(client.ledger.years(tenant))
    year = next((one for one in years if one.name.casefold() == name.casefold()), None)
    if year is None:
        return None
    accounts, codes = client.ledger.accounts(), client.ledger.tax_codes()
    return LedgerChart(year, years, read_accounts(accounts), read_tax_codes(codes))
