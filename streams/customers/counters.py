"""The counters of the read model. A step writes what they are after it, never what to add.

A server that is cut off while it writes a step to its file may carry the beginning of it out at a later restart, beside
the whole step that was applied since. What is set twice is what it is; what was added twice was too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stamgast.domain.counters import BETWEEN
from stamgast.domain.rule_months import is_monthly, moved_in
from stamgast.state.keys import PartitionKeys
from stamgast.state.partitions import Lease
from streams.customers.batch import Result

MOST_KNOWN: Final = 10_000
"""Counters that an owner remembers, about; then it asks again."""
_ASKED_AT_ONCE: Final = 2_000


def added_by(results: Iterable[Result]) -> dict[str, int]:
    """Sum what a step adds to each counter, by its name in Redis."""
    months: dict[tuple[str, str], dict[str, int]] = {}
    for result in results:
        merchant = result.name[0]
        for change in result.changes:
            for month, moved in change.counted() if change.earlier else ((change.month, change.counters),):
                sums = months.setdefault((merchant, month), {})
                for counter, by in moved.items():
                    sums[counter] = sums.get(counter, 0) + by
    added: dict[str, int] = {}
    for (merchant, month), sums in months.items():
        for counter, by in (*sums.items(), *moved_in(month, sums)):
            if by:
                name = f"{merchant}{BETWEEN}{counter}"
                added[name] = added.get(name, 0) + by
    return {name: by for name, by in added.items() if by}


def stands_in(keys: PartitionKeys, name: str) -> str:
    """The hash in which a counter stands, by its name in Redis."""
    return keys.rule_months if is_monthly(name.partition(BETWEEN)[2]) else keys.stats


def by_hash(keys: PartitionKeys, names: Iterable[str]) -> dict[str, list[str]]:
    """The hashes in which counters stand, and which."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(stands_in(keys, name), []).append(name)
    return found


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
        for key, names in by_hash(lease.keys, unknown).items():
            for start in range(0, len(names), _ASKED_AT_ONCE):
                some = names[start : start + _ASKED_AT_ONCE]
                [values] = await lease.read([], ("HMGET", key, *some))
                self._known.update(zip(some, (int(value or 0) for value in values), strict=True))
        return {name: self._known[name] + by for name, by in added.items()}

    def keep(self, values: Mapping[str, int]) -> None:
        """Remember what a committed step wrote."""
        self._known.update(values)
