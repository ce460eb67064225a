"""Master data as CloudKasse holds it after the run. Only what has changed is sent; the rules are in the library."""

from functools import partial

import dagster as dg

from assets.checks.cloud_equals_erp import report_if_full
from assets.checks.rejections import REGISTER_FIRST, register_check, rejections_check
from assets.master_data import selectline_articles, selectline_company, selectline_employees, selectline_registers
from assets.prices import gross_prices
from assets.run.resources import Sync
from assets.steps import Result, carry_out
from cloudkasse_etl.entities import ARTICLES, COMPANY, EMPLOYEES, PRICES, REGISTERS, Kind
from cloudkasse_etl.sync.master_data.upload import upload

GROUP = "cloud_state"


@dg.asset(
    group_name=GROUP,
    kinds={"rest"},
    deps=[selectline_company],
    check_specs=[rejections_check(COMPANY.cloud)],
)
def cloudkasse_company(context: dg.AssetExecutionContext, sync: Sync) -> Result:
    """The company as CloudKasse holds it, level with SelectLine."""
    return _uploaded(context, COMPANY, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"rest"},
    deps=[selectline_registers, cloudkasse_company],
    check_specs=[rejections_check(REGISTERS.cloud)],
)
def cloudkasse_registers(context: dg.AssetExecutionContext, sync: Sync) -> Result:
    """The registers as CloudKasse holds them. Articles and prices can go up only once there is an active one."""
    return _uploaded(context, REGISTERS, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"rest"},
    deps=[selectline_employees, cloudkasse_company],
    check_specs=[rejections_check(EMPLOYEES.cloud)],
)
def cloudkasse_employees(context: dg.AssetExecutionContext, sync: Sync) -> Result:
    """The employees as CloudKasse holds them, level with SelectLine."""
    return _uploaded(context, EMPLOYEES, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"rest"},
    deps=[selectline_articles, cloudkasse_registers],
    check_specs=[rejections_check(ARTICLES.cloud), register_check(ARTICLES.cloud)],
)
def cloudkasse_articles(context: dg.AssetExecutionContext, sync: Sync) -> Result:
    """The articles as CloudKasse holds them, level with SelectLine.

    They wait (`deferred`) until a register is synchronised. An article that CloudKasse refuses is rejected with the
    reason, and tried again once it has been corrected in SelectLine.
    """
    return _uploaded(context, ARTICLES, sync, REGISTER_FIRST)


@dg.asset(
    group_name=GROUP,
    kinds={"rest"},
    deps=[gross_prices, cloudkasse_articles],
    check_specs=[rejections_check(PRICES.cloud), register_check(PRICES.cloud)],
)
def cloudkasse_prices(context: dg.AssetExecutionContext, sync: Sync) -> Result:
    """The gross prices as CloudKasse holds them; the registers sell at these.

    A price waits (`deferred`) as long as CloudKasse does not hold its article.
    """
    return _uploaded(context, PRICES, sync, REGISTER_FIRST)


def _uploaded(context: dg.AssetExecutionContext, kind: Kind, session: Sync, *checks: str) -> Result:
    result = carry_out(partial(upload, kind=kind), session, *checks)
    report_if_full(context.instance, session, kind)
    return result


ASSETS = (cloudkasse_company, cloudkasse_registers, cloudkasse_employees, cloudkasse_articles, cloudkasse_prices)
