"""What rules ask a customer's state to keep beyond what every state keeps. Nobody asks: nothing is kept."""

from typing import Final

from msgspec import Struct

from stamgast.domain.units import Day, Millis


class Kept(Struct, frozen=True, cache_hash=True):
    """Rules that are not live yet ask as well, so that it is there when they are."""

    spend_days: Day = 0
    """For so many days what was spent on each."""
    categories: frozenset[str] = frozenset()
    """How often something of them was bought, and when last."""
    products: frozenset[str] = frozenset()
    contacts: Millis = 0
    """For how long the newest message of each rule is remembered."""
    lately: bool = False
    """Which products were bought last, and when (`stamgast.domain.recommendations`)."""

    def __or__(self, other: "Kept") -> "Kept":
        """What both ask for."""
        return Kept(
            max(self.spend_days, other.spend_days),
            self.categories | other.categories,
            self.products | other.products,
            max(self.contacts, other.contacts),
            self.lately or other.lately,
        )


NOTHING_KEPT: Final = Kept()
