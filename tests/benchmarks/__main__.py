"""`make bench`: measures the figures beside their peers. `make bench FIGURES=1,2 REPEAT=3` measures some."""

import argparse
import sys

from tests.benchmarks.figure import known_figures, play
from tests.benchmarks.results import keep, told

ENOUGH_ROUNDS = 5


def main() -> int:
    """Returns 1 where a claim does not hold."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--figures", default="", help="their numbers, with commas; all where empty")
    parser.add_argument("--repeat", type=int, default=ENOUGH_ROUNDS, help="rounds")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size, for a trial")
    arguments = parser.parse_args()
    known = known_figures()
    wanted = [number for number in arguments.figures.split(",") if number]
    unknown = set(wanted) - {figure.number for figure in known}
    if unknown or arguments.repeat < 1 or arguments.scale <= 0:
        parser.error(f"figures are {', '.join(figure.number for figure in known)}; rounds and size are positive")
    results = []
    for figure in known:
        if not wanted or figure.number in wanted:
            print(f"Figure {figure.number}: {figure.title}", flush=True)
            results.append(play(figure, arguments.repeat, arguments.scale, lambda text: print(f"  {text}", flush=True)))
            for claim in results[-1]["claims"]:
                print(f"  {told(claim)}", flush=True)
            # each at once: a later one may break
            if arguments.repeat >= ENOUGH_ROUNDS and arguments.scale == 1:
                keep(results[-1:])
    if arguments.repeat < ENOUGH_ROUNDS or arguments.scale != 1:
        print(f"A trial: docs/benchmarks.md is written at full size and {ENOUGH_ROUNDS} rounds or more.")
    return int(not all(claim["holds"] for result in results for claim in result["claims"]))


if __name__ == "__main__":
    sys.exit(main())
