"""Lets a synchronisation die at a boundary, and compares what the next one leaves with what an undisturbed one left."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.crash.boundaries import spread
from tests.crash.changing_shop import State, lost_and_doubled
from tests.crash.observed import sync_all
from tests.support.processes.forked import start, was_killed
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import World


class Shop(Protocol):
    """A shop that can be put back to a moment."""

    world: World

    def put_back(self) -> None:
        """Puts it back."""

    def state(self) -> State:
        """What it comes to."""
        ...


@dataclass(frozen=True)
class Product:
    """What runs: the program as it is, or broken on purpose, or a part of it.

    Attributes:
        broken: How it is broken.
        part: Which of the use cases run.
    """

    broken: str | None = None
    part: str = "all"


AS_IT_IS = Product()


def run(shop: Shop, point: str | None = None, listing: Path | None = None, product: Product = AS_IT_IS) -> bool:
    """A synchronisation in a process of its own; False where it was killed."""
    world = shop.world
    arguments = (world.environment, world.folder, point, listing, product.broken, product.part)
    return not was_killed(start(sync_all, *arguments))


def undisturbed(shop: Shop, listing: Path, product: Product = AS_IT_IS) -> tuple[list[str], State]:
    """The boundaries of a run that nobody disturbs, and what it leaves."""
    shop.put_back()
    assert run(shop, listing=listing, product=product)
    return listing.read_text(encoding="utf-8").splitlines(), shop.state()


@dataclass
class Damage:
    """What is wrong after all deaths, by the point and the row."""

    tried: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


def killed_at_each(
    shop: Shop, points: list[str], expected: State, product: Product = AS_IT_IS, *, sample: int = 14
) -> list[str]:
    """Dies at each of some points, at all of them in the long form, and lets the next run go on each time.

    Args:
        shop: The shop.
        points: The boundaries of an undisturbed run.
        expected: What that one left.
        product: What runs.
        sample: How many are tried in the short form.

    Returns:
        The points that were chosen and to which no run came.
    """
    damage = Damage()
    chosen = points if LONG else spread(points, sample)
    for point in chosen:
        killed_at(shop, point, expected, damage, product)
    assert damage.lost == []
    assert damage.doubled == []
    assert len(damage.tried) >= len(chosen) * 0.8
    return sorted(set(chosen) - set(damage.tried))


def killed_at(shop: Shop, point: str, expected: State, damage: Damage, product: Product = AS_IT_IS) -> bool:
    """Dies at a point, and lets the next run go on from there; False where the run did not come to the point."""
    shop.put_back()
    if run(shop, point, product=product):
        return False  # requests in flight at once are stored by one commit or by several, as it happens
    assert run(shop, product=product), point
    lost, doubled = lost_and_doubled(expected, shop.state())
    damage.tried.append(point)
    damage.lost += [f"{point}: {row}" for row in lost]
    damage.doubled += [f"{point}: {row}" for row in doubled]
    return True
