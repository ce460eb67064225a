"""A shop that delivers, for each test of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.selectline.delivering import DeliveringShop, delivering
from tests.support.worlds import World


@pytest.fixture
def shop(world: World) -> Iterator[DeliveringShop]:
    with delivering(world) as made:
        yield made
