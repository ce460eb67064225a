"""Figure 7: what starting costs: a sync with nothing to do beside an empty job, and commands beside their imports."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.accepting_server import accepting_server
from tests.benchmarks.big_shop import build_big
from tests.benchmarks.figure import Claim, Contestant, Figure
from tests.benchmarks.process import MAIN_PYTHON, PROJECT, Run, measure

ARTICLES = 4_000
EMPTY_JOB = Path(__file__).parents[1] / "peers" / "empty_job.py"
# What each command imports of others: the settings are read by pydantic, our own tables by SQLAlchemy.
IMPORTS = {
    "check --help": "import click",
    "protocol": "import click, orjson, rich.table",
    "receipts": "import click, orjson, rich.table, pydantic, yaml, sqlalchemy",
}


@contextmanager
def _enter(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    shop, own = build_big(folder / "shop", round(ARTICLES * scale)), folder / "own"
    home = folder / "home"
    home.mkdir()
    own.mkdir()
    (home / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with accepting_server() as server:
        for _ in range(2):
            shop.run(server.url, own, "sync", "all", "--json")
        run_id = next((own / "dagster" / "protocols").glob("*.json")).stem
        commands = {"check --help": ("check", "--help"), "receipts": ("receipts",), "protocol": ("protocol", run_id)}

        def ours(_: Path) -> Mapping[str, Run]:
            runs = {"sync all": shop.run(server.url, own, "sync", "all", "--json")}
            return runs | {name: shop.run(server.url, own, *command) for name, command in commands.items()}

        def empty_job(empty: Path) -> Mapping[str, Run]:
            environment = {"CLOUDKASSE_DAGSTER_STORAGE": str(folder / "history")}
            return {"whole process": measure([MAIN_PYTHON, EMPTY_JOB, home], folder=empty, environment=environment)}

        def python(empty: Path) -> Mapping[str, Run]:
            return {name: measure([MAIN_PYTHON, "-c", code], folder=empty) for name, code in IMPORTS.items()}

        empty_job(own)  # makes the history's tables
        yield Contestant("cloudkasse-etl", ours), Contestant("empty job", empty_job), Contestant("Python", python)


FIGURE = Figure(
    number="7",
    title="Starting: a sync with nothing to do, and commands that need no Dagster",
    enter=_enter,
    claims=(
        Claim(
            "a quiet sync to a Dagster job of 12 empty assets",
            ours=lambda values: values["cloudkasse-etl/sync all"],
            peer=lambda values: values["empty job/whole process"],
            at_most=1.5,
        ),
        *(
            Claim(
                f"`{name}` over a Python that imports the same libraries",
                ours=lambda values, name=name: values[f"cloudkasse-etl/{name}"] - values[f"Python/{name}"],  # type: ignore[misc]
                at_most=0.5,
            )
            for name in IMPORTS
        ),
    ),
    notes="""\
Both have the same dagster.yaml (history in SQLite) and capture no compute logs. Ours has 16 assets with 24 checks, each
of which writes events into the history.""",
)
