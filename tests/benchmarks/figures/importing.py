"""Figure 2: staged receipts become postings and stock movements."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.benchmarks.feed import serve
from tests.benchmarks.figure import Claim, Contestant, Figure, Values
from tests.benchmarks.figures.staging import FEW, MANY, PEERS, RECEIPTS, STAGE, whole_pages
from tests.benchmarks.process import PEERS_PYTHON, Run, measure
from tests.benchmarks.shop import Shop, build, receipts

IMPORT = ("import", "--json")
OFFLINE = "http://127.0.0.1:9"
"""An import asks no cloud."""
TABLES = ("cloudkasse_posting", "cloudkasse_stock_movement")


def staged(folder: Path, count: int) -> Shop:
    """A shop that has staged so many receipts and imported none."""
    folder.mkdir(parents=True)
    shop, sold = build(folder / "shop")
    (folder / "feed").mkdir()
    with serve(folder / "feed", receipts(sold, count)) as feed:
        shop.started(feed.url(0))
        shop.belong_to(feed.url(count))
        shop.run(feed.url(count), *STAGE)
    return shop


@contextmanager
def _speed(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    shop = staged(folder / "staged", whole_pages(RECEIPTS, scale))
    rows: dict[str, list[int]] = {}

    def ours(empty: Path) -> Mapping[str, Run]:
        copied = shop.copy(empty / "shop", OFFLINE)
        runs = {"whole process": copied.run(OFFLINE, *IMPORT), "quiet run": copied.run(OFFLINE, *IMPORT)}
        rows.setdefault("ours", _digest(copied.database))
        return runs

    def bare(empty: Path) -> Mapping[str, Run]:
        copied = shop.copy(empty / "shop", OFFLINE)
        command = [PEERS_PYTHON, PEERS / "bare_import.py", copied.database, copied.folder / "cloudkasse.yaml"]
        runs = {"whole process": measure(command, folder=empty)}
        rows.setdefault("bare", _digest(copied.database))
        if len(rows) == 2:
            assert rows["ours"] == rows["bare"], f"not the same rows: {rows}"
        return runs

    yield Contestant("cloudkasse-etl", ours), Contestant("bare script", bare)


def _digest(database: Path) -> list[int]:
    """How many rows there are, and a sum over all of their values but the run's id."""
    found = []
    with closing(sqlite3.connect(database)) as connection:
        for table in TABLES:
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "run_id"]
            rows = connection.execute(f"SELECT {', '.join(names)} FROM {table}")
            count = total = 0
            for row in rows:
                count += 1
                total = (total + hash(row)) % 2**64
            found += [count, total]
    return found


@contextmanager
def _memory(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    shops = {count: staged(folder / f"{count}", whole_pages(count, scale)) for count in (FEW, MANY)}

    def play(empty: Path) -> Mapping[str, Run]:
        return {
            f"{count:,} receipts": shop.copy(empty / f"{count}", OFFLINE).run(OFFLINE, *IMPORT)
            for count, shop in shops.items()
        }

    yield (Contestant("cloudkasse-etl", play),)


def _over_quiet(values: Values) -> float:
    return values["cloudkasse-etl/whole process"] - values["cloudkasse-etl/quiet run"]


FIGURES = [
    Figure(
        number="2",
        title=f"Importing {RECEIPTS:,} staged receipts into postings and stock movements",
        enter=_speed,
        claims=(
            Claim(
                "import over a quiet run, to a bare script",
                ours=_over_quiet,
                peer=lambda values: values["bare script/whole process"],
                at_most=3.0,
            ),
        ),
        notes="""\
Both begin with the same database, in which the receipts are staged, and write the same rows into the same tables, which
is looked at in each measurement. The bare script reads the ERP's tables into dictionaries, computes row by row, writes
with executemany and commits once; it refuses nothing and checks nothing. Ours writes batches of whole receipts, each in
a transaction of its own. The quiet run is the same command once more, with nothing left to import.""",
    ),
    Figure(
        number="2m",
        title=f"Peak memory of importing {FEW:,} and {MANY:,} receipts",
        enter=_memory,
        claims=(
            Claim(
                "import of thirty times the receipts, to few",
                ours=lambda values: list(values.values())[1],
                peer=lambda values: next(iter(values.values())),
                at_most=1.3,
                quantity="peak_bytes",
            ),
        ),
        notes="The memory of the whole process, Dagster included.",
    ),
]
