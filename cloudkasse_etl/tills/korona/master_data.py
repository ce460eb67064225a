"""What goes up to KORONA.cloud, kind by kind, and what it holds. One request at a time; each may be repeated."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import ARTICLES, EMPLOYEES, PRICES, REGISTERS
from cloudkasse_etl.errors import ContractError, Problem
from cloudkasse_etl.http.transport import Transport
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.tills.item_results import rejected
from cloudkasse_etl.tills.korona.korona_lists import PAGE_ITEMS, Place, read_list
from cloudkasse_etl.tills.korona.korona_login import NAME
from cloudkasse_etl.tills.korona.product_prices import merged, prices_in
from cloudkasse_etl.tills.korona.record_forms import (
    Cashier,
    ListedRecord,
    PointOfSale,
    PriceGroup,
    Product,
    article_of,
    cashier_of,
    employee_of,
    product_of,
)
from cloudkasse_etl.tills.korona.upserts import Written, write
from cloudkasse_etl.tills.port import ItemResult

Item = dict[str, Any]
T = TypeVar("T")
NO_POINT = "korona_no_point_of_sale"
NO_SECTOR = "korona_no_sector"
NET_GROUP = "korona_net_prices"
# Up to so many products are asked for by number; for more the whole list is read.
ASKED_SINGLY = 20


class MasterData:
    """The records of one account.

    Args:
        transport: Sends one request.
        settings: Names registers and sectors.
    """

    def __init__(self, transport: Transport, settings: Settings) -> None:
        self._transport = transport
        self._settings = settings
        self._base = f"/accounts/{settings.till.korona.account}"
        self._points: list[PointOfSale] | None = None
        self._groups: dict[str, PriceGroup] = {}
        self._commodity_groups: dict[str, str | None] = {}

    def points_of_sale(self, cancel: threading.Event | None = None) -> Mapping[str, PointOfSale]:
        """Number of a register → the point of sale that it is; those that the account does not have are missing."""
        if self._points is None:
            self._points = [one for page in self._read("pointsOfSale", PointOfSale, cancel) for one in page]
        known = {key: one for one in self._points if one.active is not False for key in (one.id, one.number) if key}
        return {
            register.number: known[register.id_in_till]
            for register in self._settings.registers
            if register.id_in_till in known
        }

    def send(self, kind: str, items: Sequence[Item]) -> list[ItemResult]:
        """Brings records of a kind up.

        Args:
            kind: One of the kinds that KORONA.cloud takes.
            items: The records, each once.

        Returns:
            Their results, in their order.
        """
        senders = {
            REGISTERS.name: self._registers,
            EMPLOYEES.name: self._employees,
            ARTICLES.name: self._articles,
            PRICES.name: self._prices,
        }
        return senders[kind](items)

    def foreseen(self, kind: str, items: Sequence[Item]) -> list[ItemResult | None]:
        """The refusals that are known without sending anything."""
        if kind == REGISTERS.name:
            return [one if one.status == "rejected" else None for one in self._registers(items)]
        if kind == ARTICLES.name:
            return [self._without_sector(item) for item in items]
        return [None] * len(items)

    def held(self, kind: str) -> Iterator[list[Item]]:
        """Pages of the records of a kind that the account holds; a field that it has no place for is left out."""
        if kind == REGISTERS.name:
            yield [
                {"number": number, "active": True, "id": point.id} for number, point in self.points_of_sale().items()
            ]
        elif kind == EMPLOYEES.name:
            for cashiers in self._read("cashiers", Cashier):
                yield [employee_of(cashier) for cashier in cashiers if cashier.number]
        elif kind == ARTICLES.name:
            tax_codes = self._tax_codes()
            for products in self._read("products", Product):
                yield [article_of(product, tax_codes) for product in products if product.number]
        else:
            for products in self._read("products", Product):
                yield [price for one in products if one.number for price in prices_in(one, self._settings.zone)]

    def problems(self) -> list[Problem]:
        """Registers that the account does not have, and what it has that the settings do not name."""
        korona, there = self._settings.till.korona, self.points_of_sale()
        found = [
            Problem(
                NAME,
                say(
                    "There is no point of sale '{number}' for register '{register}'.",
                    number=one.id_in_till,
                    register=one.number,
                ),
                say("Set it up in KORONA.cloud, or correct till_id of the register in cloudkasse.yaml."),
            )
            for one in self._settings.registers
            if one.number not in there
        ]
        mine = {one.id_in_till for one in self._settings.registers}
        found += [
            Problem(
                NAME,
                say(
                    "Point of sale '{number}' ({name}) is no register of the settings.",
                    number=one.number or one.id,
                    name=one.name or "-",
                ),
                say("Name it below registers: in cloudkasse.yaml if it sells: its receipts are refused until then."),
                is_note=True,
            )
            for one in self._points or ()
            if one.active is not False and not {one.id, one.number} & mine
        ]
        for name, setting, named in (
            ("paymentMethods", "till.korona.tenders", korona.tenders),
            ("accounts", "till.korona.accounts", korona.accounts),
            ("voucherConfigurations", "till.korona.vouchers", korona.vouchers),
        ):
            left = [one for page in self._read(name, ListedRecord) for one in page if one.active is not False]
            cure = say("Name it there, if receipts hold it: they are refused until then.")
            found += [
                _not_named(one, setting, cure) for one in left if one.number and not {one.number, one.id} & named.keys()
            ]
        listed = [one for page in self._read("sectors", ListedRecord) for one in page]
        sectors = {one.number for one in listed}
        cure = say("Name it there, if articles have its tax: they are refused until then.")
        found += [
            _not_named(one, "till.korona.sectors", cure)
            for one in listed
            if one.number and one.active is not False and one.number not in korona.sectors.values()
        ]
        found += [
            Problem(
                NAME,
                say(
                    "Tax code '{code}' is sector '{sector}', which KORONA.cloud does not have.",
                    code=code,
                    sector=sector,
                ),
                say("Correct till.korona.sectors in cloudkasse.yaml."),
            )
            for code, sector in korona.sectors.items()
            if sector not in sectors
        ]
        return found

    def _registers(self, items: Sequence[Item]) -> list[ItemResult]:
        """A register is a point of sale that is there already: it is set up in KORONA.cloud, with its TSE."""
        points = self.points_of_sale()
        ids = {register.number: register.id_in_till for register in self._settings.registers}
        results = []
        for item in items:
            point = points.get(item["number"])
            if not item["active"]:
                results.append(ItemResult(item, "deactivated", cloud_id=point.id if point else None))
            elif point is None:
                name = ids.get(item["number"], item["number"])
                results.append(rejected(item, NO_POINT, name, field="number"))
            else:
                results.append(ItemResult(item, "unchanged", cloud_id=point.id))
        return results

    def _employees(self, items: Sequence[Item]) -> list[ItemResult]:
        return self._written("cashiers", items, [cashier_of(item) for item in items])

    def _articles(self, items: Sequence[Item]) -> list[ItemResult]:
        refused = [self._without_sector(item) for item in items]
        ready = [item for item, refusal in zip(items, refused, strict=True) if refusal is None]
        self._write_commodity_groups(ready)
        sectors = self._settings.till.korona.sectors
        products = [product_of(item, sectors.get(item["tax_code"], "")) for item in ready]
        results = iter(self._written("products", ready, products))
        return [refusal or next(results) for refusal in refused]

    def _without_sector(self, item: Item) -> ItemResult | None:
        if item["tax_code"] in self._settings.till.korona.sectors:
            return None
        return rejected(item, NO_SECTOR, None, field="tax_code")

    def _write_commodity_groups(self, items: Sequence[Item]) -> None:
        """The groups of articles, as far as this run has not written them; a refusal shows at their products."""
        named = {item["group"]: item["group_name"] for item in items if item["group"]}
        news = {
            number: name
            for number, name in named.items()
            if number not in self._commodity_groups or self._commodity_groups[number] != name
        }
        if news:
            records = [{"number": number, "name": name or number} for number, name in sorted(news.items())]
            write(self._transport, f"{self._base}/commodityGroups", records)
            self._commodity_groups |= news

    def _prices(self, items: Sequence[Item]) -> list[ItemResult]:
        groups = self._price_groups({item["price_group"] for item in items if item["active"]})
        by_article: dict[str, list[int]] = defaultdict(list)
        results: dict[int, ItemResult] = {}
        for at, item in enumerate(items):
            fault = groups.get(item["price_group"]) if item["active"] else None
            if fault is not None:
                results[at] = fault.result(item)
            else:
                by_article[item["article"]].append(at)
        products = self._products(by_article)
        changes: list[tuple[Item, list[int]]] = []
        for article, places in by_article.items():
            product = products.get(article)
            if product is None:
                results |= {at: _of_unknown_article(items[at]) for at in places}
                continue
            prices, refused = merged(product.prices or (), [items[at] for at in places], self._settings.zone)
            results |= {places[at]: rejected(items[places[at]], code, None) for at, code in refused.items()}
            left = [at for at in places if at not in results]
            if left:
                changes.append(({"number": article, "prices": prices}, left))
        written = write(self._transport, f"{self._base}/products", [change for change, _ in changes])
        for one, (_, places) in zip(written, changes, strict=True):
            results |= {at: one.result(items[at]) for at in places}
        return [results[at] for at in range(len(items))]

    def _price_groups(self, numbers: set[str]) -> dict[str, Written]:
        """Sees that the price groups are there, for gross prices; returns why those that are not cannot be used."""
        if numbers - self._groups.keys():
            found = [one for page in self._read("priceGroups", PriceGroup) for one in page]
            self._groups |= {one.number: one for one in found if one.number}
        faults = {}
        missing = sorted(numbers - self._groups.keys())
        records = [{"number": number, "name": number, "netPrices": False} for number in missing]
        for number, one in zip(missing, write(self._transport, f"{self._base}/priceGroups", records), strict=True):
            if one.status is None:
                faults[number] = one
            else:
                self._groups[number] = PriceGroup(one.id, number, net_prices=False)
        net = Written(None, code=NET_GROUP)
        return faults | {number: net for number in numbers - faults.keys() if self._groups[number].net_prices}

    def _products(self, by_article: Mapping[str, object]) -> dict[str, Product]:
        """Products by number, as far as the account has them."""
        if not by_article:
            return {}
        if len(by_article) > ASKED_SINGLY:
            pages = self._read("products", Product)
        else:
            pages = (
                page for number in by_article for page in self._read("products", Product, filters={"number": number})
            )
        return {
            one.number: one for page in pages for one in page if one.number is not None and one.number in by_article
        }

    def _written(self, name: str, items: Sequence[Item], records: Sequence[Item]) -> list[ItemResult]:
        written = write(self._transport, f"{self._base}/{name}", records)
        return [one.result(item) for one, item in zip(written, items, strict=True)]

    def _tax_codes(self) -> dict[str, str]:
        """Number of a sector → its tax code, where it is the sector of one only."""
        sectors = self._settings.till.korona.sectors
        found: dict[str, list[str]] = defaultdict(list)
        for code, sector in sectors.items():
            found[sector].append(code)
        return {sector: codes[0] for sector, codes in found.items() if len(codes) == 1}

    def _read(
        self,
        name: str,
        kind: type[T],
        cancel: threading.Event | None = None,
        *,
        filters: Mapping[str, str] | None = None,
    ) -> Iterator[list[T]]:
        decoder = msgspec.json.Decoder(kind)
        path = f"{self._base}/{name}"
        for page in read_list(self._transport, path, Place(0, PAGE_ITEMS), filters=filters, cancel=cancel):
            try:
                yield [decoder.decode(text) for text in page.texts]
            except (msgspec.MsgspecError, RecursionError, ArithmeticError) as error:
                raise ContractError(
                    say(
                        "A record of {path} is not as its description says: {fault}", path=path, fault=str(error)[:200]
                    ),
                    hint=say("Report it to KORONA.cloud; nothing was compared or changed."),
                ) from None


def _of_unknown_article(item: Item) -> ItemResult:
    if item["active"]:
        return rejected(item, "article_unknown", None, field="article")
    return ItemResult(item, "deactivated")


def _not_named(one: ListedRecord, setting: str, cure: Text) -> Problem:
    said = say(
        "'{number}' ({name}) is not named by {setting}.", number=one.number, name=one.name or "-", setting=setting
    )
    return Problem(NAME, said, cure, is_note=True)
