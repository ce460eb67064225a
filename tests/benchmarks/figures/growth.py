"""Figure 8: how time grows with a shop's articles and with its receipts."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.accepting_server import accepting_server
from tests.benchmarks.big_shop import build_big
from tests.benchmarks.feed import serve
from tests.benchmarks.figure import Claim, Contestant, Figure, Values
from tests.benchmarks.figures.staging import stage, whole_pages
from tests.benchmarks.figures.upload import UPLOAD
from tests.benchmarks.process import Run
from tests.benchmarks.shop import build, receipts

SIZES = (1_000, 10_000, 100_000, 1_000_000)


@contextmanager
def _articles(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    shops = {size: build_big(folder / str(size), max(round(size * scale), 100)) for size in SIZES}

    def play(empty: Path) -> Mapping[str, Run]:
        runs = {}
        for size, shop in shops.items():
            own = empty / str(size)
            own.mkdir()
            with accepting_server() as server:
                runs[f"{size:,}"] = shop.run(server.url, own, *UPLOAD)
        return runs

    yield (Contestant("first upload", play),)


@contextmanager
def _receipts(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    counts = {size: whole_pages(size, scale) for size in SIZES}
    shop, sold = build(folder / "shop")
    (folder / "feed").mkdir()

    with serve(folder / "feed", receipts(sold, max(counts.values()))) as feed:
        shop.started(feed.url(0))

        def play(empty: Path) -> Mapping[str, Run]:
            return {
                f"{size:,}": stage(shop, feed, empty / str(size), count, quiet=False)["whole process"]
                for size, count in counts.items()
            }

        yield (Contestant("staging", play),)


def _slope(name: str) -> Callable[[Values], float]:
    """The slope of the line through the logarithms of size and time, by least squares."""

    def slope(values: Values) -> float:
        sizes = [math.log(size) for size in SIZES]
        times = [math.log(values[f"{name}/{size:,}"]) for size in SIZES]
        return statistics.linear_regression(sizes, times).slope

    return slope


def _one(_: Values) -> float:
    return 1.0


_NOTES = (
    "Whole processes. The slope is that of the line through the logarithms: 1 is twice the time for twice the size."
)
FIGURES = [
    Figure(
        number="8a",
        title="Growth: the first upload of 10³ to 10⁶ articles",
        enter=_articles,
        claims=(Claim("slope, log-log", ours=_slope("first upload"), peer=_one, at_most=1.05),),
        notes=_NOTES,
        axis="sizes",
    ),
    Figure(
        number="8r",
        title="Growth: staging of 10³ to 10⁶ receipts",
        enter=_receipts,
        claims=(Claim("slope, log-log", ours=_slope("staging"), peer=_one, at_most=1.05),),
        notes=_NOTES,
        axis="sizes",
    ),
]
