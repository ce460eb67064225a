"""Receipts besides sales: cash in and out, counting, voids, broken-off receipts, other slips.

Each function returns drafts that are paid. Customers are in baskets.py.
"""

from collections.abc import Callable
from typing import NamedTuple

from cloudkasse_etl.sandbox.till.counter import Counter
from cloudkasse_etl.sandbox.till.receipt_builder import Draft, copy_of, counter_entry
from cloudkasse_etl.sandbox.till.tendering import settle

FLOAT_CENTS = 200_00  # the cash that is in the drawer in the morning and stays there at night


class Extra(NamedTuple):
    """An event between two customers.

    Attributes:
        name: Its name in plans and tests.
        group: The field of `Rates` that gives its frequency.
        weight: Its weight among those of its group.
        write: Returns the receipt; None when there is no receipt that it could refer to.
    """

    name: str
    group: str
    weight: float
    write: Callable[[Counter, str], Draft | None]


def cash(currency: str, business_case: str, text: str, cents: int) -> Draft:
    """Return a receipt that moves cash.

    Args:
        currency: The register's currency.
        business_case: DSFinV-K GV_TYP.
        text: The text of the line.
        cents: The amount; negative is taken out of the drawer.

    Returns:
        The receipt, paid.
    """
    draft = Draft(currency)
    draft.add(business_case, text, cents, None)
    draft.pay("Bar", cents)
    return draft


def opening(currency: str) -> Draft:
    """Return the receipt of the cash that is in the drawer in the morning."""
    return cash(currency, "Anfangsbestand", "Anfangsbestand", FLOAT_CENTS)


def change(currency: str, least_cents: int) -> Draft:
    """Return the receipt of change that is brought from the bank: whole hundreds, at least this amount."""
    return cash(currency, "Geldtransit", "Wechselgeld von der Bank", 100_00 * -(-least_cents // 100_00))


def cash_up(counter: Counter, currency: str, drawer_cents: int, tips_cents: int) -> list[Draft]:
    """Return the receipts at night: tips paid out, a difference found by counting, takings to the bank.

    Args:
        counter: The register.
        currency: Its currency.
        drawer_cents: The expected cash in the drawer.
        tips_cents: Tips for staff that are paid out in cash, however they were paid in.

    Returns:
        The receipts, in order.
    """
    rng, drafts = counter.rng, []
    if 0 < tips_cents < drawer_cents:
        drafts.append(cash(currency, "TrinkgeldAN", "Auszahlung Trinkgeld", -tips_cents))
        counter.memory.tips_cents -= tips_cents
    if rng.random() < 0.4:
        drafts.append(_counted(currency, rng.choice((-1, 1)) * rng.randint(1, 500)))
    surplus = drawer_cents + sum(draft.total_cents for draft in drafts) - FLOAT_CENTS
    if surplus:
        text = "Abschöpfung an Bank" if surplus > 0 else "Wechselgeld von der Bank"
        drafts.append(cash(currency, "Geldtransit", text, -surplus))
    return drafts


def _counted(currency: str, cents: int) -> Draft:
    return cash(currency, "DifferenzSollIst", "Kassendifferenz", cents)


def _void(is_flagged: bool) -> Callable[[Counter, str], Draft | None]:
    def write(counter: Counter, currency: str) -> Draft | None:
        places = counter.memory.voidable()
        if not places:
            return None
        return counter_entry(counter.memory.void(counter.rng.choice(places)), cancelled=is_flagged)

    return write


def _broken_off(kind: str, is_flagged: bool, is_paid: bool) -> Callable[[Counter, str], Draft]:
    def write(counter: Counter, currency: str) -> Draft:
        draft = Draft(currency, kind=kind, cancelled=is_flagged)
        counter.basket(draft)
        for line in draft.lines:
            line["cancelled"] = not is_paid
        settle(draft, counter.rng, "Bar" if is_paid else "nothing")
        return draft

    return write


def _sold_as(kind: str, how: str, note: str) -> Callable[[Counter, str], Draft]:
    def write(counter: Counter, currency: str) -> Draft:
        draft = Draft(currency, kind=kind, note=note)
        counter.basket(draft)
        settle(draft, counter.rng, how)
        return draft

    return write


def _in_kind(counter: Counter, currency: str) -> Draft:
    """Goods given to the staff; their value goes into payroll, and they are not paid."""
    draft = Draft(currency, kind="AVSachbezug", note="Sachbezug Personal")
    counter.basket(draft)
    draft.pay("Unbar", draft.total_cents, name="Sachbezug")
    return draft


def _slip(kind: str, note: str) -> Callable[[Counter, str], Draft]:
    """A slip that names goods but no money: an order, a table moved."""

    def write(counter: Counter, currency: str) -> Draft:
        draft = Draft(currency, kind=kind, note=note)
        for _ in range(counter.rng.randint(1, 4)):
            offer = counter.pick()
            milli = counter.quantity_milli(offer)
            draft.add(
                "Umsatz", offer.name, 0, offer.vat_rate, quantity_milli=milli, article=offer.number, unit=offer.unit
            )
        return draft

    return write


def _copied(kind: str) -> Callable[[Counter, str], Draft | None]:
    def write(counter: Counter, currency: str) -> Draft | None:
        recent = counter.memory.recent
        return copy_of(counter.rng.choice(recent), kind) if recent else None

    return write


def _void_slip(counter: Counter, currency: str) -> Draft | None:
    recent = counter.memory.recent
    if not recent:
        return None
    draft = counter_entry(counter.rng.choice(recent), cancelled=False)
    draft.kind = "AVBelegstorno"
    return draft


def _drawer_opened(counter: Counter, currency: str) -> Draft:
    return Draft(currency, kind="AVSonstige", note="Schublade geöffnet")


def _moved(case: str, text: str, least: int, most: int, step: int) -> Callable[[Counter, str], Draft]:
    """Cash moved by an amount between `least` and `most` (both of one sign), a multiple of `step`."""

    def write(counter: Counter, currency: str) -> Draft:
        return cash(currency, case, text, step * counter.rng.randint(least // step, most // step))

    return write


EXTRAS = (
    Extra("void, not flagged", "voids", 2, _void(False)),
    Extra("void, flagged", "voids", 1, _void(True)),
    Extra("broken off, nothing paid", "broken_off", 3, _broken_off("Beleg", True, False)),
    Extra("broken off while paying", "broken_off", 1, _broken_off("Beleg", True, True)),
    Extra("AVBelegabbruch", "broken_off", 2, _broken_off("AVBelegabbruch", False, False)),
    Extra("AVBelegabbruch while paying", "broken_off", 0.5, _broken_off("AVBelegabbruch", True, True)),
    Extra("AVTraining", "other_kinds", 3, _sold_as("AVTraining", "", "Training")),
    Extra("AVSachbezug", "other_kinds", 2, _in_kind),
    Extra("AVBestellung", "other_kinds", 2, _slip("AVBestellung", "Vorbestellung")),
    Extra("AVTransfer", "other_kinds", 1, _slip("AVTransfer", "Umbuchung")),
    Extra("AVRechnung", "other_kinds", 2, _copied("AVRechnung")),
    Extra("AVBelegstorno", "other_kinds", 1, _void_slip),
    Extra("AVSonstige", "other_kinds", 2, _drawer_opened),
    Extra("Privatentnahme", "cash_moves", 2, _moved("Privatentnahme", "Privatentnahme", -5000, -1000, 500)),
    Extra("Privateinlage", "cash_moves", 1, _moved("Privateinlage", "Privateinlage", 1000, 10_000, 1000)),
    Extra("Einzahlung", "cash_moves", 1, _moved("Einzahlung", "Einzahlung", 100, 5000, 1)),
    Extra("Auszahlung", "cash_moves", 2, _moved("Auszahlung", "Auszahlung Porto", -2000, -100, 1)),
    # its input tax is booked with the supplier's invoice: a register has output tax only
    Extra("Auszahlung for an invoice", "cash_moves", 1, _moved("Auszahlung", "Büromaterial", -3000, -200, 1)),
    Extra("Lohnzahlung", "cash_moves", 1, _moved("Lohnzahlung", "Lohn Aushilfe", -12_000, -4000, 500)),
    Extra("ZuschussEcht", "cash_moves", 0.5, _moved("ZuschussEcht", "Zuschuss der Stadt", 5000, 50_000, 5000)),
    Extra("Geldtransit", "cash_moves", 2, _moved("Geldtransit", "Wechselgeld von der Bank", 2000, 10_000, 1000)),
    Extra("short", "cash_moves", 1, lambda counter, currency: _counted(currency, -counter.rng.randint(1, 500))),
    Extra("over", "cash_moves", 1, lambda counter, currency: _counted(currency, counter.rng.randint(1, 500))),
)
BY_NAME = {extra.name: extra for extra in EXTRAS}
