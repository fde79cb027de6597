"""Hours in which a purchase stamps a card more than once, and goods that do."""

from dataclasses import dataclass

from stamgast.domain.calendar import LocalTime


@dataclass(frozen=True, slots=True)
class DoubleHours:
    """When a purchase gives `times` as many stamps. Empty `weekdays` and `stores` mean all of them. With `products` or
    `categories` only what is bought of these gives more.

    `begins` and `ends` are minutes since midnight on the store's clock, the end not included; they may pass midnight,
    and equal ones mean all day. The weekday is that of the business day.
    """

    times: int = 2
    weekdays: frozenset[str] = frozenset()
    begins: int = 0
    ends: int = 0
    stores: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def holds(self, at: LocalTime, store: str) -> bool:
        """Whether a purchase then and there is doubled."""
        if (self.weekdays and at.weekday not in self.weekdays) or (self.stores and store not in self.stores):
            return False
        if self.begins <= self.ends:
            return self.begins == self.ends or self.begins <= at.minute < self.ends
        return at.minute >= self.begins or at.minute < self.ends
