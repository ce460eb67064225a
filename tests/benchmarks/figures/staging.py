"""Figure 1: receipts over HTTP into SQLite, checked and exactly once."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.feed import PAGE_ITEMS, TOKEN, Feed, serve
from tests.benchmarks.figure import Claim, Contestant, Figure, Values
from tests.benchmarks.process import PEERS_PYTHON, Run, measure
from tests.benchmarks.shop import Shop, build, receipts

RECEIPTS, FEW, MANY = 100_000, 10_000, 300_000
PEERS = Path(__file__).parents[1] / "peers"
NO_TELEMETRY = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
STAGE = ("sync", "receipts", "--no-import", "--json")


def whole_pages(count: int, scale: float) -> int:
    """A number of receipts at a share of the full size."""
    return max(round(count * scale / PAGE_ITEMS), 1) * PAGE_ITEMS


def stage(shop: Shop, feed: Feed, folder: Path, count: int, *, quiet: bool = True) -> dict[str, Run]:
    """Ours: a command that stages so many receipts, and one that finds nothing new."""
    url = feed.url(count)
    copied = shop.copy(folder / "shop", url)
    runs: dict[str, Run] = {}
    with feed.share(runs):
        runs["whole process"] = copied.run(url, *STAGE)
    if quiet:
        runs["quiet run"] = copied.run(url, *STAGE)
    return runs


def peer(script: str, feed: Feed, folder: Path, count: int) -> Mapping[str, Run]:
    """A peer that stages so many receipts."""
    runs: dict[str, Run] = {}
    with feed.share(runs):
        command: list[str | Path] = [PEERS_PYTHON, PEERS / script, feed.url(count), TOKEN, folder / "peer.db"]
        runs["whole process"] = measure(
            command, folder=folder, environment={**NO_TELEMETRY, "DLT_DATA_DIR": str(folder)}
        )
    assert int(runs["whole process"].output.split()[-1]) == count, runs["whole process"].output
    return runs


@contextmanager
def _speed(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    count = whole_pages(RECEIPTS, scale)
    shop, sold = build(folder / "shop")
    (folder / "feed").mkdir()
    with serve(folder / "feed", receipts(sold, count)) as feed:
        shop.started(feed.url(0))
        yield (
            Contestant("cloudkasse-etl", lambda empty: stage(shop, feed, empty, count)),
            Contestant("bare script", lambda empty: peer("bare_staging.py", feed, empty, count)),
            Contestant("dlt", lambda empty: peer("dlt_staging.py", feed, empty, count)),
        )


@contextmanager
def _memory(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    few, many = (whole_pages(count, scale) for count in (FEW, MANY))
    shop, sold = build(folder / "shop")
    (folder / "feed").mkdir()

    def play(empty: Path) -> Mapping[str, Run]:
        parts = ((f"{count:,} receipts", count) for count in (few, many))
        return {name: stage(shop, feed, empty / name, count, quiet=False)["whole process"] for name, count in parts}

    with serve(folder / "feed", receipts(sold, many)) as feed:
        shop.started(feed.url(0))
        yield (Contestant("cloudkasse-etl", play),)


def _over_quiet(values: Values) -> float:
    return values["cloudkasse-etl/whole process"] - values["cloudkasse-etl/quiet run"]


def _first(values: Values) -> float:
    return next(iter(values.values()))


def _second(values: Values) -> float:
    return list(values.values())[1]


FIGURES = [
    Figure(
        number="1",
        title=f"Staging {RECEIPTS:,} receipts over HTTP into SQLite",
        enter=_speed,
        claims=(
            Claim(
                "ours over a quiet run, to a bare script",
                ours=_over_quiet,
                peer=lambda values: values["bare script/whole process"],
                at_most=3.0,
            ),
            Claim(
                "dlt to ours, whole processes",
                ours=lambda values: values["dlt/whole process"],
                peer=lambda values: values["cloudkasse-etl/whole process"],
                at_least=4.0,
            ),
        ),
        notes="""\
All fetch the same pages of 1,000 receipts from one server, whose own processor time is shown. Ours checks every receipt
and stores each page with its cursor in one transaction; the quiet run is the same command once more, with nothing new.
The bare script (requests, orjson, sqlite3) stores the same columns and the receipt itself, unchecked, and commits
once. dlt (rest_api → sqlalchemy) makes tables of receipts, lines, payments and VAT.""",
    ),
    Figure(
        number="1m",
        title=f"Peak memory of staging {FEW:,} and {MANY:,} receipts",
        enter=_memory,
        claims=(
            Claim("thirty times the receipts, to few", ours=_second, peer=_first, at_most=1.3, quantity="peak_bytes"),
        ),
        notes="The memory of the whole process, Dagster included.",
    ),
]
