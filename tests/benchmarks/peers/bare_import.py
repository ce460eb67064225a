"""What somebody writes in a day: receipts become postings and movements with dictionaries, written with executemany.

It makes the same rows as our import of the same receipts, into the same tables, and marks the receipts; one transaction
at the end. It knows what these receipts need and no more: one period of VAT rates, no refusals, no checks, no accounts
that are missing.
"""

import sqlite3
import sys
from fractions import Fraction
from typing import Any

import orjson
import yaml

UNTAXED = {
    "MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung", "TrinkgeldAN", "ZuschussEcht", "Privateinlage",
    "Privatentnahme", "Geldtransit", "Lohnzahlung", "DifferenzSollIst", "Anfangsbestand",
}  # fmt: skip
Fields = dict[str, Any]
Row = tuple[Any, ...]
RECEIVABLES = {"Forderungsentstehung", "Forderungsaufloesung"}
REVENUE = {"Umsatz", "Aufschlag", "Rabatt"}


class Books:
    """The settings and the ERP's tables as dictionaries."""

    def __init__(self, connection: sqlite3.Connection, settings: Fields) -> None:
        self.accounts = settings["accounts"]
        self.registers = {str(register["number"]): register for register in settings["registers"]}
        self.rates = {}
        for code, rate in connection.execute("SELECT SteuerCode, Steuer FROM USDETAIL ORDER BY GueltigAb"):
            self.rates[code] = f"{rate:.2f}"
        self.groups = {}
        for group, code, account in connection.execute(
            "SELECT Gruppe, Steuercode, GKonto FROM KTOGRUPPENPOS WHERE AufwandErloes = 'E'"
        ):
            self.groups[group, code] = account
        self.articles = {
            number: (group, code, account, unit, bool(stock) and not service, bool(is_set))
            for number, group, code, account, unit, stock, service, is_set in connection.execute(
                "SELECT Artikelnummer, Erfolgskontengruppe, SSVerkauf, KontoVerkauf, Mengeneinheit, Lagerartikel, "
                "Leistungsartikel, Stueckliste FROM ART"
            )
        }
        self.sets: dict[str, list[tuple[str, str, Fraction]]] = {}
        for article, component, position, quantity in connection.execute(
            "SELECT Artikelnummer, SetArtikelnummer, Position, Menge FROM ARTSET ORDER BY Position"
        ):
            self.sets.setdefault(article, []).append((str(position), component, Fraction(str(quantity))))
        self.known: dict[tuple[str | None, str | None], tuple[str | None, str | None]] = {}

    def revenue(self, number: str | None, rate: str | None) -> tuple[str | None, str | None]:
        """Revenue account and tax code of an article at a rate."""
        if (number, rate) not in self.known:
            group, code, account, *_ = self.articles.get(number, (None, None, None))
            codes = [found for found, its_rate in self.rates.items() if its_rate == (rate or "0.00")]
            if code in codes:
                account = account or self.groups.get((group, code))
            else:
                account = code = None
            if account is None:
                of_group = [(found, self.groups[group, found]) for found in codes if (group, found) in self.groups]
                if of_group:
                    code, account = code or of_group[0][0], of_group[0][1]
            if code is None and len(codes) == 1:
                code = codes[0]
            self.known[number, rate] = account, code if rate is not None else None
        return self.known[number, rate]

    def account(self, line: Fields, rate: str | None, revenue: str | None) -> str:
        """The account of a line."""
        case = line["business_case"]
        if case in REVENUE:
            return revenue or str(self.accounts["revenue"][rate or "0.00"])
        account = self.accounts["business_cases"][case]
        return str(account["over" if line["gross_cents"] > 0 else "short"] if isinstance(account, dict) else account)

    def tender(self, payment: Fields, register: str) -> str:
        """The account of a payment."""
        if payment["tender"] == "Bar":
            return str(self.registers[register]["cash_account"])
        account = self.accounts["tenders"][payment["tender"]]
        return str(account[payment["name"]] if isinstance(account, dict) else account)


def vat_of(lines: list[Fields], blocks: list[Fields]) -> list[tuple[str | None, int]]:
    """Rate and tax of each line, so that they come to what was printed."""
    gross_of: dict[str | None, int] = {}
    core_of: dict[str | None, int] = {}
    for line in lines:
        rate = line["vat_rate"]
        gross_of[rate] = gross_of.get(rate, 0) + line["gross_cents"]
    printed = {block["vat_rate"]: block for block in blocks}
    found: list[tuple[str | None, int]] = []
    largest: dict[str | None, int] = {}
    for at, line in enumerate(lines):
        rate, case = line["vat_rate"], line["business_case"]
        covered = rate in printed and printed[rate]["gross_cents"] == gross_of[rate]
        if (
            rate is None
            or line["gross_cents"] == 0
            or (case in UNTAXED and line["tax_cents"] == 0)
            or (case in RECEIVABLES and not covered)
        ):
            found.append((None, 0))
            continue
        found.append((rate, line["tax_cents"]))
        core_of[rate] = core_of.get(rate, 0) + line["tax_cents"]
        best = largest.get(rate)
        if best is None or abs(line["gross_cents"]) > abs(lines[best]["gross_cents"]):
            largest[rate] = at
    for rate, tax in core_of.items():
        difference = (printed[rate]["tax_cents"] if rate in printed else 0) - tax
        if difference:
            at = largest[rate]
            found[at] = (rate, found[at][1] + difference)
    return found


def book(
    receipt: Fields, lines: list[Fields], books: Books, run: str, postings: list[Row], movements: list[Row]
) -> None:
    """The rows of one receipt."""
    register, receipt_id, day = receipt["register"], receipt["id"], receipt["business_day"]
    clearing, document = books.accounts["clearing"], f"{register}-{receipt['number']}"
    number = 0

    def post(
        account: str,
        cents: int,
        code: str | None,
        rate: str | None,
        tax: int,
        case: str | None,
        tender: str | None,
        text: str,
        flag: str | None,
    ) -> None:
        nonlocal number
        head = (register, receipt["number"], day, document)
        for side, amount, *vat in ((account, cents, code, rate, tax), (clearing, -cents, None, None, 0)):
            number += 1
            postings.append(
                ("1", f"{receipt_id}:{number:04d}", receipt_id, *head, side, amount, receipt["currency"], *vat,
                 case, tender, text, flag if side is account else None, run)
            )  # fmt: skip

    opening = 0
    for line, (rate, tax) in zip(lines, vat_of(lines, receipt["vat"]), strict=True):
        case, cents = line["business_case"], line["gross_cents"]
        if case == "Anfangsbestand":
            opening += cents
        elif cents:
            account, code = books.revenue(line["article"], rate)
            flag = "review" if case in ("Einzahlung", "Auszahlung") else None
            post(books.account(line, rate, account), -cents, code, rate, -tax, case, None, line["text"], flag)
    for payment in receipt["payments"]:
        cents = payment["base_amount_cents"]
        if payment["tender"] == "Bar" and opening:
            taken = min(max(cents, 0), opening)
            cents, opening = cents - taken, opening - taken
        if cents:
            text = payment["name"] if payment["name"] is not None else payment["tender"]
            account = books.tender(payment, register)
            post(account, cents, None, None, 0, None, payment["tender"], text, None)
    for line in lines:
        article = books.articles.get(line["article"])
        if line["business_case"] not in ("Umsatz", "Pfand", "PfandRueckzahlung") or article is None:
            continue
        milli = -round(Fraction(line["quantity"]) * 1000)
        if line["business_case"] == "PfandRueckzahlung" and line["gross_cents"]:
            milli = abs(milli) if line["gross_cents"] < 0 else -abs(milli)
        itself = [("0", line["article"], 1)] if article[4] else []
        parts = books.sets[line["article"]] if article[5] else itself
        for position, component, quantity in parts:
            if milli and books.articles[component][4]:
                unit = books.articles[component][3]
                movements.append(
                    ("1", f"{receipt_id}:{line['number']}:{position}", receipt_id, line["number"], register, day,
                     component, str(books.registers[register]["warehouse"]), int(milli * quantity), unit, run)
                )  # fmt: skip


def main(database: str, settings: str) -> None:
    connection = sqlite3.connect(database)
    with open(settings, encoding="utf-8") as file:  # noqa: PTH123
        books = Books(connection, yaml.safe_load(file))
    postings: list[Row] = []
    movements: list[Row] = []
    done: list[Row] = []
    for (raw,) in connection.execute("SELECT raw FROM cloudkasse_receipt WHERE status = 'staged' ORDER BY receipt_id"):
        receipt = orjson.loads(raw)
        lines = sorted((line for line in receipt["lines"] if not line["cancelled"]), key=lambda line: line["number"])
        done.append((receipt["id"],))
        book(receipt, lines, books, "bare", postings, movements)
    columns = "company, posting_id, receipt_id, register, receipt_number, posting_date, document_number, account, "
    columns += "amount_cents, currency, tax_code, vat_rate, tax_cents, business_case, tender, text, flag, run_id"
    connection.executemany(f"INSERT INTO cloudkasse_posting ({columns}) VALUES ({', '.join('?' * 18)})", postings)
    columns = "company, movement_id, receipt_id, line_number, register, movement_date, article, warehouse, "
    columns += "quantity_milli, unit, run_id"
    connection.executemany(
        f"INSERT INTO cloudkasse_stock_movement ({columns}) VALUES ({', '.join('?' * 11)})", movements
    )
    connection.executemany(
        "UPDATE cloudkasse_receipt SET status = 'imported' WHERE company = '1' AND receipt_id = ?", done
    )
    connection.commit()
    print(len(postings), len(movements))


main(*sys.argv[1:])
