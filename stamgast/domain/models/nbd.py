"""NBD: nobody leaves, and everybody buys at a rate of their own, shrunk to that of all.

Rates are Gamma(r, alpha) across customers (Ehrenberg, "The pattern of consumer purchases", 1959). What is left to say
of a shop whose purchases tell nothing about leaving.
"""

import math

from msgspec import Struct

from stamgast.domain.history import History


class OwnRate(Struct, frozen=True):
    """Parameters per week. Expected purchases a week are (r+x) / (alpha+T)."""

    r: float
    alpha: float

    def p_alive(self, history: History) -> float:  # noqa: ARG002  the same for everybody
        """Return 1: nobody leaves."""
        return 1.0

    def p_buy(self, history: History, weeks: float) -> float:
        """Return the chance of at least one purchase within the next `weeks`."""
        return -math.expm1(-(self.r + history.x) * math.log1p(weeks / (self.alpha + history.T)))

    def expected_purchases(self, history: History, weeks: float) -> float:
        """Return the mean number of purchases within the next `weeks`."""
        return weeks * (self.r + history.x) / (self.alpha + history.T)

    def expected_if_alive(self, history: History, weeks: float) -> float:
        """Return the same: everybody is there."""
        return self.expected_purchases(history, weeks)

    def lapses_at(self, history: History, threshold: float) -> float | None:  # noqa: ARG002
        """Return None: nobody lapses."""
        return None

    def next_gap(self, history: History, quantile: float) -> float:
        """Return the weeks within which the next gap ends with that chance."""
        exponent = -math.log1p(-quantile) / (self.r + history.x)
        return (self.alpha + history.t_x) * math.expm1(exponent) if exponent < 500 else math.inf
