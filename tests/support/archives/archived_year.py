"""A shop's year at two registers with all that comes up in it, cheap to make, to archive it in many ways."""

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloudkasse_etl.sync.outputs.datev.datev_export import export_datev
from cloudkasse_etl.sync.receipts.decisions import dismiss_numbers
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from tests.support.books import book, decider, dismiss, fetch, fetch_and_book, sell_at_two_registers
from tests.support.receipts.receipt_factory import Fields, item, line, pay
from tests.support.small_erp import SETTINGS
from tests.support.worlds import World, small_world

YEAR = 2026
FIRST, LAST = dt.date(YEAR, 1, 1), dt.date(YEAR, 12, 31)
EXPORTED = (dt.date(YEAR, 2, 1), dt.date(YEAR, 6, 30))


@contextmanager
def archived_year(folder: Path, url: str | None = None, *, days: int = 24) -> Iterator[World]:
    """A shop with two registers that sold on some days of a year; all is booked that can be."""
    with small_world(folder, url, settings=SETTINGS) as world:
        sell_at_two_registers(world)
        world.settings["receipts"]["days_ahead"] = 3660
        world.settings["books"] = {"closed_until": f"{YEAR}-01-31"}
        world.settings["datev"] = {"adviser": 29098, "client": 55003}
        receipts, closings = sold_in_a_year(days)
        world.server.store.deliver_receipts(receipts)
        world.server.store.deliver_closings(closings)
        fetch_and_book(world)
        export_datev(world.configuration(), world.folder / "datev", first=EXPORTED[0], last=EXPORTED[1])
        undo_import(decider(world, "wrong account"), Scope((f"K2-{4 * days - 2}",)))
        book(world)
        dismiss(world, "K1-WRONG-1", "paid back by hand")
        dismiss_numbers(decider(world, "the roll of paper tore"), "K1", f"{4 * days + 1}-{4 * days + 3}")
        world.server.store.deliver_receipts([sold("K2", 9000, dt.date(YEAR, 12, 30), line("Umsatz", 500))])
        fetch(world)  # it is staged, and not booked
        yield world


def sold_in_a_year(days: int) -> tuple[list[Fields], list[Fields]]:
    """Receipts and closings: sales at three rates, returns, voids, discounts, cards, odd texts, and what is refused."""
    chance, receipts, closings = random.Random(YEAR), [], []
    numbers = {"K1": 0, "K2": 0}
    for at in range(days):
        day = FIRST + dt.timedelta(days=at * 364 // (days - 1))
        for register, first in list(numbers.items()):
            found = [line("Umsatz", chance.randrange(1, 99_999), article="A1", quantity="2.000", text=odd_text(at))]
            found.append(line("Umsatz", chance.randrange(1, 9_999), "7.00", article="A2", unit="kg", quantity="0.125"))
            total = sum(one["gross_cents"] for one in found)
            card = chance.randrange(total)
            first_sale = sold(
                register, first + 1, day, *found, payments=[pay("ECKarte", card), pay("Bar", total - card)]
            )
            receipts += [
                first_sale,
                sold(register, first + 2, day, line("Umsatz", -chance.randrange(1, 999), article="A1")),
                sold(register, first + 3, day, line("Umsatz", 100), kind="AVTraining"),
                sold(register, first + 4, day, *map(negated, first_sale["lines"]), reference=first_sale["id"]),
            ]
            numbers[register] = first + 4
            closings.append(closing(register, at + 1, day, first + 1, first + 4))
    receipts += [
        {**sold("K1", 9001, dt.date(YEAR, 5, 4), line("Umsatz", 100)), "id": "K1-WRONG-1", "total_cents": 1},
        {**sold("K1", 9002, dt.date(YEAR, 8, 4), line("Umsatz", 100)), "id": "K1-WRONG-2", "total_cents": 2},
        {"id": "K1-BROKEN", "register": "K1", "lines": "none"},
        {**sold("K9", 9003, dt.date(YEAR, 9, 9), line("Umsatz", 100)), "id": "K9-UNKNOWN"},
    ]
    return receipts, closings


def odd_text(at: int) -> str:
    """Texts that a careless writer of CSV spoils."""
    return ("=1+1", 'Öl "extra"; 茶', "zwei\r\nZeilen", "", "\tTab, -5 €", "a\x0bb")[at % 6]


def sold(register: str, number: int, day: dt.date, *lines: Fields, **fields: object) -> Fields:
    """A receipt of a register and day."""
    times = {"started_at": f"{day}T10:00:00+01:00", "ended_at": f"{day}T10:01:00+01:00"}
    head = {"id": f"{register}-{number}", "number": number, "register": register, "business_day": f"{day}", **times}
    return item(*lines, **{**head, **fields})  # type: ignore[arg-type]


def negated(fields: Fields) -> Fields:
    """A line with the opposite sign."""
    signed = {name: -fields[name] for name in ("gross_cents", "net_cents", "tax_cents")}
    quantity = fields["quantity"]
    return {**fields, **signed, "quantity": quantity[1:] if quantity.startswith("-") else f"-{quantity}"}


def closing(register: str, number: int, day: dt.date, first: int, last: int) -> Fields:
    """A closing without totals."""
    return {
        "register": register, "number": number, "business_day": f"{day}", "first_receipt_number": first,
        "last_receipt_number": last, "receipt_count": last - first + 1, "created_at": f"{day}T20:00:00+01:00",
        "business_cases": [{"business_case": "Umsatz", "vat_rate": "19.00", **amounts(number)}],
        "tenders": [{"tender": "Bar", "name": None, "amount_cents": number}],
    }  # fmt: skip


def amounts(number: int) -> Fields:
    """Amounts of a closing's total."""
    return {"gross_cents": number * 119, "net_cents": number * 100, "tax_cents": number * 19}
