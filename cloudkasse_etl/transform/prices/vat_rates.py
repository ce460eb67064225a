"""VAT rates by date: which rate a tax code has on a day, and the periods between the changes (USDETAIL)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cloudkasse_etl.transform.prices.decimals import fixed, scaled

FAR_PAST = pd.Timestamp(1900, 1, 1)
FAR_FUTURE = pd.Timestamp(9999, 12, 31)
BASIS_POINTS_LIMIT = 10_000


@dataclass(frozen=True)
class VatRates:
    """The rates of all tax codes.

    Attributes:
        periods: tax_code (str), start, end (datetime, both inclusive; the last end is 9999-12-31),
            basis_points (int64, 1900 is 19 %); one row a period of one rate, in order of code and time.
        contradictions: Tax code → where it has different rates from one day on, as text without words
            ("2024-01-01: 7.70, 8.10"). Such a code has no periods: which of its rates is right cannot be decided.
        unusable: Tax code → invalid rates and their first day ("2024-01-01: 8.125"). Such a code has no periods
            either: without the row, the rate that it was to replace would be charged on.
    """

    periods: pd.DataFrame
    contradictions: Mapping[str, str] = field(default_factory=dict)
    unusable: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_rates(cls, rates: pd.DataFrame) -> "VatRates":
        """Makes periods of the ERP's list: of a code's rows, the one with the newest start up to a day applies.

        Identical rows count once; different rates of one code from one day on are a contradiction, whatever the order.

        Args:
            rates: tax_code, valid_from, rate (percent). Rows without a code, date or rate are ignored.
        """
        percent = rates["rate"].to_numpy("float64")
        basis_points, usable = scaled(percent, 2)
        # receipts write a rate with two decimals (DSFinV-K, UST_SATZ): a finer one would be rounded unseen
        usable &= (basis_points >= 0) & (basis_points <= BASIS_POINTS_LIMIT) & (basis_points / 100 == percent)
        named = rates["tax_code"].notna().to_numpy() & rates["valid_from"].notna().to_numpy()
        unusable = _by_code(rates[named & ~usable & ~np.isnan(percent)])
        frame = pd.DataFrame(
            {
                "tax_code": rates["tax_code"].astype("str"),
                "start": pd.to_datetime(rates["valid_from"]).astype("datetime64[s]"),
                "basis_points": basis_points,
            }
        )[usable & named]
        frame = frame.drop_duplicates().sort_values(["tax_code", "start", "basis_points"])
        double = frame[frame.duplicated(["tax_code", "start"], keep=False)]
        contradictions: dict[str, str] = {}
        for _, rows in double.groupby(["tax_code", "start"]):
            code, day = str(rows["tax_code"].iloc[0]), f"{rows['start'].iloc[0]:%Y-%m-%d}"
            text = f"{day}: {', '.join(fixed(rows['basis_points'].to_numpy(), 2))}"
            contradictions[code] = f"{contradictions[code]}; {text}" if code in contradictions else text
        frame = frame[~frame["tax_code"].isin([*contradictions, *unusable])]
        # the same rate again is no change
        same = (frame["tax_code"] == frame["tax_code"].shift()) & (
            frame["basis_points"] == frame["basis_points"].shift()
        )
        frame = frame[~same].reset_index(drop=True)
        following = frame.groupby("tax_code")["start"].shift(-1)
        frame["end"] = (following - pd.Timedelta(days=1)).fillna(FAR_FUTURE).astype("datetime64[s]")
        return cls(frame[["tax_code", "start", "end", "basis_points"]], contradictions, unusable)

    def fault(self, code: str) -> tuple[str, str] | None:
        """What is wrong with a tax code's rates.

        Returns:
            The code of the rejection and which rates it means; None where nothing is wrong with them.
        """
        if code in self.unusable:
            return "tax_rate_invalid", self.unusable[code]
        return ("tax_code_ambiguous", self.contradictions[code]) if code in self.contradictions else None

    def on(self, day: dt.date) -> dict[str, int]:
        """The rate in basis points of every code that has one on this day."""
        moment = pd.Timestamp(day)
        valid = self.periods[(self.periods["start"] <= moment) & (self.periods["end"] >= moment)]
        return dict(zip(valid["tax_code"], valid["basis_points"].astype(int), strict=True))

    def texts_on(self, day: dt.date) -> dict[str, str]:
        """The rate of every code on this day as the wire writes it, `"19.00"`."""
        rates = self.on(day)
        return dict(zip(rates, fixed(np.array(list(rates.values()), dtype="int64"), 2), strict=True))


def _by_code(rows: pd.DataFrame) -> dict[str, str]:
    """Tax code → its rows in order, as "day: rate"; a rate that could not be read is "?"."""
    texts: dict[str, list[str]] = {}
    for code, day, rate in sorted(
        set(zip(rows["tax_code"].astype("str"), pd.to_datetime(rows["valid_from"]), rows["rate"], strict=True))
    ):
        texts.setdefault(code, []).append(f"{day:%Y-%m-%d}: {rate:.15g}" if np.isfinite(rate) else f"{day:%Y-%m-%d}: ?")
    return {code: "; ".join(found) for code, found in texts.items()}
