"""Shops whose customers buy by a rule that a test knows."""

import random
from collections.abc import Sequence

from stamgast.domain.events import Line, Purchase
from stamgast.domain.units import DAY, Day
from stamgast.recommendations.shelf import Shelf

FIRST: Day = 20_000


def purchase(skus: Sequence[str], day: Day, *, counts: bool = True, category: str | None = None) -> Purchase:
    """What was bought on a day, at ten in the morning."""
    lines = tuple(Line(str(number), 500, sku=sku, category=category) for number, sku in enumerate(skus))
    return Purchase(day * DAY + 36_000_000, "dok-noord", "EUR", 500 * len(lines), lines=lines, counts=counts)


def fill(shelf: Shelf, *, customers: int = 600, products: int = 40, visits: int = 6, seed: int = 1) -> None:
    """Four of ten who buy an even product buy the odd one behind it at their next visit; P0 sells best by itself."""
    dice = random.Random(seed)
    for number in range(customers):
        day, follow = FIRST + dice.randrange(60), None
        for visit in range(visits):
            even = 2 * dice.randrange(2, products // 2)
            goods = [f"P{even}"] + (["P0"] if dice.random() < 0.12 else [])
            if follow is not None and dice.random() < 0.4:
                goods.append(f"P{follow + 1}")
            shelf.note(f"c{number}", f"t{number}-{visit}", purchase(goods, day))
            follow, day = even, day + dice.randrange(3, 20)
    for sku in list(shelf.skus):
        shelf.call(sku, f"The {sku}")
