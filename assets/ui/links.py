"""Links to a run's page and protocol, where `ui` serves them; elsewhere the command and the path."""

from pathlib import Path
from typing import Any

import dagster as dg

from assets.instance.home import LATEST, OPEN_TABLE
from assets.instance.pages_address import is_of_the_ui, pages_url
from assets.instance.typed_commands import as_typed

PAGE = "page"


def page_link(run_id: str) -> dg.MetadataValue[Any]:
    """The address of a run's page, or the command that writes it.

    It is made on demand: with 20,000 receipts it takes three seconds, in a quiet run half a second.
    """
    if url := pages_url():
        return dg.MetadataValue.url(f"{url}/runs/{run_id}.html")
    return dg.MetadataValue.text(as_typed(f"cloudkasse-etl report {run_id[:8]} --html report.html"))


def day_link(company: str | None = None) -> dict[str, dg.MetadataValue[Any]]:
    """The address of the sheet of the last business day, where `ui` serves pages; nothing elsewhere.

    Args:
        company: The company's key in a chain.
    """
    url = pages_url()
    return {"day_sheet": dg.MetadataValue.url(f"{url}{_below(company)}/days/{LATEST}.html")} if url else {}


def protocol_link(protocol: str | Path) -> dg.MetadataValue[Any]:
    """The address of a run's protocol, or its path; the file has the name of its run."""
    if url := pages_url():
        return dg.MetadataValue.url(f"{url}/runs/{Path(protocol).stem}.csv")
    return dg.MetadataValue.path(str(protocol))


def open_table(page: str) -> str:
    """The address of the table of all records that are rejected now, where the latest run's page is served."""
    return f"{page.rpartition('/runs/')[0]}/{OPEN_TABLE}"


def _below(company: str | None) -> str:
    return "" if company is None else f"/companies/{company}"


def latest_page(before: dg.AssetMaterialization | None, company: str | None = None) -> str | None:
    """The address of the latest run's page, where `ui` serves pages.

    A command beside which no UI is open leaves the address as it is: the next one will most likely have it again.

    Args:
        before: What the asset that shows it has shown so far.
        company: The company's key in a chain.

    Returns:
        The address; None where there is none.
    """
    if (url := pages_url()) or is_of_the_ui():
        return f"{url}{_below(company)}/runs/{LATEST}.html" if url else None
    known = before.metadata.get(PAGE) if before else None
    return known.url if isinstance(known, dg.UrlMetadataValue) else None
