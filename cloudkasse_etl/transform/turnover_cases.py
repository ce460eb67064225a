"""Defines turnover (Umsatz) by DSFinV-K's business cases; the only place that does.

Turnover is gross: what was sold, less returns, voids and discounts, with deposits, single-purpose vouchers (taxed when
they are sold) and tips to the owner. The page of `report`, `sandbox sell`, the demo and its books show this sum.
"""

from typing import Final

# Not: cash that only moves, vouchers that are taxed when redeemed, tips of the staff, advances (their goods count when
# they are delivered) and open accounts (the sale on account counts, its payment does not).
TURNOVER_CASES: Final = (
    "Umsatz", "Aufschlag", "Rabatt", "Pfand", "PfandRueckzahlung", "EinzweckgutscheinKauf",
    "EinzweckgutscheinEinloesung", "TrinkgeldAG",
)  # fmt: skip
# Owed until they are redeemed, and so never turnover themselves.
VOUCHERS_SOLD: Final = "MehrzweckgutscheinKauf"
