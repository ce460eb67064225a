"""Protects that no receipt vanishes from a sum: the parts add up to all that were fetched, whatever happens to them.

What is compared with is counted here from what the registers delivered and from people's decisions, receipt by receipt.
"""

import copy
import random
from collections import Counter, defaultdict
from typing import Any

import pytest

from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.state.stores.books.receipt_totals import ReceiptTotals
from cloudkasse_etl.sync.receipts.receipt_list import list_receipts, sums_of_listed
from cloudkasse_etl.sync.run.receipt_sums import FATE_WORDS, ReceiptSums
from tests.support import small_erp
from tests.support.books import book, dismiss, fetch, tables, with_accounts
from tests.support.receipts.coffee_receipts import changed, in_kind, of_day, receipt
from tests.support.selling.selling_shop import Fields, delivered, once, shop
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import World

COMMANDS = ("sell", "dismiss", "sell", "book", "settings", "sell", "book", "dismiss", "settings", "book")
Sums = dict[tuple[str, str | None], tuple[int, dict[str, int]]]
_REASONS = {
    "AVTraining": "training", "AVBelegabbruch": "broken_off", "AVBestellung": "order", "AVRechnung": "invoice",
    "AVBelegstorno": "voided_invoice", "AVTransfer": "transfer", "AVSachbezug": "in_kind", "AVSonstige": "other",
}  # fmt: skip


def _void_of(number: int, original: str) -> Fields:
    """A receipt that takes another one back, whole."""
    found = receipt(number, reference={"receipt_id": original, "register": None, "number": None}, total_cents=-2380)
    for path, value in (
        ("lines.0.gross_cents", -2380), ("lines.0.net_cents", -2000), ("lines.0.tax_cents", -380),
        ("lines.0.quantity", "-2.000"), ("payments.0.amount_cents", -2380), ("payments.0.base_amount_cents", -2380),
        ("vat.0.gross_cents", -2380), ("vat.0.net_cents", -2000), ("vat.0.tax_cents", -380),
    ):  # fmt: skip
        found = changed(found, path, value)
    return found


def _odd() -> list[Fields]:
    """What a simulated shop does not write, or seldom: faults, two contents of one id, a void that comes first."""
    number = iter(range(9001, 9100))
    training = receipt(next(number), kind="AVTraining")
    sale = receipt(next(number))
    return [
        _void_of(next(number), sale["id"]),
        sale,
        training,
        _void_of(next(number), training["id"]),
        changed(receipt(next(number)), "total_cents", 1),
        changed(receipt(next(number)), "total_cents", "much"),
        changed(receipt(next(number)), "currency", "CHF"),
        in_kind(next(number)),
        receipt(next(number), cancelled=True),
        receipt(next(number), lines=[], payments=[], vat=[], total_cents=0),
        of_day("2026-09-01", next(number)),
        of_day("2026-09-01", next(number), kind="AVTraining"),
        receipt(next(number), register="K7"),
        changed(sale, "payments.0.name", "another content"),
    ]


class Counting:
    """Counts receipts one by one, by what they must have become."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.delivered: list[Fields] = []
        self.dismissed: set[str] = set()
        self.passed_over: set[str] = set()  # what an import has looked at since the checks last changed
        self.taken: set[str] = set()  # goods taken in kind whose stock has moved: that makes no posting

    def book(self) -> None:
        """Notes what an import looks at."""
        self.passed_over |= {one["id"] for one in self.delivered}
        settings = self._world.settings["receipts"]
        if settings["in_kind_moves_stock"]:
            self.taken |= {
                one["id"]
                for one in self.delivered
                if one["kind"] == "AVSachbezug" and one["business_day"] >= settings.get("start_date", "")
            }

    def expected(self) -> Sums:
        """Count and cents by currency, by fate and reason."""
        now = tables(self._world)
        posted = {row["receipt_id"] for row in now["posting"]}
        refused = {row["record_key"]: row["asset"] for row in now["rejection"]}
        counts: Counter[tuple[str, str | None]] = Counter()
        cents: dict[tuple[str, str | None], dict[str, int]] = defaultdict(dict)
        seen: dict[str, Fields] = {}
        for item in self.delivered:
            first = seen.setdefault(item["id"], item)
            second = first is not item
            if second and first == item:
                continue
            fate = ("rejected", None) if second else self._fate(item, posted, refused, seen)
            counts[fate] += 1
            if not second and isinstance(item["total_cents"], int):
                sums = cents[fate]
                sums[item["currency"]] = sums.get(item["currency"], 0) + item["total_cents"]
        return {fate: (count, dict(cents[fate])) for fate, count in counts.items()}

    def _fate(
        self, item: Fields, posted: set[str], refused: dict[str, str], seen: dict[str, Fields]
    ) -> tuple[str, str | None]:
        key, settings = item["id"], self._world.settings["receipts"]
        if key in self.dismissed:
            return "dismissed", None
        if key in posted or key in self.taken:
            return "imported", None
        if key in refused:
            return ("refused_by_import" if refused[key] == REVENUE_POSTINGS else "rejected"), None
        if item["business_day"] < settings.get("start_date", ""):
            return "before_start", None
        reason = self._reason(item)
        original = next(
            (one for one in seen.values() if one["id"] == (item["reference"] or {}).get("receipt_id")), None
        )
        if reason is None and original is not None and self._reason(original) and key in self.passed_over:
            reason = "void"
        if reason == "in_kind" and settings["in_kind_moves_stock"]:
            return "staged", None
        return ("no_effect", reason) if reason else ("staged", None)

    def _reason(self, item: Fields) -> str | None:
        if item["kind"] != "Beleg":
            return _REASONS[item["kind"]]
        if item["cancelled"] and not item["reference"]:
            return "broken_off"
        return None if item["total_cents"] or any(not line["cancelled"] for line in item["lines"]) else "empty"


def _found(sums: ReceiptSums) -> Sums:
    return {(str(one.fate), one.reason): (one.count, dict(one.cents)) for one in sums.fates}


def _settings(chance: random.Random) -> Any:
    found = with_accounts(copy.deepcopy(small_erp.SETTINGS))
    found["registers"].append({"number": "K2", "name": "Markt", "warehouse": "2", "price_group": "2"})
    found["receipts"] = {"in_kind_moves_stock": chance.random() < 0.3, "days_back": 3650}
    if chance.random() < 0.5:
        found["receipts"]["start_date"] = chance.choice(["2026-09-02", "2026-10-07"])
    for tender in ("ECKarte", "Kreditkarte"):
        if chance.random() < 0.4:
            found["accounts"]["tenders"].pop(tender, None)
    return found


@pytest.fixture(scope="module")
def written() -> list[Fields]:
    """What registers write in two days, opening cash apart: it makes no posting by which it could be recognised."""
    store = shop()
    sell(store, days=2, receipts=40, seed=5)
    found = [one for one in once(delivered(store)) if not _is_opening(one)]
    store.close()
    return found


def _is_opening(item: Fields) -> bool:
    return any(line["business_case"] == "Anfangsbestand" for line in item["lines"])


@pytest.mark.parametrize("seed", range(40 if LONG else 1))
def test_the_parts_add_up_to_all_that_was_fetched_after_every_command(
    world: World, written: list[Fields], seed: int
) -> None:
    chance = random.Random(seed)
    counting = Counting(world)
    arriving = [*written, *_odd()]
    contents = [one for one in arriving if one["payments"] and one["payments"][0]["name"] == "another content"]
    arriving = [*chance.sample([one for one in arriving if one not in contents], k=len(arriving) - 1), *contents]
    seen: set[tuple[str, str | None]] = set()
    world.settings = _settings(chance)
    for command in COMMANDS if not LONG else [chance.choice(COMMANDS) for _ in range(20)]:
        if command == "settings":
            before, world.settings = world.settings, _settings(chance)
            world.settings["receipts"].setdefault("start_date", "2026-09-02")
            if before["receipts"] != world.settings["receipts"]:
                counting.passed_over.clear()
            fetch(world)
        elif command == "sell":
            part, arriving = arriving[:25], arriving[25:]
            world.server.store.deliver_receipts([*part, *part[:2]])
            counting.delivered += part
            fetch(world)
        elif command == "book":
            book(world)
            counting.book()
        else:
            open_ones = [r for r in list_receipts(world.configuration()) if r.status in ("staged", "rejected")]
            plain = [r.receipt_id for r in open_ones if r.register == "K1" and (r.number or 0) < 9000]
            for receipt_id in chance.sample(plain, k=min(2, len(plain))):
                dismiss(world, receipt_id, "by hand")
                counting.dismissed.add(receipt_id)
        with world.session() as session:
            sums = session.receipt_sums()
            totals = ReceiptTotals(session.store.connection)
            assert totals.booked() == totals.count_booked(), command
        expected = counting.expected()
        assert _found(sums) == expected, command
        every = list_receipts(world.configuration())
        assert (sums_of_listed(every).fates, len(every)) == (sums.fates, sums.count), command
        assert sums.count == sum(count for count, _ in expected.values())
        assert sums.postings == len(tables(world)["posting"])
        assert sums.movements == len(tables(world)["stock_movement"])
        seen |= expected.keys()
    if not LONG:
        fates, reasons = ({one[at] for one in seen} for at in (0, 1))
        assert fates == set(FATE_WORDS)
        assert reasons >= {None, "training", "broken_off", "empty", "void", "in_kind"}
