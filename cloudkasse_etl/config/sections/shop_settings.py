"""Settings: the company, its registers, and which of its records go up to the till."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cloudkasse_etl.config.section import Section
from cloudkasse_etl.config.sections.account_settings import Account, Tenders
from cloudkasse_etl.config.settings_file import refused
from cloudkasse_etl.i18n.text import say

# No group's number is longer in SelectLine: GRUPPEN.Nummer.
GroupNumber = Annotated[str, Field(min_length=1, max_length=13)]


class Company(Section):
    """The company's data that SelectLine's tables do not contain."""

    number: Annotated[str, Field(min_length=1, max_length=20)] = "1"
    database_name: str | None = Field(None, description="MANDANT.Datenbankname, where MANDANT has several rows.")
    vat_id: str | None = None
    tax_number: str | None = None


class Register(Section):
    """A register: SelectLine's tables have none, so the settings name them."""

    number: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(min_length=1)]
    warehouse: Annotated[str, Field(min_length=1, max_length=10)]
    price_group: GroupNumber
    cash_account: Account | None = None
    tenders: Tenders = Field(
        default_factory=dict, description="Accounts of its own, instead of accounts.tenders; by name, too."
    )
    till_id: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="The till's own id of the register, where it is not the number."
    )

    @property
    def id_in_till(self) -> str:
        """What the till calls the register."""
        return self.till_id or self.number


def _some(value: Any) -> Any:
    """Refuses "all" within a list: it would select only the group or employee with that name."""
    if isinstance(value, list | tuple) and "all" in value:
        raise refused(say("Write all without a list to choose all; in a list it is a number like any other."))
    return value


class Articles(Section):
    """Which articles are uploaded."""

    groups: Annotated[Literal["all"] | tuple[GroupNumber, ...], BeforeValidator(_some)] = "all"
    only_shop_active: bool = False
    open_price_column: str | None = Field(
        None, description="Custom bit column of ART that marks articles whose price is keyed in at the register."
    )


class Employees(Section):
    """Which employees are uploaded."""

    numbers: Annotated[Literal["all"] | tuple[Annotated[str, Field(max_length=6)], ...], BeforeValidator(_some)] = "all"


class PriceGroup(Section):
    """Whether SelectLine stores the prices of a group net or gross; no column of it says so."""

    basis: Literal["net", "gross"]
