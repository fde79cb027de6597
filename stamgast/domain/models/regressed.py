"""A plain regression of purchases to come on frequency, recency and age, as a part of a combination.

The number of purchases within the time it was learnt for is negative binomial with the mean
weeks * exp(constant + log_purchase_days * ln(1 + x) + log_quiet * ln(1 + T - t_x) + log_age * ln(1 + T)).
"""

import math
from typing import Final

from msgspec import Struct

from stamgast.domain.history import History

STEEPEST: Final = 12.0


class Regressed(Struct, frozen=True):
    """Coefficients, `size` of the negative binomial, and how far it is believed beside all else."""

    weight: float
    constant: float
    log_purchase_days: float
    log_quiet: float
    log_age: float
    size: float

    def mean(self, history: History, weeks: float) -> float:
        """Return the mean number of purchases within the time that it was learnt for."""
        log1p = math.log1p
        score = self.constant + self.log_purchase_days * log1p(history.x)
        score += self.log_quiet * log1p(history.quiet) + self.log_age * log1p(history.T)
        return weeks * math.exp(min(max(score, -STEEPEST), STEEPEST))

    def p_buy(self, mean: float) -> float:
        """Return the chance of any purchase where so many are expected."""
        return -math.expm1(-self.size * math.log1p(mean / self.size))


REGRESSED: Final = Regressed.__struct_fields__
"""The names of its parameters."""
