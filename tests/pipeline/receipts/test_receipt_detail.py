"""Protects the answer to "what became of receipt K1-1?": it is whole, its sums add up, and it fits a terminal."""

import json
import re
from typing import Any

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.sync.outputs.receipt_view import Section, view_of
from cloudkasse_etl.sync.receipts.receipt_detail import ReceiptDetail, show_receipt
from cloudkasse_etl.sync.receipts.receipt_list import list_receipts
from tests.support.books import book, closing_of_sales, deliver, dismiss, fetch, fetch_and_book, sale
from tests.support.programs import Program
from tests.support.receipts.coffee_receipts import receipt
from tests.support.receipts.receipt_factory import item, line, pay
from tests.support.worlds import World


def sections(world: World, found: ReceiptDetail, language: Language = "en") -> dict[str, Section]:
    view = view_of(found, language, world.configuration().settings.zone)
    return {section.title: section for section in view.sections}


def facts(world: World, found: ReceiptDetail) -> list[tuple[str, str]]:
    return list(view_of(found, "en", world.configuration().settings.zone).facts)


@pytest.mark.shop(accounts=True)
def test_an_imported_receipt_shows_what_was_sold_paid_and_booked_and_its_sums_are_equal(world: World) -> None:
    world.sync()
    off = line("Umsatz", 500, article="A2", cancelled=True)
    two = item(line("Umsatz", 2380, article="A1"), line("Umsatz", 1070, "7.00", article="A3"), off, id="two")
    deliver(world, two, item(line("Umsatz", -3450), id="void", number=2, cancelled=True, reference="two"))
    fetch(world)
    book(world, "two")
    found = show_receipt(world.configuration(), "K1-1")
    assert found.name == "K1-1 · 2026-11-23 · 34.50 €"
    shown = sections(world, found)
    assert list(shown) == ["Lines", "Payments", "VAT", "Postings", "Stock movements"]
    assert "34.50" in shown["Lines"].rows[-1]  # the cancelled line is told, and not in the sum
    assert any("(cancelled)" in cell for cell in shown["Lines"].rows[2])
    assert shown["Payments"].rows[-1][-1] == shown["VAT"].rows[-1][-1] == "34.50"
    heads, total = shown["Postings"].heads, shown["Postings"].rows[-1]
    assert total[heads.index("debit")] == total[heads.index("credit")]
    assert sum(row["amount_cents"] for row in found.postings) == 0
    assert {row["document_number"] for row in (*found.postings, *found.movements)} == {"K1-1"}
    assert [row["article"] for row in found.movements] == ["A1", "A3"]
    assert found.imported is not None
    labels = dict(facts(world, found))
    assert labels["is voided by"] == "K1-2 · 2026-11-23 · -34.50 €, staged (id void)"
    assert labels["fetched"].endswith(f"run {found.fetched[1][:8]}")
    assert labels["imported"].endswith(f"run {found.imported[1][:8]}")
    void = show_receipt(world.configuration(), "K1-2")
    assert dict(facts(world, void))["voids"] == "K1-1 · 2026-11-23 · 34.50 €, imported (id two)"
    german = sections(world, found, "de")["Zeilen"]
    assert dict(zip(german.heads, german.rows[0], strict=True))["Geschäftsvorfall"] == "Umsatz"


def test_a_receipt_that_cannot_be_parsed_shows_what_is_readable_and_why_it_was_refused(world: World) -> None:
    broken = sale(1)
    broken["lines"].append({**broken["lines"][0], "number": "two", "quantity": "a lot", "text": ["x"]})
    broken["payments"] = None
    deliver(world, broken, "no object at all", {"id": 5})  # type: ignore[arg-type]
    fetch(world)
    found = show_receipt(world.configuration(), "R1")
    assert (found.listed.status, found.imported, found.postings, found.payments) == ("rejected", None, (), ())
    assert [(row["number"], row["quantity_milli"], row["gross_cents"]) for row in found.lines] == [
        (1, 2000, 2380),
        (None, None, 2380),
    ]
    view = view_of(found, "en", world.configuration().settings.zone)
    assert dict(view.facts)["rejected"] == dict(view.facts)["fetched"]  # when it came, by the run that fetched it
    assert found.as_dict("en")["rejected"]["run_id"] == found.fetched[1]
    ((problem, cure),) = view.problems
    assert "not as the contract says" in problem
    assert cure
    json.dumps(found.as_dict("en"))
    dismiss(world, "R1", "by hand")
    labels = dict(facts(world, show_receipt(world.configuration(), "R1")))
    assert labels["decided"].startswith("dismissed: by hand (")


@pytest.mark.shop(accounts=True)
def test_a_receipt_that_waits_and_one_before_any_import_are_told_too(world: World) -> None:
    deliver(world, item(line("Umsatz", -2380), id="void", number=2, cancelled=True, reference="gone"))
    fetch_and_book(world)
    found = show_receipt(world.configuration(), "K1-2")
    view = view_of(found, "en", world.configuration().settings.zone)
    assert "Waits for a receipt that has not come (gone)" in view.problems[0][0]
    assert dict(view.facts)["voids"] == "a receipt that has not come (gone)"
    with pytest.raises(ConfigurationError, match="There is no receipt 'K1-9'"):
        show_receipt(world.configuration(), "K1-9")


@pytest.mark.shop(accounts=True)
def test_a_receipt_that_is_refused_again_names_the_first_run_beside_its_time_and_the_last_apart(world: World) -> None:
    del world.settings["accounts"]["tenders"]["Kreditkarte"]
    deliver(world, item(line("Umsatz", 2380), payments=[pay("Kreditkarte", 2380)], id="card"))
    fetch_and_book(world)
    first = show_receipt(world.configuration(), "K1-1").rejected
    assert first is not None
    assert first.first_run == first.last_run
    del world.settings["accounts"]["tenders"]["ECKarte"]  # accounts have changed, so it is looked at again
    book(world)
    again = show_receipt(world.configuration(), "K1-1")
    assert again.rejected is not None
    assert (again.rejected.since, again.rejected.first_run) == (first.since, first.first_run)
    assert again.rejected.last_run != first.first_run
    told = dict(facts(world, again))["rejected"]
    assert f"run {first.first_run[:8]}; tried again and refused by run {again.rejected.last_run[:8]}" in told
    assert again.as_dict("en")["rejected"]["last_run_id"] == again.rejected.last_run


@pytest.mark.shop(accounts=True)
def test_the_list_names_the_same_closing_as_the_receipt_itself(world: World) -> None:
    deliver(world, sale(1))
    fetch(world)
    assert [one.closing_number for one in list_receipts(world.configuration())] == [None]
    deliver(world, closings=[closing_of_sales(1, 1, 1)])
    fetch(world)
    found = show_receipt(world.configuration(), "K1-1")
    assert [one.closing_number for one in list_receipts(world.configuration())] == [found.closing] == [1]


@pytest.fixture
def shop(program: Program) -> Program:
    """A shop with a receipt that was booked, one that was refused, and one of another register and day."""
    program.world.settings["registers"][0]["cash_account"] = "1000"
    program.world.settings["accounts"] = {"clearing": "1371", "revenue": {"19.00": "8400"}}
    far = {"id": "07fcb84b-8f45-4c1e-9d3a-111111111111", "business_day": "2026-11-24"}
    voucher = receipt(2)
    voucher["payments"][0]["tender"] = "ElZahlungsdienstleister"
    program.world.server.store.deliver_receipts([receipt(1), voucher, receipt(7, **far)])
    program.call("sync", "receipts", "--import")
    return program


def told_in(program: Program, *arguments: str) -> list[str]:
    code, out, err = program.call(*arguments)
    assert code == 0, err
    return out.splitlines()


@pytest.mark.synced
def test_the_list_is_filtered_newest_first_with_a_total_and_ids_that_a_command_takes(
    shop: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lines = told_in(shop, "receipts")
    assert [line.split()[1] for line in lines[1:] if line.startswith("K1")] == ["7", "2", "1"]
    assert lines[-1] == "3 receipts (71.40 €): 2 imported (47.60 €), 1 refused by the import (23.80 €)"
    assert any("accounts.tenders.ElZahlungsdienstleister" in line for line in lines)
    assert not re.search(r"[0-9a-f]{8}-", "\n".join(lines))
    short = lines[1].split()[-1]
    assert short == "07fcb84b"
    assert told_in(shop, "receipts", "show", short)[0].startswith("K1-7 · 2026-11-24 · ")
    for options, numbers in (
        (("--number", "2"), [2]),
        (("--number", "1-2"), [1, 2]),
        (("--day", "2026-11-24"), [7]),
        (("--register", "K2"), []),
        (("--id", "07fc"), [7]),
        (("--status", "imported", "--register", "K1"), [1, 7]),
    ):
        _, listed = shop.call_json("receipts", *options)
        assert [row["number"] for row in listed["receipts"]] == numbers, options
    assert told_in(shop, "receipts", "--register", "K2") == ["0 receipts"]
    for wrong in ("2-1", "two", "1-"):
        code, _, err = shop.call("receipts", "--number", wrong)
        assert (code, wrong in err) == (2, True), wrong


@pytest.mark.synced
def test_a_receipt_is_shown_at_the_prompt_and_by_the_job_and_an_unknown_one_fails_plainly(
    shop: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lines = told_in(shop, "receipts", "show", "K1-2")
    assert lines[0] == "K1-2 · 2026-11-23 · 23.80 €: rejected"
    assert any(line.startswith("What to do:") for line in lines)
    assert max(map(len, lines)) <= 160
    code, said = shop.call_json("receipts", "show", "K1-1")
    assert (code, said["status"], len(said["postings"]), said["imported"]["run_id"] is not None) == (
        0, "imported", 4, True,
    )  # fmt: skip
    code, said = shop.call_json("receipts", "show", "K1-99")
    assert (code, said["error"]) == (2, "There is no receipt 'K1-99'.")
    runs = shop.call_json("history")[1]["runs"]
    with shop.instance() as instance:
        job = shop.definitions().resolve_job_def("show_receipt")
        result = job.execute_in_process(run_config={"receipt": "K1-1"}, instance=instance)
        outputs: list[Any] = [event.event_specific_data for event in result.all_events if event.is_successful_output]
        metadata = outputs[0].metadata
        assert metadata["status"].value == "imported"
        assert metadata["receipt"].value.startswith("**K1-1 · 2026-11-23 · 23.80 €: imported**")
        assert "| K1-1 | 8400 |" in metadata["receipt"].value
        for wrong in ("K1-99", ""):
            result = job.execute_in_process(run_config={"receipt": wrong}, instance=instance)
            told: Any = next(event.event_specific_data for event in result.all_events if event.is_successful_output)
            assert f"There is no receipt '{wrong}'." in told.metadata["receipt"].value  # no trace of a stack
    assert "Perhaps you mean K1-1 · 2026-11-23 · 23.80 €." in shop.call_json("receipts", "show", "1")[1]["hint"]
    assert shop.call_json("history")[1]["runs"] == runs  # it is no synchronisation


@pytest.mark.synced
def test_movements_are_written_to_standard_output_with_the_documents_number(shop: Program) -> None:
    code, out, err = shop.call("export", "movements", "--csv", "-")
    rows = [row.split(";") for row in out.removeprefix("\ufeff").splitlines()]
    assert (code, rows[0][-3], rows[1][-3]) == (0, "Document", "K1-1")
    assert err.startswith("2 movements written to standard output")
