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
        contradictions: Tax code → where it has different rates from one day on, in words that need no language
            ("2024-01-01: 7.70, 8.10"). Such a code has no periods: which of its rates is meant nobody can tell.
    """

    periods: pd.DataFrame
    contradictions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_rates(cls, rates: pd.DataFrame) -> "VatRates":
        """Makes periods of the ERP's list: of a code's rows the newest start up to a day counts.

        The same row twice is one; different rates of one code from one day on are a contradiction, whatever the order.

        Args:
            rates: tax_code, valid_from, rate (percent). Rows without a usable code, date or rate say nothing.
        """
        basis_points, usable = scaled(rates["rate"].to_numpy("float64"), 2)
        usable &= (basis_points >= 0) & (basis_points <= BASIS_POINTS_LIMIT)
        frame = pd.DataFrame(
            {
                "tax_code": rates["tax_code"].astype("str"),
                "start": pd.to_datetime(rates["valid_from"]).astype("datetime64[s]"),
                "basis_points": basis_points,
            }
        )[usable & rates["tax_code"].notna().to_numpy() & rates["valid_from"].notna().to_numpy()]
        frame = frame.drop_duplicates().sort_values(["tax_code", "start", "basis_points"])
        double = frame[frame.duplicated(["tax_code", "start"], keep=False)]
        contradictions: dict[str, str] = {}
        for _, rows in double.groupby(["tax_code", "start"]):
            code, day = str(rows["tax_code"].iloc[0]), f"{rows['start'].iloc[0]:%Y-%m-%d}"
            text = f"{day}: {', '.join(fixed(rows['basis_points'].to_numpy(), 2))}"
            contradictions[code] = f"{contradictions[code]}; {text}" if code in contradictions else text
        frame = frame[~frame["tax_code"].isin(contradictions)]
        # the same rate again is no change
        same = (frame["tax_code"] == frame["tax_code"].shift()) & (
            frame["basis_points"] == frame["basis_points"].shift()
        )
        frame = frame[~same].reset_index(drop=True)
        following = frame.groupby("tax_code")["start"].shift(-1)
        frame["end"] = (following - pd.Timedelta(days=1)).fillna(FAR_FUTURE).astype("datetime64[s]")
        return cls(frame[["tax_code", "start", "end", "basis_points"]], contradictions)

    def on(self, day: dt.date) -> dict[str, int]:
        """The rate in basis points of every code that has one on this day."""
        moment = pd.Timestamp(day)
        valid = self.periods[(self.periods["start"] <= moment) & (self.periods["end"] >= moment)]
        return dict(zip(valid["tax_code"], valid["basis_points"].astype(int), strict=True))

    def texts_on(self, day: dt.date) -> dict[str, str]:
        """The rate of every code on this day as the wire writes it, `"19.00"`."""
        rates = self.on(day)
        return dict(zip(rates, fixed(np.array(list(rates.values()), dtype="int64"), 2), strict=True))
