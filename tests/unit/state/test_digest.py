"""Protects change detection: a hash that misses a change loses it, one that sees changes all over floods the cloud."""

import orjson
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.transform.digest import digests, item_digests

TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"number": TEXT, "name": TEXT, "gross_cents": st.integers(-(10**9), 10**9), "active": st.booleans()}
    ),
    min_size=1,
    max_size=8,
)


def frame(items: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(items, columns=["number", "name", "gross_cents", "active"])
    return table.astype({"number": "str", "name": "str", "gross_cents": "int64", "active": "bool"})


@settings(max_examples=150)
@given(ITEMS)
def test_a_record_read_back_from_json_hashes_like_the_one_that_was_sent(items: list[dict[str, object]]) -> None:
    read_back = [orjson.loads(orjson.dumps(item)) for item in items]
    assert list(item_digests(read_back)) == list(digests(frame(items)))


@settings(max_examples=150)
@given(ITEMS)
def test_equal_contents_hash_alike_and_different_ones_differ(items: list[dict[str, object]]) -> None:
    hashes = list(digests(frame(items)))
    for one, first in zip(items, hashes, strict=True):
        for other, second in zip(items, hashes, strict=True):
            assert (one == other) == (first == second)


def test_null_is_not_the_empty_text_and_fields_do_not_run_together() -> None:
    rows: list[dict[str, object]] = [
        {"number": "a", "name": None, "gross_cents": 1, "active": True},
        {"number": "a", "name": "", "gross_cents": 1, "active": True},
        {"number": None, "name": "a", "gross_cents": 1, "active": True},
        {"number": "a1", "name": "", "gross_cents": 1, "active": True},
    ]
    assert len(set(digests(frame(rows)))) == len(rows)


def test_a_hash_is_the_same_in_every_release() -> None:
    # A change here sends every record of every shop once more: raise CONTENT_VERSION and say so in the changelog.
    row = {"number": "A100", "name": "Kaffee", "gross_cents": 1190, "active": True}
    assert list(item_digests([row])) == [7045719376966370619]
