"""What a condition asks, as data: many that ask about one thing are answered by one look at it.

A probe says the same as its condition's test (a property test holds the two together). `about` is what it asks about:
those of one `about` share `look`, which takes a view and returns None where that is unknown. A `Sight` is made for the
probes about one thing: it looks, and tells what it sees apart only as far as one of them minds.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

Look = Callable[[Any], Any]
See = Callable[[Any], Hashable]
"""A view -> what tells apart what is seen, for which every probe has one answer; None where it is unknown."""
_NONE_OF_THEM: Final = ()


@dataclass(frozen=True, slots=True)
class Within:
    """A whole number lies within bounds, both included."""

    about: Hashable
    look: Look
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Among:
    """Something is one of these. `few`: there are few things that it can be at all."""

    about: Hashable
    look: Look
    wanted: Collection[Hashable]
    few: bool = False


@dataclass(frozen=True, slots=True)
class Touching:
    """Of several things at least one is one of these; `look` returns all of them.

    `look_for`, where it is there, makes a look that need only see these.
    """

    about: Hashable
    look: Look
    wanted: frozenset[Hashable]
    look_for: Callable[[frozenset[Any]], Look] | None = None


Probe = Within | Among | Touching


class Sight:
    """One look for all probes about one thing. `see` raises what the looks of the probes do."""

    __slots__ = ("_steps", "see")

    def __init__(self, probes: Sequence[Probe]) -> None:
        bounds = {bound for each in probes if isinstance(each, Within) for bound in (each.low, each.high + 1)}
        self._steps = sorted(bounds)
        self.see: See = self._see_step(probes[0].look) if bounds else _see_names(probes)

    def is_met(self, probe: Probe, key: Hashable) -> bool:
        """Whether what was seen, and is known, will do."""
        if isinstance(probe, Within):
            low, high = bisect_right(self._steps, probe.low), bisect_right(self._steps, probe.high + 1)
            return low <= key < high  # type: ignore[operator]
        if isinstance(probe, Touching):
            return not probe.wanted.isdisjoint(key)  # type: ignore[arg-type]
        return key in probe.wanted

    def _see_step(self, look: Look) -> See:
        steps = self._steps

        def see(view: Any) -> int | None:
            seen = look(view)
            return None if seen is None else bisect_right(steps, seen)

        return see


def _see_names(probes: Sequence[Probe]) -> See:
    known = frozenset(name for each in probes if not isinstance(each, Within) for name in each.wanted)
    first = probes[0]
    look = first.look
    if isinstance(first, Among) and first.few:
        return look
    if isinstance(first, Touching):
        if first.look_for is not None:
            look = first.look_for(known)
        touched = known.intersection

        def see_all(view: Any) -> frozenset[Hashable] | None:
            seen = look(view)
            return None if seen is None else touched(seen)

        return see_all

    def see(view: Any) -> Hashable:
        seen = look(view)
        return seen if seen is None or seen in known else _NONE_OF_THEM

    return see
