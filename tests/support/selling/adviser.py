"""What a German tax adviser allows: by business case the VAT and the kind of account, and what no balance may become.

Written down here by hand, from the rules and from the account chart SKR03; nothing of the product is asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

Fields = dict[str, Any]

GOODS_RATES = frozenset({"7.00", "19.00"})
NO_VAT: frozenset[str] = frozenset()
CODES = {"7.00": "2", "19.00": "3", None: None}

# SKR03: what kind of account a number is.
KINDS = {
    "1000": "cash", "1001": "cash", "1360": "transit", "1361": "card", "1362": "card", "1363": "card",
    "1371": "clearing", "1410": "receivable", "1411": "receivable", "1412": "receivable", "1590": "passing through",
    "1710": "advances received", "1740": "wages owed", "1792": "suspense", "1796": "vouchers owed",
    "1800": "private", "1890": "private", "2309": "other expense", "2705": "other income", "2709": "other income",
    "8200": "revenue", "8300": "revenue 7", "8400": "revenue 19", "8540": "deposits", "8600": "other revenue",
}  # fmt: skip


class Rule(NamedTuple):
    """What a business case may be: its rates (none: never taxed), and kinds of account."""

    rates: frozenset[str]
    kinds: frozenset[str]


def _rule(rates: frozenset[str], *kinds: str) -> Rule:
    return Rule(rates, frozenset(kinds))


_GOODS = _rule(GOODS_RATES, "revenue 7", "revenue 19")
_RECEIVABLE = _rule(GOODS_RATES, "receivable")
RULES = {
    "Umsatz": _GOODS,
    "Rabatt": _GOODS,
    "Aufschlag": _GOODS,
    "Pfand": _rule(GOODS_RATES, "deposits"),
    "PfandRueckzahlung": _rule(GOODS_RATES, "deposits"),
    "TrinkgeldAG": _rule(GOODS_RATES, "other revenue"),
    "TrinkgeldAN": _rule(NO_VAT, "passing through"),
    "EinzweckgutscheinKauf": _rule(GOODS_RATES, "revenue"),
    "EinzweckgutscheinEinloesung": _rule(GOODS_RATES, "revenue"),
    "MehrzweckgutscheinKauf": _rule(NO_VAT, "vouchers owed"),
    "MehrzweckgutscheinEinloesung": _rule(NO_VAT, "vouchers owed"),
    "Anzahlungseinstellung": _rule(GOODS_RATES, "advances received"),
    "Anzahlungsaufloesung": _rule(GOODS_RATES, "advances received"),
    "Forderungsentstehung": _RECEIVABLE,
    "Forderungsaufloesung": _RECEIVABLE,
    "ZuschussUnecht": _RECEIVABLE,
    "ZuschussEcht": _rule(NO_VAT, "other income"),
    "Geldtransit": _rule(NO_VAT, "transit"),
    "Privatentnahme": _rule(NO_VAT, "private"),
    "Privateinlage": _rule(NO_VAT, "private"),
    "Lohnzahlung": _rule(NO_VAT, "wages owed"),
    "Einzahlung": _rule(NO_VAT, "suspense"),
    "Auszahlung": _rule(NO_VAT, "suspense"),
    "DifferenzSollIst": _rule(NO_VAT, "other expense", "other income"),
    "Anfangsbestand": _rule(NO_VAT),
}
TENDER_KINDS = {
    "Bar": "cash", "ECKarte": "card", "Kreditkarte": "card", "ElZahlungsdienstleister": "card",
    "Guthabenkarte": "vouchers owed", "Unbar": "receivable",
}  # fmt: skip
# What the shop owes never turns into what it is owed, and the other way round; cash is never less than nothing.
OWED_BY_THE_SHOP = ("vouchers owed", "advances received", "passing through")


def faults_of_line(line: Fields) -> Iterator[str]:
    """What an adviser would say to a line that counts."""
    case, rate = line["business_case"], line["vat_rate"]
    allowed = RULES[case].rates
    if (rate not in allowed) if allowed else rate is not None:
        yield f"{case} at {rate}"
    if "gutschein" in case and not line["voucher"]:
        yield f"{case} without the number of a voucher"
    if (line["article"] or "").startswith("90") and "gutscheinKauf" not in case:
        yield f"a voucher sold as {case}"
    if (line["article"] or "").startswith("51") and case != "Pfand":
        yield f"a deposit sold as {case}"


def faults_over_time(receipts: Iterable[Fields]) -> Iterator[str]:
    """What an adviser would say to a register's receipts that count, in the order of their numbers."""
    vouchers: dict[str, int] = defaultdict(int)
    owed: dict[str, int] = defaultdict(int)
    drawer = 0
    for receipt in receipts:
        where = f"{receipt['register']} {receipt['number']}"
        for line in receipt["lines"]:
            case, cents = line["business_case"], line["gross_cents"]
            if line["cancelled"]:
                continue
            if "gutschein" in case:
                vouchers[line["voucher"]] += cents
                if vouchers[line["voucher"]] < 0:
                    yield f"{where}: more of voucher {line['voucher']} is redeemed than was sold"
            for group in ("Anzahlung", "TrinkgeldAN", "Mehrzweck"):
                owed[group] += cents if case.startswith(group) else 0
            owed["Forderung"] -= cents if case.startswith("Forderung") else 0
        for payment in receipt["payments"]:
            owed["Mehrzweck"] -= payment["base_amount_cents"] if payment["tender"] == "Guthabenkarte" else 0
            drawer += payment["base_amount_cents"] if payment["tender"] == "Bar" else 0
        if any(line["business_case"] == "Anfangsbestand" for line in receipt["lines"]):
            drawer = receipt["total_cents"]
        yield from (f"{where}: {group} comes to {cents}" for group, cents in owed.items() if cents < 0)
        if drawer < 0:
            yield f"{where}: the drawer holds {drawer}"
