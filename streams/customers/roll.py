"""What the roll of a partition lacks is put there when the partition is taken (`stamgast.state.roll`).

Versions before had no roll: each customer stood among the timers, those with nothing due at their end. Such a version
may also have worked here since. That somebody is missing is told by the counter of customers, which every version
writes; all of them stand on the roll or among the timers. Whoever is interrupted leaves the rest to the next owner.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.counters import Counter
from stamgast.logs import get_logger
from stamgast.state.keys import IDLE
from stamgast.state.partitions import Lease, Writes
from stamgast.state.roll import entry_of

log = get_logger(__name__)

_AT_ONCE: Final = 1_000
_COUNTER: Final = f"|{Counter.CUSTOMERS}"


async def complete(lease: Lease) -> int:
    """Put whoever is missing on the rolls; return how many that were.

    Raises FencedError, StaleError, SpoiltError or another StateError.
    """
    lacking = [merchant async for merchant in _lacking(lease)]
    if not lacking:
        return 0
    rolls = {merchant: await _roll(lease, merchant) for merchant in lacking}
    added, cursor = 0, b""
    while cursor != b"0":
        cursor, flat = await lease.call("ZSCAN", lease.keys.timers, cursor or b"0", "COUNT", _AT_ONCE)
        writes, missing = Writes(), dict[str, list[bytes]]()
        idle = []
        for member, score in zip(flat[::2], flat[1::2], strict=True):
            merchant, _, customer = member.decode().rpartition(":")
            known, entry = rolls.get(merchant), entry_of(customer)
            if known is not None and customer != STAFF_ROOM and entry not in known:
                known.add(entry)
                missing.setdefault(merchant, []).append(entry)
            if known is not None and float(score) == IDLE:
                idle.append(member)
        for merchant, entries in missing.items():
            writes.do("RPUSH", lease.keys.roll(merchant), *entries)
            added += len(entries)
        if idle:
            writes.do("ZREM", lease.keys.timers, *idle)
        if missing or idle:
            await lease.commit(lease.watermark, writes)
    log.info("the rolls of customers were completed", partition=lease.keys.number, added=added)
    return added


async def _lacking(lease: Lease) -> AsyncIterator[str]:
    """Merchants who have more customers than stand on their roll."""
    cursor, seen = b"", set[str]()
    while cursor != b"0":
        cursor, flat = await lease.call(
            "HSCAN", lease.keys.stats, cursor or b"0", "MATCH", f"*{_COUNTER}", "COUNT", _AT_ONCE
        )
        for name, value in zip(flat[::2], flat[1::2], strict=True):
            merchant, _, counter = name.decode().partition("|")
            if f"|{counter}" == _COUNTER and merchant not in seen:
                seen.add(merchant)
                if await lease.call("LLEN", lease.keys.roll(merchant)) < int(value):
                    yield merchant


async def _roll(lease: Lease, merchant: str) -> set[bytes]:
    entries, key = set[bytes](), lease.keys.roll(merchant)
    start = 0
    while some := await lease.call("LRANGE", key, start, start + _AT_ONCE - 1):
        entries.update(some)
        start += len(some)
    return entries
