"""Figure 10: what many companies cost: loading the definitions of a chain, and one look at all of its companies."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.accepting_server import accepting_server
from tests.benchmarks.chain_shops import environment, settings
from tests.benchmarks.figure import Claim, Contestant, Figure
from tests.benchmarks.process import MAIN_PYTHON, PROJECT, Run, measure

COMPANIES = 1_000
LOOKED_AT = 200
LOAD = Path(__file__).parents[1] / "peers" / "load_definitions.py"
SHOPS = "tests.benchmarks.chain_shops"
NOWHERE = "https://till.example.org"
MEGABYTE = 1_000_000


@contextmanager
def _definitions(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    chains = {}
    for count in (1, max(round(COMPANIES * scale), 2)):
        chains[count] = folder / f"of-{count}"
        chains[count].mkdir()
        settings(chains[count], count)

    def play(count: int, empty: Path) -> Mapping[str, Run]:
        of_chain = {**environment(chains[count], NOWHERE), "PYTHONPATH": str(PROJECT)}
        return {"whole process": measure([MAIN_PYTHON, LOAD], folder=empty, environment=of_chain)}

    few, many = chains
    yield (
        Contestant("1 company", lambda empty: play(few, empty)),
        Contestant("1,000 companies", lambda empty: play(many, empty)),
    )


@contextmanager
def _looks(folder: Path, scale: float) -> Iterator[Sequence[Contestant]]:
    count = max(round(LOOKED_AT * scale), 2)
    with accepting_server() as server:
        here = {**environment(folder, server.url), "PYTHONPATH": str(PROJECT)}
        measure([MAIN_PYTHON, "-m", SHOPS, folder, str(count), server.url], folder=folder, environment=here)

        def play(empty: Path) -> Mapping[str, Run]:
            run = measure([MAIN_PYTHON, "-m", SHOPS], folder=empty, environment=here)
            if run.output.split() != [str(count), "0", "0"]:
                raise AssertionError(f"Not all are level: {run.output}")
            return {"whole process": run}

        yield (Contestant("one tick of new_data", play),)


FIGURES = (
    Figure(
        number="10",
        title="Loading the definitions of a chain of 1,000 companies",
        enter=_definitions,
        claims=(
            Claim(
                "1,000 companies to one",
                ours=lambda values: values["1,000 companies/whole process"],
                peer=lambda values: values["1 company/whole process"],
                at_most=1.5,
            ),
            Claim(
                "memory of 1,000 companies to one",
                ours=lambda values: values["1,000 companies/whole process"],
                peer=lambda values: values["1 company/whole process"],
                at_most=1.5,
                quantity="peak_bytes",
            ),
        ),
        notes="The code server's work: definitions, and the snapshot of them that the webserver asks for.",
    ),
    Figure(
        number="10t",
        title="One tick of sensor new_data over 200 quiet companies",
        enter=_looks,
        claims=(
            Claim(
                "the whole process",
                ours=lambda values: values["one tick of new_data/whole process"],
                at_most=30.0,
            ),
        ),
        notes="""\
Each company has an ERP and our own tables in a SQLite file of its own, and a till that answers at once; Python's start
and imports are part of it.""",
    ),
)
