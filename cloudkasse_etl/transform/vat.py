"""VAT rates by date: which rate a tax code has on a day, and the periods between the changes (USDETAIL)."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cloudkasse_etl.transform.decimals import fixed, scaled

FAR_PAST = pd.Timestamp(1900, 1, 1)
FAR_FUTURE = pd.Timestamp(9999, 12, 31)
BASIS_POINTS_LIMIT = 10_000


@dataclass(frozen=True)
class VatRates:
    """The rates of all tax codes.

    Attributes:
        periods: tax_code (str), start, end (datetime, both inclusive; the last end is 9999-12-31),
            basis_points (int64, 1900 is 19 %); one row a period of one rate, in order of code and time.
    """

    periods: pd.DataFrame

    @classmethod
    def from_rates(cls, rates: pd.DataFrame) -> "VatRates":
        """Makes periods of the ERP's list: of a code's rows the newest start up to a day counts.

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
        frame = frame.sort_values(["tax_code", "start"], kind="stable").drop_duplicates(
            ["tax_code", "start"], keep="last"
        )
        # the same rate again is no change
        same = (frame["tax_code"] == frame["tax_code"].shift()) & (
            frame["basis_points"] == frame["basis_points"].shift()
        )
        frame = frame[~same].reset_index(drop=True)
        following = frame.groupby("tax_code")["start"].shift(-1)
        frame["end"] = (following - pd.Timedelta(days=1)).fillna(FAR_FUTURE).astype("datetime64[s]")
        return cls(frame[["tax_code", "start", "end", "basis_points"]])

    def on(self, day: dt.date) -> dict[str, int]:
        """The rate in basis points of every code that has one on this day."""
        moment = pd.Timestamp(day)
        valid = self.periods[(self.periods["start"] <= moment) & (self.periods["end"] >= moment)]
        return dict(zip(valid["tax_code"], valid["basis_points"].astype(int), strict=True))

    def texts_on(self, day: dt.date) -> dict[str, str]:
        """The rate of every code on this day as the wire writes it, `"19.00"`."""
        rates = self.on(day)
        return dict(zip(rates, fixed(np.array(list(rates.values()), dtype="int64"), 2), strict=True))
