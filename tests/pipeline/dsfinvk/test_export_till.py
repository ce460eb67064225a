"""A folder of legal exports as the till: each closing once, with its receipts, whatever happens to the folder."""

import copy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from assets.definitions import assets_of
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.fiscal.fiscal_export import write_export
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.sync.monitoring.diagnosis import diagnose
from cloudkasse_etl.sync.receipts.closing_staging import stage_closings
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts
from cloudkasse_etl.sync.receipts.receipt_staging import stage_receipts
from cloudkasse_etl.sync.run.report import AssetReport
from tests.support import small_erp
from tests.support.selling.selling_shop import article, delivered, once, price, shop
from tests.support.worlds import TOKEN, World


def register(number: str, **more: str) -> dict[str, str]:
    return {"number": number, "name": number, "warehouse": "1", "price_group": "1", **more}


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, int | None], None]:
    """Writes the sales of a shop as an export: all closings, or one by its place."""
    store = shop(articles=[article("A1", "19.00"), article("A2", "7.00")], prices=[price("A1", 1190), price("A2", 250)])
    sell(store, days=2, receipts=40, seed=7)
    receipts, closings = once(delivered(store)), delivered(store, "closings")
    store.close()

    def write(folder: Path, only: int | None = None) -> None:
        write_export(folder, receipts, closings if only is None else [closings[only]])

    return write


@pytest.fixture
def exporting(tmp_path: Path) -> Iterator[World]:
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN) as server:
        url = f"sqlite:///{tmp_path / 'erp.db'}"
        small_erp.build(url)
        settings = copy.deepcopy(small_erp.SETTINGS)
        settings["registers"] = [register(number) for number in ("K1", "K2")]
        settings["receipts"] = {"days_back": 36000}
        settings["till"] = {"kind": "dsfinvk"}
        (tmp_path / "dsfinvk").mkdir()
        yield World(tmp_path, url, server, settings)


def fetch(world: World, **options: Any) -> tuple[AssetReport, AssetReport]:
    with world.session(**options) as session:
        return stage_receipts(session), stage_closings(session)


def rows(world: World, query: str) -> list[Any]:
    engine = sa.create_engine(world.erp_url)
    with engine.connect() as connection:
        found = list(connection.execute(sa.text(query)))
    engine.dispose()
    return found


RECEIPTS = "SELECT receipt_id, register, number, status FROM cloudkasse_receipt ORDER BY receipt_id"


def test_each_closing_is_taken_once_and_a_second_look_reads_nothing(exporting: World, sold: Any) -> None:
    sold(exporting.folder / "dsfinvk" / "2026")
    receipts, closings = fetch(exporting)
    assert closings.counts.new > 1
    assert receipts.counts.new == len(rows(exporting, RECEIPTS)) > 40
    again = fetch(exporting)
    assert again[0].quiet
    sold(exporting.folder / "dsfinvk" / "again")  # the same closings in another export
    receipts, closings = fetch(exporting)
    assert (receipts.counts.new, receipts.counts.rejected, closings.counts.new) == (0, 0, 0)
    assert exporting.server.requests == []


def test_a_closing_with_another_content_is_a_conflict_and_nothing_is_overwritten(exporting: World, sold: Any) -> None:
    sold(exporting.folder / "dsfinvk" / "first")
    fetch(exporting)
    before = rows(exporting, "SELECT receipt_id, raw FROM cloudkasse_receipt ORDER BY receipt_id")
    sold(exporting.folder / "dsfinvk" / "second")
    change_first_operator(exporting.folder / "dsfinvk" / "second" / "transactions.csv")
    _, closings = fetch(exporting)
    assert [rejection.code for rejection in closings.rejections] == ["closing_conflict"]
    assert rows(exporting, "SELECT receipt_id, raw FROM cloudkasse_receipt ORDER BY receipt_id") == before
    receipts, closings = fetch(exporting)
    assert receipts.quiet
    assert len(closings.rejections) == 1


def change_first_operator(transactions: Path) -> None:
    """Gives the first receipt another operator, as a register that corrects itself would."""
    head, first, *others = transactions.read_text(encoding="utf-8").splitlines()
    at = [name.strip('"') for name in head.split(";")].index("BEDIENER_ID")
    cells = first.split(";")
    cells[at] = '"somebody"'
    transactions.write_text("\r\n".join([head, ";".join(cells), *others]) + "\r\n", encoding="utf-8")


def test_a_receipt_that_cannot_be_read_is_kept_refused_until_it_can_be(exporting: World, sold: Any) -> None:
    folder = exporting.folder / "dsfinvk" / "export"
    sold(folder)
    lines = folder / "lines.csv"
    good = lines.read_text(encoding="utf-8")
    lines.write_text(good.replace("Umsatz", "Umsätzchen", 1), encoding="utf-8")
    receipts, closings = fetch(exporting)
    (refused,) = receipts.rejections
    assert refused.code == "export_unreadable"
    assert "lines.csv, line" in refused.detail["place"]
    assert [row.status for row in rows(exporting, RECEIPTS) if row.receipt_id == refused.key] == ["rejected"]
    assert closings.counts.new > 1
    lines.write_text(good, encoding="utf-8")
    receipts, closings = fetch(exporting)
    assert receipts.rejections == ()
    assert receipts.counts.new == 1
    assert closings.counts.new == 0
    assert {row.status for row in rows(exporting, RECEIPTS)} <= {"staged", "no_effect"}


def test_an_export_that_is_not_whole_is_told_and_read_once_it_is(exporting: World, sold: Any) -> None:
    folder = exporting.folder / "dsfinvk" / "export"
    sold(folder)
    shutil.move(folder / "lines.csv", exporting.folder / "lines.csv")
    _, closings = fetch(exporting)
    assert [rejection.code for rejection in closings.rejections] == ["export_unreadable"]
    assert rows(exporting, RECEIPTS) == []
    shutil.move(exporting.folder / "lines.csv", folder / "lines.csv")
    receipts, closings = fetch(exporting)
    assert closings.rejections == ()
    assert receipts.counts.new > 40


def test_what_is_wrong_with_a_whole_export_ends_once_the_export_is_gone(exporting: World, sold: Any) -> None:
    sold(exporting.folder / "dsfinvk" / "export")
    (exporting.folder / "dsfinvk" / "damaged.zip").write_bytes(b"no archive")
    _, closings = fetch(exporting)
    assert [rejection.key for rejection in closings.rejections] == ["?damaged.zip"]
    assert closings.rejections[0].name() == "export damaged.zip"
    assert closings.counts.rejected == 1
    (exporting.folder / "dsfinvk" / "damaged.zip").unlink()
    _, closings = fetch(exporting)
    assert closings.rejections == ()


def test_what_is_found_wrong_with_an_export_while_it_is_read_stays_open_until_it_is_mended(
    exporting: World, sold: Any
) -> None:
    sold(exporting.folder / "dsfinvk" / "export")
    index = exporting.folder / "dsfinvk" / "export" / "index.xml"
    good = index.read_text(encoding="utf-8")
    index.write_text(good[: len(good) // 2], encoding="utf-8")
    _, closings = fetch(exporting)
    assert [rejection.key for rejection in closings.rejections] == ["?export"]
    index.write_text(good, encoding="utf-8")
    receipts, closings = fetch(exporting)
    assert closings.rejections == ()
    assert receipts.counts.new > 40


def test_what_is_refused_besides_closings_and_receipts_is_told_too(exporting: World, sold: Any) -> None:
    folder = exporting.folder / "dsfinvk" / "export"
    sold(folder)
    (lines,) = folder.rglob("lines.csv")
    key = lines.read_text(encoding="utf-8").splitlines()[1].split(";")[:4]
    subitems = folder / "subitems.csv"
    head = subitems.read_text(encoding="utf-8").splitlines()[0]
    row = [*key, '"77"', *[""] * (head.count(";") - 4)]
    subitems.write_text("\r\n".join([head, ";".join(row)]) + "\r\n", encoding="utf-8")
    receipts, closings = fetch(exporting)
    assert (receipts.rejections, closings.rejections) == ((), ())
    assert [note for note in receipts.notes if "subitems.csv, line 2" in note and "77" in note]


def test_a_check_tells_of_exports_that_cannot_be_read(exporting: World, sold: Any) -> None:
    sold(exporting.folder / "dsfinvk" / "export")
    index = exporting.folder / "dsfinvk" / "export" / "index.xml"
    index.write_text("<xml", encoding="utf-8")
    with exporting.session() as session:
        (told,) = session.client.problems()
    assert told.where == "export: index.xml"
    assert told.text == "The index.xml cannot be understood."


def test_a_check_of_wrong_settings_takes_the_till_for_no_other(exporting: World) -> None:
    exporting.settings["till"]["bogus"] = 1
    with pytest.raises(ConfigurationError):
        exporting.configuration()
    environment = {**exporting.environment, "CLOUDKASSE_API_URL": "http://127.0.0.1:9"}  # nobody answers
    (told,) = diagnose(environment)
    assert "till.bogus" in told.text


def test_a_register_that_the_settings_do_not_name_waits_until_they_do(exporting: World, sold: Any) -> None:
    exporting.settings["registers"] = [register("1", till_id="K1")]
    sold(exporting.folder / "dsfinvk" / "export")
    receipts, _ = fetch(exporting)
    assert {rejection.code for rejection in receipts.rejections} == {"receipt_register_unknown"}
    assert {row.register for row in rows(exporting, "SELECT register FROM cloudkasse_closing")} == {"1"}
    exporting.settings["registers"] = [register("1", till_id="K1"), register("2", till_id="K2")]
    receipts, closings = fetch(exporting)
    assert receipts.rejections == ()
    assert closings.counts.new > 0
    assert {row.register for row in rows(exporting, RECEIPTS) if row.status != "dismissed"} == {"1", "2"}
    assert {row.register for row in rows(exporting, "SELECT register FROM cloudkasse_closing")} == {"1", "2"}


def test_the_folder_that_is_not_there_is_told(exporting: World) -> None:
    (exporting.folder / "dsfinvk").rmdir()
    with pytest.raises(ConfigurationError, match="There is no folder"):
        fetch(exporting)


def test_another_till_may_book_only_days_after_those_of_the_one_before(exporting: World, sold: Any) -> None:
    sold(exporting.folder / "dsfinvk" / "export")
    fetch(exporting)
    with exporting.session() as session:
        import_receipts(session)
    booked = rows(exporting, "SELECT count(*) FROM cloudkasse_posting")
    last = rows(exporting, "SELECT max(business_day) FROM cloudkasse_receipt")[0][0]
    exporting.settings["till"] = {"kind": "cloudkasse"}
    with pytest.raises(ConfigurationError, match="would be booked twice"), exporting.session():
        pass
    exporting.settings["receipts"]["start_date"] = last
    with pytest.raises(ConfigurationError, match="would be booked twice"), exporting.session():
        pass
    exporting.settings["receipts"]["start_date"] = "2099-01-01"
    with exporting.session():
        pass
    exporting.settings["receipts"]["start_date"] = last
    with pytest.raises(ConfigurationError, match="must not be before 2099-01-01"), exporting.session():
        pass
    problems = [problem for problem in diagnose(exporting.environment) if problem.where == "till.kind"]
    assert "2099-01-01" in problems[0].text
    assert rows(exporting, "SELECT count(*) FROM cloudkasse_posting") == booked


def test_what_a_page_stores_it_stores_at_once_or_not_at_all(exporting: World, sold: Any) -> None:
    sold(exporting.folder / "dsfinvk" / "export")
    with exporting.session() as session:
        pages = [page for page in session.client.pages("receipts", None) if page.texts]
    assert all(len(page.closings) == len(page.taken) == 1 for page in pages)
    assert {orjson.loads(text)["closing_number"] for page in pages for text in page.texts} == {1, 2}


def test_closings_are_counted_after_the_receipts_that_they_came_with() -> None:
    by_name = {asset.key.to_user_string(): asset for asset in assets_of("dsfinvk") if len(list(asset.keys)) == 1}
    op = by_name["staged_closings"].keys_by_input_name
    assert [key.to_user_string() for key in op.values()] == ["staged_receipts"]


@pytest.mark.parametrize("is_read_by_row", [False, True])
def test_receipts_that_the_security_device_did_not_sign_are_counted_by_register_and_day(
    exporting: World, sold: Any, is_read_by_row: bool
) -> None:
    folder = exporting.folder / "dsfinvk" / "2026"
    sold(folder)
    (table,) = folder.rglob("transactions_tse.csv")
    head, *signed = table.read_text(encoding="utf-8").splitlines()
    at = [name.strip('"') for name in head.split(";")].index("TSE_TA_FEHLER")
    for place in (4, 5):
        cells = signed[place].split(";")
        cells[at] = '"TSE nicht erreichbar"'
        signed[place] = ";".join(cells)
    table.write_text("\r\n".join([head, *signed]) + "\r\n", encoding="utf-8")
    if is_read_by_row:  # as a closing with a receipt that is refused is
        (lines,) = folder.rglob("lines.csv")
        lines.write_text(lines.read_text(encoding="utf-8").replace("Umsatz", "Umsätzchen", 1), encoding="utf-8")
    receipts, _ = fetch(exporting)
    ((of, day),) = receipts.unsigned
    assert receipts.unsigned[of, day] == 2
    assert (of, f"{day}") in {
        tuple(row) for row in rows(exporting, "SELECT register, business_day FROM cloudkasse_receipt")
    }
    assert fetch(exporting)[0].unsigned == {}
