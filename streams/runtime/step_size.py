"""How much one step may be: a bound on what it reads, and one on what it writes.

What a step reads is bounded before it begins (`streams.runtime.inbox`). What that leads to is known only when it is
thought through: one purchase may give many rewards and messages. A step that came to too much is thought through
again with half of its records, which changes nothing but where it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stamgast.state.partitions import Writes
from stamgast.state.session import Word
from streams.runtime.job import Effects, Job, Kept, Own, Owned, Record

MOST_WORDS: Final = 100_000
"""Words of one commit. Redis takes a million, but it does nothing else meanwhile."""
MOST_BYTES: Final = 16 << 20
_SHORT: Final = 100
"""Bytes that a key, a field or a number counts for; those of a person's making are refused long before at the doors."""


async def thought_through(
    job: Job[Own, Kept], owned: Owned[Own], records: Sequence[Record]
) -> tuple[Effects[Kept], Sequence[Record]]:
    """Think as many of the records through as make one step; those behind them go back into the inbox."""
    effects = await job.step(owned, records)
    while is_too_much(effects.writes) and len(records) > 1:
        records, rest = records[: len(records) // 2], records[len(records) // 2 :]
        if rest[0].offset > owned.lease.watermark:  # what had to wait stands where it stood
            owned.inbox.put_back(rest)
        effects = await job.step(owned, records)
    return effects, records


def is_too_much(writes: Writes) -> bool:
    """Say whether this is more than one commit should carry."""
    words, size = size_of(writes)
    return words > MOST_WORDS or size > MOST_BYTES


def size_of(writes: Writes) -> tuple[int, int]:
    """Return how many words a commit has and, near enough, how many bytes."""
    words = 2 * len(writes.meta) + len(writes.values) + len(writes.cancels) + len(writes.commands)
    return words, words * _SHORT + _bytes_of(writes.values) + _bytes_of(writes.commands)


def _bytes_of(words: Sequence[Word]) -> int:
    """Bytes of what is not short: states, ledger entries, messages, notes."""
    return sum(map(len, [word for word in words if type(word) is bytes]))
