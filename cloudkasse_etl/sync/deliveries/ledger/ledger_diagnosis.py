"""What of SelectLine's ledger and of the settings would keep postings from it, for `check`. Writes nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient
from cloudkasse_etl.errors import CloudkasseError, Problem
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sync.deliveries.ledger.chart_reading import read_chart
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames
from cloudkasse_etl.sync.run.context import today
from cloudkasse_etl.transform.deliveries.ledger_chart import LedgerChart

YEAR = "delivery.batch.year"


def diagnose_ledger(client: SelectLineClient, configuration: Configuration) -> list[Problem]:
    """Checks tenant, fiscal year and its periods, the accounts of the settings, and tax codes.

    Args:
        client: The session.
        configuration: Settings and connections.

    Returns:
        Every problem with its cure.

    Raises:
        CloudkasseError: The ledger cannot be read.
    """
    settings = configuration.settings
    chart = read_chart(client, settings.delivery)
    next(client.ledger.batches(), None)  # whether the user may read them
    if chart is None:
        return [
            Problem(
                YEAR,
                say(
                    "SelectLine does not tell first and last day of fiscal year '{year}'.",
                    year=settings.delivery.batch.year or "",
                ),
                say("Correct it in the settings, or look at the fiscal year in SelectLine."),
            )
        ]
    return [*_year(settings, chart), *_accounts(settings, chart), *_tax_codes(configuration, chart)]


def _year(settings: Settings, chart: LedgerChart) -> Iterator[Problem]:
    day = today(settings)
    if chart.year.has(day):
        return
    theirs = chart.year_of(day)
    cure = say("Create the fiscal year in SelectLine, and write it into the settings.")
    if theirs is not None:
        cure = say("Write {name}: {year} once nothing of the former year is to be posted any more.", name=YEAR,
                   year=theirs.name)  # fmt: skip
    yield Problem(YEAR, say("Fiscal year '{year}' of SelectLine has no period for today.", year=chart.year.name), cure)


def _accounts(settings: Settings, chart: LedgerChart) -> Iterator[Problem]:
    day = today(settings)
    for setting, number in _named(settings):
        account = chart.accounts.get(number)
        if account is None:
            yield Problem(
                setting,
                say("SelectLine's ledger has no account {number}.", number=number),
                say("Create it in SelectLine, or correct it in the settings."),
            )
        elif not account.takes(day):
            yield Problem(
                setting,
                say("SelectLine's ledger lets nobody post on account {number} by a batch today.", number=number),
                say(
                    "Look at it in SelectLine: whether it is locked, may be posted indirectly only, needs open items, "
                    "or is closed to the user of the Web API."
                ),
            )


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    """The accounts that the settings name, each with the setting."""
    accounts = settings.accounts
    for register in settings.registers:
        if register.cash_account:
            yield f"registers.{register.number}.cash_account", register.cash_account
        yield from _each(f"registers.{register.number}.tenders", register.tenders)
    for name in ("clearing", "discount"):
        if number := getattr(accounts, name):
            yield f"accounts.{name}", number
    for part in ("revenue", "tenders", "business_cases"):
        yield from _each(f"accounts.{part}", getattr(accounts, part))


def _each(path: str, accounts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The accounts below a setting, of which each may be several by name."""
    for name, value in accounts.items():
        if isinstance(value, str):
            yield f"{path}.{name}", value
            continue
        several: Mapping[str, str] = value if isinstance(value, dict) else value.model_dump()
        yield from ((f"{path}.{name}.{key}", number) for key, number in several.items())


def _tax_codes(configuration: Configuration, chart: LedgerChart) -> Iterator[Problem]:
    """The rates at which the settings book revenue: whether the ledger has their codes, and lets the printed VAT be."""
    day = today(configuration.settings)
    try:
        with ErpFrames(configuration, day) as frames:
            codes = frames.booking([]).rates.texts_on(day)
    except CloudkasseError:
        return  # the ERP's own checks tell
    for rate in sorted(configuration.settings.accounts.revenue):
        of_rate = [code for code, theirs in codes.items() if theirs == rate]
        known = {code: chart.tax_codes[code] for code in sorted(of_rate) if code in chart.tax_codes}
        sales = {code: found for code, found in known.items() if found.is_of_sales and found.rate_on(day) == rate}
        if of_rate and not sales:
            yield Problem(
                "delivery.ledger",
                say("SelectLine's ledger has no tax code with {rate} % today, at which accounts.revenue books.",
                    rate=rate),
                say("Look at the tax codes there, and since when they are valid."),
            )  # fmt: skip
        for code in [code for code, found in sales.items() if not found.is_changeable]:
            yield Problem(
                "delivery.ledger",
                say("Tax code {code} of SelectLine's ledger takes no other VAT than it computes.", code=code),
                say(
                    "Allow changed tax amounts in it (Steuerbetrag änderbar): the VAT of a closing is what was "
                    "printed, which differs by cents."
                ),
            )
