"""The mapping tables in force: registers, accounts, tenders, business cases, price groups, tax codes, and all "
"values."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cloudkasse_etl.config.record.setting_values import Values, shown_value
from cloudkasse_etl.config.sections.account_settings import ANY_NAME, OverShort
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.formats import rate
from cloudkasse_etl.i18n.text import Language, Text, rendered_each, say
from cloudkasse_etl.schemas.wire_receipts import BUSINESS_CASES
from cloudkasse_etl.sync.outputs.tables.table_page import Section
from cloudkasse_etl.transform.books.business_cases import CASH, DISCOUNT, OPENING_CASH, REVENUE_CASES

_PARTS = (("till", say("The till's settings")), ("delivery", say("Delivery into SelectLine")), ("datev", say("DATEV")))
_BASES = {"net": say("net"), "gross": say("gross")}
_NOT_SET = say("not set: a receipt with it is refused")


def mapping_sections(
    settings: Settings, values: Values, tax_codes: Mapping[str, str] | None, language: Language
) -> Iterator[Section]:
    """The tables.

    Args:
        settings: The settings.
        values: All values in force, by path.
        tax_codes: SelectLine's tax codes with today's rate; None where they cannot be read.
        language: The language of the page.

    Yields:
        A table each.
    """

    def section(title: Text, heads: Iterable[Text], rows: Iterable[Iterable[str]], lead: Text | str = "",
                wide: int = 0) -> Section:  # fmt: skip
        shown = [tuple(row) for row in rows]
        titles = rendered_each(heads, language)
        told = lead.render(language) if isinstance(lead, Text) else lead
        return Section(title.render(language), told, titles, shown, len(titles), wide=wide)

    yield section(
        say("Registers"),
        (say("Register"), say("Name"), say("Warehouse"), say("Price group"), say("Cash account"), say("In the till")),
        (
            (one.number, one.name, one.warehouse, one.price_group, one.cash_account or "–", one.id_in_till)
            for one in settings.registers
        ),
    )
    yield section(
        say("Accounts of tenders"),
        (say("Register"), say("Tender"), say("Name"), say("Account")),
        _tenders(settings, say("all registers").render(language), say("any name").render(language)),
        say("A register's own account comes before that of all registers, a name's own before that of any name."),
    )
    yield section(
        say("Accounts of business cases"),
        (say("Business case"), say("Account")),
        ((case, _of_case(case, settings).render(language)) for case in BUSINESS_CASES),
        say("Business cases are those of DSFinV-K (GV_TYP). The clearing account is {account}.",
            account=settings.accounts.clearing or "–"),
        wide=2,
    )  # fmt: skip
    yield section(
        say("Revenue accounts by VAT rate"),
        (say("VAT %"), say("Account")),
        ((rate(of, language), account) for of, account in settings.accounts.revenue.items()),
        say("They hold where SelectLine's article and revenue group name no account (KontoVerkauf, KTOGRUPPENPOS)."),
    )
    yield section(
        say("Price groups"),
        (say("Price group"), say("In SelectLine")),
        ((group, _BASES[one.basis].render(language)) for group, one in settings.price_groups.items()),
    )
    codes = tax_codes or {}
    yield section(
        say("Tax codes"),
        (say("Tax code"), say("VAT % today"), say("DATEV's BU key")),
        ((code, rate(of, language), settings.datev.tax_keys.get(code, "–")) for code, of in codes.items()),
        say("SelectLine's (USDETAIL). The code of a line is the article's, where that has the line's rate on its day."),
    )
    for part, title in _PARTS:
        yield section(
            title,
            (say("Setting"), say("Value")),
            ((path, shown_value(value)) for path, value in values.items() if path.startswith(f"{part}.")),
            wide=2,
        )


def _tenders(settings: Settings, every: str, anyone: str) -> Iterator[tuple[str, str, str, str]]:
    for register in settings.registers:
        yield register.number, CASH, anyone, register.cash_account or "–"
    places: list[tuple[str, Mapping[str, Any]]] = [(one.number, one.tenders) for one in settings.registers]
    for place, tenders in [*places, (every, settings.accounts.tenders)]:
        for tender, accounts in tenders.items():
            for name, account in accounts.items() if isinstance(accounts, dict) else [(ANY_NAME, accounts)]:
                yield place, tender, anyone if name == ANY_NAME else name, account


def _of_case(case: str, settings: Settings) -> Text:
    accounts = settings.accounts
    if case == OPENING_CASH:
        return say("not booked; taken off the cash of its receipt")
    if case == DISCOUNT and accounts.discount:
        return say("{account}", account=accounts.discount)
    if case in REVENUE_CASES:
        return say("revenue account of the article, its group or the rate")
    found = accounts.business_cases.get(case)
    if isinstance(found, OverShort):
        return say("{short} if too little, {over} if too much", short=found.short, over=found.over)
    return _NOT_SET if found is None else say("{account}", account=found)
