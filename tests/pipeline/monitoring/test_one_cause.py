"""Protects that one cause is one on every surface: grouped, counted and ordered alike, with the same thing to do."""

import datetime as dt
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from assets.checks.rejections import REJECTIONS, check_results
from assets.cli.output import print_causes
from assets.instance.typed_commands import as_typed
from assets.ui.metadata import rejection_entries
from assets.ui.plan_markdown import plan_markdown
from cloudkasse_etl.alerting.message import RejectionCause, compose
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.messages import translated
from cloudkasse_etl.rejections.catalogue import CATALOGUE
from cloudkasse_etl.rejections.causes import SHOWN_EXAMPLES, by_cause, causes_of, placeholders
from cloudkasse_etl.rejections.rejection import Language, Rejection, merged
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.engine import migrate, state_engine
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.stores.rejections import Rejections
from cloudkasse_etl.state.stores.sent_alerts import AlertStore
from cloudkasse_etl.state.stores.state_stores import StateStores, stores_on
from cloudkasse_etl.state.targets import EVERY_CLOUD
from cloudkasse_etl.sync.dry_run.plan_report import EntityPlan, Plan
from cloudkasse_etl.sync.outputs.page.facts import RunFacts
from cloudkasse_etl.sync.outputs.page.render import render
from cloudkasse_etl.sync.outputs.turnover import Turnover
from cloudkasse_etl.sync.run.protocol import protocol_path, read_protocol, write_protocol
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Outcome, RunReport
from tests.support.torture.torture_figures import LONG

ASSET = "revenue_postings"
URL = "https://api.example.org"
CODES = ["account_missing", "stock_article_unknown", "receipt_register_unknown", "value_missing", "cloud.strange"]
SETTINGS = [
    "accounts.clearing",
    "accounts.tenders.ECKarte",
    "accounts.revenue.19.00",
    "accounts.clearing, accounts.tenders.ECKarte",
]
Told = list[tuple[int, str]]
"""Causes in order: how many records, and what to do."""

refusals = st.lists(
    st.builds(
        lambda key, code, setting, value, column: Rejection(
            ASSET, key, code,
            {"setting": setting, "further": "", "value": value, "article": value, "field": "Name", "column": column,
             "message": value},
        ),
        key=st.integers(1, 30).map("r{}".format),
        code=st.sampled_from(CODES),
        setting=st.sampled_from(SETTINGS),
        value=st.sampled_from(["K7", "K8"]),
        column=st.sampled_from(["ART.Bezeichnung", "ART.EANNummer"]),
    ),
    min_size=1,
    max_size=40,
).map(merged)  # fmt: skip


_COUNT = re.compile(r"^(\d+) (?:record|Datens)", flags=re.MULTILINE)


def expected(rejections: Sequence[Rejection], language: Language) -> Told:
    """By hand: what is to be done is one thing where the words for it are the same; each setting is one thing."""
    found: dict[tuple[str, str], set[str]] = {}
    for r in rejections:
        for setting in r.detail["setting"].split(", ") if r.code == "account_missing" else [""]:
            one = replace(r, detail={**r.detail, "setting": setting})
            found.setdefault((r.code, one.cure(language)), set()).add(r.key)
    return [(len(keys), cure) for (_, cure), keys in sorted(found.items(), key=lambda e: (-len(e[1]), e[0]))]


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[StateStores, AlertStore]]:
    with tempfile.TemporaryDirectory() as folder:
        engine, tables = state_engine(f"sqlite:///{folder}/own.db", may_create=True), StateTables("cloudkasse_", None)
        migrate(engine, tables)
        with engine.begin() as connection:
            for url in (URL, EVERY_CLOUD):
                connection.execute(tables.target.insert().values(company="1", api_url=url))
        store = stores_on(StateConnection(engine, tables, company="1", api_url=URL, lease=None, run_id=""))
        yield store, AlertStore(store.connection)
        engine.dispose()


def in_the_ui(rejections: Sequence[Rejection], shop: Settings) -> list[Told]:
    """The paragraphs on the asset's page, and the check's entries."""
    (check,) = check_results(AssetReport(ASSET, Counts(), tuple(rejections)), [REJECTIONS], shop)
    assert check.metadata["causes"].value == len(by_cause(rejections, shop.language))
    listed = [str(entry.value).split("\n") for key, entry in check.metadata.items() if key.startswith("rejections_")]
    told = [entry.value for key, entry in rejection_entries(rejections, shop).items() if key != "all_records"]
    return [
        [(int(_COUNT.findall(facts)[0]), cure) for cure, _, facts in listed],
        [(int(_COUNT.findall(text)[0]), _plain(text.split("\n\n")[0][2:-2])) for text in told],
    ]


def _plain(text: str) -> str:
    """Without the backslashes that keep Markdown from taking a sign for its own."""
    return re.sub(r"\\(?=[^\w\s])", "", text)


def on_the_command_line(rejections: Sequence[Rejection], language: Language) -> Told:
    out = io.StringIO()
    print_causes(Console(file=out, width=500, highlight=False), by_cause(rejections, language), language, limit=99)
    counts = re.findall(r"^\S+ · \S+ · (\d+)\s*$", out.getvalue(), flags=re.MULTILINE)
    cures = re.findall(r"^ +(?:What to do|Was zu tun ist): (.*?)\s*$", out.getvalue(), flags=re.MULTILINE)
    return list(zip(map(int, counts), cures, strict=True))


def in_the_protocol(report: RunReport, language: Language, folder: Path) -> tuple[Told, str]:
    """Of the protocol, and the page of the run that is made of it."""
    write_protocol(report, protocol_path(folder, report.run_id), language, "Europe/Berlin")
    protocol = read_protocol(folder, report.run_id)
    facts = RunFacts(report.run_id, "all", "failed", "", dt.datetime.now(dt.UTC), 1.0, "a test", {}, protocol)
    page = render(facts, Turnover(), language=language, timezone="UTC", registers={}, now=dt.datetime.now(dt.UTC))
    causes = causes_of(protocol["rejections"], language)
    return [(cause.count, cause.cure) for cause in causes], page


def on_the_page(page: str) -> Told:
    import html

    counts = re.findall(r'<div class="many">(\d+)</div>', page)
    cures = re.findall(r'class="cure">.*?</strong> <bdi>(.*?)</bdi>', page)
    return list(zip(map(int, counts), map(html.unescape, cures), strict=True))


def in_the_plan(rejections: Sequence[Rejection], language: Language) -> Told:
    text = plan_markdown(Plan("all", (EntityPlan("articles", rejections=tuple(rejections)),)), language)
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    counted = [row for row in rows if row[2].strip().isdecimal()]
    return [(int(row[2]), re.sub(r"\\(.)", r"\1", row[0].strip())) for row in counted]


def in_alerts(rejections: Sequence[Rejection], language: Language, stores: tuple[StateStores, AlertStore]) -> Told:
    store, alerts = stores
    with store.connection.writing_without_lease() as connection:
        connection.execute(store.connection.tables.rejection.delete())
        Rejections(store.connection).put(connection, ASSET, rejections)
    found = alerts.open_causes()
    alerts.note("email", list(found))
    assert alerts.known("email") == set(found)
    alerts.forget("email", list(found))
    causes = [RejectionCause(k.subject, k.code, n, alerts.examples(k, SHOWN_EXAMPLES)) for k, n in found.items()]
    body = compose("1", [], sorted(causes, key=lambda cause: cause.place(language)), language).body
    counts = re.findall(r"^\S+ · \S+ · (\d+)$", body, flags=re.MULTILINE)
    cures = re.findall(r"^  (?:What to do|Was zu tun ist): (.*)$", body, flags=re.MULTILINE)
    return list(zip(map(int, counts), cures, strict=True))


@settings(
    max_examples=400 if LONG else 40, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(rejections=refusals, language=st.sampled_from(["en", "de"]))
def test_every_surface_groups_counts_and_orders_rejections_alike(
    rejections: list[Rejection],
    language: Language,
    stores: tuple[StateStores, AlertStore],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    wanted = expected(rejections, language)
    typed = [(count, as_typed(cure)) for count, cure in wanted]
    for found in in_the_ui(rejections, Settings(language=language)):
        assert found == typed
    assert on_the_command_line(rejections, language) == typed
    assert in_the_plan(rejections, language) == typed
    report = RunReport("run", "all", Outcome.FAILED, "", {ASSET: AssetReport(ASSET, Counts(), tuple(rejections))}, "")
    told, page = in_the_protocol(report, language, tmp_path_factory.getbasetemp())
    assert (told, on_the_page(page)) == (wanted, wanted)
    assert in_alerts(rejections, language, stores) == wanted


def test_a_cure_names_the_same_things_in_both_languages() -> None:
    for code, failure in CATALOGUE.items():
        assert set(placeholders(failure.cure)) == set(placeholders(translated(failure.cure, "de"))), code


def test_a_second_missing_account_is_a_cause_of_its_own_and_is_told() -> None:
    first, second = (
        Rejection(ASSET, key, "account_missing", {"setting": setting, "further": ""})
        for key, setting in (("r1", "accounts.clearing"), ("r2", "accounts.discount"))
    )
    assert [cause.cure.split(" below ")[0] for cause in by_cause([second, first], "en")] == [
        'Enter in cloudkasse.yaml clearing: "ACCOUNT"', 'Enter in cloudkasse.yaml discount: "ACCOUNT"',
    ]  # fmt: skip
