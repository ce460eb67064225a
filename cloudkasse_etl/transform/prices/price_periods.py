"""The days of dated prices: split where the VAT rate changes, cut where a later price takes over. Pure, vectorised.

A register shows, of the price records that cover a day, the one that begins last. A price whose start is the latest
of those that cover the day is the right one; but the part of a price after a change of its rate is a record that
begins on the day of the change, perhaps later than a promotion that is running then. So such parts are sent only for
the days on which no later price holds.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.arrow_lookup import is_among
from cloudkasse_etl.transform.prices.vat_rates import FAR_FUTURE, FAR_PAST, VatRates

_SERIES = ["article", "price_group", "min_quantity_text"]


def split_by_rate(dated: pd.DataFrame, rates: VatRates) -> pd.DataFrame:
    """Splits dated net prices into one row for each rate that is in force on some of their days.

    Args:
        dated: Prices with tax_code, start, end (days, both inclusive) and open_start.
        rates: The rates by date.

    Returns:
        The same columns, with basis_points of the row's days, and is_later: True for all but the row in which the
        price begins. A price that begins before any rate of its tax code has no row at all.
    """
    # An open start is set by this program, not by the shop: the first known rate applies to all of the past there.
    first = ~rates.periods["tax_code"].duplicated()
    periods = rates.periods.rename(columns={"start": "rate_start", "end": "rate_end"}).assign(first=first)
    pieces = dated.drop(columns=["basis_points"]).merge(periods, how="left", on="tax_code")
    pieces["rate_start"] = pieces["rate_start"].mask(pieces["first"].eq(True) & pieces["open_start"], FAR_PAST)
    original = pieces["start"]
    pieces["start"] = np.maximum(original, pieces["rate_start"].fillna(FAR_FUTURE))
    pieces["end"] = np.minimum(pieces["end"], pieces["rate_end"].fillna(FAR_PAST))
    pieces["is_later"] = pieces["start"] != original
    pieces = pieces[pieces["start"] <= pieces["end"]]
    covered = pieces.loc[~pieces["is_later"], "row"]
    pieces = pieces[np.isin(pieces["row"].to_numpy(), covered.to_numpy())]
    return pieces[list(dated.columns)].astype({"basis_points": "int64"})


def cut_where_later_prices_hold(frame: pd.DataFrame) -> pd.DataFrame:
    """Removes from the later parts of prices the days on which a price applies that begins after the whole price.

    Every other row stays as it is: it begins with its price, so that the register ranks it rightly by itself.

    Args:
        frame: Prices with article, price_group, min_quantity_text; start, end (days, both inclusive); begins: a
            number that ranks the whole prices by their start; is_later, as `split_by_rate` has it.

    Returns:
        The rows with the same columns; a later part may have disappeared, or become several.
    """
    is_later = frame["is_later"].to_numpy(bool)
    if not is_later.any():
        return frame
    near = is_among(frame["article"], frame.loc[is_later, "article"].drop_duplicates())
    series = frame.loc[near, _SERIES].groupby(_SERIES, sort=False).ngroup().to_numpy()
    rows = pd.DataFrame(
        {
            "series": series,
            "row": np.flatnonzero(near),
            "first": _day_numbers(frame.loc[near, "start"]),
            "last": _day_numbers(frame.loc[near, "end"]),
            "begins": frame.loc[near, "begins"].to_numpy("int64"),
        }
    )
    pairs = rows[is_later[near]].merge(rows, on="series", suffixes=("", "_other"))
    pairs = pairs[
        (pairs["begins_other"] > pairs["begins"])
        & (pairs["first_other"] <= pairs["last"])
        & (pairs["last_other"] >= pairs["first"])
    ].sort_values(["row", "first_other"])
    if pairs.empty:
        return frame
    gaps = _gaps(pairs)
    untouched = np.ones(len(frame), dtype=bool)
    untouched[pairs["row"].to_numpy()] = False
    cut = frame.iloc[gaps["row"].to_numpy()].assign(start=_days(gaps["first"]), end=_days(gaps["last"]))
    return pd.concat([frame[untouched], cut], ignore_index=True)


def _gaps(pairs: pd.DataFrame) -> pd.DataFrame:
    """The days of each row that none of its others covers: row, first, last.

    Args:
        pairs: row, first, last; first_other, last_other, in order of row and first_other.
    """
    reached = pairs.groupby("row")["last_other"].cummax()
    before = reached.groupby(pairs["row"]).shift()
    between = pd.DataFrame(
        {
            "row": pairs["row"],
            "first": (before + 1).fillna(pairs["first"]).astype("int64"),
            "last": pairs["first_other"] - 1,
        }
    )
    ends = ~pairs["row"].duplicated(keep="last")
    after = pd.DataFrame({"row": pairs["row"][ends], "first": reached[ends] + 1, "last": pairs["last"][ends]})
    gaps = pd.concat([between, after], ignore_index=True)
    return gaps[gaps["first"] <= gaps["last"]]


def _day_numbers(days: "pd.Series[Any]") -> npt.NDArray[np.int64]:
    return days.to_numpy("datetime64[D]").astype("int64")


def _days(numbers: "pd.Series[Any]") -> npt.NDArray[Any]:
    return numbers.to_numpy("int64").astype("datetime64[D]").astype("datetime64[s]")
