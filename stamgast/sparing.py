"""Says once in a while what happens again and again, and how often it did: a log that is flooded tells nothing.

What it is about has a group, such as the log's event, and within it a kind, such as the reason. Kinds come from outside
in part, so that their number is bounded: what is beyond is told together.
"""

from __future__ import annotations

from typing import Final

_OTHERS: Final = "others"


class Sparing:
    """Says whether something is to be told now. Times are seconds of whatever clock the caller goes by."""

    def __init__(self, every_s: float, *, most_kinds: int) -> None:
        self._every_s = every_s
        self._most_kinds = most_kinds
        self._told: dict[str, dict[str, float]] = {}
        self._untold: dict[tuple[str, str], int] = {}

    def note(self, group: str, kind: str, now: float, times: int = 1) -> int:
        """Return how often it happened since it was told last, with this time; 0 if it is not to be told now."""
        told = self._told.setdefault(group, {})
        if kind not in told and len(told) >= self._most_kinds:
            self._forget(group, told, now)
            if len(told) >= self._most_kinds:
                kind = _OTHERS
        happened = self._untold.get((group, kind), 0) + times
        if now - told.get(kind, now - self._every_s) < self._every_s:
            self._untold[group, kind] = happened
            return 0
        told[kind] = now
        self._untold.pop((group, kind), None)
        return happened

    def _forget(self, group: str, told: dict[str, float], now: float) -> None:
        """Make room: what was told long ago is as good as new. Its number goes to the others'."""
        for kind, at in list(told.items()):
            if now - at >= self._every_s and kind != _OTHERS:
                del told[kind]
                untold = self._untold.pop((group, kind), 0)
                if untold:
                    self._untold[group, _OTHERS] = self._untold.get((group, _OTHERS), 0) + untold


class Spells:
    """Says for how long things have gone on. One that rests for so long has ended; the next time it begins anew."""

    def __init__(self, rest_s: float, *, most: int) -> None:
        self._rest_s = rest_s
        self._most = most
        self._spells: dict[str, tuple[float, float]] = {}
        """What -> when it began, and when it was noted last."""

    def lasted(self, what: str, now: float) -> float:
        """Note it, and return how many seconds ago it began."""
        began, last = self._spells.pop(what, (now, now))
        if now - last > self._rest_s:
            began = now
        self._spells[what] = (began, now)  # the one that was noted longest ago stands first
        if len(self._spells) > self._most:
            del self._spells[next(iter(self._spells))]
        return now - began
