"""Protects what `ui` serves beside the UI: pages and protocols of runs, to this computer's own browser, and no more."""

import http.client
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import dagster as dg
import pytest

from assets.cli.run_pages import served
from assets.instance.home import PAGES_VARIABLE
from assets.instance.pages_address import noted
from assets.instance.typed_commands import DEMO_VARIABLE, PROGRAM, shown_path
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings_language import DEFAULT_SETTINGS
from cloudkasse_etl.errors import ConfigurationError
from tests.support.patience import HANG_SECONDS
from tests.support.programs import Program, materializations
from tests.support.receipts.coffee_receipts import receipt

WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Served:
    """What is served: the run, and how to ask for it."""

    run_id: str
    port: int

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, Mapping[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG_SECONDS)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        told = answer.status, dict(answer.getheaders()), answer.read().decode("utf-8-sig")
        connection.close()
        return told


@pytest.fixture
def pages(program: Program) -> Iterator[Served]:
    program.world.erp(WRONG_GTIN)
    _, report = program.call_json("sync")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with served(Installation.of(program.world.configuration()), program.home, port):
        yield Served(report["run_id"], port)


def without_its_minute(page: str) -> str:
    """What lies between head and foot of a page: each page states at which minute it was made."""
    body, made, _ = page.split("<body", 1)[1].partition("Made ")
    assert made
    return body


def test_the_page_and_the_protocol_of_a_run_are_served_and_nothing_else(pages: Served, program: Program) -> None:
    status, headers, page = pages.get(f"/runs/{pages.run_id}.html")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Correct or empty the EAN number" in page
    status, headers, table = pages.get(f"/runs/{pages.run_id}.csv")
    assert (status, headers["Content-Disposition"]) == (200, f'attachment; filename="{pages.run_id}.csv"')
    assert "cloud.gtin_invalid" in table
    assert without_its_minute(pages.get("/runs/latest.html")[2]) == without_its_minute(page)
    for secret in ("CLOUDKASSE_API_TOKEN", "CLOUDKASSE_ERP_URL"):
        assert program.environment[secret] not in page + table

    for path in ("/", "/runs/", f"/runs/{pages.run_id}", f"/runs/{pages.run_id}.json", f"/runs/{NOBODY}.html",
                 f"/runs/{NOBODY}.csv", "/runs/../dagster.yaml", "/runs/..%2f..%2fdagster.yaml",
                 f"/runs/{pages.run_id[:8]}.html", f"/runs/{pages.run_id}.html?x=1", "/runs/*.csv"):  # fmt: skip
        status, _, text = pages.get(path)
        assert status == 404, path
        assert "storage" not in text


def test_the_sheet_of_each_business_day_is_served_too(pages: Served, program: Program) -> None:
    program.world.server.store.deliver_receipts([receipt(1)])
    program.call_json("sync", "receipts")
    status, headers, page = pages.get("/days/2026-11-23.html")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "23.80" in page
    assert pages.get("/days/latest.html")[2].split("<footer")[0] == page.split("<footer")[0]
    assert "Nothing was sold" in pages.get("/days/2026-11-22.html")[2]
    for path in ("/days/", "/days/2026-11-23", "/days/2026-13-01.html", "/days/2026-11-23.csv"):
        assert pages.get(path)[0] == 404, path


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "127.0.0.1:1", "localhost.example.org"])
def test_a_page_of_the_internet_cannot_read_it_under_another_name(pages: Served, host: str) -> None:
    path = f"/runs/{pages.run_id}.html"
    assert pages.get(path, Host=host)[::2] == (421, "")
    status, headers, _ = pages.get(path, Host=f"localhost:{pages.port}")
    assert status == 200
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_the_page_is_in_the_language_that_the_settings_have_now_and_broken_ones_change_nothing(
    pages: Served, program: Program
) -> None:
    assert "What is rejected, by cause" in pages.get("/runs/latest.html")[2]
    program.world.settings["language"] = "de"
    program.world.configuration()
    german = pages.get("/runs/latest.html")[2]
    assert "What is rejected, by cause" not in german
    assert 'lang="de"' in german
    program.world.settings["language"] = "none"
    with pytest.raises(ConfigurationError):
        program.world.configuration()
    assert 'lang="de"' in pages.get("/runs/latest.html")[2]


def test_what_is_open_now_is_a_table_to_download(pages: Served, program: Program) -> None:
    status, headers, table = pages.get("/open.csv")
    assert (status, headers["Content-Disposition"]) == (200, 'attachment; filename="open.csv"')
    told = program.call("rejections", "--csv", "-")[1]
    assert table.splitlines() == told.lstrip("\ufeff").splitlines()
    assert "cloud.gtin_invalid" in table
    status, headers, _ = pages.get("/runs/latest.csv")  # where it was, beside a page of one run
    assert (status, headers["Location"]) == (301, "/open.csv")
    assert pages.get("/runs/latest.csv", Host="example.org")[0] == 421


def test_pages_and_tables_of_the_demo_tell_its_settings_file_and_commands_as_everything_else_does(
    pages: Served, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.world.erp(WRONG_GTIN.replace("'A1'", "'A2'"))
    program.world.settings["accounts"] = {}
    program.world.server.store.deliver_receipts([receipt(1)])
    _, report = program.call_json("sync", "--import")
    monkeypatch.setenv(DEMO_VARIABLE, "1")
    file = shown_path(program.world.folder / DEFAULT_SETTINGS)
    for path in (f"/runs/{report['run_id']}.html", f"/runs/{report['run_id']}.csv", "/open.csv"):
        told = pages.get(path)[2]
        assert f"Enter in {file} " in told, path
        assert f"{PROGRAM} import --demo" in told, path


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_it_is_only_read(pages: Served, method: str) -> None:
    assert pages.get(f"/runs/{pages.run_id}.html", method)[0] == 501


def test_a_run_of_the_ui_links_its_page_and_its_protocol(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PAGES_VARIABLE, "http://127.0.0.1:3001")
    _, report = program.call_json("sync")
    with program.instance() as instance:
        shown = materializations(instance, report["run_id"])
    run = f"http://127.0.0.1:3001/runs/{report['run_id']}"
    assert (shown["sync_report"]["page"].value, shown["sync_report"]["protocol"].value) == (f"{run}.html", f"{run}.csv")
    assert shown["cloudkasse_articles"]["protocol"].value == f"{run}.csv"
    assert shown["sync_report"]["day_sheet"].value == "http://127.0.0.1:3001/days/latest.html"


def test_a_run_of_a_command_links_them_while_a_ui_of_its_history_is_open(program: Program) -> None:
    def links() -> list[object]:
        _, report = program.call_json("sync")
        with program.instance() as instance:
            told = materializations(instance, report["run_id"])["sync_report"]
        return [str(told[name].value).replace(report["run_id"], "RUN") for name in ("page", "protocol")]

    served = [f"http://127.0.0.1:3001/runs/RUN.{form}" for form in ("html", "csv")]
    with noted(program.home.storage, "http://127.0.0.1:3001"):
        assert links() == served
        with noted(program.home.storage, "http://127.0.0.1:3003"):  # a second one
            assert links() == served
    assert not any("http" in str(link) for link in links())
    (program.home.storage / "pages-address").write_text("http://127.0.0.1:3001")  # of one that was killed
    assert not any("http" in str(link) for link in links())


def test_what_is_open_links_the_latest_page_and_a_command_leaves_the_link_alone(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link() -> object:
        with program.instance() as instance:
            entry = instance.get_latest_materialization_event(dg.AssetKey("action_needed"))
        assert entry is not None
        assert entry.asset_materialization is not None
        return entry.asset_materialization.metadata.get("page")

    program.call_json("sync")
    assert link() is None
    monkeypatch.setenv(PAGES_VARIABLE, "http://127.0.0.1:3001")
    program.call_json("sync")  # as of the UI
    latest = dg.MetadataValue.url("http://127.0.0.1:3001/runs/latest.html")
    assert link() == latest
    monkeypatch.delenv(PAGES_VARIABLE)
    program.world.erp(WRONG_GTIN)
    program.call_json("sync")
    assert link() == latest
    monkeypatch.setenv(PAGES_VARIABLE, "")  # a UI whose port for pages is taken
    program.call_json("sync")
    assert link() is None
