"""What stands beside the customers of a partition against the log: owners of vouchers, answers, waiting messages.

A code whose owner is missing is unknown at the till, a message that stands in no lane never leaves. Owners and answers
go by themselves after a time, so one that is missing is told only while it has to be there; what the log does not know
must not stand there at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from typing import Final, Protocol

from stamgast.domain.units import MINUTE, Millis
from stamgast.domain.voucher_codes import short_of
from stamgast.state.client import members_of, names_under
from stamgast.state.keys import PartitionKeys
from stamgast.state.looks import Look, look
from stamgast.state.outbox import decode_submission
from stamgast.state.session import Session
from stamgast.state.voucher_owners import decode_owner
from streams.maintenance.beside import ANSWER_KEPT, Beside, digest_of
from streams.maintenance.verify_sending import Begun, Bound, Doubts, Lanes, Submissions

AT_ONCE: Final = 200
"""Keys that are asked for side by side."""
_WRITTEN_WITHIN: Final[Millis] = 5 * MINUTE


class _Kind(Protocol):
    """One kind of what stands there."""

    def names(self) -> AsyncIterator[str]:
        """Yield each that is there, or has to be; some perhaps twice."""
        ...

    async def look(self, name: str) -> Look:
        """See what is there."""
        ...

    def differs(self, name: str, seen: Look) -> str:
        """Say how it departs from what the log says; nothing if it does not."""
        ...


async def beside_differences(
    session: Session, keys: PartitionKeys, beside: Beside, fold_on: Callable[[Look], Awaitable[None]]
) -> AsyncIterator[str]:
    """Yield a line for each that differs; who seems to is looked at again, with the log folded on to that moment."""
    seconds, _ = await session.call("TIME")
    kinds: Sequence[_Kind] = (
        _Owners(session, keys, beside, int(seconds) * 1_000),
        _Answers(session, keys, beside, int(seconds) * 1_000),
        _Outbox(session, keys, beside),
        Lanes(session, keys, beside),
        Submissions(session, keys, beside),
        Doubts(session, keys, beside),
        Begun(session, keys, beside),
        Bound(session, keys, beside),
    )
    for kind in kinds:
        for name in await _suspects(kind):
            seen = await kind.look(name)
            await fold_on(seen)
            if what := kind.differs(name, seen):
                yield what


async def _suspects(kind: _Kind) -> Collection[str]:
    found, some = dict[str, None](), list[str]()

    async def judge() -> None:
        looks = await asyncio.gather(*map(kind.look, some))
        found.update((name, None) for name, seen in zip(some, looks, strict=True) if kind.differs(name, seen))
        some.clear()

    async for name in kind.names():
        some.append(name)
        if len(some) == AT_ONCE:
            await judge()
    await judge()
    return found


class _Owners:
    """Vouchers and whose they are. `now` is Redis's time: by it a code is forgotten."""

    def __init__(self, session: Session, keys: PartitionKeys, beside: Beside, now: Millis) -> None:
        self._session, self._keys, self._beside, self._now = session, keys, beside, now

    async def names(self) -> AsyncIterator[str]:
        async for name in names_under(self._session, self._keys.voucher("", "")[:-1]):
            yield _in_short(name)
        for name in tuple(self._beside.owners):
            yield name

    async def look(self, name: str) -> Look:
        merchant, _, code = name.partition(":")
        seen = await look(self._session, self._keys, value=self._keys.voucher(merchant, code))
        owner = self._beside.owners.get(name)
        if seen.value is not None or owner is None:
            return seen
        return await look(self._session, self._keys, value=self._keys.voucher(merchant, owner.code))

    def differs(self, name: str, seen: Look) -> str:
        owner, found = self._beside.owners.get(name), None
        if seen.value is not None:
            found = decode_owner(seen.value, "" if owner is None else owner.code).customer
        if owner is None:
            return "" if found is None else f"voucher {name}: its owner {found} is in Redis and not in the log"
        if found is None:
            missing = self._now < owner.until
            return f"voucher {name}: its owner is missing in Redis, should be {owner.customer}" if missing else ""
        return "" if found == owner.customer else f"voucher {name}: its owner is {found}, should be {owner.customer}"


def _in_short(name: str) -> str:
    """`merchant:code` by its short code: those from before there were such stand under the long one."""
    merchant, _, code = name.partition(":")
    return f"{merchant}:{short_of(code)}"


class _Answers:
    """What HTTP clients are answered, of the newest day."""

    def __init__(self, session: Session, keys: PartitionKeys, beside: Beside, now: Millis) -> None:
        self._session, self._keys, self._beside, self._now = session, keys, beside, now

    async def names(self) -> AsyncIterator[str]:
        for name in tuple(self._beside.answers):
            yield name

    async def look(self, name: str) -> Look:
        merchant, _, event = name.partition(":")
        return await look(self._session, self._keys, value=self._keys.answer(merchant, event))

    def differs(self, name: str, seen: Look) -> str:
        answer = self._beside.answers.get(name)
        if answer is None:  # forgotten by now
            return ""
        if seen.value is None:
            there = self._now - ANSWER_KEPT < answer.at < self._now + _WRITTEN_WITHIN
            return f"answer to {name}: is missing in Redis" if there else ""
        return "" if digest_of(seen.value) == answer.digest else f"answer to {name}: is not the log's"


class _Outbox:
    """Messages that are not finished: in the outbox, and there in their lane unless they are in somebody's hands."""

    def __init__(self, session: Session, keys: PartitionKeys, beside: Beside) -> None:
        self._session, self._keys, self._beside = session, keys, beside

    async def names(self) -> AsyncIterator[str]:
        async for name in members_of(self._session, "HSCAN", self._keys.outbox):
            yield name
        for name in tuple(self._beside.outbox):
            yield name

    async def look(self, name: str) -> Look:
        keys, waits = self._keys, self._beside.outbox.get(name)
        among = keys.lane(*waits.lane) if waits is not None else ""
        return await look(
            self._session, keys, entries=keys.outbox, field=name, other=keys.sending, among=among, member=name
        )

    def differs(self, name: str, seen: Look) -> str:
        waits, found = self._beside.outbox.get(name), seen.entries.get(name.encode())
        if waits is None or found is None:
            if waits is None and found is None:
                return ""
            return f"message {name}: is {'in' if found else 'missing in'} Redis{' and not in the log' if found else ''}"
        if digest_of(found) != waits.digest:
            return f"message {name}: {decode_submission(found).template} is not what the log says"
        return "" if seen.score is not None or seen.other is not None else f"message {name}: waits in no lane"
