"""Protects the prices of a big shop, which are computed some at a time: they come out as all at once would."""

import random
from dataclasses import astuple
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.transform.prices import gross_prices
from cloudkasse_etl.transform.prices.gross_prices import GrossPrices
from tests.support.price_frames import articles, compute, prices

DAYS = (None, "2020-06-15", "2020-08-01", "2026-01-01")


def shop(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Articles, prices in no order of theirs (some of unknown articles, some twice, some broken), and known numbers."""
    dice = random.Random(seed)
    numbers = [f"A{at}" for at in range(12)]
    sold = [{"number": number, "tax_code": dice.choice("2399")} for number in numbers[:9]]
    rows: list[dict[str, Any]] = [
        {
            "article": dice.choice(numbers),
            "price_group": dice.choice("123"),
            "min_quantity": dice.choice((0.0, 1.0, 5.0, 0.0005)),
            "price": dice.choice((1.5, 0.0, -1.0, 9.99)),
            "valid_from": dice.choice(DAYS),
            "valid_to": dice.choice((None, None, "2026-12-31")),
        }
        for _ in range(80)
    ]
    return articles(*sold), prices(*rows), (numbers[-1],)


def told(result: GrossPrices) -> list[Any]:
    """All of a result, in an order of its own where slices have none."""
    frames = [result.prices, *(frame.sort_values(list(frame.columns)) for frame in (result.waiting, result.held))]
    return [
        *(frame.astype(object).where(frame.notna(), None).values.tolist() for frame in frames),
        sorted(map(str, (astuple(rejection)[:5] for rejection in result.rejections))),
        {group: list(numbers) for group, numbers in result.lacking_articles.items()},
    ]


@given(st.integers(0, 2**16), st.sampled_from([1, 7, 50]))
def test_prices_computed_in_slices_are_those_computed_at_once(seed: int, slice_rows: int) -> None:
    sold, rows, known = shop(seed)
    whole = told(compute(rows, sold, groups=("1", "2"), known=known))
    assert all(whole[:4]), "there is one of each"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gross_prices, "_ROWS", slice_rows)
        assert told(compute(rows, sold, groups=("1", "2"), known=known)) == whole
