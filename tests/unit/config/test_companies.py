"""A chain's settings: a folder of files, what they share, and what each company sees of the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.config.companies.company_environment import environment_of, ownerless_variables
from cloudkasse_etl.config.companies.company_files import company_files, misnamed_files
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.loading import load, load_installation
from cloudkasse_etl.config.settings_yaml import merged_data
from cloudkasse_etl.errors import ConfigurationError

ERP = {"CLOUDKASSE_ERP_URL": "sqlite:////srv/{company}/erp.db"}
API = {"CLOUDKASSE_API_URL": "https://till.example.org/{company}", "CLOUDKASSE_API_TOKEN": "t{company}"}


def chain(folder: Path, **files: str) -> dict[str, str]:
    """Writes a chain's files; returns its environment."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return {"CLOUDKASSE_COMPANIES": str(folder), **ERP, **API}


def problems(installation: Installation, key: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        installation.configuration(key)
    return [str(problem.text_of().render("en")) for problem in caught.value.problems]


def test_a_companys_keys_win_over_the_shared_ones_section_by_section(tmp_path: Path) -> None:
    installation = load_installation(
        chain(
            tmp_path,
            defaults='language: de\naccounts: {clearing: "1371", discount: "8790"}\ncompany: {vat_id: DE1}',
            berlin='accounts: {clearing: "1399"}',
            hamburg="accounts: {discount: null}",
        )
    )
    berlin, hamburg = (installation.configuration(key).settings for key in ("berlin", "hamburg"))
    assert (berlin.accounts.clearing, berlin.accounts.discount, berlin.language) == ("1399", "8790", "de")
    assert (hamburg.accounts.clearing, hamburg.accounts.discount) == ("1371", None)
    assert (berlin.company.number, hamburg.company.number) == ("berlin", "hamburg")
    assert berlin.company.vat_id == "DE1"


def test_each_fault_is_told_with_the_file_and_line_that_it_is_in(tmp_path: Path) -> None:
    installation = load_installation(
        chain(
            tmp_path,
            defaults="price_groups:\n  '1': {basis: net}\n",
            berlin="timezone: Europe/Berlin\nregisters:\n  - {number: K1, name: L, warehouse: '1', price_group: '2'}\n"
            "history: {keep_days: 3}\ndelivery:\n  when: direct\nacounts: {}\n",
        )
    )
    told = problems(installation, "berlin")
    assert [line.partition(": ")[0] for line in told] == ["berlin.yaml:4", "berlin.yaml:6", "berlin.yaml:7"]
    assert "holds for all companies" in told[0]
    assert "which assets there are" in told[1]


def test_a_broken_company_stops_no_other_and_heals_by_itself(tmp_path: Path) -> None:
    installation = load_installation(chain(tmp_path, berlin="timezone: Europe/Berlin", hamburg="timezone: nowhere"))
    assert installation.configuration("berlin").company == "berlin"
    assert "hamburg.yaml:1" in problems(installation, "hamburg")[0]
    (tmp_path / "hamburg.yaml").write_text("timezone: Europe/Vienna", encoding="utf-8")
    assert installation.configuration("hamburg").settings.timezone == "Europe/Vienna"
    (tmp_path / "bremen.yaml").write_text("timezone: Europe/Berlin", encoding="utf-8")
    assert installation.companies() == ("berlin", "bremen", "hamburg")


@pytest.mark.parametrize(
    ("shared", "told"),
    [
        ("timezone: nowhere", "defaults.yaml:1"),
        ("company: {number: '1'}", "their books would be one"),
    ],
)
def test_what_all_share_is_checked_before_any_company(tmp_path: Path, shared: str, told: str) -> None:
    environment = chain(tmp_path, defaults=shared, berlin="timezone: Europe/Berlin")
    with pytest.raises(ConfigurationError) as caught:
        load_installation(environment)
    assert told in caught.value.render("en")


def test_two_companies_never_have_the_same_number(tmp_path: Path) -> None:
    installation = load_installation(
        chain(tmp_path, berlin="company: {number: '7'}", hamburg="company:\n  number: '7' # sieben", bremen="{}\n# x")
    )
    assert "company hamburg already" in problems(installation, "berlin")[0]
    assert "company berlin already" in problems(installation, "hamburg")[0]
    (tmp_path / "hamburg.yaml").write_text("company: {number: bremen}", encoding="utf-8")
    assert installation.configuration("berlin").settings.company.number == "7"
    assert "company bremen already" in problems(installation, "hamburg")[0]


def test_a_long_name_needs_a_number(tmp_path: Path) -> None:
    key = "a-company-with-a-long-name"
    environment = chain(tmp_path, **{key: "timezone: Europe/Berlin"})
    assert "too long" in problems(load_installation(environment), key)[0]
    (tmp_path / f"{key}.yaml").write_text("company: {number: '8'}", encoding="utf-8")
    assert load_installation(environment).configuration(key).settings.company.number == "8"


def test_the_environment_is_a_companys_own(tmp_path: Path) -> None:
    environment = {
        **chain(tmp_path, berlin="timezone: Europe/Berlin", **{"bad-ems": "timezone: Europe/Berlin"}),
        "CLOUDKASSE_API_TOKEN__BAD_EMS": "{company}",
        "CLOUDKASSE_ERP_URL__BERLIN": "sqlite:///own.db",
    }
    installation = load_installation(environment)
    berlin, ems = (installation.configuration(key).connections for key in ("berlin", "bad-ems"))
    assert berlin.erp_url.get_secret_value() == "sqlite:///own.db"
    assert ems.erp_url.get_secret_value() == "sqlite:////srv/bad-ems/erp.db"
    assert (berlin.api_token.get_secret_value(), ems.api_token.get_secret_value()) == ("t{company}", "{company}")
    assert berlin.api_url == "https://till.example.org/berlin"
    assert "t{company}" not in repr(installation)
    lost = ownerless_variables(
        {**environment, "CLOUDKASSE_API_TOKEN__BERLN": "x", "OTHER__X": ""}, installation.companies()
    )
    assert [problem.where for problem in lost] == ["CLOUDKASSE_API_TOKEN__BERLN"]


def test_only_settings_are_companies(tmp_path: Path) -> None:
    chain(tmp_path, defaults="{}", berlin="{}")
    for name in ("Hamburg.yaml", "x.yml", "read me.yaml", "notes.txt", ".hidden.yaml"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    (tmp_path / "folder.yaml").mkdir()
    assert list(company_files(tmp_path)) == ["berlin"]
    assert [Path(problem.where).name for problem in misnamed_files(tmp_path)] == [
        "Hamburg.yaml",
        "read me.yaml",
        "x.yml",
    ]


@pytest.mark.parametrize("company", [None, "berln", "../berlin", "defaults"])
def test_a_company_that_is_not_named_or_not_there_is_told_with_those_that_are(
    tmp_path: Path, company: str | None
) -> None:
    environment = chain(tmp_path, berlin="timezone: Europe/Berlin", defaults="language: en")
    with pytest.raises(ConfigurationError) as caught:
        load({**environment, **({"CLOUDKASSE_COMPANY": company} if company else {})})
    assert "There are: berlin." in caught.value.render("en")


def test_a_single_shop_has_no_companies(tmp_path: Path) -> None:
    (tmp_path / "cloudkasse.yaml").write_text("timezone: Europe/Berlin", encoding="utf-8")
    installation = load_installation({**ERP, **API, "CLOUDKASSE_SETTINGS": str(tmp_path / "cloudkasse.yaml")})
    assert not installation.is_chain
    assert installation.companies() == ()
    assert installation.configuration().company is None
    with pytest.raises(ConfigurationError):
        installation.configuration("berlin")


def test_a_folder_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path / "absent", tmp_path):
        with pytest.raises(ConfigurationError) as caught:
            load_installation({"CLOUDKASSE_COMPANIES": str(folder), **ERP, **API})
        assert str(folder) in caught.value.render("en")


VALUES = st.recursive(
    st.text("ab", max_size=2) | st.none() | st.lists(st.text("ab", max_size=2), max_size=2),
    lambda below: st.dictionaries(st.sampled_from("klm"), below, max_size=3),
    max_leaves=12,
)
DATA = st.dictionaries(st.sampled_from("klm"), VALUES, max_size=3)


@given(own=DATA, shared=DATA)
def test_a_merged_value_is_the_companys_where_it_names_one_else_the_shared_one(
    own: dict[str, Any], shared: dict[str, Any]
) -> None:
    """Path by path, as somebody would look a value up in two files."""

    def looked_up(path: tuple[str, ...]) -> Any:
        mine, theirs = own, shared
        for at, key in enumerate(path):
            if key in mine and not (isinstance(mine[key], dict) and isinstance(theirs.get(key), dict)):
                return _at(mine[key], path[at + 1 :])
            if key not in mine:
                return _at(theirs, path[at:])
            mine, theirs = mine[key], theirs[key]
        return {}  # a section of both, which has nothing in either

    merged = merged_data(own, shared)
    for path, value in _leaves(merged):
        assert looked_up(path) == value
    assert {path for path, _ in _leaves(own)} <= {path for path, _ in _leaves(merged)} | _emptied(own, shared)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _leaves(data: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for key, value in data.items():
        found += _leaves(value, (*above, key)) if isinstance(value, dict) and value else [((*above, key), value)]
    return found


def _emptied(own: Mapping[str, Any], shared: Mapping[str, Any], above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Paths of empty sections of a company's file that the shared file fills."""
    found: set[tuple[str, ...]] = set()
    for key, value in own.items():
        theirs = shared.get(key)
        if isinstance(value, dict) and isinstance(theirs, dict):
            found |= {(*above, key)} if not value else _emptied(value, theirs, (*above, key))
    return found


def test_a_thousand_companies_are_listed_without_reading_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = chain(tmp_path, defaults="language: en", **{f"c{number}": "{broken" for number in range(1000)})
    read: list[str] = []
    opened = Path.open

    def noted(path: Path, *args: Any, **more: Any) -> Any:
        read.append(path.name)
        return opened(path, *args, **more)

    monkeypatch.setattr(Path, "open", noted)
    installation = load_installation(environment)
    assert len(installation.companies()) == 1000
    assert set(read) == {"defaults.yaml"}


def test_the_language_is_the_companys_else_the_shared_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cloudkasse_etl.config.settings import language_of, settings_path

    environment = chain(tmp_path, defaults="language: de", berlin="language: fr", hamburg="timezone: Europe/Berlin")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = []
    for company in ("berlin", "hamburg", ""):
        monkeypatch.setenv("CLOUDKASSE_COMPANY", company)
        found.append(language_of(settings_path(os.environ)))
    assert found == ["fr", "de", "de"]


def test_a_companys_environment_names_no_other_variables() -> None:
    assert environment_of({"PATH": "/bin", "CLOUDKASSE_SETTINGS": "x", **API}, "berlin").keys() == API.keys()
