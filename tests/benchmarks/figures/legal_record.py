"""Figure 9: receipts of DSFinV-K exports into SQLite, checked and exactly once, beside pandas that only reads them."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from cloudkasse_etl.sandbox.selectline.demo_erp import DEMO_SETTINGS, build_demo_shop
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from tests.benchmarks.feed import TOKEN
from tests.benchmarks.figure import Claim, Contestant, Figure, Values
from tests.benchmarks.legal_exports import write
from tests.benchmarks.process import MAIN_PYTHON, PROJECT, Run, measure
from tests.benchmarks.shop import SOLD
from tests.support.selling.selling_shop import delivered, once
from tests.support.worlds import TOKEN as SANDBOX_TOKEN
from tests.support.worlds import World

SIZES = (10_000, 100_000, 300_000)
PEERS = Path(__file__).parents[1] / "peers"
# the exports are of past years
SETTINGS = DEMO_SETTINGS.replace("import: ask ", "import: manual\n  days_back: 36000\n  #")


@contextmanager
def _exports(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    shop = folder / "shop"
    shop.mkdir()
    build_demo_shop(shop / "erp.db")
    (shop / "cloudkasse.yaml").write_text(SETTINGS, encoding="utf-8")
    with SandboxServer(folder / "cloud.db", token=SANDBOX_TOKEN) as server:
        World(folder, f"sqlite:///{shop / 'erp.db'}", server, yaml.safe_load(DEMO_SETTINGS)).sync()
        sell(server.store, days=4, receipts=SOLD, seed=1)
        sold, closings = once(delivered(server.store)), delivered(server.store, "closings")
    exports = {size: folder / f"export-{size}" for size in SIZES}
    counts = {size: write(path, sold, closings, max(round(size * scale), 1)) for size, path in exports.items()}
    os.sync()  # what was written is not to reach the disk while somebody is measured

    def ours(empty: Path) -> Mapping[str, Run]:
        runs = {f"{size:,}": _stage(shop, exports[size], empty / str(size), counts[size]) for size in SIZES}
        return runs | {"no exports": _stage(shop, folder / "none", empty / "none", 0)}

    def pandas(empty: Path) -> Mapping[str, Run]:
        return {
            f"{size:,}": measure([MAIN_PYTHON, PEERS / "read_csv.py", exports[size]], folder=empty) for size in SIZES
        }

    (folder / "none").mkdir()
    yield (Contestant("cloudkasse-etl", ours), Contestant("pandas.read_csv", pandas))


def _stage(shop: Path, exports: Path, folder: Path, count: int) -> Run:
    shutil.copytree(shop, folder)
    environment = {
        "CLOUDKASSE_ERP_URL": f"sqlite:///{folder / 'erp.db'}",
        "CLOUDKASSE_STATE_URL": f"sqlite:///{folder / 'state.db'}",
        "CLOUDKASSE_API_URL": "http://127.0.0.1:1",
        "CLOUDKASSE_API_TOKEN": TOKEN,
        "CLOUDKASSE_SETTINGS": str(folder / "cloudkasse.yaml"),
    }
    program = PROJECT / "tests" / "benchmarks" / "stage_legal_record.py"
    run = measure([MAIN_PYTHON, program, exports], folder=folder, environment=environment)
    assert run.output.split() == [str(count), "0"], run.output
    return run


def _over_start(values: Values) -> float:
    return values["cloudkasse-etl/100,000"] - values["cloudkasse-etl/no exports"]


def _pandas(values: Values) -> float:
    return values["pandas.read_csv/100,000"]


FIGURES = [
    Figure(
        number="9",
        title="Staging 10,000, 100,000 and 300,000 receipts of DSFinV-K exports into SQLite",
        enter=_exports,
        claims=(
            Claim("100,000 receipts over a run without exports, to pandas.read_csv", _over_start, _pandas, at_most=2.0),
            Claim(
                "peak memory of 300,000 receipts to that of 10,000",
                lambda values: values["cloudkasse-etl/300,000"],
                lambda values: values["cloudkasse-etl/10,000"],
                at_most=1.3,
                quantity="peak_bytes",
            ),
        ),
        notes="""\
Ours reads, translates, checks and stores each closing with its receipts, two transactions a closing; without Dagster.
pandas reads the same files into frames, one after the other, and does nothing else.""",
    ),
]
