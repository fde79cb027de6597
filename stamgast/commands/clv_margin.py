"""Which margin the values of a CSV are reckoned with: the one that was given, else that of the data's profit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from stamgast.commands.answering import fail, say

if TYPE_CHECKING:
    from stamgast.clv.data.purchase_file import Purchases


def settle_margin(data: Path, purchases: Purchases, given: float | None) -> tuple[Purchases, float]:
    """Return the purchases to value and the margin; exit with 1 where profit makes none and none was given.

    Where profit makes no margin and one was given, profit is left out: so far and to come by the same margin.
    """
    from stamgast.clv.data.sample import DoubtfulProfitError, sample_of

    try:
        found = sample_of(purchases).checked_margin()
    except DoubtfulProfitError as error:
        if given is None:
            fail(f"{data}: {error}")
        say(f"note: {data}: {error}; profit is taken as {given:g} of amount instead")
        return dataclasses.replace(purchases, has_profit=False), given
    return purchases, found if given is None else given
