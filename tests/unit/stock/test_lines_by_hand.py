"""Protects who does what about a refused stock line, the program or a person, never both; the texts say who."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.entities import STOCK_MOVEMENTS
from cloudkasse_etl.i18n.messages import translated
from cloudkasse_etl.rejections.catalogue import CATALOGUE
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.transform.books.ledger import refusal
from cloudkasse_etl.transform.stock.late_lines import is_by_hand, look_again

CODES = sorted(code for code in CATALOGUE if code.startswith("stock_"))
BY_HAND = [code for code in CODES if CATALOGUE[code].by_hand]


@pytest.mark.parametrize("code", CODES)
def test_the_cure_of_a_stock_line_says_whether_the_program_will_move_it(code: str) -> None:
    failure = CATALOGUE[code]
    by_program = (
        "the next import makes up for it" in failure.cure,
        "der nächste Import holt es nach" in translated(failure.cure, "de"),
    )
    never = ("does not move it any more" in failure.cure, "bewegt sie nicht mehr" in translated(failure.cure, "de"))
    assert by_program == (not failure.by_hand,) * 2
    assert never == (failure.by_hand,) * 2


def test_only_stock_lines_are_by_hand() -> None:
    assert sorted(code for code, failure in CATALOGUE.items() if failure.by_hand) == BY_HAND
    assert len(BY_HAND) < len(CODES)


REASONS = st.one_of(st.none(), st.tuples(st.sampled_from(CODES), st.sampled_from("ab")))
KEYS = [f"R{n}|{line}" for n in range(3) for line in range(2)]


@settings(max_examples=200)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(KEYS, REASONS)), min_size=2, max_size=8))
def test_through_any_history_a_line_ends_once_or_is_open_with_its_present_reason_or_is_a_persons(
    history: list[dict[str, tuple[str, str] | None]],
) -> None:
    """The oracle follows one line at a time; `None` is a day on which nothing is in its way."""
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def found(reasons: dict[str, tuple[str, str] | None]) -> list[Rejection]:
        return [
            refusal(STOCK_MOVEMENTS, key, code, {"article": a})
            for key, (code, a) in ((k, v) for k, v in reasons.items() if v)
        ]

    opened = {r.key: Rejection(r.asset, r.key, r.code, r.detail, r.content, start) for r in found(history[0])}
    oracle = {key: reason for key, reason in history[0].items() if reason}
    ended: list[str] = []
    for reasons in history[1:]:
        late = look_again(opened, found(reasons))
        ended += late.ended
        for key in late.ended:
            del opened[key]
        opened |= {rejection.key: rejection for rejection in late.renewed}
        for key, old in list(oracle.items()):
            if CATALOGUE[old[0]].by_hand:
                continue
            if (now := reasons[key]) is None:
                assert key in late.ended
                del oracle[key]
            else:
                oracle[key] = now
        assert {key: (r.code, r.detail["article"]) for key, r in opened.items()} == oracle
        assert {rejection.since for rejection in opened.values()} <= {start}
        assert late.waiting == {key for key, rejection in opened.items() if not is_by_hand(rejection)}
    assert len(set(ended)) == len(ended)
