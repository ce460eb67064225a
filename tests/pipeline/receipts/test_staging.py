"""Protects the way down: every receipt once, checked, with its page's cursor; a bad one holds up nothing."""

import copy
import random
import sqlite3
from contextlib import closing as closing_of
from pathlib import Path
from typing import Any

import orjson
import pytest

from cloudkasse_etl.entities import STAGED_CLOSINGS, STAGED_RECEIPTS
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.state.stores.books.decision_log import NOT_AGAIN, REPLACED
from cloudkasse_etl.state.stores.books.receipt_reader import ReceiptReader, ReceiptRow
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport, check_completeness
from cloudkasse_etl.sync.receipts.receipt_list import list_receipts
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.report import AssetReport
from tests.support import small_erp
from tests.support.books import dismiss
from tests.support.receipts.coffee_receipts import changed, closing, receipt
from tests.support.worlds import TOKEN, World

pytestmark = pytest.mark.shop(page_items=10)


def fetch(world: World, **options: bool) -> tuple[AssetReport, AssetReport]:
    with world.session(**options) as session:
        return stage_receipts(session), stage_closings(session)


def listed(world: World) -> list[ReceiptRow]:
    with world.session() as session:
        return ReceiptReader(session.store.connection).rows()


def complete(world: World) -> CompletenessReport:
    with world.session() as session:
        return check_completeness(session)


def test_receipts_are_staged_once_and_a_second_fetch_asks_one_thing(world: World) -> None:
    world.server.store.deliver_receipts([receipt(number) for number in range(1, 36)])
    receipts, _ = fetch(world)
    assert receipts.counts.new == 35
    assert {row.status for row in listed(world)} == {"staged"}
    before = len(world.server.requests)
    receipts, closings = fetch(world)
    assert receipts.counts.attempted == closings.counts.attempted == 0
    assert [(method, path.split("?")[0]) for method, path, _ in world.server.requests[before:]] == [
        ("GET", "/v1/status")
    ]


def test_a_receipt_that_comes_again_with_its_closing_number_is_the_same(world: World) -> None:
    world.server.store.deliver_receipts([receipt(1)])
    fetch(world)
    again = receipt(1, closing_number=7, arrived_at="2026-11-24T01:00:00+01:00")
    again["lines"][0]["quantity"] = "2"
    again["total_cents"] = 2380.0
    world.server.store.deliver_receipts([dict(reversed(again.items()))])
    receipts, _ = fetch(world)
    assert (receipts.counts.new, receipts.counts.unchanged, receipts.counts.rejected) == (0, 1, 0)


def test_the_same_id_with_other_content_is_refused_and_overwrites_nothing(world: World) -> None:
    world.server.store.deliver_receipts([receipt(1)])
    fetch(world)
    world.server.store.deliver_receipts([receipt(1, note="changed")] * 2)
    receipts, _ = fetch(world)
    assert [r.code for r in receipts.rejections] == ["receipt_conflict"]
    assert receipts.counts.rejected == 1
    assert [row.status for row in listed(world) if row.receipt_id == "r1"] == ["staged"]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("number", "x", "receipt_malformed"),
        ("business_day", "2026-02-30", "receipt_malformed"),
        ("lines.0.quantity", "1.2345", "receipt_malformed"),
        ("lines.0.vat_rate", "nineteen", "receipt_malformed"),
        ("lines", None, "receipt_malformed"),
        ("kind", "Kassenbon", "receipt_kind_unknown"),
        ("register", "K9", "receipt_register_unknown"),
        ("currency", "CHF", "receipt_currency"),
        ("lines.0.business_case", "Verkauf", "receipt_business_case_unknown"),
        ("payments.0.tender", "Gold", "receipt_tender_unknown"),
        ("total_cents", 2381, "receipt_lines_total"),
        ("payments.0.base_amount_cents", 2379, "receipt_payments_total"),
        ("lines.0.net_cents", 1999, "receipt_line_tax"),
        ("vat.0.net_cents", 1999, "receipt_block_tax"),
        ("vat", [], "receipt_vat_gross"),
        ("vat.0.vat_rate", "7.00", "receipt_vat_gross"),
    ],
)
def test_a_receipt_that_fails_a_check_is_kept_with_its_reason_and_holds_up_no_other(
    world: World, path: str, value: Any, code: str
) -> None:
    world.sync()  # so that the company's currency is known
    world.server.store.deliver_receipts([receipt(1), changed(receipt(2), path, value), receipt(3)])
    receipts, _ = fetch(world)
    assert receipts.counts.new == 2
    assert receipts.counts.rejected == 1
    assert code in {r.code for r in receipts.rejections}
    for rejection in receipts.rejections:
        for language in ("de", "en"):
            assert "?" not in rejection.text(language) + rejection.cure(language)
    assert [row.receipt_id for row in listed(world) if row.status == "rejected"] == ["r2"]


def test_a_doubled_block_is_refused(world: World) -> None:
    double = receipt(1)
    double["vat"] *= 2
    world.server.store.deliver_receipts([double])
    receipts, _ = fetch(world)
    assert "receipt_block_double" in {r.code for r in receipts.rejections}


@pytest.mark.parametrize(("off", "good"), [(0, True), (1, True), (-1, True), (2, False), (-2, False)])
def test_a_blocks_tax_may_differ_by_half_a_cent_a_line(world: World, off: int, good: bool) -> None:
    printed = receipt(1)
    printed["vat"][0]["tax_cents"] += off
    printed["vat"][0]["net_cents"] -= off
    world.server.store.deliver_receipts([printed])
    receipts, _ = fetch(world)
    assert receipts.counts.new == (1 if good else 0)
    assert [r.code for r in receipts.rejections] == ([] if good else ["receipt_vat_tax"])


@pytest.mark.parametrize("covered", [True, False])
def test_a_block_may_leave_out_receivables(world: World, covered: bool) -> None:
    item = receipt(1)
    owed = {"business_case": "Forderungsentstehung", "gross_cents": -2380, "net_cents": -2000, "tax_cents": -380}
    item["lines"].append({**item["lines"][0], "number": 2, "quantity": "1.000", **owed})
    item["total_cents"] = 0
    item["payments"] = []
    if covered:
        item["vat"] = [{"vat_rate": "19.00", "gross_cents": 0, "net_cents": 0, "tax_cents": 0}]
    world.server.store.deliver_receipts([item])
    assert fetch(world)[0].counts.new == 1


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"kind": "AVTraining"}, "no_effect"),
        ({"kind": "AVSachbezug"}, "no_effect"),
        ({"cancelled": True}, "no_effect"),
        ({"cancelled": True, "reference": {"receipt_id": "r9"}}, "staged"),
        ({"lines": [], "payments": [], "vat": [], "total_cents": 0}, "no_effect"),
        ({"business_day": "2025-12-31", "arrived_at": "2026-01-02T10:15:44+01:00"}, "before_start"),
    ],
)
def test_what_has_no_effect_is_told_apart(world: World, values: dict[str, Any], status: str) -> None:
    world.settings["receipts"] = {"start_date": "2026-01-01"}
    world.server.store.deliver_receipts([receipt(1, **values)])
    assert fetch(world)[0].counts.new == 1
    assert [row.status for row in listed(world)] == [status]


def test_a_refused_receipt_is_checked_again_once_its_register_is_named(world: World) -> None:
    world.server.store.deliver_receipts([receipt(1, register="K9")])
    fetch(world)
    assert fetch(world)[0].counts.as_dict()["still_rejected"] == 1
    world.settings["registers"].append({"number": "K9", "name": "Neu", "warehouse": "1", "price_group": "1"})
    receipts, _ = fetch(world)
    assert (receipts.counts.new, receipts.counts.still_rejected) == (1, 0)
    assert [row.status for row in listed(world)] == ["staged"]


def test_gaps_and_doubled_numbers_are_named_and_go_away_by_themselves(world: World) -> None:
    world.server.store.deliver_receipts([receipt(number) for number in (5, 6, 8, 12)] + [receipt(8, id="other")])
    world.server.store.deliver_closings([closing(3, 5, 6), closing(6, 8, 12)])
    fetch(world)
    found = complete(world)
    assert [(f.register, f.numbers) for f in found.receipt_gaps] == [("K1", "7"), ("K1", "9–11")]
    assert [(f.register, f.numbers) for f in found.doubled_numbers] == [("K1", "8")]
    assert [(f.register, f.numbers) for f in found.closing_gaps] == [("K1", "4–5")]
    assert [(f.register, f.numbers) for f in found.closing_differences] == [("K1", "6")]
    assert "5 receipts in the closing, 3 staged" in found.closing_differences[0].text

    world.server.store.deliver_receipts([receipt(number) for number in (7, 9, 10, 11)])
    fetch(world)
    assert complete(world).receipt_gaps == ()
    dismiss(world, "other", "keyed in twice")
    assert complete(world).doubled_numbers == ()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"receipt_count": 4}, "4 receipts in the closing, 3 staged"),
        (
            {"tenders": [{"tender": "Bar", "name": "Bar", "amount_cents": 7139}]},
            "Bar: 71.39 in the closing, 71.40 staged",
        ),
        (
            {"business_cases": [{"business_case": "Umsatz", "vat_rate": "19.00", "gross_cents": 7140,
                                 "net_cents": 6001, "tax_cents": 1139}]},
            "VAT 19.00 %: 11.39 in the closing, 11.40 staged",
        ),
    ],
)  # fmt: skip
def test_a_closing_that_differs_says_where(world: World, values: dict[str, Any], text: str) -> None:
    world.server.store.deliver_receipts([receipt(number) for number in (1, 2, 3)])
    world.server.store.deliver_closings([closing(1, 1, 3, **values)])
    fetch(world)
    assert [f.text for f in complete(world).closing_differences] == [text]


def test_a_closing_that_fits_raises_no_alarm_and_one_that_waits_is_healed_by_the_late_receipt(world: World) -> None:
    world.server.store.deliver_closings([closing(1, 1, 3)])
    world.server.store.deliver_receipts([receipt(1), receipt(3)])
    fetch(world)
    assert len(complete(world).closing_differences) == 1
    world.server.store.deliver_receipts([receipt(2, closing_number=1)])
    fetch(world)
    assert complete(world) == CompletenessReport()


def test_a_broken_closing_and_a_changed_one_are_refused(world: World) -> None:
    world.server.store.deliver_closings([closing(1, 1, 3), {"register": "K1", "number": 2}])
    _, closings = fetch(world)
    assert [r.code for r in closings.rejections] == ["closing_malformed"]
    world.server.store.deliver_closings([closing(1, 1, 4)])
    _, closings = fetch(world)
    assert sorted(r.code for r in closings.rejections) == ["closing_conflict", "closing_malformed"]
    assert closings.counts.rejected == 1


def repair(world: World, broken: Any, mended: Any) -> None:
    """The cloud repairs what it delivered once, where it stood: it shows to nobody who does not fetch it anew."""
    with closing_of(sqlite3.connect(world.folder / "cloud.db")) as cloud, cloud:
        bodies = (orjson.dumps(mended), orjson.dumps(broken))
        assert cloud.execute("UPDATE arrival SET body = ? WHERE body = ?", bodies).rowcount == 1


def open_rejections(world: World) -> list[tuple[str, str]]:
    with world.session() as session:
        return [
            (r.key, r.code) for asset in (STAGED_RECEIPTS, STAGED_CLOSINGS) for r in session.store.rejections.of(asset)
        ]


def statuses(world: World) -> dict[str, str]:
    return {row.receipt_id: row.status for row in listed(world)}


def test_an_unreadable_receipt_that_comes_again_readable_takes_the_place_of_the_first(world: World) -> None:
    broken = changed(receipt(1), "number", "one")
    world.server.store.deliver_receipts([broken, changed(receipt(2), "number", "two"), receipt(2)])
    receipts, _ = fetch(world)
    assert (receipts.counts.new, receipts.counts.rejected) == (1, 1)  # the second came twice, at last in order
    assert statuses(world) == {"r1": "rejected", "r2": "staged"}
    world.server.store.deliver_receipts([receipt(1)])
    receipts, _ = fetch(world)
    assert (receipts.counts.new, receipts.counts.rejected, receipts.rejections) == (1, 0, ())
    assert statuses(world) == {"r1": "staged", "r2": "staged"}
    with world.session() as session:
        assert orjson.loads(session.store.receipts.raw_of(["r1"])["r1"]) == receipt(1)
    world.server.store.deliver_receipts([broken])
    assert fetch(world)[0].counts.as_dict()["rejected"] == 0  # what cannot be read is no other content


def test_what_the_cloud_has_repaired_is_fetched_anew_only_if_somebody_asks(world: World) -> None:
    broken, nameless, bad = (
        changed(receipt(1), "number", "one"),
        {"text": "no receipt"},
        {"register": "K1", "number": 1},
    )
    world.server.store.deliver_receipts([broken, nameless, receipt(2)])
    world.server.store.deliver_closings([bad, {"text": "no closing"}])
    fetch(world)
    before = open_rejections(world)
    assert [code for _, code in before] == ["receipt_malformed"] * 2 + ["closing_malformed"] * 2
    repair(world, broken, receipt(1))
    repair(world, nameless, receipt(3))
    repair(world, bad, closing(1, 1, 3))
    repair(world, {"text": "no closing"}, closing(2, 4, 4, receipt_count=0, business_cases=[], tenders=[]))
    assert [report.counts.attempted for report in fetch(world)] == [0, 0]
    assert open_rejections(world) == before
    receipts, closings = fetch(world, retry_rejected=True)
    assert (receipts.counts.new, receipts.rejections) == (2, ())
    assert (closings.counts.new, closings.rejections) == (2, ())
    # what had not even an id could be found again by nobody: it rests, with the reason
    found = {row.status: row for row in listed(world)}
    assert sorted(row.status for row in listed(world)) == ["dismissed", "staged", "staged", "staged"]
    (dismissed,) = list_receipts(world.configuration(), status="dismissed")
    assert (dismissed.receipt_id, dismissed.reason("en")) == (found["dismissed"].receipt_id, NOT_AGAIN)
    assert complete(world).receipt_gaps == ()
    assert open_rejections(world) == []
    assert [report.counts.attempted for report in fetch(world, retry_rejected=True)] == [0, 0]


def test_a_corrected_receipt_takes_the_place_of_a_refused_one_which_stays_on_record(world: World) -> None:
    wrong = changed(receipt(1), "total_cents", 1)
    world.server.store.deliver_receipts([wrong])
    fetch(world)
    world.server.store.deliver_receipts([receipt(1)])
    receipts, _ = fetch(world)
    assert (receipts.counts.new, receipts.counts.rejected, receipts.rejections) == (1, 0, ())
    (aside,) = (receipt_id for receipt_id, status in statuses(world).items() if status == "dismissed")
    assert statuses(world) == {"r1": "staged", aside: "dismissed"}
    with world.session() as session:
        raw = session.store.receipts.raw_of(["r1", aside])
        assert (orjson.loads(raw["r1"]), orjson.loads(raw[aside])) == (receipt(1), wrong)
    (kept,) = list_receipts(world.configuration(), status="dismissed")
    assert (kept.reason("en"), kept.decisions[0].decided_by) == (REPLACED, "cloudkasse-etl")
    assert kept.reason("de") == REPLACED.render("de") != REPLACED
    # whatever is delivered again is known, also where everything is fetched anew
    world.server.store.deliver_receipts([wrong, receipt(1)])
    assert fetch(world, retry_rejected=True)[0].counts.attempted == 0
    assert open_rejections(world) == []


def test_a_corrected_receipt_that_is_wrong_too_stays_beside_the_first_until_somebody_decides(world: World) -> None:
    first, second = changed(receipt(1), "total_cents", 1), changed(receipt(1), "total_cents", 2)
    world.server.store.deliver_receipts([first, second])
    fetch(world)
    (beside,) = (key for key, code in open_rejections(world) if code == "receipt_conflict")
    assert statuses(world) == {"r1": "rejected", beside: "rejected"}
    for receipt_id in ("r1", beside):
        dismiss(world, receipt_id, "booked by hand")
    assert open_rejections(world) == []
    world.server.store.deliver_receipts([first, second])
    assert fetch(world, retry_rejected=True)[0].counts.as_dict()["rejected"] == 0
    assert statuses(world) == {"r1": "dismissed", beside: "dismissed"}


def test_a_second_content_takes_the_place_once_a_setting_lets_it_pass(world: World) -> None:
    first, second = receipt(1, register="K9", total_cents=1), receipt(1, register="K9")
    world.server.store.deliver_receipts([first, second])
    assert fetch(world)[0].counts.rejected == 2
    world.settings["registers"].append({"number": "K9", "name": "Neu", "warehouse": "1", "price_group": "1"})
    receipts, _ = fetch(world)
    assert (receipts.counts.new, receipts.rejections) == (1, ())
    assert sorted(statuses(world).values()) == ["dismissed", "staged"]
    assert statuses(world)["r1"] == "staged"


def test_a_registers_own_id_may_look_like_one_of_ours(world: World) -> None:
    world.server.store.deliver_receipts([receipt(1), receipt(1, note="changed"), {"text": "no receipt"}])
    fetch(world)
    ours = [key for key in statuses(world) if key != "r1"]
    assert len(ours) == 2
    alike = [receipt(number, id=key) for number, key in enumerate([*ours, "x!0123456789ab"], 2)]
    world.server.store.deliver_receipts([*alike, receipt(5, id="y!0123456789ab", total_cents=1)])
    receipts, _ = fetch(world)
    assert receipts.counts.new == 3
    found = statuses(world)
    assert {found[key] for key in (*ours, "x!0123456789ab", "r1")} == {"staged"}
    assert sorted(code for _, code in open_rejections(world)) == [
        "receipt_conflict", "receipt_lines_total", "receipt_malformed", "receipt_payments_total",
    ]  # fmt: skip
    # what only looks like a second content is checked again like any other
    world.server.store.deliver_receipts([receipt(5, id="y!0123456789ab")])
    assert fetch(world, retry_rejected=True)[0].counts.new == 1
    assert statuses(world)["y!0123456789ab"] == "staged"
    world.server.store.deliver_receipts([*alike, receipt(1, note="changed")])
    before = statuses(world)
    assert fetch(world, retry_rejected=True)[0].counts.as_dict()["new"] == 0
    assert statuses(world) == before


def test_a_refused_closing_is_told_in_each_run_until_a_good_one_comes(world: World) -> None:
    world.server.store.deliver_closings([{"register": "K1", "number": 1}])
    fetch(world)
    for options in ({}, {"retry_rejected": True}):
        _, closings = fetch(world, **options)
        assert [(r.key, r.code, r.still) for r in closings.rejections] == [("K1|1", "closing_malformed", not options)]
    world.server.store.deliver_closings([closing(1, 1, 1), {"register": "K1", "number": 1}])
    _, closings = fetch(world)
    assert (closings.counts.new, closings.rejections) == (1, ())
    _, closings = fetch(world, retry_rejected=True)  # and the bad one, which is still delivered, does not come back
    assert (closings.counts.attempted, closings.rejections) == (0, ())


def test_any_order_with_repeats_and_any_page_size_stages_the_same(tmp_path: Path) -> None:
    items = [receipt(number) for number in range(1, 40)] + [changed(receipt(40), "total_cents", 1)]
    seen = set()
    for seed in range(25):
        chance = random.Random(seed)
        delivered = items + chance.choices(items, k=15)
        chance.shuffle(delivered)
        folder = tmp_path / str(seed)
        folder.mkdir()
        url = f"sqlite:///{folder / 'erp.db'}"
        small_erp.build(url)
        with SandboxServer(folder / "cloud.db", token=TOKEN, page_items=chance.randint(1, 17)) as server:
            world = World(folder, url, server, copy.deepcopy(small_erp.SETTINGS))
            server.store.deliver_receipts(delivered[:20])
            fetch(world)
            server.store.deliver_receipts(delivered[20:])
            fetch(world)
            seen.add(tuple(repr(row) for row in listed(world)))
    assert len(seen) == 1
