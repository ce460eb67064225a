"""Master data as SelectLine holds it, one asset an entity. What the cloud holds is in cloud_state.py."""

from functools import partial

import dagster as dg

from assets.checks.rejections import rejections_check
from assets.run.resources import Sync
from assets.steps import Result, carry_out
from cloudkasse_etl.entities import ARTICLES, COMPANY, EMPLOYEES, PRICES, REGISTERS, Kind
from cloudkasse_etl.sync.master_data.extraction import extract

GROUP = "master_data"


@dg.asset(
    group_name=GROUP,
    kinds={"sql"},
    check_specs=[rejections_check(COMPANY.extract)],
)
def selectline_company(sync: Sync) -> Result:
    """The company (Mandant): its name and address from SelectLine, its VAT id from the settings.

    CloudKasse prints it on every receipt. Without a company nothing else can go up.
    """
    return _extracted(COMPANY, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"yaml"},
    check_specs=[rejections_check(REGISTERS.extract)],
)
def selectline_registers(sync: Sync) -> Result:
    """The registers (Kassen), as the settings name them: number, name, warehouse and price group.

    SelectLine's tables hold no registers; a register is added under `registers` in cloudkasse.yaml.
    """
    return _extracted(REGISTERS, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"sql"},
    check_specs=[rejections_check(EMPLOYEES.extract)],
)
def selectline_employees(sync: Sync) -> Result:
    """The employees (Mitarbeiter) who may work at a register, from SelectLine's table MITARBW."""
    return _extracted(EMPLOYEES, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"sql"},
    check_specs=[rejections_check(ARTICLES.extract)],
)
def selectline_articles(sync: Sync) -> Result:
    """The articles (Artikel) with group, unit and VAT rate, from SelectLine's table ART.

    An article that cannot be used as it stands is rejected here with what to correct; the others go on.
    """
    return _extracted(ARTICLES, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"sql"},
    check_specs=[rejections_check(PRICES.extract)],
)
def selectline_prices(sync: Sync) -> Result:
    """The prices of the price groups (Preisgruppen) as SelectLine keeps them, net or gross, from table ARPREIS."""
    return _extracted(PRICES, sync)


def _extracted(kind: Kind, session: Sync) -> Result:
    return carry_out(partial(extract, kind=kind), session)


ASSETS = (selectline_company, selectline_registers, selectline_employees, selectline_articles, selectline_prices)
