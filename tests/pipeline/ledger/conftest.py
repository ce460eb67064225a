"""A shop that posts into SelectLine's ledger, for each test of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.selectline.posting import PostingShop, posting
from tests.support.worlds import World


@pytest.fixture
def shop(world: World) -> Iterator[PostingShop]:
    with posting(world) as made:
        yield made
