"""The articles and prices that a register may sell on a day, as synchronised into the store.

Only reads the store. How customers choose from it is in baskets.py.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.till.money import parse_milli

DEFAULT_CURRENCY = "EUR"
# CloudKasse's articles do not say how they are sold; this shop's registers use the name of the article group.
VOUCHER_GROUP = "gutschein"
DEPOSIT_GROUP = "pfand"
BOTTLES = frozenset({"fl", "flasche", "kasten"})
UNTAXED = frozenset({None, "0.00"})


@dataclass(frozen=True, slots=True)
class Till:
    """An active register, as far as selling needs it.

    Attributes:
        number: Its number.
        price_group: The group it sells at; None: only articles whose price is keyed in.
        currency: Its currency.
    """

    number: str
    price_group: str | None
    currency: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An article at the prices of a price group on a day.

    Attributes:
        group: The name of its article group; empty without one.
        base_cents: The gross base price; None where the clerk keys it in.
        steps: Scale prices as (from this quantity in thousandths, gross cents), ascending.
    """

    number: str
    name: str
    gtin: str | None
    unit: str | None
    vat_rate: str | None
    is_discountable: bool
    group: str
    base_cents: int | None
    steps: tuple[tuple[int, int], ...] = ()

    @property
    def is_weighed(self) -> bool:
        """Whether it is sold by weight."""
        return self.unit is not None and self.unit.casefold() == "kg"

    @property
    def is_voucher(self) -> bool:
        """Whether it is a voucher: multi-purpose where it has no rate, single-purpose where it has one."""
        return self.group.casefold().startswith(VOUCHER_GROUP)

    @property
    def is_deposit(self) -> bool:
        """Whether it is a deposit, which is sold together with bottled goods."""
        return self.group.casefold().startswith(DEPOSIT_GROUP)

    @property
    def is_bottled(self) -> bool:
        """Whether a deposit is charged with it."""
        return self.unit is not None and self.unit.casefold() in BOTTLES

    @property
    def is_taxed(self) -> bool:
        """Whether VAT is due on it."""
        return self.vat_rate not in UNTAXED

    def price_cents(self, quantity_milli: int) -> int:
        """Return the price of one unit at this quantity: the highest step that is reached, else the base."""
        cents = self.base_cents or 0
        for from_milli, step_cents in self.steps:
            if from_milli <= quantity_milli:
                cents = step_cents
        return cents


@dataclass(frozen=True)
class Offers:
    """All goods that a register may sell on a day, the most popular first, and selections of them in the same order.

    Vouchers and deposits do not count as goods: they are in lists of their own.
    """

    all: list[Offer] = field(default_factory=list)
    weighed: list[Offer] = field(default_factory=list)
    scaled: list[Offer] = field(default_factory=list)
    keyed: list[Offer] = field(default_factory=list)
    discountable: list[Offer] = field(default_factory=list)
    bottled: list[Offer] = field(default_factory=list)
    deposits: list[Offer] = field(default_factory=list)
    multi_purpose: list[Offer] = field(default_factory=list)
    single_purpose: list[Offer] = field(default_factory=list)

    def add(self, offer: Offer) -> None:
        """Put an offer at the end of the lists that it belongs to."""
        if offer.is_voucher:
            (self.single_purpose if offer.is_taxed else self.multi_purpose).append(offer)
            return
        if offer.is_deposit:
            self.deposits.append(offer)
            return
        self.all.append(offer)
        if offer.is_bottled:
            self.bottled.append(offer)
        if offer.is_discountable:
            self.discountable.append(offer)
        if offer.base_cents is None:
            self.keyed.append(offer)
        elif offer.is_weighed:
            self.weighed.append(offer)
        if offer.steps:
            self.scaled.append(offer)


class Catalogue:
    """Active registers, employees, articles and prices of a store, read once when this object is created.

    Args:
        store: The sandbox's data.
        seed: Decides which articles are popular.

    Raises:
        ConfigurationError: There is no active register or no active article.
    """

    def __init__(self, store: Store, *, seed: int) -> None:
        companies = store.records(Entity.COMPANIES)
        currency = companies[0]["currency"] if companies else DEFAULT_CURRENCY
        self.tills = [
            Till(record["number"], record["price_group"], record["currency"] or currency)
            for record in _active(store, Entity.REGISTERS)
        ]
        self.employees = [record["number"] for record in _active(store, Entity.EMPLOYEES)]
        articles = _active(store, Entity.ARTICLES)
        for entity, found in (("register", self.tills), ("article", articles)):
            if not found:
                raise ConfigurationError(
                    f"The sandbox cannot sell: it holds no active {entity}.",
                    hint="Synchronise the master data first: cloudkasse-etl sync master-data.",
                )
        # Sorted by criteria that do not depend on the order of the upload, so that the seed alone decides.
        self._articles = sorted(articles, key=lambda article: _popularity(seed, article["number"]))
        self._prices: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
        for price in _active(store, Entity.PRICES):
            of_group = self._prices.setdefault((price["price_group"], price["currency"]), defaultdict(list))
            of_group[price["article"]].append(price)
        self._turns = {group: _turns(of_group) for group, of_group in self._prices.items()}
        self._offers: dict[tuple[str | None, str, int], Offers] = {}

    def offers(self, till: Till, day: date) -> Offers:
        """Return what a register may sell on a day.

        Of several prices from the same quantity on, the one that began last counts: a dated price goes before an
        undated one. Articles without a base price above zero are not sold, unless the price is keyed in.
        """
        group = (till.price_group or "", till.currency)
        # Prices change on few days only: between them the same objects are returned.
        key = (till.price_group, till.currency, bisect_right(self._turns.get(group, []), day.isoformat()))
        if key not in self._offers:
            self._offers[key] = self._read(self._prices.get(group, {}), day.isoformat())
        return self._offers[key]

    def _read(self, prices: dict[str, list[dict[str, Any]]], day: str) -> Offers:
        offers = Offers()
        for article in self._articles:
            in_force: dict[int, tuple[str, int]] = {}
            for price in prices.get(article["number"], ()):
                begins, ends = price["valid_from"] or "", price["valid_to"] or "9999-12-31"
                step = parse_milli(price["min_quantity"])
                if begins <= day <= ends and begins >= in_force.get(step, ("", 0))[0]:
                    in_force[step] = (begins, price["gross_cents"])
            base_cents = None if article["open_price"] else in_force.pop(0, ("", 0))[1]
            if base_cents != 0:
                is_priced = base_cents is not None
                steps = tuple((step, cents) for step, (_, cents) in sorted(in_force.items()) if is_priced and cents)
                offers.add(_offer(article, base_cents, steps))
        return offers


def _offer(article: dict[str, Any], base_cents: int | None, steps: tuple[tuple[int, int], ...]) -> Offer:
    return Offer(
        number=article["number"],
        name=article["name"],
        gtin=article["gtin"],
        unit=article["unit"],
        vat_rate=article["vat_rate"],
        is_discountable=article["discountable"],
        group=article["group_name"] or "",
        base_cents=base_cents,
        steps=steps,
    )


def _active(store: Store, entity: Entity) -> list[dict[str, Any]]:
    records = [record for record in store.records(entity) if record["active"]]
    return sorted(records, key=lambda record: str(record.get("number", "")))


def _popularity(seed: int, number: str) -> str:
    return fingerprint(f"{seed}|{number}", size=8)


def _turns(prices: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the days on which a price begins or expires, in order."""
    days = set()
    for price in (price for of_article in prices.values() for price in of_article):
        if price["valid_from"] is not None:
            days.add(price["valid_from"])
        if price["valid_to"] is not None and price["valid_to"] < "9999-12-31":
            days.add((date.fromisoformat(price["valid_to"]) + timedelta(days=1)).isoformat())
    return sorted(days)
