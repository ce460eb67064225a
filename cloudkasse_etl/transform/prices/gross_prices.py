"""Gross prices in cents, by price group, from SelectLine's prices (docs/rules.md). Pure, exact, vectorised."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cloudkasse_etl.arrow_lookup import are_distinct, is_among, places_among
from cloudkasse_etl.entities import GROSS_PRICES
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.checks import LAST_EMPTY_DAY
from cloudkasse_etl.transform.prices.decimals import divide_half_up, fixed, scaled
from cloudkasse_etl.transform.prices.price_periods import cut_where_later_prices_hold, split_by_rate
from cloudkasse_etl.transform.prices.priced_articles import PricedArticles
from cloudkasse_etl.transform.prices.vat_rates import FAR_FUTURE, FAR_PAST, VatRates

PLACES = 5  # SelectLine's price floats carry at most this many
SCALE = 10**PLACES
LIMIT_EUROS = 10_000_000
# A list price may be for many units, so it may be larger than what one unit may cost; past this the
# arithmetic in 64 bits would overflow.
LIST_LIMIT = 1_000_000_000
QUANTITY_LIMIT_MILLI = 10**12
_ROWS = 100_000  # prices at once
_NEVER_BEGAN = np.iinfo("int64").min
_HELD = ["article", "price_group", "min_quantity", "first", "last"]
_KEY = ["article", "price_group", "min_quantity_text", "begins"]


@dataclass(frozen=True)
class GrossPrices:
    """What the registers show.

    Attributes:
        prices: article, price_group, min_quantity (text, 3 decimals), valid_from, valid_to (text or null),
            gross_cents (int64), key (text); a row a price record of the wire, sorted by key.
        rejections: Prices that could not be computed, and articles without any.
        waiting: article, key of prices whose article is not uploaded (refused, or unknown to the ERP).
        held: article, price_group, min_quantity (text, 3 decimals; missing where any), first, last (ISO text; empty for
            no first day): records that begin from `first` to `last` may belong to a refused price and are not retired.
        lacking_articles: register's price group → numbers of the articles that have a price elsewhere, but none in it.
        turns: The last day up to `as_of` and the first one after it (ISO text) on which some article's only price
            begins or expires: between these two days no article gains or loses its price by the calendar alone.
            None where there is no such day.
    """

    prices: pd.DataFrame
    rejections: list[Rejection]
    waiting: pd.DataFrame
    held: pd.DataFrame
    lacking_articles: Mapping[str, "pd.Series[str]"]
    turns: tuple[str | None, str | None] = (None, None)

    @property
    def lacking(self) -> dict[str, int]:
        """Register's price group → how many articles have a price elsewhere, but none in it."""
        return {group: len(articles) for group, articles in self.lacking_articles.items()}


class _Refusals:
    """Collects rejections, and the articles and groups that they belong to."""

    def __init__(self) -> None:
        self.rejections: list[Rejection] = []
        self.held: list[pd.DataFrame] = [pd.DataFrame(columns=_HELD, dtype="str")]

    def take(self, frame: pd.DataFrame, mask: Any, code: str, **detail: str) -> pd.DataFrame:
        """Moves the rows of the mask to the refusals and returns the others.

        `detail` names the column behind each word of the catalogue's text.
        """
        bad = np.asarray(mask, dtype=bool)
        if not bad.any():
            return frame  # of a million prices each copy counts
        refused = frame[bad]
        self.hold(refused, code)
        for row in refused.to_dict("records"):
            values = {word: _shown(row[column]) for word, column in detail.items()}
            self.add(str(row["key"]), code, values, code, values)
        return frame[~bad]

    def hold(self, refused: pd.DataFrame, code: str) -> None:
        """Notes which price records may belong to refused prices, as `GrossPrices.held` has them.

        A price's record begins with it, or later within its days, where its rate changes. Where a price's quantity or
        dates are what is wrong, they are not used to narrow this down.
        """
        dated = refused["dated"].to_numpy(bool)
        begun = dated & (refused["start"] > FAR_PAST).to_numpy()
        first = _day_texts(refused["start"], begun).fillna("")
        last = _day_texts(refused["end"], dated).fillna("")
        if code in ("price_end_unset", "price_dates_invalid"):
            last[:] = f"{FAR_FUTURE:%Y-%m-%d}"
        if code == "price_dates_invalid":
            first[:] = ""
        quantity = refused["min_quantity_text"].where(refused["quantity_usable"])
        held = refused[["article", "price_group"]].assign(min_quantity=quantity, first=first, last=last)
        self.held.append(held.astype("str"))

    def add(self, key: str, code: str, detail: Mapping[str, str], *hangs_on: Any) -> None:
        """Notes one refusal; the record is tried again when any of the values in `hangs_on` changes."""
        self.rejections.append(Rejection(GROSS_PRICES, key, code, detail, content=fingerprint(*hangs_on)))


def gross_prices(
    prices: pd.DataFrame,
    articles: pd.DataFrame,
    rates: VatRates,
    *,
    bases: Mapping[str, Literal["net", "gross"]],
    register_groups: tuple[str, ...],
    known_articles: "pd.Series[str]",
    refused_articles: frozenset[str] = frozenset(),
    as_of: dt.date,
) -> GrossPrices:
    """Computes the gross prices of the articles that are uploaded.

    Net groups: round half up (net ÷ price unit × (1 + VAT rate ÷ 100)); gross groups: round half up
    (gross ÷ price unit); both to the cent. An undated price takes the rate of `as_of`; a dated one is
    split where the rate changes. Of the prices that cover a day, the one that begins last applies; an article has a
    price where one applies on `as_of` for a quantity of 1.

    Args:
        prices: As PriceExtract has them, of price groups only.
        articles: The articles that are uploaded, as ArticleExtract has them.
        rates: VAT rates by date.
        bases: Price group → whether SelectLine stores it net or gross.
        register_groups: The groups that registers use; empty while there is no register.
        known_articles: Numbers of all articles of the ERP that are known and need no price now (inactive,
            not chosen): their prices stay as they are.
        refused_articles: Articles with a price that was refused on reading: not reported as missing as well.
        as_of: The run's day.

    Returns:
        Prices in cents, rejections, and the prices that wait for their article.
    """
    refusals = _Refusals()
    priced = {
        group: PricedArticles(articles["open_price"].to_numpy(bool), as_of) for group in sorted(set(register_groups))
    }
    results, waiting = [], []
    for rows, places in _slices(places_among(prices["article"], articles["number"])):
        frame, places = _candidates(prices.take(rows), places, bases)
        unknown = frame.loc[places < 0, ["article", "key"]]
        waiting.append(unknown[~is_among(unknown["article"], known_articles)])
        for group, found in priced.items():
            mine = is_among(frame["price_group"], [group]) & (places >= 0)
            found.add(frame if mine.all() else frame[mine], places[mine])
        frame = _of_articles(frame, articles, places)
        frame = _refuse_unusable(frame, refusals)
        frame = _refuse_ambiguous(frame, refusals)
        frame = _split_by_rate(frame, rates, as_of, refusals)
        results.append(_compute(frame, refusals))
    result = pd.concat(results, ignore_index=True).sort_values("key", kind="stable", ignore_index=True)
    held = pd.concat(refusals.held, ignore_index=True).drop_duplicates()
    has_price = {group: found.have_one for group, found in priced.items()}
    lacking = _missing(articles, has_price, refused_articles, refusals)
    waits = pd.concat(waiting, ignore_index=True)
    return GrossPrices(result, refusals.rejections, waits, held, lacking, _turns(priced.values()))


def _turns(priced: Iterable[PricedArticles]) -> tuple[str | None, str | None]:
    found = [each.turns for each in priced]
    last = max((day for day, _ in found if day is not None), default=None)
    following = min((day for _, day in found if day is not None), default=None)
    return last, following


def _slices(places: npt.NDArray[np.int64]) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Row numbers and places of some prices at a time, all of an article's together, to bound the memory in use."""
    if len(places) <= _ROWS:
        yield np.arange(len(places)), places
        return
    order = np.argsort(places, kind="stable")
    places = places[order]
    starts = np.unique(np.searchsorted(places, places[::_ROWS])).tolist()
    for start, end in pairwise([*starts, len(places)]):
        yield order[start:end], places[start:end]


def _candidates(
    prices: pd.DataFrame, places: npt.NDArray[np.int64], bases: Mapping[str, str]
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Prices other than 0 and NULL (which mean no price), with their key, and the places of their articles."""
    # a huge or broken price is kept here: it is refused below, not treated as missing
    is_price = prices["price"].notna() & (prices["price"] != 0) & is_among(prices["price_group"], bases)
    frame = prices.drop(columns=["row_id"])
    if not is_price.all():
        frame, places = frame[is_price], places[is_price.to_numpy()]
    frame = frame.reset_index(drop=True)
    frame["is_net"] = is_among(frame["price_group"], [group for group, basis in bases.items() if basis == "net"])
    quantity, usable = scaled(frame["min_quantity"].fillna(0.0), 3)
    exact, _ = scaled(frame["min_quantity"].fillna(0.0), PLACES)
    usable &= (quantity >= 0) & (quantity <= QUANTITY_LIMIT_MILLI) & (exact == quantity * 100)
    frame["quantity_usable"], frame["quantity_milli"] = usable, quantity
    # quantity 0 or 1 is the base price
    texts = fixed(np.where(quantity == 1000, 0, quantity), 3)
    frame["min_quantity_text"] = texts if usable.all() else texts.where(usable, frame["min_quantity"].astype("str"))
    first, last = frame.pop("valid_from"), frame.pop("valid_to")
    first = first.mask(first <= LAST_EMPTY_DAY)
    frame["open_start"] = first.isna() & last.notna()
    frame["dated"] = first.notna() | last.notna()
    frame["start"] = first.astype("datetime64[s]").fillna(FAR_PAST)
    frame["end"] = last.astype("datetime64[s]").fillna(FAR_FUTURE)
    # an undated price ranks before one whose start alone is open
    frame["begins"] = np.where(frame["dated"], frame["start"].to_numpy("datetime64[s]").astype("int64"), _NEVER_BEGAN)
    frame["is_later"] = False
    frame["key"] = _keys(frame, _day_texts(frame["start"], frame["dated"]))
    return frame, places


def _of_articles(frame: pd.DataFrame, articles: pd.DataFrame, places: npt.NDArray[np.int64]) -> pd.DataFrame:
    """The prices of the articles that are uploaded, with their article's units and tax code."""
    wanted = places >= 0
    if not wanted.all():
        frame, places = frame[wanted].reset_index(drop=True), places[wanted]
    for name in ("price_unit", "price_factor", "tax_code"):
        frame[name] = articles[name].take(places).array
    return frame


def _keys(frame: pd.DataFrame, start: "pd.Series[str]") -> "pd.Series[str]":
    columns = [frame["article"], frame["price_group"], frame["min_quantity_text"], start]
    parts = [pa.array(column, pa.large_string(), from_pandas=True) for column in columns]
    joined = pc.binary_join_element_wise(
        *parts, pa.scalar("|", pa.large_string()), null_handling="replace", null_replacement=""
    )
    return pd.Series(pd.array(joined, dtype="str"), index=frame.index)


def _day_texts(days: "pd.Series[Any]", given: Any) -> "pd.Series[str]":
    """ISO dates as text, missing where not given."""
    chosen = np.broadcast_to(np.asarray(given, dtype=bool), len(days))
    places = np.full(len(days), -1)
    places[chosen], distinct = pd.factorize(days[chosen])
    texts = pd.array([*pd.DatetimeIndex(distinct).strftime("%Y-%m-%d"), None], dtype="str")
    return pd.Series(texts.take(places % len(texts)), index=days.index)


def _shown(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:.10g}"
    return "" if value is None else str(value)


def _refuse_unusable(frame: pd.DataFrame, refusals: _Refusals) -> pd.DataFrame:
    frame = refusals.take(frame, ~frame["quantity_usable"], "price_quantity_invalid", value="min_quantity")
    unit = frame["price_unit"].fillna(1.0)
    unit_scaled, usable = scaled(unit, PLACES)
    frame = frame.assign(unit_scaled=unit_scaled, shown_unit=unit)
    frame = refusals.take(
        frame,
        ~usable | (unit_scaled <= 0) | (unit_scaled > LIST_LIMIT * SCALE),
        "price_unit_invalid",
        value="shown_unit",
    )
    factor = frame["price_factor"]
    odd = factor.notna() & (factor != 1)
    frame = refusals.take(frame, odd, "price_unit_unsupported", value="price_factor")
    with np.errstate(invalid="ignore", over="ignore"):
        price = frame["price"].to_numpy("float64")
        single = price / frame["shown_unit"].to_numpy("float64")
        fair = np.isfinite(price) & (price >= 0) & (price <= LIST_LIMIT) & (single <= LIMIT_EUROS)
    frame = refusals.take(frame, ~fair, "price_out_of_range", value="price")
    frame = frame.assign(price_scaled=scaled(frame["price"], PLACES)[0])
    frame = refusals.take(frame, frame["end"] <= LAST_EMPTY_DAY, "price_end_unset", end="end")
    backwards = frame["start"] > frame["end"]
    return refusals.take(frame, backwards, "price_dates_invalid", start="start", end="end")


def _refuse_ambiguous(frame: pd.DataFrame, refusals: _Refusals) -> pd.DataFrame:
    """Makes keys unique: equal rows are merged, different ones with the same key are all refused."""
    if are_distinct(frame, ["key"]):
        return frame
    frame = frame.drop_duplicates([*_KEY, "price_scaled", "end"])
    several = frame.duplicated(_KEY, keep=False)
    if not several.any():
        return frame
    for _, rows in frame[several].groupby(_KEY, sort=False):
        detail = {"count": str(len(rows)), "value": _differing(rows)}
        hangs_on = sorted(zip(rows["price_scaled"], rows["end"], strict=True))
        refusals.add(str(rows["key"].iloc[0]), "price_ambiguous", detail, *hangs_on)
    refusals.hold(frame[several], "price_ambiguous")
    return frame[~several]


def _differing(rows: pd.DataFrame) -> str:
    """In which of SelectLine's columns prices of one key differ, with what they hold: `BisDatum (2025-12-31, NULL)`."""
    rows = rows.sort_values(["price_scaled", "end"])
    texts = {
        "Preis": [_shown(price) for price in rows["price"]],
        "BisDatum": ["NULL" if end == FAR_FUTURE else _shown(end) for end in rows.sort_values("end")["end"]],
    }
    distinct = {column: list(dict.fromkeys(shown)) for column, shown in texts.items()}
    return ", ".join(f"{column} ({', '.join(shown)})" for column, shown in distinct.items() if len(shown) > 1)


def _split_by_rate(frame: pd.DataFrame, rates: VatRates, as_of: dt.date, refusals: _Refusals) -> pd.DataFrame:
    """Gives each net price its rate; a dated one becomes one row for each rate."""
    today = rates.on(as_of)
    is_net, dated = frame["is_net"].to_numpy(bool), frame["dated"].to_numpy(bool)
    rate = np.array([*today.values(), -1])[places_among(frame["tax_code"], today)]
    frame = frame.assign(basis_points=np.where(is_net, rate, 0))
    splits = is_net & dated
    pieces = _pieces(frame[splits], rates, refusals) if splits.any() else frame[:0]
    whole = frame[~splits] if splits.any() else frame
    whole = _refuse_without_rate(whole, whole["basis_points"] < 0, f"{as_of}", refusals)
    return pd.concat([whole, pieces], ignore_index=True) if len(pieces) else whole


def _refuse_without_rate(frame: pd.DataFrame, lacks: Any, day: Any, refusals: _Refusals) -> pd.DataFrame:
    """Removes prices whose tax code has no rate on a day."""
    lost = frame[np.asarray(lacks, dtype=bool)].assign(day=day)
    refusals.take(lost, np.ones(len(lost)), "vat_rate_missing", value="tax_code", day="day")
    return frame.drop(index=lost.index) if len(lost) else frame


def _pieces(dated: pd.DataFrame, rates: VatRates, refusals: _Refusals) -> pd.DataFrame:
    """Dated net prices, one row for each rate, with the same columns."""
    dated = dated.assign(row=np.arange(len(dated)))
    pieces = split_by_rate(dated, rates)
    uncovered = ~np.isin(dated["row"].to_numpy(), pieces["row"].to_numpy())
    _refuse_without_rate(dated, uncovered, _day_texts(dated.loc[uncovered, "start"], True), refusals)
    return pieces.assign(key=_keys(pieces, _day_texts(pieces["start"], True))).drop(columns=["row"])


def _compute(frame: pd.DataFrame, refusals: _Refusals) -> pd.DataFrame:
    price = frame["price_scaled"].to_numpy("int64")
    unit = frame["unit_scaled"].to_numpy("int64")
    rate = frame["basis_points"].to_numpy("int64")
    # price ÷ unit × (10,000 + rate) ÷ 10,000 × 100 cents; the scales of price and unit cancel out
    net = divide_half_up(price * (10_000 + rate), unit * 100)
    gross = divide_half_up(price * 100, unit)
    frame = frame.assign(gross_cents=np.where(frame["is_net"].to_numpy(bool), net, gross))
    frame = refusals.take(frame, frame["gross_cents"] > LIMIT_EUROS * 100, "price_out_of_range", value="price")
    frame = refusals.take(frame, frame["gross_cents"] == 0, "price_below_cent", value="price")
    if (cut := cut_where_later_prices_hold(frame)) is not frame:
        frame = cut.assign(key=_keys(cut, _day_texts(cut["start"], cut["dated"])))
    columns = {
        "article": frame["article"],
        "price_group": frame["price_group"],
        "min_quantity": frame["min_quantity_text"],
        "valid_from": _day_texts(frame["start"], frame["dated"]),
        "valid_to": _day_texts(frame["end"], frame["end"] < FAR_FUTURE),
        "gross_cents": frame["gross_cents"],
        "key": frame["key"],
    }
    return pd.DataFrame(columns, copy=False)


def _missing(
    articles: pd.DataFrame,
    has_price: Mapping[str, npt.NDArray[np.bool_]],
    refused_articles: frozenset[str],
    refusals: _Refusals,
) -> dict[str, "pd.Series[str]"]:
    """Refuses articles with no price in any register's group; finds those that lack one in a further group.

    Args:
        articles: As ArticleExtract has them.
        has_price: Register's price group → whether each article has a price in it.
        refused_articles: As `gross_prices` has them.
        refusals: Collects the rejections.
    """
    if not has_price:
        return {}
    concerned = ~articles["open_price"].to_numpy(bool) & ~is_among(articles["number"], refused_articles)
    priced = np.logical_or.reduce(list(has_price.values()))
    groups = ", ".join(has_price)
    for number in articles.loc[concerned & ~priced, "number"]:
        refusals.add(number, "price_missing", {"groups": groups}, groups)
    return {group: articles.loc[concerned & priced & ~mine, "number"] for group, mine in has_price.items()}
