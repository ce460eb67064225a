"""The end of the tour: what is booked goes into SelectLine, where a clerk takes it over and stock moves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from assets.cli.demo.demo_shop import DEARER_ARTICLE, Demo
from assets.cli.demo.tour_runs import told_run
from assets.cli.output import print_rows
from cloudkasse_etl.i18n.formats import day_in_figures, money, quantity
from cloudkasse_etl.i18n.text import Language, Text, rendered_each, say, say_as
from cloudkasse_etl.sync.run.report import Outcome

if TYPE_CHECKING:
    from rich.console import Console

    from assets.instance.home import Home
    from cloudkasse_etl.config.settings import Configuration
    from cloudkasse_etl.sync.deliveries.delivery_list import ListedDelivery

_DOCUMENTS = (say("register"), say("day"), say_as("column", "closing"), say("total"), say_as("column", "document"))
_STOCK = (say("warehouse"), say_as("stock", "before"), say_as("stock", "after"), say("less, by our movements"))
_INDENT = 3


def tell_of_selectline(made: Demo, out: "Console", configuration: "Configuration", home: "Home", number: int) -> bool:
    """Delivers what is booked, lets a clerk take it over, and prints the documents and the stock of an article.

    Args:
        made: The demo; its SelectLine is running.
        out: Where it is printed.
        configuration: The demo's; all is told in the language of its settings.
        home: The folders of its history.
        number: The number of its first step.

    Returns:
        Whether everything came to what is expected: the stock is less by what our movements say.
    """
    from cloudkasse_etl.sandbox.selectline.clerk.clerk_orders import take_over_remotely
    from cloudkasse_etl.state.stores.deliveries.delivery_store import DeliveryStatus
    from cloudkasse_etl.sync.deliveries.delivery_list import list_deliveries

    language = configuration.settings.language

    def step(at: int, text: Text) -> Outcome:
        return told_run(out, configuration, home, f"{at}. {text.render(language)}", "deliver").outcome

    before = _stock(made)
    first = step(number, say("What is booked goes into SelectLine's inbox: a document for each closing of a register."))
    take_over_remotely(made.selectline.page if made.selectline else "")
    second = step(number + 1, say("A clerk takes them over in SelectLine: that makes revenue there, and moves stock."))
    found = list_deliveries(configuration)[::-1]
    _print_documents(out, found, language)
    after, moved = _stock(made), _moved(configuration)
    name, unit = _article(made)
    headline = say("Stock of {article} (article {number}) in SelectLine:", article=name, number=DEARER_ARTICLE)
    out.print(f"{' ' * _INDENT}{escape(headline.render(language))}")
    _print_stock(out, before, after, moved, unit, language)
    is_level = any(moved.values()) and all(before[place] - after[place] == moved[place] for place in before)
    are_there = {one.delivery.status for one in found} == {DeliveryStatus.ASSUMED}
    return is_level and are_there and first is second is Outcome.SUCCESSFUL


def _print_documents(out: "Console", found: "Sequence[ListedDelivery]", language: Language) -> None:
    rows = [
        (
            one.delivery.register,
            day_in_figures(one.delivery.day, language),
            one.delivery.closing_number,
            money(one.delivery.amount_cents, one.delivery.currency, language),
            one.delivery.destination,
        )
        for one in found
    ]
    print_rows(out, rendered_each(_DOCUMENTS, language), rows, numbers=(2, 3), indent=_INDENT)


def _print_stock(
    out: "Console",
    before: Mapping[str, int],
    after: Mapping[str, int],
    moved: Mapping[str, int],
    unit: str,
    language: Language,
) -> None:
    rows = [
        (place, *(f"{quantity(milli, language)} {unit}" for milli in (level, after[place], moved[place])))
        for place, level in before.items()
    ]
    print_rows(out, rendered_each(_STOCK, language), rows, numbers=(1, 2, 3), indent=_INDENT)


def _stock(made: Demo) -> dict[str, int]:
    """The stock of the article by warehouse in thousandths, as SelectLine's own table has it."""
    from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
    from cloudkasse_etl.sandbox.selectline.auftrag.stock_levels import stock

    books = ShopBooks(made.erp_url)
    try:
        return {row["warehouse"]: round(row["quantity"] * 1000) for row in stock(books, DEARER_ARTICLE)}
    finally:
        books.close()


def _article(made: Demo) -> tuple[str, str]:
    """The name of the article, and its unit."""
    from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks

    books = ShopBooks(made.erp_url)
    try:
        with books.reading() as connection:
            row: Any = books.article(connection, DEARER_ARTICLE)
            return str(row.Bezeichnung), str(row.Mengeneinheit)
    finally:
        books.close()


def _moved(configuration: "Configuration") -> Counter[str]:
    """By how much the stock of the article is less by our own movements, by warehouse in thousandths."""
    from cloudkasse_etl.state.stores.books.journal import Journal
    from cloudkasse_etl.sync.inputs.own_tables import open_reading

    found: Counter[str] = Counter()
    with open_reading(configuration) as store:
        for movement in Journal(store.connection).movements(None, None):
            if movement.article == DEARER_ARTICLE:
                found[movement.warehouse] -= movement.quantity_milli
    return found
