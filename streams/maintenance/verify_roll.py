"""The rolls of a partition against the log: who is missing there is never walked, who stands there twice is twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from stamgast.domain.alerts import STAFF_ROOM
from stamgast.state.client import names_under
from stamgast.state.keys import PartitionKeys
from stamgast.state.looks import Look, look
from stamgast.state.roll import some_of
from stamgast.state.session import Session
from streams.maintenance.replay import PartitionReplay

_AT_ONCE: Final = 2_000


async def roll_differences(
    session: Session, keys: PartitionKeys, replay: PartitionReplay, fold_on: Callable[[Look], Awaitable[None]]
) -> AsyncIterator[str]:
    """Yield a line for each customer who does not stand there as often as the log says."""
    found = {name async for name in names_under(session, keys.roll(""))}
    for merchant in sorted(found | {merchant for merchant, _ in replay.fold.states}):
        seen = await look(session, keys, listed=keys.roll(merchant))
        await fold_on(seen)
        wanted = {customer for of, customer in replay.fold.states if of == merchant and customer != STAFF_ROOM}
        there = await _names(session, keys, merchant, seen.length)
        for customer in sorted(wanted ^ there.keys() | {name for name, times in there.items() if times > 1}):
            times, should_be = there[customer], int(customer in wanted)
            yield f"customer {merchant}:{customer}: stands on the roll {times} times, should be {should_be}"


async def _names(session: Session, keys: PartitionKeys, merchant: str, length: int) -> Counter[str]:
    """Those who stood there when it was so long: it only ever grows at its end."""
    there = Counter[str]()
    for start in range(0, length, _AT_ONCE):
        there.update(await some_of(session.call, keys, merchant, start, min(_AT_ONCE, length - start)))
    return there
