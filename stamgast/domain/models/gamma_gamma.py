"""Gamma-Gamma: what a customer spends on a purchase day, shrunk to what customers spend.

Amounts of one customer are Gamma(p, nu), nu is Gamma(q, v) across customers (Fader, Hardie and Lee, "RFM and CLV:
Using Iso-Value Curves for Customer Base Analysis", Journal of Marketing Research, 2005). It takes how much somebody
spends to have nothing to do with how often they come.
"""

from typing import Any, Literal

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

    def counted(self, visits: Any, total: Any) -> tuple[Any, Any]:
        """Return the purchase days that an average is made of and their sum, of so many days in all with this sum.

        Of a customer the sum of all purchase days is known and not that of the first one. So where averages are of
        repeat days, they are taken to have been like all of them: for one customer in `customer show` and for a
        million in a file alike. Takes numbers and arrays.
        """
        if self.orders == "all":
            return visits, total
        repeats = visits - 1
        return repeats, total * repeats / visits

    def expected(self, days: int, total: float) -> float:
        """Return the mean of a future purchase day, after `days` of them (as `orders` counts) with this sum.

        p(v + total) / (p*days + q - 1): the average of the customer's own mean and of v*p/(q-1), which is
        everybody's. q must be above 1, else there is no mean. Refunds may make a sum negative; that counts as 0.
        """
        return self.p * (self.v + max(total, 0.0)) / (self.p * days + self.q - 1)
