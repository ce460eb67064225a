"""The shop's master data in the forms of the Web API: warehouses, document types, employees, articles, stock.

Of each form only what the shop's tables hold is answered; none of the left out fields is required.
"""

from typing import Any, Final

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_tables import METADATA as SHOP
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.vendor_tables import ART, BELARTEN, LAGER, LAGERBESTAND, LAGERPLATZ

MITARBW: Final = SHOP.tables["MITARBW"]
Rows = list[dict[str, Any]]


def warehouses(books: ShopBooks) -> Rows:
    """All warehouses, in the form of `Warehouse`."""
    rows = books.rows(sa.select(LAGER).order_by(LAGER.c.Lager))
    return [
        _given(
            RecordId=row.LAGER_ID,
            Number=row.Lager,
            Name=row.Bezeichnung,
            Location=row.Standort,
            InactiveFlag=bool(row.Inaktiv),
            OutsourcingLockFlag=False,
            StorageBlockLockFlag=False,
            StorageMode=0,
            StorageType=0,
        )
        for row in rows
    ]


def document_types(books: ShopBooks) -> Rows:
    """All document types, in the form of `DocumentKind`."""
    rows = books.rows(sa.select(BELARTEN).order_by(BELARTEN.c.Nummer))
    return [
        _given(
            Number=row.Nummer,
            Flag=row.Belegtyp,
            Name=row.Bezeichnung,
            RevenueKind=row.Umsatz,
            WarehousingKindFlag=row.LagerFlag,
            IsNegativeAllowed=bool(row.EnableNegativ),
            AlgebraicSignFactor=row.EA,
            IsHidden=False,
        )
        for row in rows
    ]


def employees(books: ShopBooks) -> Rows:
    """All employees, in the form of `Employee`."""
    rows = books.rows(sa.select(MITARBW).order_by(MITARBW.c.Nr))
    return [
        _given(
            EmployeeNumber=row.Nr,
            Salutation=row.Anrede,
            FirstName=row.Vorname,
            LastName=row.Name,
            IsInactive=bool(row.Inaktiv),
            WarehouseNumber=row.Lager,
        )
        for row in rows
    ]


def articles(books: ShopBooks, *, with_inactive: bool = False) -> Rows:
    """The articles in use, in the form of `Article`; those that are not in use too, if asked for.

    An article whose number is longer than the API's field is left out: it cannot be told there.
    """
    chosen = sa.select(ART).where(sa.func.length(ART.c.Artikelnummer) <= 18)
    if not with_inactive:
        chosen = chosen.where(ART.c.Inaktiv == sa.false())
    rows = books.rows(chosen.order_by(ART.c.Artikelnummer))
    return [
        _given(
            Number=row.Artikelnummer,
            EuropeanArticleNumber=row.EANNummer,
            Name=row.Bezeichnung,
            AdditionalDescription=row.Zusatz,
            ArticleGroupNumber=row.Artikelgruppe,
            QuantityUnit=row.Mengeneinheit,
            IsWarehouseArtikel=bool(row.Lagerartikel),
            SerialOrChargeNumberFlag=row.SerieCharge,
            IsInactive=bool(row.Inaktiv),
            IsShopActive=bool(row.ShopAktiv),
            IsEffortArticle=bool(row.Leistungsartikel),
        )
        for row in rows
    ]


def stocks(books: ShopBooks, warehouse: str | None = None) -> Rows:
    """The stock by article and warehouse, in the form of `Stock`; that of one warehouse, if asked for."""
    chosen = (
        sa.select(
            LAGERBESTAND.c.Artikelnummer, LAGERBESTAND.c.Bestand, LAGERPLATZ.c.Id, LAGERPLATZ.c.Lager,
            ART.c.Bezeichnung, ART.c.Mengeneinheit,
        )
        .join(LAGERPLATZ, LAGERBESTAND.c.LagerplatzId == LAGERPLATZ.c.Id)
        .join(ART, ART.c.Artikelnummer == LAGERBESTAND.c.Artikelnummer)
        .order_by(LAGERBESTAND.c.Artikelnummer, LAGERPLATZ.c.Lager)
    )  # fmt: skip
    if warehouse is not None:
        chosen = chosen.where(LAGERPLATZ.c.Lager == warehouse)
    rows = books.rows(chosen)
    return [
        _given(
            ArticleNumber=row.Artikelnummer,
            ArticleName=row.Bezeichnung,
            Number=row.Lager,
            Id=row.Id,
            StoragePlaceIdentifier=row.Id,
            SerialId=0,
            Quantity=row.Bestand,
            AvailableStock=row.Bestand,
            PriceQuantity=0.0,
            QuantityUnit=row.Mengeneinheit,
            WarehouseType=0,
        )
        for row in rows
    ]


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
