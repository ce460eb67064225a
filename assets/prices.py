"""Gross prices: what the register shows. The rules are in cloudkasse_etl/transform."""

import dagster as dg

from assets.checks.rejections import EVERY_REGISTER, report_checks
from assets.run.resources import Sync
from assets.steps import Result, carry_out
from cloudkasse_etl.entities import ARTICLES, GROSS_PRICES, PRICES, TillKind, kinds_of
from cloudkasse_etl.sync.master_data.price_computation import compute_gross_prices


@dg.asset(
    group_name="prices",
    kinds={"pandas"},
    deps=[PRICES.extract, ARTICLES.extract],
    check_specs=report_checks(GROSS_PRICES, EVERY_REGISTER),
)
def gross_prices(sync: Sync) -> Result:
    """The gross price (Bruttopreis) of each article in each price group, in cents, as the register shows it.

    Net prices get the VAT rate that is valid on the day the price holds, and are rounded half up to the cent. An
    active article with no price that holds today for a quantity of 1 in any register's price group is rejected here as
    `price_missing`.
    """
    return carry_out(compute_gross_prices, sync, EVERY_REGISTER)


def assets_of(till: TillKind) -> tuple[dg.AssetsDefinition, ...]:
    """The asset, where a till takes prices."""
    return (gross_prices,) if any(kind.computed == GROSS_PRICES for kind in kinds_of(till)) else ()
