"""The tour of the shop whose registers are KORONA.cloud's: what its numbers mean, the settings say."""

import json
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from assets.cli.demo.book_figures import booked_figures
from assets.cli.demo.demo_shop import UNNAMED_METHOD, Demo
from assets.cli.demo.tour_runs import told_run
from assets.cli.output import print_causes
from assets.instance.typed_commands import shown_path
from cloudkasse_etl.entities import STOCK_MOVEMENTS
from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.rejections.causes import by_cause
from cloudkasse_etl.sync.run.report import Outcome, RunReport

if TYPE_CHECKING:
    from rich.console import Console

    from cloudkasse_etl.config.settings import Configuration


def tell_of_korona(made: Demo, out: "Console") -> bool:
    """Runs the synchronisations and prints what happens.

    Args:
        made: The demo.
        out: Where it is printed.

    Returns:
        Whether everything came to what is expected.
    """

    def step(headline: str, kind: str = "all") -> RunReport:
        with made.entered() as (configuration, home):  # the settings as they are now
            return told_run(out, configuration, home, headline, kind)

    def causes(report: RunReport) -> None:
        fresh = [rejection for rejection in report.rejections if not rejection.still]
        print_causes(out, by_cause(fresh, "en"), "en", limit=5)

    out.print("[bold]A made-up farm shop and an account at KORONA.cloud on this computer.[/]")
    with made.cloud:
        out.print(f"[dim]KORONA.cloud at {made.api_url}, SelectLine in {shown_path(made.erp)}[/]")
        first = step("1. The shop is new to KORONA.cloud: what it has a place for goes up.")
        causes(first)
        out.print("[dim]Two records were planted with a fault; KORONA.cloud has no place for the other prices.[/]")
        second = step("2. Again, at once: nothing has changed, so nothing is sent.")
        third = step(f"3. In SelectLine a price changes, {escape(made.change_a_price())}: it alone goes up.")

        out.print("\n[bold]4. The registers sell for two days; one tablet is offline for hours.[/]")
        out.print(f"   {made.sell()}")
        out.print(
            "[dim]KORONA.cloud has no form for some, like discounts as lines of their own: they come as broken off.[/]"
        )
        fourth = step(
            "5. The receipts come down. One payment method has a number that the settings do not name:", "receipts"
        )
        causes(fourth)
        made.name_tender()
        named = f"till.korona.tenders '{UNNAMED_METHOD}' is written into {shown_path(made.settings)}"
        fifth = step(f"6. {named}: what was refused is checked again.", "receipts")
        sixth = step("7. The import books them: postings and stock movements.", "import")
        with made.entered() as (configuration, _):
            for line in booked_figures(configuration, sixth.assets[STOCK_MOVEMENTS].counts.new):
                out.print(f"   {line}")
            seventh = step("8. Once more, everything: nothing comes twice.")
            out.print(
                "\n[bold]9. The proof: do KORONA.cloud's end of day statements, less opening cash, equal the books?[/]"
            )
            is_equal = equals_the_books(configuration, out)
    outcomes = [report.outcome for report in (first, second, third, fourth, fifth, sixth, seventh)]
    return is_equal and outcomes == [
        Outcome.PARTIALLY_SUCCESSFUL,
        Outcome.NO_NEW_DATA,
        Outcome.SUCCESSFUL,
        Outcome.PARTIALLY_SUCCESSFUL,
        Outcome.SUCCESSFUL,
        Outcome.SUCCESSFUL,
        Outcome.NO_NEW_DATA,
    ]


def equals_the_books(configuration: "Configuration", out: "Console") -> bool:
    """Compares the end of day statements with the books by tender, and prints the sums.

    Args:
        configuration: The demo's.
        out: Where it is printed.

    Returns:
        Whether there are any, and they are equal.
    """
    stated, booked = _stated(configuration), _booked(configuration)
    word = "equal" if stated == booked else f"NOT EQUAL to the books: {_amounts(booked)}"
    out.print(f"   [{'green' if stated == booked else 'red'}]{_amounts(stated)}: {word}.[/]")
    return bool(stated) and stated == booked


def _stated(configuration: "Configuration") -> Counter[str]:
    """Cents by tender, as the end of day statements have them, asked for afresh; less opening cash."""
    from cloudkasse_etl.tills.till_opening import open_till

    names = configuration.settings.till.korona
    found: Counter[str] = Counter()
    with open_till(configuration) as till:
        for page in till.pages("closings", None):
            for text in page.texts:
                statement = json.loads(text, parse_float=Decimal)["endOfDayStatement"]
                summaries: dict[str, list[dict[str, Any]]] = statement["summaries"]
                for payment in summaries["payments"]:
                    found["".join(names.tenders[payment["paymentMethod"]["number"]])] += _cents(payment["actualAmount"])
                for account in summaries["accounts"]:
                    if names.accounts[account["account"]["number"]] == "Anfangsbestand":
                        found["Bar"] -= _cents(account["amount"])
    return found


def _cents(amount: Decimal) -> int:
    return int(amount * 100)


def _booked(configuration: "Configuration") -> Counter[str]:
    """Cents by tender, as the postings have them on the accounts of tenders."""
    from cloudkasse_etl.state.stores.books.journal import Journal
    from cloudkasse_etl.sync.inputs.own_tables import open_reading

    found: Counter[str] = Counter()
    clearing = configuration.settings.accounts.clearing
    with open_reading(configuration) as store:
        for posting in Journal(store.connection).postings(None, None):
            if posting.tender and posting.account != clearing:
                found[posting.tender] += posting.amount_cents
    return found


def _amounts(cents: Counter[str]) -> str:
    return ", ".join(f"{tender} {plain_euros(amount)}" for tender, amount in sorted(cents.items()))
