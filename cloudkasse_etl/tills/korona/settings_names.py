"""What the settings call KORONA's numbers: registers, tenders, business cases. One that they do not name is refused.

Each refusal names the setting and the number, so that writing it down frees the record (docs/korona.md, Names).
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.tills.korona.korona_fields import Named
from cloudkasse_etl.tills.port import UntranslatableError

# as wide as a canonical name
_MOST = 100
_ISO = re.compile(r"[A-Z]{3}")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Tender:
    """A tender, and the name that tells apart those of one tender."""

    tender: str
    name: str | None


class SettingsNames:
    """Looks up KORONA's numbers in the settings.

    Args:
        settings: The settings, of a shop whose till is KORONA.cloud.
    """

    def __init__(self, settings: Settings) -> None:
        self._korona = settings.till.korona
        self._registers = settings.registers_in_till

    def contents(self) -> Mapping[str, object]:
        """All that the answers depend on."""
        return {"registers": self._registers, **self._korona.model_dump(mode="json")}

    def register(self, point_of_sale: Named | None) -> str:
        """The number of the register that a point of sale is.

        Raises:
            UntranslatableError: No register has its number as `till_id`, or as its own.
        """
        return _looked_up(self._registers, point_of_sale, "korona_register_unknown")

    def tender(self, method: Named | None) -> Tender:
        """The tender of a payment method; one that is not paid at once (Unbar) has the name of the settings.

        Raises:
            UntranslatableError: The settings do not name it.
        """
        found = _looked_up(self._korona.tenders, method, "korona_tender_unknown")
        if isinstance(found, str):
            return Tender(found, method.name[:_MOST] if method and method.name else None)
        return Tender(*next(iter(found.items())))

    def cash_case(self, account: Named | None) -> str:
        """The business case of an account of cash transactions.

        Raises:
            UntranslatableError: The settings do not name it.
        """
        return _looked_up(self._korona.accounts, account, "korona_account_unknown")

    def voucher_case(self, configuration: Named | None) -> str:
        """The business case of a voucher's configuration.

        Raises:
            UntranslatableError: The settings do not name it.
        """
        return _looked_up(self._korona.vouchers, configuration, "korona_voucher_unknown")

    def is_deposit(self, product: Named | None) -> bool:
        """Whether a product is a deposit: a receipt does not tell."""
        return product is not None and product.number in self._korona.deposits

    def business_day(self, moment: dt.datetime) -> str:
        """The day that a sale or a closing belongs to, as ISO text: KORONA states none.

        Args:
            moment: Its time in the shop's zone.
        """
        hours, minutes = map(int, self._korona.day_begins.split(":"))
        return (moment.replace(tzinfo=None) - dt.timedelta(hours=hours, minutes=minutes)).date().isoformat()

    def currency(self, currency: Named | None) -> str:
        """The ISO code of a currency; that of the settings where neither its number nor its name is one."""
        for text in (currency.number, currency.name) if currency else ():
            if text and _ISO.fullmatch(text):
                return text
        return self._korona.currency


def _looked_up(names: Mapping[str, V], found: Named | None, code: str) -> V:
    """What the settings call something, by its number or its id; `code` is of what they do not name."""
    for key in (found.number, found.id) if found else ():
        if key is not None and key in names:
            return names[key]
    name = found.name if found and found.name else "-"
    raise UntranslatableError(code, {"value": (found.key if found else None) or "-", "name": name[:_MOST]})
