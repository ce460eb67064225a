"""Receipts that arrive as columns are stored as those that arrive one by one: the same rows, statuses and refusals."""

import copy
import zoneinfo
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.sandbox.fiscal.fiscal_export import write_export
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.sync.receipts.receipt_staging import ReceiptStaging
from cloudkasse_etl.sync.receipts.validation.receipt_validation import validator_of
from cloudkasse_etl.tills.dsfinvk.legal_record import LegalRecord
from cloudkasse_etl.tills.port import Page
from tests.support import small_erp
from tests.support.selling.selling_shop import article, delivered, once, price, shop
from tests.support.worlds import TOKEN, World

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
OF_A_RUN = ("staged_at", "staged_run_id")


def register(number: str) -> dict[str, str]:
    return {"number": number, "name": number, "warehouse": "1", "price_group": "1"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Page]:
    """The closings of a legal export, each with its receipts as columns."""
    store = shop(articles=[article("A1", "19.00"), article("A2", "7.00")], prices=[price("A1", 1190), price("A2", 250)])
    sell(store, days=2, receipts=60, seed=7)
    folder = tmp_path_factory.mktemp("export")
    write_export(folder / "export", once(delivered(store)), delivered(store, "closings"))
    store.close()
    records = list(LegalRecord(folder, BERLIN, settle_seconds=0).closings())
    assert all(record.columns is not None for record in records)
    return [
        Page(record.texts, str(at), has_more=True, columns=record.columns) for at, record in enumerate(records, start=1)
    ]


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[list[World]]:
    """Two shops that are alike."""
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN) as server:
        found = []
        for name in ("columns", "texts"):
            (tmp_path / name).mkdir()
            url = f"sqlite:///{tmp_path / name / 'erp.db'}"
            small_erp.build(url)
            settings = copy.deepcopy(small_erp.SETTINGS)
            settings["registers"] = [register(number) for number in ("K1", "K2")]
            settings["receipts"] = {"days_back": 36000}
            found.append(World(tmp_path / name, url, server, settings))
        yield found


def staged(world: World, pages: list[Page]) -> tuple[Any, ...]:
    """Stages pages; what was counted, and the rows that are stored then."""
    with world.session() as session:
        staging = ReceiptStaging(session, validator_of(session))
        for page in pages:
            staging.stage(page)
        connection = session.store.connection
        with connection.reading() as reading:
            rows = reading.execute(sa.select(connection.tables.receipt)).mappings().all()
        kept = sorted(
            (tuple((name, value) for name, value in row.items() if name not in OF_A_RUN) for row in rows), key=str
        )
        rejections = sorted((r.key, r.code) for r in session.store.rejections.of("staged_receipts"))
        return staging.counts, staging.apart, staging.refused, kept, rejections


def as_texts(pages: list[Page]) -> list[Page]:
    return [replace(page, columns=None) for page in pages]


def test_columns_and_texts_are_stored_alike_and_a_second_time_counted_only(
    worlds: list[World], pages: list[Page]
) -> None:
    by_column, by_text = staged(worlds[0], pages), staged(worlds[1], as_texts(pages))
    assert by_column == by_text
    assert by_column[0].new == sum(len(page.texts) for page in pages)
    assert {"staged", "no_effect"} == {dict(row)["status"] for row in by_column[3]}
    again = staged(worlds[0], pages)
    assert (again[0].new, again[0].unchanged) == (0, by_column[0].new)
    assert again[3] == by_column[3]


def test_a_closing_of_which_a_part_is_stored_already_is_completed(worlds: list[World], pages: list[Page]) -> None:
    first = replace(pages[0], texts=pages[0].texts[:5], columns=None)
    for world in worlds:
        staged(world, [first])
    by_column, by_text = staged(worlds[0], pages), staged(worlds[1], as_texts(pages))
    assert by_column == by_text
    assert by_column[0].unchanged == 5


@pytest.mark.parametrize(
    "settings",
    [
        {"registers": [register("K9")]},  # each is refused
        {"receipts": {"days_back": 1}},  # each is held
        {"receipts": {"days_back": 36000, "start_date": "2026-10-06"}},  # some are too early
    ],
)
def test_what_is_refused_held_or_too_early_is_so_either_way(
    worlds: list[World], pages: list[Page], settings: dict[str, Any]
) -> None:
    for world in worlds:
        world.settings.update(copy.deepcopy(settings))
    by_column, by_text = staged(worlds[0], pages), staged(worlds[1], as_texts(pages))
    assert by_column == by_text
    assert by_column[2] or by_column[1]
