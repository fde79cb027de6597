"""Stands for the shop's clock where time moves only when a test says so."""

from stamgast.domain.units import Millis
from tests.builders import T0


class StillClock:
    """Shop time that stands until it is set: `stamgast.clock.shop_time.Clock`."""

    def __init__(self, at: Millis = T0) -> None:
        self.at = at

    def now(self) -> Millis:
        """The time that it was set to."""
        return self.at
