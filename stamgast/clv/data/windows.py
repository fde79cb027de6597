"""What was known at the end of a day, and what the customers known then did after it.

Everything that is learnt or judged out of time goes through here, so that nothing after a cut can leak into what was
known at it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stamgast.clv.data.purchase_file import Buyer, Purchases
from stamgast.clv.data.rows import Floats, Integers
from stamgast.clv.data.sample import Sample, sample_of
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.units import Day
from stamgast.sheets.cells import MICRO


@dataclass(frozen=True)
class Window:
    """Customers at the end of a day, and what they did in the `days` after it, one entry per customer of the sample.

    `purchases` counts purchase days; `spend` is in major units, with the refunds of that time taken off.
    """

    sample: Sample
    days: int
    purchases: Integers
    spend: Floats

    @property
    def weeks(self) -> float:
        """How long the time after the cut is, in weeks."""
        return self.days / WEEK_DAYS


def up_to(purchases: Purchases, cut: Day) -> Purchases:
    """Return what was known at the end of a day; who bought later only is not in it.

    A file has profit per line but a buyer the sum of it, so profit is left out.
    """
    known = {}
    for name, buyer in purchases.buyers.items():
        earlier = Buyer(
            {day: amount for day, amount in buyer.amounts.items() if day <= cut},
            {day: amount for day, amount in buyer.refunded.items() if day <= cut},
            segment=buyer.segment,
            source=buyer.source,
        )
        if earlier.days():
            known[name] = earlier
    return Purchases(known, cut, purchases.currency, has_profit=False)


def window_of(purchases: Purchases, cut: Day, end: Day) -> Window:
    """Split what is known at a day from what came after it, up to and including the day `end`.

    Raises:
        ValueError: nobody had bought by then, or the end does not come after the cut.
    """
    if end <= cut:
        raise ValueError("a window ends after it begins")
    known = up_to(purchases, cut)
    if not known.buyers:
        raise ValueError("nobody had bought by then")
    buyers = [purchases.buyers[name] for name in known.buyers]
    counts = [sum(cut < day <= end for day in buyer.days()) for buyer in buyers]
    spend = [sum(amount for day, amount in buyer.amounts.items() if cut < day <= end) for buyer in buyers]
    return Window(
        sample_of(known),
        end - cut,
        np.array(counts, dtype=np.int64),
        np.array(spend, dtype=np.float64) / MICRO,
    )


def first_day_of(purchases: Purchases) -> Day:
    """Return the day of the first purchase of all."""
    return min(buyer.days()[0] for buyer in purchases.buyers.values())
