"""VAT rates as they were and are in Germany, by tax code: one for a test that prices and for one that books."""

import pandas as pd

from cloudkasse_etl.transform.prices.vat_rates import VatRates

RATES_BY_CODE = VatRates.from_rates(
    pd.DataFrame(
        [
            ("1", "1968-01-01", 0.0),
            ("2", "1983-07-01", 7.0),
            ("2", "2020-07-01", 5.0),
            ("2", "2021-01-01", 7.0),
            ("3", "2007-01-01", 19.0),
            ("3", "2020-07-01", 16.0),
            ("3", "2021-01-01", 19.0),
            ("R", "2024-01-01", 19.0),  # a meal in a restaurant
            ("R", "2026-01-01", 7.0),
        ],
        columns=["tax_code", "valid_from", "rate"],
    )
)
