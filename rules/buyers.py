"""Who bought something between two days."""

from dataclasses import dataclass
from typing import Final

from stamgast.domain.earning import day_of
from stamgast.domain.events import Purchase
from stamgast.domain.program import Program
from stamgast.domain.units import Day

FARTHEST: Final[Day] = 430
"""Days back: as long as tills' purchases are kept."""


@dataclass(frozen=True, slots=True)
class Buyers:
    """Who bought a product or a category on business days from `first` to `last`."""

    first: Day
    last: Day
    product: str = ""
    category: str = ""

    def is_too_far_back(self, today: Day) -> bool:
        """Whether it asks for days that are too long ago."""
        return self.first < today - FARTHEST

    def holds(self, purchase: Purchase, program: Program) -> bool:
        """Whether a purchase, as it is by now, is one of it."""
        if not purchase.counts or not self.first <= day_of(purchase, program) <= self.last:
            return False
        return any(
            line.quantity > 0 and (line.sku == self.product if self.product else line.category == self.category)
            for line in purchase.lines
        )
