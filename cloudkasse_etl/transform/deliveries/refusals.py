"""What keeps a sales document from being sent (docs/deliveries.md, What is not sent). Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from cloudkasse_etl.transform.deliveries.sales_documents import LONGEST_ARTICLE, Position, SalesDocument

SHOWN = 5


class Fault(NamedTuple):
    """Why a document is not sent: a code of the catalogue, and the values of its placeholders."""

    code: str
    detail: Mapping[str, str]


def faults_of(
    document: SalesDocument,
    *,
    register: str,
    cash_bank: str | None,
    rates: Mapping[str, str],
    warehouses: Mapping[str, bool],
) -> list[Fault]:
    """All that keeps a document from being sent, at once.

    Args:
        document: The document.
        register: Its register.
        cash_bank: SelectLine's cash account of the register; None where there is none.
        rates: Tax code -> its rate on the document's day, `"19.00"`.
        warehouses: Number -> whether it is active.

    Returns:
        What is wrong; nothing where the document can be sent.
    """
    found = [*_line_faults(document.positions, document.day, rates)]
    if cash_bank is None:
        setting = f"delivery.transfer.cash_bank.{register}"
        found.insert(0, Fault("delivery_cash_bank_missing", {"register": register, "setting": setting}))
    used = {position.warehouse for position in document.positions if position.warehouse is not None}
    return [*found, *warehouse_faults(used, warehouses)]


def warehouse_faults(used: Iterable[str], warehouses: Mapping[str, bool]) -> Iterator[Fault]:
    """Warehouses that the ERP does not have, or has inactive (number -> whether it is active)."""
    odd = sorted(number for number in used if not warehouses.get(number))
    if odd:
        yield Fault("delivery_warehouse_unknown", {"warehouses": some(f"'{number}'" for number in odd)})


def _line_faults(positions: tuple[Position, ...], day: dt.date, rates: Mapping[str, str]) -> Iterator[Fault]:
    long = sorted({p.article for p in positions if p.article and len(p.article) > LONGEST_ARTICLE})
    if long:
        yield Fault("delivery_article_too_long", {"articles": some(long)})
    untaxed = sorted({p.article or p.name or "-" for p in positions if not p.tax_code})
    if untaxed:
        yield Fault("delivery_tax_code_missing", {"lines": some(untaxed)})
    codes = {(p.tax_code, p.vat_rate) for p in positions if p.tax_code}
    unknown = sorted({code for code, _ in codes if code not in rates})
    if unknown:
        detail = {"codes": some(f"'{code}'" for code in unknown), "day": day.isoformat()}
        yield Fault("delivery_tax_code_unknown", detail)
    others = sorted(
        f"'{code}' {rate} / {rates[code]}"
        for code, rate in codes
        if code in rates and rate is not None and rates[code] != rate
    )
    if others:
        yield Fault("delivery_tax_rate_differs", {"codes": some(others), "day": day.isoformat()})


def some(texts: Iterable[str]) -> str:
    """The first of some texts, with a mark where there are more."""
    found = list(texts)
    return ", ".join(found[:SHOWN]) + (" …" if len(found) > SHOWN else "")
