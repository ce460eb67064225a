"""Protects one word: "turnover" is the same sum wherever the demo shows it, computed here from what was delivered."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assets.cli.demo.demo_shop import find_demo
from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.turnover import sum_up_sales
from cloudkasse_etl.transform.turnover_cases import TURNOVER_CASES
from tests.support.databases import CHOOSES_ITSELF
from tests.support.programs import Program
from tests.support.selling.selling_rules import BUSINESS_CASES, TURNED_OVER, counts, live_lines
from tests.support.selling.selling_shop import delivered, once

pytestmark = CHOOSES_ITSELF


def test_turnover_is_one_sum_where_it_is_sold_booked_and_on_the_page(program: Program, tmp_path: Path) -> None:
    code, out, _ = program.call("demo", "--folder", str(tmp_path / "demo"))
    assert code == 0
    told = " ".join(out.split())
    sold, booked = re.findall(r"[Tt]urnover ([\d,]+\.\d\d) gross", told)
    demo = find_demo(tmp_path / "demo")
    assert demo is not None
    store = Store(demo.folder / "cloudkasse.db")
    receipts = [receipt for receipt in once(delivered(store)) if counts(receipt)]
    store.close()
    lines = [line for receipt in receipts for line in live_lines(receipt)]
    expected = sum(line["gross_cents"] for line in lines if line["business_case"] in TURNED_OVER)
    assert sold == booked == plain_euros(expected)
    vouchers = sum(line["gross_cents"] for line in lines if line["business_case"] == "MehrzweckgutscheinKauf")
    assert f"vouchers sold {plain_euros(vouchers)}" in told

    with closing(sqlite3.connect(demo.erp)) as connection:
        moved = connection.execute(
            "SELECT unit, -sum(quantity_milli) FROM cloudkasse_stock_movement GROUP BY unit"
        ).fetchall()
    assert len(moved) > 3
    for unit, milli in moved:  # kilograms and pieces have no sum
        assert f" {milli / 1000:,.3f}".removesuffix(".000") + f" {unit}" in told

    with demo.running() as (configuration, _), open_reading(configuration) as books:
        assert sum_up_sales(books, configuration.settings.zone).gross_cents == expected
        code, _, _ = program.call("report", "--last", "--html", str(tmp_path / "page.html"))
    assert code == 0
    assert plain_euros(expected) in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_sandbox_sell_tells_the_same_word(program: Program) -> None:
    assert program.call("sync", "master-data")[0] == 0
    code, out, _ = program.call("sandbox", "sell", "--receipts", "40")
    assert code == 0
    assert re.search(r"Turnover [\d,]+\.\d\d gross, vouchers sold [\d,]+\.\d\d; ", out)


@pytest.mark.parametrize("case", sorted(BUSINESS_CASES))
def test_cash_that_only_moves_and_what_is_owed_is_no_turnover(case: str) -> None:
    assert (case in TURNOVER_CASES) == (case in TURNED_OVER)
