"""Which margin the values of a CSV are reckoned with: the one that was given, else that of the data's profit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stamgast.commands.answering import fail, say

if TYPE_CHECKING:
    from stamgast.clv.data.purchase_file import Purchases


class Margin(NamedTuple):
    """The margin that values are reckoned with; with `weight`, what customers' own are drawn towards."""

    share: float
    weight: float | None = None


def settle_margin(data: Path, purchases: Purchases, given: Margin | None) -> tuple[Purchases, Margin]:
    """Return the purchases to value and the margin; exit with 1 where profit makes none and none was given.

    Where profit makes no margin and one was given, profit is left out: so far and to come by the same margin.
    """
    from stamgast.clv.data.sample import DoubtfulProfitError, sample_of
    from stamgast.clv.scoring import weight_of_margin

    sample = sample_of(purchases)
    try:
        found = sample.checked_margin()
    except DoubtfulProfitError as error:
        if given is None:
            fail(f"{data}: {error}")
        say(f"note: {data}: {error}; profit is taken as {given.share:g} of amount instead")
        return dataclasses.replace(purchases, has_profit=False), Margin(given.share)
    if given is None:
        return purchases, Margin(found, weight_of_margin(sample))
    return purchases, given if purchases.has_profit else Margin(given.share)
