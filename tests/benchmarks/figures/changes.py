"""Figures 4, 5 and 6: nothing new, little new, and everything compared, in a shop of a million articles."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.benchmarks.accepting_server import AcceptingServer, accepting_server
from tests.benchmarks.big_shop import BigShop, build_big
from tests.benchmarks.figure import Claim, Contestant, Figure
from tests.benchmarks.process import MAIN_PYTHON, Run, measure

BIG, SMALL, CHANGED = 1_000_000, 4_000, 100
MASTER_DATA = ("sync", "master-data", "--json")
READ = Path(__file__).parents[1] / "peers" / "read_and_hash.py"


@contextmanager
def _synced(folder: Path, articles: int) -> Iterator[tuple[BigShop, AcceptingServer, Path]]:
    """A shop that is level with its cloud, after a quiet run."""
    shop, own = build_big(folder / "shop", articles), folder / "own"
    own.mkdir()
    with accepting_server() as server:
        for _ in range(2):
            shop.run(server.url, own, "sync", "all", "--json")
        yield shop, server, own


@contextmanager
def _quiet(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    with (
        _synced(folder / "big", round(BIG * scale)) as big,
        _synced(folder / "small", round(SMALL * scale)) as small,
    ):
        yield (
            Contestant("a million articles", lambda _: _quiet_runs(*big)),
            Contestant("4,000 articles", lambda _: _quiet_runs(*small)),
        )


def _quiet_runs(shop: BigShop, server: AcceptingServer, own: Path) -> Mapping[str, Run]:
    runs = {"sync all": shop.run(server.url, own, "sync", "all", "--json")}
    before = server.account()["requests"]
    runs["sync receipts"] = shop.run(server.url, own, "sync", "receipts", "--json")
    asked = server.account()["requests"] - before - 1  # the second look at the account is one
    assert asked == 1, f"`sync receipts` with nothing new asked the cloud {asked} times"
    return runs


@contextmanager
def _little(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    turns = count(1)
    with _synced(folder, round(BIG * scale)) as (shop, server, own):

        def play(_: Path) -> Mapping[str, Run]:
            quiet = shop.run(server.url, own, "sync", "all", "--json")
            shop.change(CHANGED, next(turns))
            changed = shop.run(server.url, own, "sync", "all", "--json")
            found = sum(counts["changed"] for counts in json.loads(changed.output)["assets"].values())
            assert found == CHANGED, f"{found} of {CHANGED} changes went up"
            return {"quiet": quiet, f"{CHANGED} changed": changed}

        yield (Contestant("cloudkasse-etl", play),)


@contextmanager
def _full(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    with _synced(folder, round(BIG * scale)) as (shop, server, own):

        def ours(_: Path) -> Mapping[str, Run]:
            runs: dict[str, Run] = {}
            shop.touch_rates()
            runs["compared"] = shop.run(server.url, own, *MASTER_DATA)
            with server.share(runs):
                runs["compared, cloud asked"] = shop.run(server.url, own, *MASTER_DATA, "--full")
            return runs

        def peer(empty: Path) -> Mapping[str, Run]:
            run = measure([MAIN_PYTHON, READ, f"sqlite:///{shop.database}"], folder=empty)
            return {"read and hashed": run, "the frames": Run(0.0, 0.0, int(run.output.split()[-1]))}

        yield Contestant("cloudkasse-etl", ours), Contestant("pandas", peer)


FIGURES = [
    Figure(
        number="4",
        title=f"A quiet sync of {BIG:,} articles beside {SMALL:,}",
        enter=_quiet,
        claims=(
            Claim(
                "a million articles to 4,000, nothing new",
                ours=lambda values: values["a million articles/sync all"],
                peer=lambda values: values["4,000 articles/sync all"],
                at_most=1.3,
            ),
        ),
        notes="`sync receipts` with nothing new asks the cloud once, in either shop; the benchmark breaks where not.",
    ),
    Figure(
        number="5",
        title=f"{CHANGED} changed articles and prices among {BIG:,}",
        enter=_little,
        claims=(
            Claim(
                f"{CHANGED} changed to a quiet sync",
                ours=lambda values: values[f"cloudkasse-etl/{CHANGED} changed"],
                peer=lambda values: values["cloudkasse-etl/quiet"],
                at_most=2.0,
            ),
        ),
    ),
    Figure(
        number="6",
        title=f"Full comparison of {BIG:,} articles",
        enter=_full,
        claims=(
            Claim(
                "every record compared, to read_sql and hash_pandas_object of the same rows",
                ours=lambda values: values["cloudkasse-etl/compared"],
                peer=lambda values: values["pandas/read and hashed"],
                at_most=3.0,
            ),
            Claim(
                "the same after the cloud was asked for all that it holds (`--full`), without the server's time",
                ours=lambda values: values["cloudkasse-etl/compared, cloud asked"] - values["cloudkasse-etl/server"],
                peer=lambda values: values["pandas/read and hashed"],
                at_most=3.0,
            ),
            Claim(
                "peak memory of a comparison to those frames",
                ours=lambda values: values["cloudkasse-etl/compared"],
                peer=lambda values: values["pandas/the frames"],
                at_most=2.0,
                quantity="peak_bytes",
            ),
        ),
        notes="""\
Ours compares every record of the ERP with what the cloud last accepted, as it does when a VAT rate has changed; with
`--full` it has asked the cloud before for all that it holds, page by page. pandas reads the columns that we read of ART
and ARPREIS and hashes the rows.""",
    ),
]
