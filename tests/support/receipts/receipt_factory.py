"""Receipts as CloudKasse sends them (builders, and a strategy for any valid ones), and a ledger to book them in."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import msgspec
import pandas as pd
from hypothesis import strategies as st

from cloudkasse_etl.config.sections.account_settings import Accounts
from cloudkasse_etl.config.sections.shop_settings import Register
from cloudkasse_etl.schemas.booked_rows import MovedRow, PostingRow
from cloudkasse_etl.schemas.wire_receipts import BUSINESS_CASES, KINDS, RECEIVABLES, Receipt, parse_receipt
from cloudkasse_etl.transform.booking import book
from cloudkasse_etl.transform.books.ledger import Ledger
from cloudkasse_etl.transform.books.reversals import Original
from cloudkasse_etl.transform.receipt_frames import flatten
from cloudkasse_etl.transform.stock.late_lines import is_by_hand
from tests.support.german_vat import RATES_BY_CODE

Fields = dict[str, Any]
Row = TypeVar("Row", bound=NamedTuple)
AMOUNTS = ("gross_cents", "net_cents", "tax_cents")
UNTAXED = (
    "MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung", "TrinkgeldAN", "ZuschussEcht", "Privateinlage",
    "Privatentnahme", "Geldtransit", "Lohnzahlung", "DifferenzSollIst",
)  # fmt: skip


def tax_of(gross_cents: int, rate: str | None) -> int:
    """The tax inside a gross amount, half away from zero."""
    points = int(rate.replace(".", "")) if rate else 0
    rounded = (2 * abs(gross_cents) * points + 10_000 + points) // (2 * (10_000 + points))
    return rounded if gross_cents >= 0 else -rounded


def line(business_case: str = "Umsatz", gross: int = 1190, rate: str | None = "19.00", **fields: Any) -> Fields:
    """A line; its tax is computed from gross and rate. It gets its number from the receipt."""
    tax = fields.pop("tax", tax_of(gross, rate))
    return {
        "business_case": business_case,
        "article": None,
        "text": business_case,
        "quantity": "1.000" if gross >= 0 else "-1.000",
        "unit": "Stk",
        "unit_price_cents": abs(gross),
        "gross_cents": gross,
        "net_cents": gross - tax,
        "tax_cents": tax,
        "vat_rate": rate,
        "voucher": None,
        "cancelled": False,
        **fields,
    }


def pay(tender: str, cents: int, name: str | None = None, **fields: Any) -> Fields:
    """A payment in euros."""
    payment = {"tender": tender, "name": name, "currency": "EUR", "amount_cents": cents, "base_amount_cents": cents}
    return payment | fields


def block(rate: str | None, gross: int, tax: int | None = None) -> Fields:
    """A row of the VAT table."""
    tax = tax_of(gross, rate) if tax is None else tax
    return {"vat_rate": rate, "gross_cents": gross, "net_cents": gross - tax, "tax_cents": tax}


def item(
    *lines: Fields,
    payments: list[Fields] | None = None,
    vat: list[Fields] | None = None,
    without_receivables: bool = False,
    reference: str | None = None,
    **head: Any,
) -> Fields:
    """A receipt as it travels: paid in cash unless said otherwise, with the VAT table that the totals come to."""
    numbered = [{"number": number, **fields} for number, fields in enumerate(lines, 1)]
    live = [fields for fields in numbered if not fields["cancelled"]]
    total = sum(fields["gross_cents"] for fields in live)
    if vat is None:
        sums: dict[str, int] = {}
        for fields in live:
            if fields["vat_rate"] is not None and not (without_receivables and fields["business_case"] in RECEIVABLES):
                sums[fields["vat_rate"]] = sums.get(fields["vat_rate"], 0) + fields["gross_cents"]
        vat = [block(rate, gross) for rate, gross in sums.items()]
    head = {"id": "R1", "register": "K1", "number": 1, "business_day": "2026-11-23", **head}
    day = head["business_day"]
    return {
        "closing_number": None,
        "kind": "Beleg",
        "cancelled": False,
        "started_at": f"{day}T10:15:02+01:00",
        "ended_at": f"{day}T10:15:40+01:00",
        "arrived_at": f"{day}T10:15:44+01:00",
        "employee": "M1",
        "currency": "EUR",
        "total_cents": total,
        "note": None,
        "reference": None if reference is None else {"receipt_id": reference},
        "customer": None,
        "tse": None,
        "lines": numbered,
        "payments": ([pay("Bar", total)] if total else []) if payments is None else payments,
        "vat": vat,
        **head,
    }


def receipt(*lines: Fields, **fields: Any) -> Receipt:
    """A receipt, parsed; arguments as of `item`."""
    return parse_receipt(item(*lines, **fields))


def as_item(receipt: Receipt) -> Fields:
    """A receipt as it travels."""
    found = msgspec.to_builtins(receipt)
    assert isinstance(found, dict)
    return found


def void_of(original: Receipt, **head: Any) -> Receipt:
    """The counter-entry of a finished receipt: every sign turned, lines cancelled during entry left out."""
    found = as_item(original)
    lines = []
    for fields in found["lines"]:
        if not fields["cancelled"]:
            sign = fields["quantity"].startswith("-") or float(fields["quantity"]) == 0
            quantity = fields["quantity"].lstrip("-") if sign else f"-{fields['quantity']}"
            lines.append(fields | {name: -fields[name] for name in AMOUNTS} | {"quantity": quantity})
    turned = {"amount_cents", "base_amount_cents"}
    return parse_receipt(
        found
        | {
            "lines": lines,
            "payments": [row | {name: -row[name] for name in turned} for row in found["payments"]],
            "vat": [row | {name: -row[name] for name in AMOUNTS} for row in found["vat"]],
            "total_cents": -original.total_cents,
            "reference": {"receipt_id": original.id},
            **head,
        }
    )


def booked_original(original: Receipt, by: Ledger, *voids: Receipt) -> Original:
    """A receipt as it stands in the books, for those that void it."""
    (found,) = booked_originals([original], by)
    return replace(found, voids=voids)


def booked_originals(originals: Sequence[Receipt], by: Ledger) -> list[Original]:
    """Receipts as they stand in the books, booked at once: nearly all that a booking takes, it takes but once."""
    result = book(flatten(originals), by)
    postings = _rows_of(PostingRow, result.postings)
    positions = [key.rpartition(":")[2] for key in result.movements["movement_id"].tolist()]
    movements = _rows_of(MovedRow, result.movements.assign(position=positions))
    open_lines: dict[tuple[str, bool], set[int]] = defaultdict(set)
    for rejection in result.stock_rejections:
        receipt_id, _, number = rejection.key.rpartition("|")
        open_lines[receipt_id, is_by_hand(rejection)].add(int(number))
    return [
        Original(
            one,
            postings[one.id],
            movements[one.id],
            frozenset(open_lines[one.id, False]),
            frozenset(open_lines[one.id, True]),
            (),
        )
        for one in originals
    ]


def _rows_of(row: type[Row], frame: pd.DataFrame) -> dict[str, list[Row]]:
    """A frame's rows by receipt."""
    found: dict[str, list[Row]] = defaultdict(list)
    plain = frame[list(row._fields)].astype(object)
    texts = plain.where(plain.notna(), None)
    for receipt_id, values in zip(frame["receipt_id"], texts.itertuples(index=False), strict=True):
        found[receipt_id].append(row(*values))
    return found


RATES = ("19.00", "7.00", "0.00")
ARTICLES = ("A19", "A7", "SET", "SERIAL", "SERVICE", "gone", None)
_cents = st.one_of(st.integers(0, 300), st.integers(0, 500_000))
_days = st.sampled_from(["2025-12-31", "2026-01-01", "2026-11-23", "2026-11-24"])


@st.composite
def lines(draw: st.DrawFn) -> Fields:
    """Any line but opening cash."""
    case = draw(st.sampled_from([case for case in BUSINESS_CASES if case != "Anfangsbestand"]))
    rates = (None, "0.00") if case in UNTAXED else (*RATES, None)
    gross = draw(_cents) * draw(st.sampled_from([1, 1, -1]))
    quantity = draw(st.integers(0, 20_000)) * (1 if gross >= 0 else -1)
    return line(
        case,
        gross,
        draw(st.sampled_from(rates)),
        article=draw(st.sampled_from(ARTICLES)) if case in ("Umsatz", "Pfand", "PfandRueckzahlung", "Rabatt") else None,
        quantity=f"{'-' if quantity < 0 else ''}{abs(quantity) // 1000}.{abs(quantity) % 1000:03d}",
        serial=draw(st.sampled_from([None, "S-1"])),
        cancelled=draw(st.sampled_from([False, False, False, True])),
        in_house=draw(st.sampled_from([None, False, True])),
    )


@st.composite
def payments_of(draw: st.DrawFn, total: int, opening: int) -> list[Fields]:
    """Any payments that come to the total; with opening cash there is enough of it among them."""
    found = [pay("Bar", opening + draw(_cents))] if opening else []
    for _ in range(draw(st.integers(0, 2))):
        tender = draw(st.sampled_from(["ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Guthabenkarte", "Unbar"]))
        found.append(pay(tender, draw(_cents) - 100, "Rechnung" if tender == "Unbar" else None))
    if draw(st.booleans()):
        base = draw(_cents)
        found.append(pay("Bar", base * 2, "Bar USD", currency="USD", base_amount_cents=base))
    rest = total - sum(payment["base_amount_cents"] for payment in found)
    if rest:
        found.append(pay("ECKarte" if opening else draw(st.sampled_from(["Bar", "Kreditkarte"])), rest))
    if draw(st.sampled_from([False, False, True])):
        found.append(pay("Keine", 0))
    return found


@st.composite
def valid_receipt(draw: st.DrawFn, number: int = 1) -> Receipt:
    """Any receipt that passes the checks on arrival, of any kind, with and without effect."""
    found = draw(st.lists(lines(), max_size=8))
    opening = draw(st.sampled_from([0, 0, 0, 10_000]))
    if opening:
        found.insert(draw(st.integers(0, len(found))), line("Anfangsbestand", opening, None))
    total = sum(fields["gross_cents"] for fields in found if not fields["cancelled"])
    day = draw(_days)
    return receipt(
        *found,
        payments=draw(payments_of(total, opening)),
        without_receivables=draw(st.booleans()),
        id=f"R{number}",
        number=number,
        register=draw(st.sampled_from(["K1", "K2"])),
        kind=draw(st.sampled_from(["Beleg"] * 12 + list(KINDS))),
        cancelled=draw(st.sampled_from([False] * 9 + [True])),
        business_day=day,
        ended_at=draw(st.sampled_from([f"{day}T10:15:40+01:00", f"{day}T22:59:59Z", f"{day}T23:30:00Z"])),
    )


@st.composite
def valid_receipts(draw: st.DrawFn, max_size: int = 6) -> list[Receipt]:
    """Any receipts that pass the checks on arrival, with voids of some; ids and numbers are unique."""
    count = draw(st.integers(1, max_size))
    found = [draw(valid_receipt(number)) for number in range(1, count + 1)]
    for original in list(found):
        if draw(st.sampled_from([False, False, False, True])):
            number = len(found) + 1
            cancelled = draw(st.booleans())
            found.append(void_of(original, id=f"R{number}", number=number, cancelled=cancelled))
    return found


def accounts(**changed: Any) -> Accounts:
    """Accounts for everything; each case has one of its own, so that a wrong one shows."""
    sections: Fields = {
        "clearing": "1371",
        "revenue": {"19.00": "8400", "7.00": "8300", "0.00": "8100"},
        "tenders": {
            "ECKarte": "1361",
            "Kreditkarte": "1362",
            "ElZahlungsdienstleister": "1363",
            "Guthabenkarte": "1796",
            "Unbar": {"Rechnung": "1410", "Auf Rechnung": "1411"},
        },
        "business_cases": {
            "Pfand": "8540",
            "PfandRueckzahlung": "8541",
            "ZuschussEcht": "2747",
            "ZuschussUnecht": "1411",
            "TrinkgeldAG": "2750",
            "TrinkgeldAN": "1797",
            "EinzweckgutscheinKauf": "8405",
            "EinzweckgutscheinEinloesung": "8406",
            "MehrzweckgutscheinKauf": "1795",
            "MehrzweckgutscheinEinloesung": "1794",
            "Forderungsentstehung": "1400",
            "Forderungsaufloesung": "1401",
            "Anzahlungseinstellung": "1710",
            "Anzahlungsaufloesung": "1711",
            "Privatentnahme": "1800",
            "Privateinlage": "1890",
            "Geldtransit": "1360",
            "Lohnzahlung": "1740",
            "Einzahlung": "1590",
            "Auszahlung": "1591",
            "DifferenzSollIst": {"short": "2310", "over": "2710"},
        },
    }
    return Accounts.model_validate(sections | changed)


def without(section: str, key: str) -> Fields:
    """The change to `accounts` that leaves one of them out."""
    found = getattr(accounts(), section)
    kept = {name: account for name, account in found.items() if name != key}
    return {section: {name: getattr(account, "__dict__", account) for name, account in kept.items()}}


ARTICLE: Fields = {
    "tax_code": "3", "revenue_group": None, "revenue_account": None, "unit": "Stk", "stock_item": True,
    "service_item": False, "trade_set": False, "serial": False,
}  # fmt: skip
SHOP: dict[str, Fields] = {
    "A19": {},
    "A7": {"tax_code": "2"},
    "SET": {"trade_set": True, "stock_item": False},
    "SERIAL": {"serial": True},
    "SERVICE": {"service_item": True},
}


def article_frame(articles: dict[str, Fields]) -> pd.DataFrame:
    """Articles by number, each with what differs from an ordinary one at 19 %."""
    return pd.DataFrame([{"number": number, **ARTICLE, **fields} for number, fields in articles.items()]).astype(
        {"number": "str"}
    )


def ledger(
    articles: dict[str, Fields] | None = None,
    *,
    groups: tuple[tuple[str, str | None, str], ...] = (),
    sets: tuple[tuple[Any, ...], ...] = (("SET", "A19", 1, 2.0), ("SET", "A7", 2, 0.5)),
    **fields: Any,
) -> Ledger:
    """A ledger of two registers and a few articles.

    Args:
        articles: Further articles, and other properties of the shop's.
        groups: revenue_group, tax_code, account.
        sets: article, component, position, quantity and, if wanted, unit (else it has none).
        fields: Fields of the ledger.
    """
    registers = [
        Register(number="K1", name="Laden", warehouse="1", price_group="1", cash_account="1000"),
        Register(number="K2", name="Markt", warehouse="2", price_group="1", cash_account="1001"),
    ]
    defaults: Fields = {
        "accounts": accounts(),
        "registers": {register.number: register for register in registers},
        "currency": "EUR",
        "closed_until": None,
        "articles": article_frame(SHOP | (articles or {})),
        "revenue_groups": pd.DataFrame(list(groups), columns=["revenue_group", "tax_code", "account"]),
        "trade_sets": pd.DataFrame(
            [(*row, None)[:5] for row in sets], columns=["article", "component", "position", "quantity", "unit"]
        ),
        "rates": RATES_BY_CODE,
    }
    return Ledger(**(defaults | fields))
