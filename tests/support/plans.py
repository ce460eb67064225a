"""What a dry run plans of a shop, and the settings of one that books cash sales."""

import copy
from typing import Any

from cloudkasse_etl.sync.dry_run.plan import What, plan
from cloudkasse_etl.sync.dry_run.plan_report import Plan
from tests.support.worlds import World


def planned(world: World, what: What = "all") -> Plan:
    return plan(world.configuration(), what, as_of=world.as_of)


def booking(world: World) -> None:
    world.settings["accounts"] = copy.deepcopy(ACCOUNTS)
    world.settings["registers"] = [CASH]


ACCOUNTS: dict[str, Any] = {"clearing": "1371", "revenue": {"19.00": "8400"}}

CASH = {"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1", "cash_account": "1000"}
