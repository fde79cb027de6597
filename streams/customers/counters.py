"""The counters of the read model. A step writes what they are after it, never what to add.

A server that is cut off while it writes a step to its file may carry the beginning of it out at a later restart, beside
the whole step that was applied since. What is set twice is what it is; what was added twice was too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stamgast.state.partitions import Lease
from streams.customers.batch import Result

MOST_KNOWN: Final = 10_000
"""Counters that an owner remembers, about; then it asks again."""
_ASKED_AT_ONCE: Final = 2_000


def added_by(results: Iterable[Result]) -> dict[str, int]:
    """Sum what a step adds to each counter, by its name in Redis."""
    merchants: dict[str, dict[str, int]] = {}
    for result in results:
        sums = merchants.setdefault(result.name[0], {})
        for change in result.changes:
            for counter, by in change.counters.items():
                sums[counter] = sums.get(counter, 0) + by
    return {f"{merchant}|{name}": by for merchant, sums in merchants.items() for name, by in sums.items() if by}


class Counters:
    """What the counters of a partition are, as far as its owner has asked or written them since the taking."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    async def after(self, lease: Lease, added: Mapping[str, int]) -> dict[str, int]:
        """Return what they are once so much is added. Raises StateError."""
        unknown = [name for name in added if name not in self._known]
        if unknown and len(self._known) + len(unknown) > MOST_KNOWN:
            self._known.clear()
            unknown = list(added)
        for start in range(0, len(unknown), _ASKED_AT_ONCE):
            some = unknown[start : start + _ASKED_AT_ONCE]
            [values] = await lease.read([], ("HMGET", lease.keys.stats, *some))
            self._known.update(zip(some, (int(value or 0) for value in values), strict=True))
        return {name: self._known[name] + by for name, by in added.items()}

    def keep(self, values: Mapping[str, int]) -> None:
        """Remember what a committed step wrote."""
        self._known.update(values)
