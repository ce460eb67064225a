"""Gross prices in cents, by price group, from SelectLine's prices (design, section 7). Pure, exact, vectorised."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.failures import Rejection
from cloudkasse_etl.schemas.checks import FIRST_DAY as NO_DAY
from cloudkasse_etl.transform.decimals import Booleans, divide_half_up, fixed, scaled
from cloudkasse_etl.transform.membership import is_among
from cloudkasse_etl.transform.vat import FAR_FUTURE, FAR_PAST, VatRates

PLACES = 5  # SelectLine's price floats carry at most this many
SCALE = 10**PLACES
LIMIT_EUROS = 10_000_000
# A list price may be for many units, so it may be larger than what one unit may cost; past this the
# arithmetic in 64 bits would overflow.
LIST_LIMIT = 1_000_000_000
QUANTITY_LIMIT_MILLI = 10**12


@dataclass(frozen=True)
class GrossPrices:
    """What the registers show.

    Attributes:
        prices: article, price_group, min_quantity (text, 3 decimals), valid_from, valid_to (text or null),
            gross_cents (int64), key (text); a row a price record of the wire, sorted by key.
        rejections: Prices that could not be computed, and articles without any.
        waiting: article, key of prices whose article is none that goes up (refused, or unknown to the ERP).
        held: article, price_group of groups with a refused price: nothing of them may be retired.
        lacking_articles: register's price group → numbers of the articles that have a price elsewhere, but none in it.
    """

    prices: pd.DataFrame
    rejections: list[Rejection]
    waiting: pd.DataFrame
    held: pd.DataFrame
    lacking_articles: Mapping[str, "pd.Series[str]"]

    @property
    def lacking(self) -> dict[str, int]:
        """Register's price group → how many articles have a price elsewhere, but none in it."""
        return {group: len(articles) for group, articles in self.lacking_articles.items()}


class _Refusals:
    """Collects what is refused, and the article and group that it belongs to."""

    def __init__(self) -> None:
        self.rejections: list[Rejection] = []
        self.held: list[pd.DataFrame] = []

    def take(self, frame: pd.DataFrame, mask: Any, code: str, **detail: str) -> pd.DataFrame:
        """Moves the rows of the mask to the refusals and returns the others.

        `detail` names the column behind each word of the catalogue's text.
        """
        bad = np.asarray(mask, dtype=bool)
        refused = frame[bad]
        self.held.append(refused[["article", "price_group"]])
        for row in refused.to_dict("records"):
            values = {word: _shown(row[column]) for word, column in detail.items()}
            self.add(str(row["key"]), code, values, code, values)
        return frame[~bad]

    def add(self, key: str, code: str, detail: Mapping[str, str], *hangs_on: Any) -> None:
        """Notes one refusal; it is judged anew when what it hangs on changes."""
        text = "\x1f".join(map(str, hangs_on)).encode("utf-8", "replace")
        content = hashlib.blake2b(text, digest_size=16).hexdigest()
        self.rejections.append(Rejection("gross_prices", key, code, detail, content=content))


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
    """Computes the gross prices of the articles that go up.

    Net groups: round half up (net ÷ price unit × (1 + VAT rate ÷ 100)); gross groups: round half up
    (gross ÷ price unit); both to the cent. An undated price takes the rate of `as_of`; a dated one is
    split where the rate changes.

    Args:
        prices: As PriceExtract has them, of price groups only.
        articles: The articles that go up, as ArticleExtract has them.
        rates: VAT rates by date.
        bases: Price group → whether SelectLine keeps it net or gross.
        register_groups: The groups that registers use; empty while there is no register.
        known_articles: Numbers of all articles of the ERP that are known and need no price now (inactive,
            not chosen): their prices stay as they are.
        refused_articles: Articles that have a price which was refused on reading: it is not missing as well.
        as_of: The run's day.
    """
    refusals = _Refusals()
    frame = _candidates(prices, articles, bases)
    waiting = frame[~frame["wanted"].to_numpy(bool) & ~is_among(frame["article"], known_articles)]
    frame = frame[frame["wanted"]].reset_index(drop=True)
    priced = frame[["article", "price_group"]].drop_duplicates()

    frame = _refuse_unusable(frame, refusals)
    frame = _refuse_ambiguous(frame, refusals)
    frame = _split_by_rate(frame, rates, as_of, refusals)
    frame = _compute(frame, refusals)
    held = pd.concat(refusals.held, ignore_index=True).drop_duplicates()

    lacking = _missing(articles[~is_among(articles["number"], refused_articles)], priced, register_groups, refusals)
    columns = ["article", "price_group", "min_quantity", "valid_from", "valid_to", "gross_cents", "key"]
    result = frame[columns].sort_values("key", kind="stable").reset_index(drop=True)
    return GrossPrices(result, refusals.rejections, waiting[["article", "key"]].reset_index(drop=True), held, lacking)


def _candidates(prices: pd.DataFrame, articles: pd.DataFrame, bases: Mapping[str, str]) -> pd.DataFrame:
    """Prices above or below zero (0 and NULL are no price) with their article's units, tax code and key."""
    # a huge or broken price is kept here: it is refused below, not taken for none
    is_price = prices["price"].notna() & (prices["price"] != 0)
    frame = prices[is_price & prices["price_group"].isin(list(bases))]
    columns = ["number", "price_unit", "price_factor", "tax_code"]
    frame = frame.merge(articles[columns], how="left", left_on="article", right_on="number", indicator="origin")
    frame["wanted"] = (frame.pop("origin") == "both").to_numpy()
    frame["is_net"] = frame["price_group"].map({group: basis == "net" for group, basis in bases.items()}).astype("bool")
    quantity, usable = scaled(frame["min_quantity"].fillna(0.0), 3)
    exact, _ = scaled(frame["min_quantity"].fillna(0.0), PLACES)
    usable &= (quantity >= 0) & (quantity <= QUANTITY_LIMIT_MILLI) & (exact == quantity * 100)
    frame["quantity_usable"] = usable
    # quantity 0 or 1 is the base price
    frame["quantity_milli"] = np.where(quantity == 1000, 0, quantity)
    texts = np.array(fixed(frame["quantity_milli"].to_numpy("int64"), 3), dtype=object)
    texts[~usable] = frame.loc[~usable, "min_quantity"].map(str)
    frame["min_quantity_text"] = texts
    frame["open_start"] = frame["valid_from"].isna() & frame["valid_to"].notna()
    frame["dated"] = frame["valid_from"].notna() | frame["valid_to"].notna()
    frame["start"] = frame["valid_from"].astype("datetime64[s]").fillna(FAR_PAST)
    frame["end"] = frame["valid_to"].astype("datetime64[s]").fillna(FAR_FUTURE)
    frame["key"] = _keys(frame, frame["min_quantity_text"], _day_texts(frame["start"], frame["dated"]))
    return frame


def _keys(frame: pd.DataFrame, quantity: "pd.Series[Any]", start: Any) -> "pd.Series[str]":
    parts = [frame["article"].astype("str"), frame["price_group"].astype("str"), quantity.astype("str")]
    text = parts[0] + "|" + parts[1] + "|" + parts[2] + "|"
    return text + pd.Series(start, index=frame.index).fillna("").astype("str")


def _day_texts(days: "pd.Series[Any]", given: Any) -> npt.NDArray[np.object_]:
    """ISO dates as text, None where not given."""
    texts = np.full(len(days), None, dtype=object)
    chosen = np.broadcast_to(np.asarray(given, dtype=bool), len(days))
    texts[chosen] = days[chosen].dt.strftime("%Y-%m-%d")
    return cast("npt.NDArray[np.object_]", texts)


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
    frame = refusals.take(frame, frame["end"] == NO_DAY, "price_end_unset", end="end")
    backwards = frame["start"] > frame["end"]
    return refusals.take(frame, backwards, "price_dates_invalid", start="start", end="end")


def _refuse_ambiguous(frame: pd.DataFrame, refusals: _Refusals) -> pd.DataFrame:
    """One record a key: equal rows are one, different ones are all refused."""
    frame = frame.drop_duplicates(["key", "price_scaled", "end"])
    several = frame["key"].duplicated(keep=False)
    if not several.any():
        return frame
    for key, rows in frame[several].groupby("key"):
        values = ", ".join(sorted({_shown(price) for price in rows["price"]}))
        detail = {"count": str(len(rows)), "value": values}
        hangs_on = sorted(zip(rows["price_scaled"], rows["end"], strict=True))
        refusals.add(str(key), "price_ambiguous", detail, *hangs_on)
    refusals.held.append(frame.loc[several, ["article", "price_group"]])
    return frame[~several]


def _split_by_rate(frame: pd.DataFrame, rates: VatRates, as_of: dt.date, refusals: _Refusals) -> pd.DataFrame:
    """Gives each net price its rate; a dated one becomes a row a rate."""
    today = rates.on(as_of)
    frame = frame.assign(basis_points=frame["tax_code"].map(today), day=f"{as_of}")
    gross = frame[~frame["is_net"]].assign(basis_points=0)
    undated = frame[frame["is_net"] & ~frame["dated"]]
    undated = refusals.take(undated, undated["basis_points"].isna(), "vat_rate_missing", value="tax_code", day="day")
    dated = frame[frame["is_net"] & frame["dated"]].drop(columns=["basis_points"])
    # An open start is ours, not the shop's: the first rate that is known holds for all of the past there.
    first = ~rates.periods["tax_code"].duplicated()
    periods = rates.periods.rename(columns={"start": "rate_start", "end": "rate_end"}).assign(first=first)
    pieces = dated.merge(periods, how="left", on="tax_code")
    pieces["rate_start"] = pieces["rate_start"].mask(pieces["first"].eq(True) & pieces["open_start"], FAR_PAST)
    original = pieces["start"]
    pieces["start"] = np.maximum(original, pieces["rate_start"].fillna(FAR_FUTURE))
    pieces["end"] = np.minimum(pieces["end"], pieces["rate_end"].fillna(FAR_PAST))
    pieces["is_original"] = pieces["start"] == original
    pieces = pieces[pieces["start"] <= pieces["end"]]
    covered = set(pieces.loc[pieces["is_original"], "key"])
    uncovered = ~is_among(dated["key"], covered)
    lost = dated.assign(day=_day_texts(dated["start"], True))
    refusals.take(lost, uncovered, "vat_rate_missing", value="tax_code", day="day")
    pieces = pieces[is_among(pieces["key"], covered)]
    pieces = pieces.assign(key=_keys(pieces, pieces["min_quantity_text"], _day_texts(pieces["start"], True)))
    # A price of its own that begins on the day of the change takes the place of the split one.
    pieces = pieces.sort_values("is_original", ascending=False, kind="stable").drop_duplicates("key")
    parts = [part for part in (gross, undated, pieces) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else gross


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
    ends: Booleans = (frame["end"] < FAR_FUTURE).to_numpy(bool)
    return frame.assign(
        min_quantity=frame["min_quantity_text"].astype("str"),
        valid_from=pd.Series(_day_texts(frame["start"], frame["dated"]), index=frame.index, dtype="str"),
        valid_to=pd.Series(_day_texts(frame["end"], ends), index=frame.index, dtype="str"),
    )


def _missing(
    articles: pd.DataFrame, priced: pd.DataFrame, register_groups: tuple[str, ...], refusals: _Refusals
) -> dict[str, "pd.Series[str]"]:
    """Refuses articles with no price in any register's group; finds those that lack one in a further group."""
    if not register_groups:
        return {}
    usable = priced[priced["price_group"].isin(register_groups)]
    closed = articles[~articles["open_price"].to_numpy(bool)]["number"]
    has_price = is_among(closed, usable["article"])
    without = closed[~has_price]
    groups = ", ".join(sorted(set(register_groups)))
    for number in without:
        refusals.add(number, "price_missing", {"groups": groups}, groups)
    elsewhere = closed[has_price]
    return {
        group: elsewhere[~is_among(elsewhere, usable.loc[usable["price_group"] == group, "article"])]
        for group in sorted(set(register_groups))
    }
