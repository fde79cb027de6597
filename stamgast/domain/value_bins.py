"""Customers by what they have brought in so far: bins of profit in minor units, the same for every merchant.

The bin follows from the state alone, so an owner moves a customer from one counter to another when their profit crosses
a bound, and whoever lost the counters makes them again from the states.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from stamgast.domain.counters import Counter, counter
from stamgast.domain.units import Minor

BOUNDS: Final[tuple[Minor, ...]] = (0, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000)
"""Where each bin begins, but the first: that one holds whoever cost more than they brought."""
NEVER_BOUGHT: Final = counter(Counter.VALUE, "none")
_NAMES: Final = tuple(counter(Counter.VALUE, name) for name in ("loss", *map(str, BOUNDS)))
COUNTERS: Final[tuple[str, ...]] = (NEVER_BOUGHT, *_NAMES)


class ValueBin(Struct, frozen=True):
    """So many customers have brought at least `since` (None: no bound) and less than `until`, in minor units."""

    since: Minor | None
    until: Minor | None
    customers: int


def bin_of(purchases: int, profit: Minor) -> str:
    """The counter of whoever has bought so often, and brought so much."""
    return _NAMES[bisect_right(BOUNDS, profit)] if purchases else NEVER_BOUGHT


def value_bins(totals: Mapping[str, int]) -> list[ValueBin]:
    """All of those who have bought, from the least to the most, out of a merchant's counters."""
    return bins_of([totals.get(name, 0) for name in _NAMES])


def bins_of(counts: Sequence[int]) -> list[ValueBin]:
    """The same of customers who were counted bin by bin; nothing of counts by other bounds."""
    if len(counts) != len(_NAMES):
        return []
    edges = (None, *BOUNDS, None)
    return [ValueBin(*each) for each in zip(edges[:-1], edges[1:], counts, strict=True)]
