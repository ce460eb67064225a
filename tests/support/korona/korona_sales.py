"""What the settings of a shop call the numbers of the sandbox's account at KORONA.cloud."""

from typing import Any

from cloudkasse_etl.sandbox.korona.sold_receipts import ACCOUNTS, CONFIGURATIONS, METHODS

SETTINGS: dict[str, Any] = {
    "account": "acc-1",
    "day_begins": "06:00",
    "tenders": {n: {"Unbar": name} if tender == "Unbar" else tender for (tender, name), n in METHODS.items()},
    "accounts": {number: case for case, number in ACCOUNTS.items()},
    "vouchers": {number: case for case, number in CONFIGURATIONS.items()},
    "sectors": {"3": "19"},
}
