"""Protects that a setting's value is what was meant, or told with file, line and key: never taken and wrong later."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from cloudkasse_etl.config.connections import read_connections
from cloudkasse_etl.config.section import FIRST_DAY, LAST_DAY
from cloudkasse_etl.config.settings import Settings, parse_settings
from cloudkasse_etl.errors import ConfigurationError
from tests.support.torture.torture_figures import LONG

GROUPS = "price_groups: {'1': {basis: net}}\n"
REGISTER = "{number: K1, name: a, warehouse: 1, price_group: 1}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # what is no day is none, and no day is so far off that it must be a mistake
        ("books: {closed_until: 9999-12-31}", "books.closed_until: '9999-12-31' cannot be used; it must be at most 20"),
        ("books: {closed_until: 0}", "books.closed_until: '0' cannot be used; it must be a day, like 2026-01-31."),
        ("books: {closed_until: 1767225600}", "books.closed_until: '1767225600' cannot be used; it must be a day"),
        ("books: {closed_until: '2026-01-01T00:00:00'}", "it must be a day, like 2026-01-31."),
        ("books: {closed_until: true}", "it must be a day, like 2026-01-31."),
        ("receipts: {start_date: 0001-01-01}", "receipts.start_date: '0001-01-01' cannot be used; it must be at least"),
        # a number is no truth
        ("api: {attempts: true}", "api.attempts: 'true' cannot be used; it must be a whole number."),
        ("api: {read_seconds: true}", "api.read_seconds: 'true' cannot be used; it must be a number."),
        ("safety: {retire_percent: true}", "safety.retire_percent: 'true' cannot be used"),
        ("history: {keep_days: false}", "history.keep_days: 'false' cannot be used"),
        ("api: {read_seconds: 1e-300}", "api.read_seconds: '1e-300' cannot be used; it must be at least 0.1."),
        # blanks, and nothing at all
        ("company: {number: ' 1 '}", "cloudkasse.yaml:1: company.number: ' 1 ' begins or ends with a blank."),
        ("timezone: UTC\ncompany: {vat_id: ''}", "cloudkasse.yaml:2: company.vat_id: An empty text stands here."),
        ("erp: {schema: ''}", "erp.schema: An empty text stands here. Write a value, or null."),
        ("api: {ca_bundle: ''}", "api.ca_bundle: An empty text stands here."),
        ("articles: {groups: [' 10']}", "articles.groups (entry 1): ' 10' begins or ends with a blank."),
        ("accounts: {tenders: {Unbar: {'Rechnung ': '1410'}}}", "'Rechnung ' begins or ends with a blank."),
        (f"{GROUPS}registers: [{REGISTER.replace('K1', chr(39) + ' K1' + chr(39))}]", "' K1' begins or ends with a"),
        # the same twice
        (f"{GROUPS}registers: [{REGISTER}, {REGISTER.replace('K1', 'k1')}]", "'k1' is given to another register"),
        ("price_groups: {a: {basis: net}, A: {basis: gross}}", "SelectLine does not tell 'A' from 'a'."),
        ("articles: {groups: ['10', '10']}", "cloudkasse.yaml:1: '10' stands in this list a second time."),
        ("alerts: {email: {host: x, sender: a@b, recipients: [a@b, A@b]}}", "'A@b' stands in this list a second time"),
        # what SelectLine cannot hold, or a receipt never says
        ("price_groups: {'12345678901234': {basis: net}}", "it must be at most 13 characters long."),
        ("articles: {groups: ['12345678901234']}", "it must be at most 13 characters long."),
        ("employees: {numbers: ['1234567']}", "it must be at most 6 characters long."),
        (f"{GROUPS}registers: [{REGISTER.replace('e: 1', 'e: 12345678901')}]", "at most 10 characters"),
        ("accounts: {revenue: {'07.00': '8300'}}", "accounts.revenue.07.00: '07.00' cannot be used; it must be a VAT"),
        ("accounts: {revenue: {'\u0661\u0669.00': '8300'}}", "it must be a VAT rate with two decimals"),
        ("accounts: {clearing: '1 371'}", "it must be an account number of at most 15 letters and digits"),
        ("accounts: {clearing: '1234567890123456'}", "it must be an account number of at most 15 letters and digits"),
        # a word that would mean something else
        ("articles: {groups: [all]}", "articles.groups: Write all without a list to choose all"),
        ("employees: {numbers: [M1, all]}", "employees.numbers: Write all without a list to choose all"),
        ("timezone: right/Europe/Berlin", "timezone: 'right/Europe/Berlin' is no time zone"),
        ("timezone: localtime", "timezone: 'localtime' is no time zone"),
        ("automation: {nightly: {time: '0\u0668:00'}}", "it must be a time of the day, like 08:00."),
    ],
)  # fmt: skip
def test_a_value_that_would_die_later_or_mean_something_else_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)) as caught:
        parse_settings(text)
    assert "cloudkasse.yaml:" in str(caught.value)
    assert caught.value.render("de") != caught.value.render("en")


@pytest.mark.parametrize("url", ["https://x:99999", "https://x:y", "http://localhost:0", "https://[::1]:70000"])
def test_a_port_that_is_none_is_no_address(url: str) -> None:
    environment = {"CLOUDKASSE_API_TOKEN": "t", "CLOUDKASSE_ERP_URL": "sqlite:///erp.db", "CLOUDKASSE_API_URL": url}
    with pytest.raises(ConfigurationError, match="CLOUDKASSE_API_URL: This is no address"):
        read_connections(environment)


# --- laws


def _keys(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key with a value of its own, and what it may be."""
    for name, field in model.model_fields.items():
        here = (*path, field.alias or name)
        parts = [p for p in (field.annotation, *get_args(field.annotation)) if isinstance(p, type)]
        sections = [part for part in parts if issubclass(part, BaseModel)]
        if sections:
            yield from _keys(sections[0], here)
        else:
            yield here, field.annotation


KEYS = list(_keys(Settings))


def _kinds(annotation: Any) -> set[Any]:
    return {annotation}.union(*map(_kinds, get_args(annotation)))


def _nested(path: tuple[str, ...], value: str) -> str:
    text = value
    for name in reversed(path):
        text = f"{{{name}: {text}}}"
    return text


def _refused(text: str) -> str:
    try:
        parse_settings(text)
    except ConfigurationError as error:
        return str(error)
    return ""


@settings(max_examples=2000 if LONG else 150)
@given(
    key=st.sampled_from(KEYS),
    word=st.text("abz019.-:_/@ ", max_size=8),
    blanks=st.sampled_from([(" ", ""), ("", " "), ("  ", " ")]),
)
def test_no_setting_takes_a_text_with_blanks_at_its_ends_or_an_empty_one(
    key: tuple[tuple[str, ...], Any], word: str, blanks: tuple[str, str]
) -> None:
    path, _ = key
    first, last = blanks
    for value in (f"{first}{word}{last}", ""):
        assert f"cloudkasse.yaml:1: {'.'.join(path)}" in _refused(_nested(path, f"'{value}'"))


def test_no_number_and_no_day_can_be_said_with_true_or_false() -> None:
    looked_at = 0
    for path, annotation in KEYS:
        kinds = _kinds(annotation)
        if bool not in kinds and kinds & {int, float, dt.date}:
            looked_at += 1
            for value in ("true", "false"):
                assert f"{'.'.join(path)}: '{value}' cannot be used" in _refused(_nested(path, value)), path
    assert looked_at >= 15


DAYS = st.dates().map(str) | st.integers(-(10**10), 10**11).map(str) | st.text("0123456789-T:. ", max_size=12)


@settings(max_examples=5000 if LONG else 300)
@given(value=DAYS)
def test_a_day_is_taken_as_it_is_written_or_not_at_all(value: str) -> None:
    taken = None
    with suppress(ConfigurationError):
        taken = parse_settings(f"books: {{closed_until: '{value}'}}").books.closed_until
    meant = None
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        with suppress(ValueError):
            meant = dt.date(*map(int, value.split("-")))
    if meant is not None and not FIRST_DAY <= meant <= LAST_DAY:
        meant = None
    assert taken == meant
    if taken is not None:
        assert taken + dt.timedelta(days=1) > taken  # an import books on the next day
