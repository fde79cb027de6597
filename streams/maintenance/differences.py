"""What a comparison found, and how a difference is said in one line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from stamgast.state.keys import PartitionKeys
from stamgast.state.looks import Look

SHOWN: Final = 50
"""Differences that are told at most; all are counted."""
_FIELDS: Final = 6
"""Fields of one difference that are told at most."""
_LETTERS: Final = 60
"""Letters of a value that are told at most."""


AT_ONCE: Final = 200
"""States that are asked for at once."""


@dataclass
class Report:
    """The outcome; `equal` is true only if nothing at all differs."""

    customers: int = 0
    transactions: int = 0
    behind: int = 0
    """Records of the log that live state has not applied yet; what is compared is state and log at the watermark."""
    waiting: int = 0
    """Events below the watermark that wait for their merchant's bundle, or behind such."""
    differences: list[str] = field(default_factory=list)
    """The first of them, a line each."""
    different: int = 0
    """How many there are."""
    partitions: dict[PartitionKeys, str] = field(default_factory=dict)
    """Those in which something differs, and their names for people."""

    @property
    def equal(self) -> bool:
        """Whether live state is what the log says."""
        return not self.different

    def note(self, keys: PartitionKeys, partition: str, what: str) -> None:
        """Note that something of a partition differs."""
        self.different += 1
        self.partitions[keys] = partition
        if len(self.differences) < SHOWN:
            self.differences.append(f"{partition}, {what}")

    def merge(self, other: Report) -> None:
        """Add what was found in other partitions."""
        self.customers += other.customers
        self.transactions += other.transactions
        self.behind += other.behind
        self.waiting += other.waiting
        self.different += other.different
        self.partitions |= other.partitions
        self.differences = [*self.differences, *other.differences][:SHOWN]


async def departing(
    names: Sequence[str],
    look: Callable[[str], Awaitable[Look]],
    fold_on: Callable[[Look], Awaitable[None]],
    compare: Callable[[str, Look], list[str]],
) -> AsyncIterator[str]:
    """Say which of these states depart from what the log says, a line each.

    Whatever does is looked at once more, beside the log up to that very moment: it may have moved on meanwhile.
    """
    suspects: list[str] = []
    for start in range(0, len(names), AT_ONCE):
        some = names[start : start + AT_ONCE]
        looks = await asyncio.gather(*map(look, some))
        suspects += [name for name, each in zip(some, looks, strict=True) if compare(name, each)]
    for name in suspects:
        seen = await look(name)
        await fold_on(seen)
        if words := compare(name, seen):
            yield f"{name}: {'; '.join(words)}"


def plain(state: msgspec.Struct | None) -> dict[str, Any] | None:
    """Return a state's fields as plain values."""
    if state is None:
        return None
    return {name: msgspec.to_builtins(getattr(state, name)) for name in state.__struct_fields__}


def said(is_now: Mapping[str, Any] | None, should_be: Mapping[str, Any] | None) -> list[str]:
    """Say where one state departs from another, a few words for each field."""
    if is_now is None or should_be is None:
        return ["is missing in Redis" if is_now is None else "is in Redis and not in the log"]
    names = [name for name in should_be if is_now.get(name) != should_be[name]]
    told = [_said_of(name, is_now.get(name), should_be[name]) for name in names[:_FIELDS]]
    return [*told, f"and {len(names) - _FIELDS} more fields"] if len(names) > _FIELDS else told


def said_of_entries(is_now: Mapping[bytes, bytes], should_be: Mapping[bytes, bytes]) -> list[str]:
    """Say how many entries of a ledger are missing, too many, or differ."""
    counts = {
        "missing": len(should_be.keys() - is_now.keys()),
        "too many": len(is_now.keys() - should_be.keys()),
        "different": sum(is_now[name] != should_be[name] for name in is_now.keys() & should_be.keys()),
    }
    found = [f"{count:,} {what}" for what, count in counts.items() if count]
    return [f"its ledger of {len(should_be):,} entries has {', '.join(found)}"] if found else []


def _said_of(name: str, is_now: Any, should_be: Any) -> str:
    now, wanted = repr(is_now), repr(should_be)
    if max(len(now), len(wanted)) > _LETTERS and isinstance(is_now, list | dict) and type(is_now) is type(should_be):
        if len(is_now) != len(should_be):
            return f"{name} has {len(is_now):,}, should have {len(should_be):,}"
        now, wanted = _first_difference(is_now, should_be)
    return f"{name} is {_cut(now)}, should be {_cut(wanted)}"


def _first_difference(is_now: Any, should_be: Any) -> tuple[str, str]:
    """The first of two lists' items, or of two mappings' values, that differ."""
    if isinstance(is_now, dict) and isinstance(should_be, dict):
        is_now, should_be = sorted(is_now.items()), sorted(should_be.items())
    pairs = zip(is_now, should_be, strict=True)
    return next(((repr(now), repr(wanted)) for now, wanted in pairs if now != wanted), (repr(is_now), repr(should_be)))


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
