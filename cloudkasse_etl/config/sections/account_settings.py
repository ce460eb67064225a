"""The accounts that receipts are booked on, by DSFinV-K's codes."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, field_validator

from cloudkasse_etl.config.section import Section
from cloudkasse_etl.config.settings_file import ONE_ACCOUNT, refused, unknown
from cloudkasse_etl.config.settings_yaml import shown
from cloudkasse_etl.i18n.text import say

# DSFinV-K 2.4, GV_TYP and ZAHLART_TYP. Cases without an account of their own are missing here.
BUSINESS_CASE_ACCOUNTS = (
    "Pfand", "PfandRueckzahlung", "ZuschussEcht", "ZuschussUnecht", "TrinkgeldAG", "TrinkgeldAN",
    "EinzweckgutscheinKauf", "EinzweckgutscheinEinloesung", "MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung",
    "Forderungsentstehung", "Forderungsaufloesung", "Anzahlungseinstellung", "Anzahlungsaufloesung", "Privatentnahme",
    "Privateinlage", "Geldtransit", "Lohnzahlung", "Einzahlung", "Auszahlung", "DifferenzSollIst",
)  # fmt: skip
TENDER_ACCOUNTS = ("ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Guthabenkarte", "Unbar")
CASH: Final = "Bar"
NAMED_TENDER: Final = "Unbar"
"""The tender whose accounts are always by name: an invoice and a voucher of another shop have nothing in common."""
ANY_NAME: Final = "*"
"""Stands for all names of a tender's payments that have no account of their own, and for payments without a name."""

Account = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,15}$", description="An account number, as text.")]
Rate = Annotated[
    str,
    # in the spelling of receipts: an account under "07.00" or in other digits would never be found
    Field(pattern=r"^(0|[1-9][0-9]?)\.[0-9]{2}$", description='A VAT rate in percent with two decimals, "19.00".'),
]


def _known_tenders(value: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, account in value.items():
        if name == CASH:
            raise refused(say("Cash is booked on the account that cash_account names at its register."), name)
        if name not in TENDER_ACCOUNTS:
            raise refused(unknown(shown(name), TENDER_ACCOUNTS, say("tender")), name)
        if name == NAMED_TENDER and not isinstance(account, dict):
            wanted = say('accounts by name, like {{Rechnung: "1410"}}')
            raise refused(say("It must be {wanted}.", wanted=wanted), name)
    return value


# Tender -> its account, or accounts by the name of the payment, which is that of the card or service: "Visa".
Tenders = Annotated[dict[str, Account | dict[str, Account]], AfterValidator(_known_tenders)]


class OverShort(Section):
    """Accounts of a cash difference."""

    short: Account
    over: Account


class Accounts(Section):
    """The accounts for booking receipts; none has a default (docs/rules.md, Posting: no account is invented)."""

    clearing: Account | None = None
    revenue: dict[Rate, Account] = Field(default_factory=dict)
    discount: Account | None = None
    tenders: Tenders = Field(default_factory=dict)
    business_cases: dict[str, Account | OverShort] = Field(default_factory=dict)

    @field_validator("business_cases")
    @classmethod
    def _known_cases(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, account in value.items():
            if name not in BUSINESS_CASE_ACCOUNTS:
                raise refused(unknown(shown(name), BUSINESS_CASE_ACCOUNTS, say("business case")), name)
            if isinstance(account, OverShort) != (name == "DifferenzSollIst"):
                both = say('two accounts, like {{short: "2309", over: "2709"}}')
                raise refused(
                    say("It must be {wanted}.", wanted=both if name == "DifferenzSollIst" else ONE_ACCOUNT), name
                )
        return value
