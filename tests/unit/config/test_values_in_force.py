"""Protects what is recorded of settings: each value in force by its path, a hash for the same, and no secret."""

import hashlib
import json
from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from cloudkasse_etl.config.record.setting_values import differences, hash_of, shown_value, values_in_force
from cloudkasse_etl.config.settings import Settings, parse_settings
from cloudkasse_etl.sync.run.settings_record import values_now

SHOP = """
company: {number: "7", vat_id: DE1}
registers:
- {number: K1, name: Laden, warehouse: 1, price_group: 1, cash_account: "1000", tenders: {Kreditkarte: {"*": "1364"}}}
- {number: "K 2", name: Markt, warehouse: 2, price_group: 1}
price_groups: {"1": {basis: net}}
accounts: {revenue: {"19.00": "8400"}, business_cases: {DifferenzSollIst: {short: "2309", over: "2709"}}}
receipts: {import: direct, start_date: 2026-01-01}
articles: {groups: ["10", "20"]}
alerts: {ui_url: "https://shop.example.org/dagster"}
"""


def values(text: str, program: str = "1.0") -> dict[str, Any]:
    return dict(values_in_force(parse_settings(text), program))


def test_each_value_stands_by_the_path_that_messages_have_and_defaults_count() -> None:
    found = values(SHOP)
    assert {
        "program": "1.0",
        "company.number": "7",
        "registers.K1.cash_account": "1000",
        'registers.K1.tenders.Kreditkarte."*"': "1364",
        'registers."K 2".warehouse': "2",
        'accounts.revenue."19.00"': "8400",
        "accounts.business_cases.DifferenzSollIst.short": "2309",
        "receipts.import": "direct",
        "receipts.start_date": "2026-01-01",
        "articles.groups": ["10", "20"],
        "price_groups.1.basis": "net",
        "receipts.days_back": 92,
        "api.attempts": 6,
        "timezone": "Europe/Berlin",
    }.items() <= found.items()
    assert "accounts.clearing" not in found, "what is not set has no value"


def test_an_address_is_recorded_by_a_hash_of_it() -> None:
    found = values(SHOP)["alerts.ui_url"]
    assert "example" not in found
    assert values(SHOP.replace("/dagster", "/other"))["alerts.ui_url"] != found


def test_no_part_of_the_settings_is_a_secret() -> None:
    """Secrets come from the environment; a setting that held one would be recorded for ten years."""

    def words(model: type[BaseModel]) -> list[str]:
        return [word for word in json.dumps(model.model_json_schema()).split('"') if word]

    assert not {"password", "token", "secret", "writeOnly"} & set(words(Settings))


def test_the_hash_is_what_anyone_computes_from_the_values() -> None:
    found = values(SHOP)
    text = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hash_of(found) == hashlib.sha256(text.encode()).hexdigest()


def test_without_an_installed_distribution_the_sources_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("cloudkasse_etl.sync.run.settings_record.version", missing)
    assert values_now(parse_settings(SHOP))["program"] == "sources"


def test_what_differs_is_told_by_its_path_with_the_value_before_and_after() -> None:
    before, after = values(SHOP), values(SHOP.replace('"8400"', '"8401"').replace("{basis: net}", "{basis: gross}"))
    assert differences(before, after) == {
        'accounts.revenue."19.00"': ("8400", "8401"),
        "price_groups.1.basis": ("net", "gross"),
    }
    without = values("\n".join(line for line in SHOP.splitlines() if "Markt" not in line))
    assert differences(before, without)['registers."K 2".name'] == ("Markt", None)
    assert differences(before, values(SHOP, "1.1")) == {"program": ("1.0", "1.1")}


@pytest.mark.parametrize(
    ("value", "shown"), [(True, "true"), (False, "false"), (["10", "20"], "[10, 20]"), (None, "–"), (92, "92")]
)
def test_a_value_is_shown_as_it_is_written(value: Any, shown: str) -> None:
    assert shown_value(value) == shown


_values = st.dictionaries(
    st.sampled_from(["a", "b.c", 'd."1.2"', "e"]),
    st.booleans() | st.integers(0, 3) | st.sampled_from(["", "1", "ä"]) | st.lists(st.sampled_from(["1", "2"])),
)


@given(_values, _values)
def test_the_differences_lead_from_one_to_the_other_and_the_hashes_are_equal_only_without_any(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    found = differences(before, after)
    assert all(before.get(key) == old for key, (old, _) in found.items())
    changed = {**before, **{key: new for key, (_, new) in found.items()}}
    assert {key: value for key, value in changed.items() if value is not None} == after
    if hash_of(before) == hash_of(after):
        assert found == {}
