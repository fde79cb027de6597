"""Everybody alike: all customers buy at one rate for ever, and nobody leaves (a Poisson process).

What there is to say of a shop whose customers do not differ, and what every other model has to beat.
"""

import math

from msgspec import Struct

from stamgast.domain.history import History


class Alike(Struct, frozen=True):
    """`rate` is purchases a week; the history of a customer tells nothing."""

    rate: float

    def p_alive(self, history: History) -> float:  # noqa: ARG002  the same for everybody
        """Return 1: nobody leaves."""
        return 1.0

    def p_buy(self, history: History, weeks: float) -> float:  # noqa: ARG002
        """Return the chance of at least one purchase within the next `weeks`."""
        return -math.expm1(-self.rate * weeks)

    def expected_purchases(self, history: History, weeks: float) -> float:  # noqa: ARG002
        """Return the mean number of purchases within the next `weeks`."""
        return self.rate * weeks

    def expected_if_alive(self, history: History, weeks: float) -> float:
        """Return the same: everybody is there."""
        return self.expected_purchases(history, weeks)

    def lapses_at(self, history: History, threshold: float) -> float | None:  # noqa: ARG002
        """Return None: nobody lapses."""
        return None

    def next_gap(self, history: History, quantile: float) -> float:  # noqa: ARG002
        """Return the weeks within which the next gap ends with that chance."""
        return -math.log1p(-quantile) / self.rate
