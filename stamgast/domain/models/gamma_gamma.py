"""Gamma-Gamma: what a customer spends on a purchase day, shrunk to what customers spend.

Amounts of one customer are Gamma(p, nu), nu is Gamma(q, v) across customers (Fader, Hardie and Lee, "RFM and CLV:
Using Iso-Value Curves for Customer Base Analysis", Journal of Marketing Research, 2005). It takes how much somebody
spends to have nothing to do with how often they come.
"""

from typing import Literal

from msgspec import Struct

Orders = Literal["repeat", "all"]


class Spend(Struct, frozen=True, omit_defaults=False, forbid_unknown_fields=True):
    """Parameters; amounts are in the unit in which they were fitted.

    `orders` says which purchase days an average is made of: the repeat ones, as in the papers, or all of them.
    """

    p: float
    q: float
    v: float
    orders: Orders = "repeat"

    def expected(self, days: int, total: float) -> float:
        """Return the mean of a future purchase day, after `days` of them (as `orders` counts) with this sum.

        p(v + total) / (p*days + q - 1): the average of the customer's own mean and of v*p/(q-1), which is
        everybody's. q must be above 1, else there is no mean. Refunds may make a sum negative; that counts as 0.
        """
        return self.p * (self.v + max(total, 0.0)) / (self.p * days + self.q - 1)
