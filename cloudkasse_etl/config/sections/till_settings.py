"""Settings: which till is synchronised, and what of it is called otherwise than here."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from cloudkasse_etl.config.section import Section
from cloudkasse_etl.config.sections.account_settings import TENDER_ACCOUNTS
from cloudkasse_etl.config.settings_file import refused, unknown
from cloudkasse_etl.config.settings_yaml import shown
from cloudkasse_etl.entities import TillKind
from cloudkasse_etl.i18n.text import say

# DSFinV-K 2.4, ZAHLART_TYP and GV_TYP: those that a payment, a cash transaction or a voucher can be.
TENDERS: Final = ("Bar", *(tender for tender in TENDER_ACCOUNTS if tender != "Unbar"))
# KORONA's accounts know all business cases (fiscalExportBusinessCase); their transactions have no VAT, so these are
# the cases without.
CASH_CASES: Final = (
    "Anfangsbestand", "Privatentnahme", "Privateinlage", "Geldtransit", "Lohnzahlung", "Einzahlung", "Auszahlung",
    "DifferenzSollIst", "TrinkgeldAN", "ZuschussEcht", "MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung",
    "Forderungsentstehung", "Forderungsaufloesung",
)  # fmt: skip
VOUCHER_CASES: Final = (
    "EinzweckgutscheinKauf", "EinzweckgutscheinEinloesung", "MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung",
)  # fmt: skip

Number = Annotated[str, Field(min_length=1, max_length=100)]
UnpaidName = Annotated[str, Field(min_length=1, max_length=100)]


class Korona(Section):
    """What KORONA.cloud calls otherwise: its numbers, by which an account of the shop names them."""

    account: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$")] | None = Field(
        None, description="The account's id (koronaAccountId)."
    )
    tenders: dict[Number, str | dict[Literal["Unbar"], UnpaidName]] = Field(
        default_factory=dict, description="Number of a payment method -> tender; {Unbar: name} for unpaid ones."
    )
    accounts: dict[Number, str] = Field(
        default_factory=dict, description="Number of an account of cash transactions -> business case."
    )
    vouchers: dict[Number, str] = Field(
        default_factory=dict, description="Number of a voucher's configuration -> business case."
    )
    deposits: tuple[Number, ...] = Field((), description="Numbers of the products that are a deposit.")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        "EUR", description="Currency of receipts whose own is not named by its ISO code."
    )
    day_begins: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = Field(
        "00:00", description="Sales before this time belong to the day before."
    )
    sectors: dict[Number, Number] = Field(
        default_factory=dict, description="SelectLine's tax code -> number of the sector."
    )

    @field_validator("tenders")
    @classmethod
    def _known_tenders(cls, value: dict[str, Any]) -> dict[str, Any]:
        for number, tender in value.items():
            if tender == "Unbar":
                raise refused(say("Unbar needs a name, like {{Unbar: Rechnung}}."), number)
            if isinstance(tender, str) and tender not in TENDERS:
                raise refused(unknown(shown(tender), TENDERS, say("tender")), number)
        return value

    @field_validator("accounts", "vouchers")
    @classmethod
    def _known_cases(cls, value: dict[str, Any], info: Any) -> dict[str, Any]:
        known = CASH_CASES if info.field_name == "accounts" else VOUCHER_CASES
        for number, case in value.items():
            if case not in known:
                raise refused(unknown(shown(case), known, say("business case")), number)
        return value


class Dsfinvk(Section):
    """Where the registers' legal exports are put."""

    folder: Path = Field(
        Path("dsfinvk"), description="Exports, as folders or ZIP files, at any depth; relative to the settings file."
    )


class TillSettings(Section):
    """The till that sells. Facts of each kind: cloudkasse_etl/tills/capabilities.py."""

    kind: TillKind = "cloudkasse"
    korona: Korona = Korona()
    dsfinvk: Dsfinvk = Dsfinvk()

    def address(self, api_url: str) -> str:
        """The address under which the state of the till is kept: what holds for one till does not for another.

        Args:
            api_url: The address of its API; empty where it has none.
        """
        if self.kind == "cloudkasse":
            return api_url
        return f"{api_url}/accounts/{self.korona.account}" if self.kind == "korona" else "dsfinvk:"

    @model_validator(mode="after")
    def _has_an_account(self) -> Self:
        if self.kind == "korona" and self.korona.account is None:
            raise refused(
                say("KORONA.cloud needs the account's id; write it as account: under till.korona."), "korona", "account"
            )
        return self
