"""Shops whose customers come by a rhythm of their own, and kinds of such customers."""

import math
import random

from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.regularity import PLAIN_HABITS, Kind, Regularity
from stamgast.domain.units import Day

OPEN = ClosedDays()
WEEKLY = Kind(0.5, math.log(7), 1.0, 10.0, 1.5, 0.03)
YEARLY = Kind(0.3, math.log(365), 2.0, 20.0, 0.2, 0.3)
BY_CHANCE = Kind(0.2, 0.0, 1.0, 3.0, 90.0, 0.1, by_chance=True)
MIXED = Regularity((WEEKLY, YEARLY, BY_CHANCE), PLAIN_HABITS)


def shop(
    gap: float, spread: float, visits: float, customers: int = 150, as_of: Day = 700, seed: int = 1
) -> list[list[Day]]:
    """Customers who come about every so many days until they leave, as known on a day."""
    chance = random.Random(seed)
    found = []
    for _ in range(customers):
        at = chance.random() * as_of * 0.9
        days = [int(at)]
        while chance.random() > 1 / visits:
            at += gap * math.exp(chance.gauss(0, spread))
            if int(at) > as_of:
                break
            if int(at) > days[-1]:
                days.append(int(at))
        found.append(days)
    return found
