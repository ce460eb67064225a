"""Protects the way in: settings that are broken or half there are told, and never read as another shop's."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from cloudkasse_etl.config import (
    settings,
    settings_file,
)
from cloudkasse_etl.config.connections import read_connections
from cloudkasse_etl.config.settings import Settings, parse_settings
from cloudkasse_etl.errors import ConfigurationError

API = {"CLOUDKASSE_API_URL": "https://api.example.org", "CLOUDKASSE_API_TOKEN": "t"}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null\n", "{}\n"])
def test_an_empty_file_is_no_shop_without_registers(text: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape("cloudkasse.yaml:1: The file is empty.")):
        parse_settings(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("languag: en", "cloudkasse.yaml:1: languag: 'languag' is no key here; did you mean 'language'?"),
        ("timezone: Mars/North", "cloudkasse.yaml:1: timezone: 'Mars/North' is no time zone"),
        ("language: en\nlanguage: de", "cloudkasse.yaml:2: The key 'language' stands here a second time."),
        ("registers:\n  - {number: K1, name: x, warehouse: 1}",
         "cloudkasse.yaml:2: registers.price_group (register K1): This key is missing."),
        ("a: [", "cloudkasse.yaml:1: This cannot be read as YAML"),
        ("a: b\n\tc: d", "cloudkasse.yaml:2: This cannot be read as YAML"),
        ("a: b\nc: \x00", "cloudkasse.yaml:2: This cannot be read as YAML (a control character)"),
        ("registers:\n  - number: K1\n    price_group: '9'\n    name: x\n    warehouse: 1",
         "cloudkasse.yaml:3: registers.price_group (register K1): '9' is no price group that price_groups names"),
        ("registers: [1]", "registers (register 1): '1' cannot be used; it must be keys with values"),
        ("registers:\n- {name: 'x', number: \"K\\0\", warehouse: 1, price_group: 1}",
         "cloudkasse.yaml:2: registers.number (register K\N{REPLACEMENT CHARACTER}): It has a control character"),
        (
            "accounts.tenders.Kreditkarte: '1362'",
            "'accounts.tenders.Kreditkarte' is no key here: it is written as Kreditkarte: below accounts: tenders:",
        ),
        ("price_groups: {'1': {basis: net, x: 1}}", "price_groups.1.x: 'x' is no key here; there are: basis."),
        ("books: {closed_until: 31.12.2026}", "'31.12.2026' cannot be used; it must be a day, like 2026-01-31."),
        ("articles: {groups: some}", "'some' cannot be used; it must be all or a list, like [a, b]."),
        ("accounts: {tenders: {ECKarte: {a: '1 2'}}}", "accounts.tenders.ECKarte.a: '1 2' cannot be used; it must"),
        ("accounts: {tenders: {Unbar: '1410'}}", "accounts.tenders.Unbar: It must be accounts by name, like {"),
        ("accounts: {tenders: {Bar: '1000'}}", "accounts.tenders.Bar: Cash is booked on the account that cash_account"),
        ("registers: [{number: K1, tenders: {Kreditcarte: '1'}}]",
         "registers.tenders.Kreditcarte (register K1): 'Kreditcarte' is no tender; did you mean 'Kreditkarte'?"),
        ("accounts: {revenue: {'7.00': 8-300}}", "it must be an account number of at most 15 letters and digits"),
        ("automation: {receipts: {days: [mon, monday]}}", "automation.receipts.days (entry 2): 'monday' cannot be"),
        ("receipts: {import: null}", "receipts.import: It is empty; it must be one of ask, manual, direct."),
        ("safety: {retire_percent: 101}", "'101' cannot be used; it must be at most 100."),
    ],
)  # fmt: skip
def test_a_broken_setting_names_file_line_and_key(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        parse_settings(text)


@pytest.mark.parametrize("password", ["DbPa@SsWo", "DbPa/SsWo", "DbPa@SsWo/Rd99"])
@pytest.mark.parametrize("name", ["CLOUDKASSE_ERP_URL", "CLOUDKASSE_STATE_URL"])
def test_a_password_that_a_url_cannot_take_is_refused_and_no_part_of_it_shown(name: str, password: str) -> None:
    urls = {"CLOUDKASSE_ERP_URL": "sqlite:///erp.db", name: f"postgresql+psycopg://clerk:{password}@host:5432/shop"}
    with pytest.raises(ConfigurationError) as caught:
        read_connections({**API, **urls})
    assert "%40" in str(caught.value)
    assert not [part for part in ("DbPa", "SsWo", "Rd99") if part in str(caught.value)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://clerk:DbPa%40SsWo@host:5432/shop",
        "postgresql+psycopg://clerk@/shop?host=/var/run/postgresql",
        "mssql+pyodbc://sa:x@host/SL_M?driver=ODBC+Driver+18+for+SQL+Server",
        "sqlite:////srv/shops/a@b/erp.db",
    ],
)
def test_a_good_url_is_taken(url: str) -> None:
    assert read_connections({**API, "CLOUDKASSE_ERP_URL": url}).erp_url.get_secret_value() == url


WORDS_OF_PYDANTIC = ("Input", "pattern", "valid ", "Value error", "dictionary", "should", "instance", "?.", ": .")


def test_no_kind_of_wrong_value_is_told_in_the_checkers_words() -> None:
    for value in ("", "null", "true", "17", "1.5", "[]", "[1]", "{}", "{a: b}", "{a: null}", "[{a: b}]", "'x y'"):
        for section, field in Settings.model_fields.items():
            keys = [section]
            nested = field.default
            if isinstance(nested, BaseModel):
                keys += [f"{section}: {{{f.alias or n}" for n, f in type(nested).model_fields.items()]
            for key in keys:
                text = f"timezone: UTC\n{key}: {value}" + "}" * key.count("{")
                try:
                    parse_settings(text)
                except ConfigurationError as error:
                    assert not [words for words in WORDS_OF_PYDANTIC if words in str(error)], str(error)  # noqa: PT017


def test_every_pattern_of_the_settings_has_words_for_what_it_wants() -> None:
    folder = Path(settings_file.__file__).parent
    sources = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    patterns = set(re.findall(r'pattern=r[\'"]\^(.*?)\$[\'"]', sources))
    assert patterns == set(settings_file.WANTED_BY_PATTERN)


def test_the_language_is_known_although_something_else_is_wrong(tmp_path: Path) -> None:
    for name, text, language in (
        ("wrong", "language: de\nregister: []", "de"),
        ("unreadable", "language: de\na: [", "de"),
        ("unknown", "language: xx", "en"),
        ("another", "language: fr", "fr"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert settings.language_of(tmp_path / name) == language, name
    assert settings.language_of(tmp_path / "absent") == "en"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "oracle://host/db"])
def test_a_url_that_both_databases_use_is_told_once(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_connections({**API, "CLOUDKASSE_ERP_URL": url})
    assert [problem.where for problem in caught.value.problems] == ["CLOUDKASSE_ERP_URL"]


def test_a_file_in_another_code_page_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_bytes(b"timezone: UTC\nregisters: [{name: B\xfcro}]\n")
    with pytest.raises(ConfigurationError, match=r"old\.yaml:2: This is no UTF-8"):
        settings.read_settings(tmp_path / "old.yaml")


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://api.example.org", True),
        ("http://127.0.0.1:8025", True),
        ("http://localhost:8025/base", True),
        ("http://[::1]:8025", True),
        ("http://api.example.org", False),
        ("http://192.168.1.5:8025", False),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost.example.org", False),
    ],
)
def test_a_token_goes_over_a_network_only_encrypted(url: str, is_taken: bool) -> None:
    environment = {**API, "CLOUDKASSE_ERP_URL": "sqlite:///erp.db", "CLOUDKASSE_API_URL": url}
    if is_taken:
        assert read_connections(environment).api_url == url
    else:
        with pytest.raises(ConfigurationError, match="would go over the network readable"):
            read_connections(environment)


@pytest.mark.parametrize(
    "url", ["http://[x", "https://[::1", "ftp://x", "https://user:word@x", "https://x?token=y", "x"]
)
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CLOUDKASSE_API_URL: This is no address"):
        read_connections({**API, "CLOUDKASSE_ERP_URL": "sqlite:///erp.db", "CLOUDKASSE_API_URL": url})
