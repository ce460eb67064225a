"""What a shop's settings call the numbers of the sandbox's account at KORONA.cloud."""

import json
from typing import Any, Final

from cloudkasse_etl.sandbox.korona.korona_endpoints import ACCOUNT
from cloudkasse_etl.sandbox.korona.sold_receipts import ACCOUNTS, CONFIGURATIONS, METHODS

# SelectLine's tax code of the sandbox's shop -> number of the sector.
_SECTORS: Final = {"3": "19", "2": "7", "1": "0"}


def account_settings() -> dict[str, Any]:
    """The values of `till.korona`, by name."""
    return {
        "account": ACCOUNT,
        "day_begins": "06:00",
        "tenders": {n: {"Unbar": name} if tender == "Unbar" else tender for (tender, name), n in METHODS.items()},
        "accounts": {number: case for case, number in ACCOUNTS.items()},
        "vouchers": {number: case for case, number in CONFIGURATIONS.items()},
        "sectors": dict(_SECTORS),
    }


def account_yaml(*, without_tender: str | None = None) -> str:
    """Section `till` of a settings file.

    Args:
        without_tender: The number of a payment method that it leaves out.
    """
    values = account_settings()
    values["tenders"].pop(without_tender, None)
    lines = (f"    {name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
    return f"till:\n  kind: korona\n  korona:\n{''.join(lines)}"
