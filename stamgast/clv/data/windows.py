"""What was known at the end of a day, and what the customers known then did after it.

Everything that is learnt or judged out of time goes through here, so that nothing after a cut can leak into what was
known at it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stamgast.clv.data.buyers import Columns, Ledger
from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.rows import Floats, Integers
from stamgast.clv.data.sample import Sample, sample_of
from stamgast.clv.data.told_scores import known_by
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
    return _known(purchases, Ledger.of(purchases.buyers).up_to(cut)[0], cut)


def window_of(purchases: Purchases, cut: Day, end: Day) -> Window:
    """Split what is known at a day from what came after it, up to and including the day `end`.

    Raises:
        ValueError: nobody had bought by then, or the end does not come after the cut.
    """
    if end <= cut:
        raise ValueError("a window ends after it begins")
    ledger = Ledger.of(purchases.buyers)
    known, places = ledger.up_to(cut)
    if not known:
        raise ValueError("nobody had bought by then")
    columns = ledger.columns
    after = (columns.day > cut) & (columns.day <= end)
    counts = np.concatenate([[0], np.cumsum(after & columns.stays)])[columns.starts]
    spend = np.concatenate([[0], np.cumsum(np.where(after, columns.amount, 0))])[columns.starts]
    return Window(
        sample_of(_known(purchases, known, cut)),
        end - cut,
        np.diff(counts)[places],
        np.diff(spend)[places] / MICRO,
    )


def _known(purchases: Purchases, ledger: Ledger, cut: Day) -> Purchases:
    return Purchases(ledger, cut, purchases.currency, has_profit=False, said=known_by(purchases.said, cut))


def first_day_of(purchases: Purchases) -> Day:
    """Return the day of the first purchase of all."""
    columns = Columns.of(purchases.buyers)
    return int(columns.days[columns.bounds[:-1]].min())
