"""Protects what is kept of the ERP's rows: they come back as they were, bucket by bucket, whatever stands in them."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.state.stores.erp_rows import packed, unpacked

ROWS = st.lists(
    st.tuples(
        st.integers(1, 10_000),
        st.integers(0, 2**52 - 1),
        st.text(max_size=50),
        st.integers(0, 1),
        st.integers(0, 2**62),
    ),
    unique_by=lambda row: row[0],
)


@given(rows=ROWS)
def test_rows_come_back_as_they_were(rows: list[tuple[int, int, str, int, int]]) -> None:
    names = ("row_id", "version", "article", "counted", "further")
    columns = dict(zip(names, zip(*sorted(rows), strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    frame = pd.DataFrame(
        {name: pd.Series(values, dtype="str" if name == "article" else "int64") for name, values in columns.items()}
    )
    buckets = frame["row_id"].to_numpy() // 100
    found = list(packed(frame, buckets))
    assert [bucket.number for bucket in found] == np.unique(buckets).tolist()
    assert sum(bucket.count for bucket in found) == len(rows)
    assert sum(bucket.version_sum for bucket in found) == sum(row[1] for row in rows)
    pd.testing.assert_frame_equal(unpacked([bucket.data for bucket in found]), frame)
