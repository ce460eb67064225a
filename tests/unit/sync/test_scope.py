"""Protects what a run looks at: widening it loses no article and changes no value that somebody else still holds.

And that nothing can change what a run was begun with.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.config.loading import load
from cloudkasse_etl.entities import ARTICLES, GROSS_PRICES, PRICES
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.erp_rows import Header
from cloudkasse_etl.sync.changes import reasons
from cloudkasse_etl.sync.inputs.article_subset import Everything, Scope, Subset
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames
from cloudkasse_etl.sync.inputs.goods_frames import GoodsFrames
from cloudkasse_etl.sync.run.context import RunContext, SyncOptions
from tests.support import databases, small_erp

pytestmark = databases.CHOOSES_ITSELF

NUMBERS = [f"A{i}" for i in range(1, 6)]
ASSETS = [*ARTICLES.assets, *PRICES.assets]
EMPTY = pd.DataFrame({"row_id": [], "version": [], "article": [], "counted": [], "further": []})
REASONS: list[Text] = [reasons.asked(), reasons.registers_sent(), reasons.lost("articles"), say("x")]


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("shop")
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url, articles=len(NUMBERS))
    (folder / "cloudkasse.yaml").write_text(yaml.safe_dump(small_erp.SETTINGS), encoding="utf-8")
    return load(
        {
            "CLOUDKASSE_ERP_URL": url,
            "CLOUDKASSE_API_URL": "http://127.0.0.1:1",
            "CLOUDKASSE_API_TOKEN": "unused",
            "CLOUDKASSE_SETTINGS": str(folder / "cloudkasse.yaml"),
        }
    )


@pytest.fixture(scope="module")
def erp(configuration: Any) -> Iterator[ErpFrames]:
    with ErpFrames(configuration, dt.date(2026, 11, 24)) as found:
        yield found


def subset(erp: ErpFrames, numbers: frozenset[str]) -> Subset:
    with erp.view():
        goods = erp.narrowed(numbers)
    tables: Mapping[str, pd.DataFrame] = {"ART": EMPTY, "ARPREIS": EMPTY}
    rows = dict.fromkeys((ARTICLES.extract, PRICES.extract, GROSS_PRICES), 0)
    return Subset(numbers, goods, Header("", {}), rows, {}, {}, tables, tables, registers=0)


def selling(goods: GoodsFrames) -> set[str]:
    return set(goods.articles.frame["number"])


def priced(goods: GoodsFrames) -> set[str]:
    return set(goods.gross.prices["article"])


SCOPES = st.one_of(st.frozensets(st.sampled_from(NUMBERS)), st.sampled_from(REASONS).map(Everything))
REJECTIONS = st.builds(
    lambda asset, article, code: Rejection(asset, article if asset in ARTICLES.assets else f"{article}|1|0.000|", code),
    st.sampled_from(ASSETS),
    st.sampled_from([*NUMBERS, "ART row 3", "A|1", ""]),
    st.sampled_from(["price_zero", "price_missing", "value_invalid"]),
)


@given(drawn=SCOPES, why=st.lists(st.sampled_from(REASONS), min_size=1, max_size=4), refused=st.lists(REJECTIONS))
def test_widening_loses_no_article(
    erp: ErpFrames, drawn: frozenset[str] | Everything, why: list[Text], refused: list[Rejection]
) -> None:
    before: Scope = drawn if isinstance(drawn, Everything) else subset(erp, drawn)
    scope = before
    for reason in why:
        wider = scope.widened(reason)
        goods, more = scope.goods_of(erp), wider.goods_of(erp)
        assert selling(goods) <= selling(more)
        assert priced(goods) <= priced(more)
        assert all(wider.covers(rejection) for rejection in refused)
        scope = wider
    assert selling(scope.goods_of(erp)) == set(NUMBERS)
    assert isinstance(scope, Everything)
    assert scope.reason == (before.reason if isinstance(before, Everything) else why[0]), (
        "the first reason is the cause"
    )


@given(numbers=st.frozensets(st.sampled_from(NUMBERS)))
def test_narrowing_leaves_what_is_there_as_it_is(erp: ErpFrames, numbers: frozenset[str]) -> None:
    everything = erp.goods
    narrow = subset(erp, numbers)
    assert selling(narrow.goods) == priced(narrow.goods) == numbers
    narrow.widened(reasons.asked())
    assert narrow.numbers == numbers
    assert erp.goods is everything
    assert selling(everything) == set(NUMBERS)


def test_of_everything_counts_are_what_was_found() -> None:
    scope = Everything(reasons.asked())
    assert scope.rows_with(GROSS_PRICES, 7) == 7
    assert scope.lacking_with({"1": 2}) == {"1": 2}
    assert scope.turns_with(GROSS_PRICES, ("2026-01-01", None)) == ("2026-01-01", None)


@pytest.mark.parametrize("name", ["options", "as_of", "run_id", "configuration"])
def test_nothing_changes_what_a_run_was_begun_with(configuration: Any, name: str) -> None:
    context = RunContext(configuration, dt.date(2026, 11, 24), options=SyncOptions(full=True))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(context, name, None)
