"""Protects the page of all companies: the worst first, each with what to do, recorded only when something differs."""

import dagster as dg

from assets.definitions import build_defs
from assets.ui.companies_markdown import SHOWN_COMPANIES, companies_metadata
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.errors import StateUnavailableError
from cloudkasse_etl.sync.monitoring.chain.company_status import CompanyStatus
from tests.support.chains.chain_program import ChainProgram
from tests.support.receipts.coffee_receipts import receipt

PAGE = dg.AssetKey("companies")


def pages(history: dg.DagsterInstance) -> list[dg.AssetMaterialization]:
    found = history.fetch_materializations(dg.AssetRecordsFilter(PAGE), limit=20).records
    return [one.asset_materialization for one in found if one.asset_materialization]


def rows_of(page: dg.AssetMaterialization) -> list[str]:
    return str(page.metadata["companies"].value).splitlines()[2:]


def test_the_page_names_the_worst_first_and_what_to_do_and_is_recorded_when_it_differs(
    chain: ChainProgram, history: dg.DagsterInstance
) -> None:
    hamburg = chain.chain.worlds["hamburg"]
    hamburg.erp("UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'")
    chain.call("sync", "--all-companies", "--here")
    definitions = chain.definitions()
    sensor = definitions.resolve_sensor_def("what_is_open")

    def tick() -> None:
        with dg.build_sensor_context(instance=history, definitions=definitions) as context:
            sensor.evaluate_tick(context)

    tick()
    tick()
    (page,) = pages(history)
    first, second = rows_of(page)
    link = "/assets/action_needed?view=partitions&partition=hamburg"
    assert first.startswith(f"| [hamburg]({link}) | needs a person since ")
    assert "Correct or empty the EAN number" in first
    assert second.startswith("| [berlin](")
    assert (page.metadata["count_action_needed"].value, page.metadata["count_level"].value) == (1, 1)
    for number in (1, 2):  # what waits for its import is no news of this page, but that something does is
        chain.chain.worlds["berlin"].server.store.deliver_receipts([receipt(number)])
        chain.call("sync", "--company", "berlin")
        tick()
    assert len(pages(history)) == 2
    (chain.chain.companies / "berlin.yaml").write_text("timezone: nowhere\n", encoding="utf-8")
    tick()
    first, second = rows_of(pages(history)[0])
    assert "| broken settings |" in first
    assert "berlin.yaml:" in first
    (check,) = history.event_log_storage.get_latest_asset_check_execution_by_key(
        [dg.AssetCheckKey(PAGE, "all_companies_level")]
    ).values()
    event = check.event.dagster_event if check.event else None
    evaluated = event.asset_check_evaluation_data if event else None
    assert evaluated is not None
    assert (evaluated.passed, evaluated.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert str(evaluated.description).endswith("Not level: berlin, hamburg.")


def test_a_person_can_materialise_it_and_it_is_no_run_of_a_company(
    chain: ChainProgram, history: dg.DagsterInstance
) -> None:
    chain.call("sync", "--all-companies", "--here")
    job = chain.definitions().resolve_implicit_global_asset_job_def()
    assert job.execute_in_process(instance=history, asset_selection=[PAGE]).success
    assert len(rows_of(pages(history)[0])) == 2
    assert [run["kind"] for run in chain.call_json("history", "--company", "berlin")[1]["runs"]] == ["all"]


def test_a_hundred_are_shown_and_the_others_counted() -> None:
    error = StateUnavailableError("Away | gone.")
    statuses = [CompanyStatus(f"shop{number:03}", error=error) for number in range(SHOWN_COMPANIES + 5)]
    metadata = companies_metadata(statuses, Settings(language="en"))
    text = str(metadata["companies"].value)
    assert text.count("| unreachable |") == SHOWN_COMPANIES
    assert text.endswith("and 5 more")
    assert "Away \\| gone." in text
    assert metadata["count_unreachable"] == SHOWN_COMPANIES + 5


def test_a_single_shop_has_no_such_page(chain: ChainProgram) -> None:
    installation = chain.chain.installation()
    alone = Installation.of(installation.configuration("berlin").model_copy(update={"company": None}))
    has_page = {
        name: PAGE in build_defs(one, protocol_folder=chain.home.protocols).resolve_asset_graph().get_all_asset_keys()
        for name, one in (("chain", installation), ("shop", alone))
    }
    assert has_page == {"chain": True, "shop": False}
