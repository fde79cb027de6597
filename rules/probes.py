"""What a condition asks, as data: many that ask about one thing are answered by one look at it.

A probe says the same as its condition's test (a property test holds the two together). `about` is what it asks about:
those of one `about` share `look`, which takes a view and returns None where that is unknown. A `Sight` is made for the
probes about one thing: it looks, and tells what it sees apart only as far as one of them minds.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
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

    `look_for`, where it is there, makes what need only see these names, each of which has a bit of its own: the bits of
    those that are there.
    """

    about: Hashable
    look: Look
    wanted: frozenset[Hashable]
    look_for: Callable[[Mapping[Any, int]], Look] | None = None


Probe = Within | Among | Touching


class Sight:
    """One look for all probes about one thing. `see` raises what the looks of the probes do."""

    __slots__ = ("_bits", "_steps", "see")

    def __init__(self, probes: Sequence[Probe]) -> None:
        bounds = {bound for each in probes if isinstance(each, Within) for bound in (each.low, each.high + 1)}
        names = {name: None for each in probes if not isinstance(each, Within) for name in each.wanted}
        self._steps = sorted(bounds)
        self._bits: Mapping[Hashable, int] = {name: 1 << place for place, name in enumerate(names)}
        first = probes[0]
        if isinstance(first, Within):
            self.see: See = _see_step(first.look, self._steps)
        elif isinstance(first, Among):
            self.see = first.look if first.few else _see_name(first.look, frozenset(names))
        elif first.look_for is not None:
            self.see = first.look_for(self._bits)
        else:
            self.see = _see_bits(first.look, self._bits)

    def is_met(self, probe: Probe, key: Any) -> bool:
        """Whether what was seen, and is known, will do."""
        if isinstance(probe, Within):
            low, high = bisect_right(self._steps, probe.low), bisect_right(self._steps, probe.high + 1)
            return key in range(low, high)
        if isinstance(probe, Touching):
            return any(key & self._bits[name] for name in probe.wanted)
        return key in probe.wanted


def _see_step(look: Look, steps: Sequence[int]) -> See:
    def see(view: Any) -> int | None:
        seen = look(view)
        return None if seen is None else bisect_right(steps, seen)

    return see


def _see_name(look: Look, known: frozenset[Hashable]) -> See:
    def see(view: Any) -> Hashable:
        seen = look(view)
        return seen if seen is None or seen in known else _NONE_OF_THEM

    return see


def _see_bits(look: Look, bits: Mapping[Hashable, int]) -> See:
    def see(view: Any) -> int | None:
        seen = look(view)
        if seen is None:
            return None
        held = 0
        for name in seen:
            if name in bits:
                held |= bits[name]
        return held

    return see
