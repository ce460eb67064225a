"""Settings: whose books a DATEV file is for, and how fine its rows are (docs/datev.md)."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, field_validator

from cloudkasse_etl.config.section import Section
from cloudkasse_etl.config.settings_file import refused
from cloudkasse_etl.config.settings_yaml import shown
from cloudkasse_etl.i18n.text import say

RowGrain = Literal["closing", "day", "receipt"]
TaxKey = Annotated[str, Field(pattern=r"^[0-9]{1,4}$", description='DATEV\'s BU key, as text: "9".')]
# Any year without a 29 February: a fiscal year has to begin in each of them.
_COMMON_YEAR = 2001


class Datev(Section):
    """What DATEV's batches of postings (Buchungsstapel) say besides the books; the tax adviser knows it."""

    adviser: Annotated[int, Field(ge=1001, le=9_999_999)] | None = Field(
        None, description="The adviser's number (Beraternummer)."
    )
    client: Annotated[int, Field(ge=1, le=99_999)] | None = Field(
        None, description="The number of the shop with the adviser (Mandantennummer)."
    )
    fiscal_year_start: Annotated[str, Field(pattern=r"^[0-9]{2}-[0-9]{2}$")] = Field(
        "01-01", description="Month and day on which each fiscal year begins."
    )
    account_length: Annotated[int, Field(ge=4, le=8)] = Field(4, description="Digits of an account (Sachkontenlänge).")
    lock: bool = Field(False, description="Whether DATEV locks the postings as it takes them (Festschreibung).")
    initials: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = Field(
        None, description="Initials of who dictates (Diktatkürzel)."
    )
    charts: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = Field(
        "03", description="DATEV's chart of accounts (SKR); null for one of your own."
    )
    grain: RowGrain = "closing"
    tax_keys: dict[Annotated[str, Field(min_length=1, max_length=2)], TaxKey] = Field(
        default_factory=dict, description="SelectLine's tax code -> DATEV's BU key."
    )

    @field_validator("fiscal_year_start")
    @classmethod
    def _is_a_day_of_every_year(cls, value: str) -> str:
        try:
            dt.date.fromisoformat(f"{_COMMON_YEAR}-{value}")
        except ValueError:
            raise refused(
                say("'{value}' is no day of every year; write month and day, like 01-01.", value=shown(value))
            ) from None
        return value

    def fiscal_year(self, day: dt.date) -> dt.date:
        """The first day of the fiscal year that a day is in."""
        start = dt.date.fromisoformat(f"{day.year}-{self.fiscal_year_start}")
        return start if start <= day else start.replace(year=day.year - 1)
