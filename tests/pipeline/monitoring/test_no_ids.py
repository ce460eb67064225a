"""Protects what people read from ids and keys: records have names there, and only JSON and CSV have ids."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.support.books import with_accounts
from tests.support.pages.html_page import Page
from tests.support.programs import Program
from tests.support.receipts.coffee_receipts import changed, closing, receipt
from tests.support.receipts.receipt_factory import item, line
from tests.support.servers.receivers import MailServer
from tests.support.worlds import World

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
PRICE_KEY = r"A[0-9]+\|[0-9]+\|[0-9.]+\|"
LINE_KEY = r"[0-9a-f]{8,}\|[0-9]+"
A_KEY = re.compile(rf"{UUID}|{PRICE_KEY}|{LINE_KEY}|[?]{{2}}|[A-Z][0-9]+\|[0-9]+", re.IGNORECASE)
NEVER_CAME = str(uuid.UUID(int=99 << 96 | 99))


def id_of(number: int) -> str:
    """An id as CloudKasse gives them."""
    return str(uuid.UUID(int=number << 96 | number))


def numbered(number: int, **values: Any) -> dict[str, Any]:
    return receipt(number, id=id_of(number), **values)


def by_card(number: int) -> dict[str, Any]:
    sold = item(line(gross=1190), id=id_of(number), number=number, register="K1")
    payment = {"tender": "Kreditkarte", "name": None, "currency": "EUR"}
    return sold | {"payments": [payment | {"amount_cents": 1190, "base_amount_cents": 1190}]}


def spoil(world: World) -> None:
    """Articles, prices and receipts with something wrong: as staged, as imported, as a line, and waiting."""
    world.settings |= with_accounts(world.settings)
    world.settings["accounts"]["tenders"].pop("Kreditkarte", None)
    world.erp("UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'")
    world.erp("UPDATE ART SET SSVerkauf = '77' WHERE Artikelnummer = 'A2'")
    world.erp("UPDATE ARPREIS SET Preis = -1 WHERE Artikelnummer = 'A3'")
    world.server.store.deliver_receipts([
        numbered(1),
        changed(numbered(2), "total_cents", 1),
        changed(numbered(3), "lines.0.article", "NEU"),
        by_card(4),
        numbered(5, cancelled=True, reference={"receipt_id": NEVER_CAME}),
        numbered(6, cancelled=True, reference={"receipt_id": id_of(2)}),
        numbered(7, kind="AVTraining"),
        numbered(1, note="another content"),
        numbered(9),
        changed(numbered(8), "business_day", "never"),
    ])  # fmt: skip
    world.server.store.deliver_closings([closing(1, 1, 9), closing(1, 1, 8)])


def strings(value: Any) -> Iterator[str]:
    """All texts in a piece of metadata, but for links and what is for programs."""
    if isinstance(value, dg.TableMetadataValue):
        for record in value.records:
            yield from (str(cell) for cell in record.data.values())
    elif isinstance(
        value, dg.UrlMetadataValue | dg.JsonMetadataValue | dg.PathMetadataValue | dg.DagsterRunMetadataValue
    ):
        return
    elif isinstance(value, dg.MetadataValue):
        yield str(value.value)


def shown_in_the_ui(instance: dg.DagsterInstance) -> Iterator[tuple[str, str]]:
    """Place and text of everything that the assets and checks of all runs show."""
    for key in instance.all_asset_keys():
        for record in instance.fetch_materializations(key, limit=20).records:
            event = record.asset_materialization
            assert event is not None
            yield f"{key}", event.description or ""
            for name, value in event.metadata.items():
                yield from ((f"{key} {name}", text) for text in strings(value))
    kinds = {dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    for run in instance.get_runs():
        for entry in instance.all_logs(run.run_id, of_type=kinds):
            found = entry.get_dagster_event().asset_check_evaluation_data
            yield f"check {found.check_name}", found.description or ""
            for name, value in found.metadata.items():
                yield from ((f"check {found.check_name} {name}", text) for text in strings(value))


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_text_for_people_shows_an_id_or_a_key(
    program: Program,
    instance: dg.DagsterInstance,
    shop: World,
    mail: MailServer,
    tmp_path: Path,
    language: str,
) -> None:
    shop.settings["language"] = language
    spoil(shop)
    shown: list[tuple[str, str]] = []

    def call(*arguments: str) -> str:
        _, out, err = program.call(*arguments)
        shown.append((" ".join(arguments), out + err))
        return out

    call("plan")
    call("sync", "--no-import")
    call("receipts")
    call("import")
    for arguments in (
        ("plan",), ("plan", "import"), ("sync",), ("receipts",), ("receipts", "--status", "rejected"), ("closings",),
        ("rejections",), ("check",), ("history",),
    ):  # fmt: skip
        call(*arguments)
    _, history = program.call_json("history")
    for run in history["runs"]:
        call("protocol", run["run_id"])
    for number in (1, 2, 3, 4, 5, 6, 7):
        call("receipts", "show", f"K1-{number}" if number != 1 else id_of(1))
    program.call("report", "--last", "--html", str(tmp_path / "page.html"))
    shown.append(("page", Page((tmp_path / "page.html").read_text(encoding="utf-8")).text))
    with dg.build_sensor_context(instance=instance) as context:
        program.definitions().resolve_sensor_def("alerts")(context)
    shown += [("mail", message["Subject"] + "\n" + message.get_content()) for message in mail.mails]
    shown += shown_in_the_ui(instance)

    run_ids = {run.run_id for run in instance.get_runs()}
    found: dict[str, None] = {}
    for place, text in shown:
        lines = [one for one in text.splitlines() if not any(run_id in one for run_id in run_ids)]
        if place.startswith("receipts show"):  # whose line `id` is for copying
            lines = [one for one in lines if not one.lower().startswith("id ")]
        for one in lines:
            if A_KEY.search(one):
                found[f"{place}: {one.strip()}"] = None
    assert list(found) == []
    everything = "\n".join(text for _, text in shown)
    for name in ("K1-2", "K1-4", "K1-5", "00000063"):
        assert name in everything
    assert mail.mails
