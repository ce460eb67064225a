"""Master data as SelectLine holds it, one asset an entity. What the cloud holds is in cloud_state.py."""

import dagster as dg

from assets.checks.rejections import rejections_check
from assets.run.resources import Sync
from assets.steps import Result, carry_out
from cloudkasse_etl.sync.master_data.extraction import (
    extract_articles,
    extract_company,
    extract_employees,
    extract_prices,
    extract_registers,
)

GROUP = "master_data"


@dg.asset(
    group_name=GROUP,
    kinds={"sql"},
    check_specs=[rejections_check("selectline_company")],
)
def selectline_company(sync: Sync) -> Result:
    """The company (Mandant): its name and address from SelectLine, its VAT id from the settings.

    CloudKasse prints it on every receipt. Without a company nothing else can go up.
    """
    return carry_out(extract_company, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"yaml"},
    check_specs=[rejections_check("selectline_registers")],
)
def selectline_registers(sync: Sync) -> Result:
    """The registers (Kassen), as the settings name them: number, name, warehouse and price group.

    SelectLine's tables hold no registers; a register is added under `registers` in cloudkasse.yaml.
    """
    return carry_out(extract_registers, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"sql"},
    check_specs=[rejections_check("selectline_employees")],
)
def selectline_employees(sync: Sync) -> Result:
    """The employees (Mitarbeiter) who may work at a register, from SelectLine's table MITARBW."""
    return carry_out(extract_employees, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"sql"},
    check_specs=[rejections_check("selectline_articles")],
)
def selectline_articles(sync: Sync) -> Result:
    """The articles (Artikel) with group, unit and VAT rate, from SelectLine's table ART.

    An article that cannot be used as it stands is rejected here with what to correct; the others go on.
    """
    return carry_out(extract_articles, sync)


@dg.asset(
    group_name=GROUP,
    kinds={"sql"},
    check_specs=[rejections_check("selectline_prices")],
)
def selectline_prices(sync: Sync) -> Result:
    """The prices of the price groups (Preisgruppen) as SelectLine keeps them, net or gross, from table ARPREIS."""
    return carry_out(extract_prices, sync)


ASSETS = (selectline_company, selectline_registers, selectline_employees, selectline_articles, selectline_prices)
