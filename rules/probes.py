"""What a condition asks, as data: many that ask about one thing are answered by one look at it.

A probe says the same as its condition's test (a property test holds the two together). `about` is what it asks about:
those of one `about` share `look`, which takes a view and returns None where that is unknown.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

Look = Callable[[Any], Any]
Key = Callable[[Any], Hashable]
"""What was seen -> what tells it apart: what has one key gives one answer to every probe."""


@dataclass(frozen=True, slots=True)
class Within:
    """A figure lies within bounds, both included."""

    about: Hashable
    look: Look
    low: int
    high: int

    def met(self, seen: int) -> bool:
        """Whether what was seen, and is known, will do."""
        return self.low <= seen <= self.high


@dataclass(frozen=True, slots=True)
class Among:
    """Something is one of these."""

    about: Hashable
    look: Look
    wanted: Collection[Hashable]

    def met(self, seen: Hashable) -> bool:
        """Whether what was seen, and is known, will do."""
        return seen in self.wanted


@dataclass(frozen=True, slots=True)
class Touching:
    """Of several things at least one is one of these; `look` returns all of them."""

    about: Hashable
    look: Look
    wanted: frozenset[Hashable]

    def met(self, seen: Collection[Hashable]) -> bool:
        """Whether what was seen, and is known, will do."""
        return not self.wanted.isdisjoint(seen)


Probe = Within | Among | Touching


def key_of(probes: Sequence[Probe]) -> Key:
    """Return how what is seen is told apart by probes of one kind about one thing."""
    if isinstance(probes[0], Within):
        bounds = sorted({bound for each in probes if isinstance(each, Within) for bound in (each.low, each.high)})
        return lambda seen: bisect_left(bounds, seen) + bisect_right(bounds, seen)
    known = frozenset(name for each in probes if not isinstance(each, Within) for name in each.wanted)
    if isinstance(probes[0], Touching):
        return known.intersection
    return lambda seen: (seen,) if seen in known else ()
