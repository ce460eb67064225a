"""The figures of the demo's books, in lines for the terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudkasse_etl.config.settings import Configuration


def booked_figures(configuration: "Configuration", stock_lines: int) -> list[str]:
    """The figures of the books, in four lines; in two more for each further currency.

    Args:
        configuration: The demo's.
        stock_lines: How many stock lines of receipts were booked.

    Returns:
        The lines. Where two things are counted, they say why the numbers differ.
    """
    from cloudkasse_etl.i18n.formats import plain_euros, quantity
    from cloudkasse_etl.i18n.messages import ENGLISH
    from cloudkasse_etl.sync.inputs.own_tables import open_reading
    from cloudkasse_etl.sync.outputs.exports import sum_up
    from cloudkasse_etl.sync.run.receipt_sums import receipt_sums

    books = sum_up(configuration)
    with open_reading(configuration) as store:
        fates = receipt_sums(store)
    imported = fates.of("imported").count
    lines = [f"{fates.render(ENGLISH)}."]
    for sums in books.booked:
        debit, credit, clearing = map(plain_euros, (sums.debit_cents, sums.credit_cents, sums.clearing_cents))
        balance = debit if debit == credit else f"{debit} / {credit}: NOT BALANCED"
        what = f"{_number_of(sums.postings, 'posting')} of {_number_of(sums.receipts, 'receipt')}"
        if imported > sums.receipts:
            what = f"{what} (the other {imported - sums.receipts:,} are opening cash, which makes none)"
        turnover = f"Turnover {plain_euros(sums.turnover_cents)} gross ({sums.currency})"
        lines += [
            f"{turnover}; the rest is vouchers, tips, cash in and out. All of it in {what}.",
            f"Debit = credit = {balance}, clearing account {clearing}.",
        ]
    moved = [
        f"{quantity(unit.out_milli - unit.in_milli, ENGLISH, minus='-')} {unit.unit or 'without a unit'}"
        for unit in books.moved
    ]
    moves = _number_of(books.movements, "movement")
    stock = f"{_number_of(stock_lines, 'stock line')}, {moves} (a set moves its parts)"
    return [*lines, f"{stock}. Out less in: {', '.join(moved)}."]


def _number_of(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
