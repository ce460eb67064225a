"""The ledger's master data: a chart of accounts after SKR03, tax codes with their validities, tenants with their years.

SelectLine keeps its accounts in a database of their own, of which nothing was published, so they stand here.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_tables import METADATA as SHOP
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks

BALANCE, RESULT = "BalanceActive", "ProfitAndLoss"
LOCKED_ACCOUNT: Final = "1599"
LOCKED_FROM: Final = "2000-01-01T00:00:00"
FOREVER: Final = "9999-12-31T00:00:00"
# fmt: off
ACCOUNTS: Final = {
    "1000": "Kasse Hofladen", "1001": "Kasse Marktstand", "1200": "Bank", "1360": "Geldtransit",
    "1361": "Geldtransit EC-Karte", "1362": "Geldtransit Kreditkarte", "1363": "Geldtransit Zahlungsdienste",
    "1371": "Verrechnungskonto Kasse", "1410": "Forderungen aus L+L", "1411": "Forderungen Kasse",
    "1412": "Forderungen aus Zuschüssen", LOCKED_ACCOUNT: "Durchlaufende Posten, gesperrt",
    "1590": "Durchlaufende Posten", "1710": "Erhaltene Anzahlungen", "1740": "Löhne und Gehälter",
    "1771": "Umsatzsteuer 7 %", "1776": "Umsatzsteuer 19 %", "1792": "Interimskonto", "1795": "Gutscheine",
    "1796": "Ausgegebene Geschenkgutscheine",
    "1797": "Trinkgeld", "1800": "Privatentnahme", "1890": "Privateinlage", "2309": "Sonstige Aufwendungen",
    "2310": "Kassenfehlbestand", "2705": "Sonstige Erträge", "2709": "Sonstige Erträge", "2710": "Kassenüberschuss",
    "8100": "Steuerfreie Umsätze", "8200": "Erlöse Einzweckgutscheine", "8300": "Erlöse 7 % USt",
    "8400": "Erlöse 19 % USt", "8540": "Erlöse Leergut", "8600": "Sonstige Erlöse",
}
# fmt: on


class Chart:
    """The ledger's master data of a shop.

    Args:
        books: The shop's database.
        changeable_tax: Whether a posting may state another tax than its rate comes to, by option of the tax codes.
    """

    def __init__(self, books: ShopBooks, *, changeable_tax: bool) -> None:
        self._books = books
        self.changeable_tax = changeable_tax

    def accounts(self) -> list[dict[str, Any]]:
        """All accounts, those that the shop's articles name among them, in the form of `ReadAccountDto`."""
        groups, articles = SHOP.tables["KTOGRUPPENPOS"], SHOP.tables["ART"]
        with self._books.reading() as connection:
            named = {
                *connection.execute(sa.select(groups.c.GKonto).distinct()).scalars(),
                *connection.execute(sa.select(articles.c.KontoVerkauf).distinct()).scalars(),
            }
        known = {account: "Erlöse" for account in named if account} | ACCOUNTS
        return [_account(number, name) for number, name in sorted(known.items())]

    def tax_codes(self) -> list[dict[str, Any]]:
        """All tax codes with their validities, in the form of `TaxCodeDto`."""
        codes, rates = SHOP.tables["USTSCHL"], SHOP.tables["USDETAIL"]
        with self._books.reading() as connection:
            named = connection.execute(sa.select(codes.c.SteuerCode, codes.c.Bezeichnung).order_by(codes.c.SteuerCode))
            known = [(code, name) for code, name in named]
            begun = connection.execute(
                sa.select(rates.c.SteuerCode, rates.c.GueltigAb, rates.c.Steuer).order_by(rates.c.GueltigAb)
            ).all()
        return [
            {
                "TaxCodeNumber": code,
                "Name": name,
                "Calculation": "Gross",
                "TaxType": "SalesTax",
                "Validities": list(_validities(code, [(start, rate) for of, start, rate in begun if of == code])),
                "TaxCodeOptions": {"ChangeableTaxSum": self.changeable_tax, "VATIDRequired": False},
            }
            for code, name in known
        ]

    def tenants(self) -> list[dict[str, Any]]:
        """All tenants with their fiscal years, in the form of `AccountingTenantDto`."""
        return [
            {
                "DatabaseName": tenant,
                "TenantKind": "Production" if tenant == self._books.tenant else "Test",
                "TenantDatabaseType": "StandardTenant",
                "Currency": self._books.currency,
                "Years": [_year(name) for name in self._books.years(tenant)],
            }
            for tenant in self._books.tenants
        ]


def _account(number: str, name: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "Account": number,
        "UserAccess": True,
        "Name": name[:40],
        "Assignment": BALANCE if number < "2" else RESULT,
        "Type": "FinanceAccount",
        "Options": {"OnlyPostAccountIndirectly": False},
    }
    return said | ({"PostingBlockFrom": LOCKED_FROM} if number == LOCKED_ACCOUNT else {})


def _validities(code: str, begun: list[tuple[dt.datetime, float]]) -> Iterator[dict[str, Any]]:
    for place, (start, rate) in enumerate(begun):
        is_last = place + 1 == len(begun)
        end = FOREVER if is_last else (begun[place + 1][0] - dt.timedelta(days=1)).isoformat()
        yield {"TaxCodeNumber": code, "ValidFrom": start.isoformat(), "ValidTill": end, "Tax": rate}


def _year(name: str) -> dict[str, Any]:
    year = name[-4:]
    return {
        "DatabaseName": name,
        "ProfitDetermination": "Balance",
        "PostingMonths": 12,
        "TaxationType": "TaxOnIssue",
        "TaxationMethod": "Effective",
        "StartDate": f"{year}-01-01T00:00:00",
        "EndDate": f"{year}-12-31T00:00:00",
    }
