"""The words of a day's sheet for the codes of DSFinV-K and for how far a day is."""

from collections.abc import Mapping
from typing import Final

from cloudkasse_etl.i18n.text import Text, say, say_as

CASE_WORDS: Final[Mapping[str, Text]] = {
    "Umsatz": say("Goods and services"),
    "Pfand": say("Deposits charged"),
    "PfandRueckzahlung": say("Deposits paid back"),
    "Rabatt": say("Discounts"),
    "Aufschlag": say("Surcharges"),
    "ZuschussEcht": say("Subsidies"),
    "ZuschussUnecht": say("Paid by third parties"),
    "TrinkgeldAG": say("Tips to the owner"),
    "TrinkgeldAN": say("Tips to the staff"),
    "EinzweckgutscheinKauf": say("Single-purpose vouchers sold"),
    "EinzweckgutscheinEinloesung": say("Single-purpose vouchers redeemed"),
    "MehrzweckgutscheinKauf": say("Multi-purpose vouchers sold"),
    "MehrzweckgutscheinEinloesung": say("Multi-purpose vouchers redeemed"),
    "Forderungsentstehung": say("Sold on account"),
    "Forderungsaufloesung": say("Open accounts that were paid"),
    "Anzahlungseinstellung": say("Advances received"),
    "Anzahlungsaufloesung": say("Advances used up"),
    "Anfangsbestand": say("Opening cash"),
    "Privatentnahme": say("Taken out for private use"),
    "Privateinlage": say("Put in from private money"),
    "Geldtransit": say("From or to the bank"),
    "Lohnzahlung": say("Wages paid"),
    "Einzahlung": say("Other cash put in"),
    "Auszahlung": say("Other cash paid out"),
    "DifferenzSollIst": say("Counted more or less"),
}
"""Each business case as a person reads it."""

STATE_WORDS: Final[Mapping[str, Text]] = {
    "open": say_as("day", "open"),
    "closed": say_as("day", "to be looked at"),
    "complete": say_as("day", "complete"),
    "booked": say_as("day", "booked"),
}
"""How far a day is."""

TARGET_WORDS: Final[Mapping[str, Text]] = {
    "transfer": say("Document"),
    "storage": say("Manual storage"),
    "batch": say_as("ledger", "Batch"),
}
"""What a delivery is in the ERP."""
