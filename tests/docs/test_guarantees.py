"""Protects that the procedure documentation promises what docs/guarantees.md does, all of it and nothing else."""

import re

from cloudkasse_etl.sync.outputs.procedure.guarantees import GUARANTEES
from tests.docs.pages import PROJECT

# Limits of what another point promises, for an administrator alone.
ONLY_THERE = ("A holder that is frozen in the middle of a transaction",)


def points() -> list[str]:
    text = (PROJECT / "docs/guarantees.md").read_text(encoding="utf-8")
    return [re.sub(r"\s+", " ", point) for point in re.findall(r"^- (.*(?:\n  .*)*)", text, re.MULTILINE)]


def test_each_point_begins_with_one_of_the_guarantees_and_each_guarantee_begins_a_point() -> None:
    told = [point for point in points() if not point.startswith(ONLY_THERE)]
    assert len(told) == len(GUARANTEES)
    for point, guarantee in zip(told, GUARANTEES, strict=True):
        assert point.startswith(str(guarantee).removesuffix(".")), guarantee
