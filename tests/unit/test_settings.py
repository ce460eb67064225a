"""Protects the way in: settings that are broken or half there are told, and never read as another shop's."""

import re

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.settings import parse_settings, read_connections

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
        ("registers:\n  - {number: K1, name: x, warehouse: 1}", "cloudkasse.yaml:2: registers.0.price_group"),
        ("a: [", "cloudkasse.yaml:1: This is no YAML"),
    ],
)
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
