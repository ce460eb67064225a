"""Figure 3: the first upload of a shop's articles and prices."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.accepting_server import accepting_server
from tests.benchmarks.big_shop import BigShop, build_big
from tests.benchmarks.figure import Claim, Contestant, Figure
from tests.benchmarks.process import PEERS_PYTHON, Run, measure

ARTICLES = 100_000
CONNECTIONS = "4"  # as api.connections has it
BARE = Path(__file__).parents[1] / "peers" / "bare_upload.py"
UPLOAD = ("sync", "master-data", "--json")


@contextmanager
def _enter(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    shop = build_big(folder / "shop", round(ARTICLES * scale))
    batches, own = folder / "batches", folder / "own"
    batches.mkdir()
    own.mkdir()
    with accepting_server(batches) as server:
        shop.run(server.url, own, *UPLOAD)
    yield (
        Contestant("cloudkasse-etl", lambda empty: _ours(shop, empty)),
        Contestant("bare script", lambda empty: _bare(batches, empty)),
    )


def _ours(shop: BigShop, empty: Path) -> Mapping[str, Run]:
    runs: dict[str, Run] = {}
    with accepting_server() as server, server.share(runs):
        runs["whole process"] = shop.run(server.url, empty, *UPLOAD)
    return runs


def _bare(batches: Path, empty: Path) -> Mapping[str, Run]:
    runs: dict[str, Run] = {}
    with accepting_server() as server, server.share(runs):
        runs["whole process"] = measure([PEERS_PYTHON, BARE, server.url, batches, CONNECTIONS], folder=empty)
    return runs


FIGURE = Figure(
    number="3",
    title=f"First upload of {ARTICLES:,} articles with their prices",
    enter=_enter,
    claims=(
        Claim(
            "ours to a bare script, the processor time of either process: the server's is in none of them",
            ours=lambda values: values["cloudkasse-etl/whole process"],
            peer=lambda values: values["bare script/whole process"],
            at_most=1.5,
            quantity="cpu_seconds",
        ),
    ),
    notes="""\
The server takes all that it is sent and tells its own processor time. Ours reads the ERP, checks every record, computes
the gross prices, stores each request before it is sent and each answer with the record as it was accepted. The bare
script has the same batches as files and sends them over as many connections; it reads, checks, computes and stores
nothing. By the clock it mostly waits for the server, which works at the same time, so that the server's time cannot be
taken off the clock's.""",
)
