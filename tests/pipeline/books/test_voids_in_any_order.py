"""Protects that voids book what their sale did, whatever changes meanwhile, in which order they come and are imported.

Random sales, voids, changes and orders; what must come of them is written down here from what was set when the sale was
booked, and shares no code with the program.
"""

import copy
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_tables import METADATA
from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support import small_erp
from tests.support.books import book, fetch, tables, with_accounts
from tests.support.receipts.receipt_factory import Fields, item, line, pay
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

SEEDS = range(300 if LONG else 25)
PRICES = {"A1": 1190, "SET": 2380}


@dataclass(frozen=True)
class State:
    """What the ERP and the settings say at a time."""

    revenue: str | None
    others: str
    is_kept: bool
    in_set: int
    cash: str
    card: str
    clearing: str


def any_state(chance: random.Random) -> State:
    return State(
        chance.choice([None, "8410", "8399"]),
        chance.choice(["8400", "8405"]),
        chance.random() < 0.7,
        chance.choice([1, 2, 3]),
        chance.choice(["1000", "1009"]),
        chance.choice(["1361", "1369"]),
        chance.choice(["1371", "1372"]),
    )


def put(shop: World, state: State) -> None:
    """Makes ERP and settings say so."""
    account = "NULL" if state.revenue is None else f"'{state.revenue}'"
    kept = int(state.is_kept)
    shop.erp(f"UPDATE ART SET KontoVerkauf = {account}, Lagerartikel = {kept} WHERE Artikelnummer = 'A1'")
    shop.erp(f"UPDATE ARTSET SET Menge = {state.in_set}")
    for register in shop.settings["registers"]:
        register["cash_account"] = state.cash
    accounts = shop.settings["accounts"]
    accounts |= {"clearing": state.clearing, "revenue": {"19.00": state.others, "16.00": "8406"}}
    accounts["tenders"]["ECKarte"] = state.card


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A shop of two registers, one article and one set of another; the rate falls on the day after the sales."""
    folder = tmp_path_factory.mktemp("voids")
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url)
    settings = copy.deepcopy(small_erp.SETTINGS)
    settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "2", "price_group": "2"})
    with SandboxServer(folder / "cloud.db", token=TOKEN, page_items=10) as server:
        made = World(folder, url, server, with_accounts(settings))
        engine = sa.create_engine(made.erp_url)
        with engine.begin() as connection:
            values = {**small_erp.ARTICLE, "Artikelnummer": "SET", "Bezeichnung": "SET", "Stueckliste": "H", "TS": 0}
            connection.execute(METADATA.tables["ART"].insert().values(ART_ID=99, **values | {"Lagerartikel": False}))
            row: dict[str, Any] = {"Artikelnummer": "SET", "SetArtikelnummer": "A2", "Position": 1, "Menge": 1}
            connection.execute(METADATA.tables["ARTSET"].insert().values(ARTSET_ID=1, TS=0, **row))
        engine.dispose()
        made.erp(
            "INSERT INTO USDETAIL (USDETAIL_ID, SteuerCode, GueltigAb, Steuer, TS) "
            "VALUES (9, '3', '2026-11-24 00:00:00', 16.0, 0)"
        )
        yield made


def goods(article: str, pieces: int, *, is_turned: bool = True) -> Fields:
    """A line of so many pieces; negative takes back, with the sign at the quantity or only at the money."""
    quantity = pieces if is_turned else abs(pieces)
    gross = PRICES[article] * pieces
    return line(gross=gross, article=article, quantity=f"{quantity}.000", unit_price_cents=PRICES[article])


@dataclass
class Case:
    """A sale, what takes it back, and what must come of both: by receipt, account and tender; by warehouse, article."""

    sale: Fields
    voids: list[Fields]
    accounts: Counter[tuple[str, str]]
    stock: Counter[tuple[str, str, str]]


def any_case(seed: int, chance: random.Random, state: State) -> Case:
    sold = {"A1": chance.randint(1, 4), "SET": chance.randint(0, 2)}
    tender = chance.choice(["Bar", "ECKarte"])
    number = 100 * seed
    accounts: Counter[tuple[str, str]] = Counter()
    stock: Counter[tuple[str, str, str]] = Counter()

    def receipt(pieces: dict[str, int], step: int, **fields: Any) -> Fields:
        turned = chance.random() < 0.7
        lines = [goods(article, count, is_turned=turned) for article, count in pieces.items() if count]
        register = chance.choice(["K1", "K2"])
        total = sum(PRICES[article] * count for article, count in pieces.items())
        made = item(
            *lines,
            payments=[pay(tender, total)],
            id=f"{seed}-{step}",
            number=number + step,
            register=register,
            **fields,
        )
        for article, count in pieces.items():
            account = state.revenue if article == "A1" and state.revenue else state.others
            accounts[made["id"], account] -= PRICES[article] * count
            moved, each = ("A1", int(state.is_kept)) if article == "A1" else ("A2", state.in_set)
            stock[made["id"], register[1], moved] -= 1000 * count * each
        accounts[made["id"], state.cash if tender == "Bar" else state.card] += total
        return made

    sale = receipt(sold, 1, business_day="2026-11-23")
    voids, left, step = [], dict(sold), 2
    while any(left.values()) and chance.random() < 0.85:
        part = {article: -chance.randint(0, count) for article, count in left.items()}
        if not any(part.values()):
            continue
        left = {article: count + part[article] for article, count in left.items()}
        flagged = chance.random() < 0.5
        voids.append(receipt(part, step, reference=sale["id"], cancelled=flagged, business_day="2026-11-24"))
        step += 1
    return Case(sale, voids, accounts, stock)


@pytest.mark.parametrize("seed", SEEDS)
def test_voids_book_what_their_sale_did_whatever_changes_and_whichever_comes_first(shop: World, seed: int) -> None:
    chance = random.Random(seed)
    before = any_state(chance)
    put(shop, before)
    case = any_case(seed, chance, before)
    waiting = list(case.voids)
    chance.shuffle(waiting)
    early = [waiting.pop() for _ in range(chance.randint(0, len(waiting)))]
    together = [waiting.pop() for _ in range(chance.randint(0, len(waiting)))]
    for arriving in (early, [*together, case.sale]):
        chance.shuffle(arriving)
        shop.server.store.deliver_receipts(arriving)
        fetch(shop)
        if arriving is not early or chance.random() < 0.7:
            book(shop)
    put(shop, any_state(chance))
    while waiting:
        shop.server.store.deliver_receipts([waiting.pop() for _ in range(chance.randint(1, len(waiting)))])
        fetch(shop)
        if chance.random() < 0.5:
            book(shop)
    book(shop)

    mine = [row for row in tables(shop)["posting"] if row["receipt_id"].startswith(f"{seed}-")]
    posted: Counter[tuple[str, str]] = Counter()
    for row in mine:
        posted[row["receipt_id"], row["account"]] += row["amount_cents"]
    assert {key: cents for key, cents in posted.items() if cents} == {k: c for k, c in case.accounts.items() if c}
    assert {row["account"] for row in mine if posted[row["receipt_id"], row["account"]] == 0} == {before.clearing}
    moved: Counter[tuple[str, str, str]] = Counter()
    for row in tables(shop)["stock_movement"]:
        if row["receipt_id"].startswith(f"{seed}-"):
            moved[row["receipt_id"], row["warehouse"], row["article"]] += row["quantity_milli"]
    assert dict(moved) == {key: milli for key, milli in case.stock.items() if milli}
