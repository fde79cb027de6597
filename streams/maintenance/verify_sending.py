"""What sending keeps in a partition against the log, and against itself.

Most of it is no state of the log's: how far a submission is, what is looked up at the carrier and when. It has to be of
messages that there are, and where two things stand for one, neither may stand without the other: a lane that nobody
knows of is never worked at, a doubt without a look is never settled. `streams.maintenance.verified` has the list.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Final, NamedTuple

from stamgast.domain.units import Millis
from stamgast.log.reading import LogReader
from stamgast.state.client import members_of, names_under
from stamgast.state.doubts import decode_doubt
from stamgast.state.keys import PartitionKeys
from stamgast.state.looks import Look, look
from stamgast.state.partition_meta import LOG
from stamgast.state.session import Session
from streams.customers.activation_log import open_attempts
from streams.maintenance.beside import BOUND_KEPT, Beside

_APART: Final = "|"
"""Between a key's rest and a member, in the name of what is looked at."""
_TRIES: Final = 5


class _Held(NamedTuple):
    session: Session
    keys: PartitionKeys
    beside: Beside


class Lanes(_Held):
    """What stands in a lane is to be submitted, and the lane is among those that are worked at."""

    async def names(self) -> AsyncIterator[str]:
        """Yield each member of each lane, and each lane by itself."""
        async for lane in names_under(self.session, self.keys.lane("", "")[:-1]):
            yield f"{lane}{_APART}"
            async for activation in members_of(self.session, "ZSCAN", self._key_of(lane)):
                yield f"{lane}{_APART}{activation}"

    async def look(self, name: str) -> Look:
        """See whether it is there; of a lane itself, whether it is among those that are known."""
        lane, _, activation = name.partition(_APART)
        seen = await look(self.session, self.keys, among=self._key_of(lane), member=activation)
        if activation:
            return seen
        known = await self.session.call("SISMEMBER", self.keys.lanes, lane)
        there = await self.session.call("EXISTS", self._key_of(lane))
        return seen._replace(length=int(there and not known))

    def differs(self, name: str, seen: Look) -> str:
        """Say how."""
        lane, _, activation = name.partition(_APART)
        if not activation:
            return f"lane {lane}: is not among those that are worked at" if seen.length else ""
        waits = self.beside.outbox.get(activation)
        if seen.score is None or (waits is not None and ":".join(waits.lane) == lane):
            return ""
        return f"message {activation}: stands in lane {lane} and is not in the log"

    def _key_of(self, lane: str) -> str:
        merchant, _, channel = lane.rpartition(":")
        return self.keys.lane(merchant, channel)


class Submissions(_Held):
    """What is being submitted is a message that is not finished."""

    async def names(self) -> AsyncIterator[str]:
        """Yield each that is in somebody's hands."""
        async for name in members_of(self.session, "HSCAN", self.keys.sending):
            yield name

    async def look(self, name: str) -> Look:
        """See whether it is."""
        return await look(self.session, self.keys, entries=self.keys.sending, field=name)

    def differs(self, name: str, seen: Look) -> str:
        """Say how."""
        stray = seen.entries and name not in self.beside.outbox
        return f"submission {name}: is under way and not in the log" if stray else ""


class Doubts(_Held):
    """What is in doubt has its look-up, and stands in its customer's own set; what is looked up is in doubt."""

    async def names(self) -> AsyncIterator[str]:
        """Yield each of either."""
        for command, key in (("HSCAN", self.keys.doubt), ("ZSCAN", self.keys.looks)):
            async for name in members_of(self.session, command, key):
                yield name

    async def look(self, name: str) -> Look:
        """See both."""
        keys = self.keys
        seen = await look(self.session, keys, entries=keys.doubt, field=name, among=keys.looks, member=name)
        if value := seen.entries.get(name.encode()):
            of = decode_doubt(value).submission
            known = await self.session.call("SISMEMBER", keys.doubts(of.merchant, of.customer), name)
            if not known:  # it may just have been settled
                seen = await look(self.session, keys, entries=keys.doubt, field=name, among=keys.looks, member=name)
            return seen._replace(length=known)
        return seen

    def differs(self, name: str, seen: Look) -> str:
        """Say how."""
        if not seen.entries:
            return f"doubt {name}: is to be looked up, and nothing says what it is" if seen.score is not None else ""
        if seen.score is None:
            return f"doubt {name}: is never looked up"
        return "" if seen.length else f"doubt {name}: does not stand in its customer's set"


class Begun(_Held):
    """What began for a customer is a message that is not finished, or that is in doubt."""

    async def names(self) -> AsyncIterator[str]:
        """Yield each member of each customer's set."""
        for kind, key in (("begun", self.keys.begun("", "")), ("doubts", self.keys.doubts("", ""))):
            async for whose in names_under(self.session, key[:-1]):
                merchant, _, customer = whose.partition(":")
                set_key = getattr(self.keys, kind)(merchant, customer)
                for member in await self.session.call("SMEMBERS", set_key):
                    yield _APART.join((kind, set_key, member.decode()))

    async def look(self, name: str) -> Look:
        """See whether it is still there, and whether it is in doubt."""
        kind, key, activation = name.split(_APART)
        seen = await look(self.session, self.keys, entries=self.keys.doubt, field=activation)
        there = await self.session.call("SISMEMBER", key, activation)
        if there and kind == "doubts":  # it may just have begun to be in doubt
            seen = await look(self.session, self.keys, entries=self.keys.doubt, field=activation)
        return seen._replace(length=there)

    def differs(self, name: str, seen: Look) -> str:
        """Say how."""
        kind, _, activation = name.split(_APART)
        known = bool(seen.entries) or (kind == "begun" and activation in self.beside.outbox)
        what = "has begun" if kind == "begun" else "is in doubt"
        return f"message {activation}: {what} for its customer and nowhere else" if seen.length and not known else ""


class Bound(_Held):
    """A carrier's message that is known to be one activation's, for as long as that is kept."""

    async def names(self) -> AsyncIterator[str]:
        """Yield those of the newest days."""
        for name in tuple(self.beside.bound):
            yield name

    async def look(self, name: str) -> Look:
        """See whether it is there: what was is not taken out."""
        merchant, customer, provider_id = name.split(":", 2)
        seen = await look(self.session, self.keys)
        there = await self.session.call("SISMEMBER", self.keys.bound(merchant, customer), provider_id)
        seconds, _ = await self.session.call("TIME")
        return seen._replace(length=there, score=int(seconds) * 1_000)

    def differs(self, name: str, seen: Look) -> str:
        """Say how."""
        at, now = self.beside.bound.get(name), seen.score or 0
        if seen.length or at is None or not _is_kept(at, now):
            return ""
        return f"carrier's message {name.rpartition(':')[2]}: it is not known whose it is"


def _is_kept(at: Millis, now: Millis) -> bool:
    return now - BOUND_KEPT < at <= now


async def attempt_differences(
    reader: LogReader, topic: str, session: Session, keys: PartitionKeys
) -> AsyncIterator[str]:
    """Yield a line for each attempt that stands open in Redis or in the log of activations, and not in both."""
    for _ in range(_TRIES):
        up_to = await _read_up_to(session, keys)
        flat = await session.call("HGETALL", keys.attempts)
        if await _read_up_to(session, keys) == up_to:
            break
    else:
        return  # too much is being sent; each attempt was there a moment ago
    found = {name.decode(): attempt.decode() for name, attempt in zip(flat[::2], flat[1::2], strict=True)}
    expected = await open_attempts(reader, topic, keys.number, up_to)
    for activation in sorted(found.keys() | expected.keys()):
        if found.get(activation) != expected.get(activation):
            yield f"attempt of {activation}: {_said_of(found.get(activation), expected.get(activation))}"


async def _read_up_to(session: Session, keys: PartitionKeys) -> int:
    return LOG.read(await session.call("HGET", keys.meta, LOG.name))


def _said_of(found: str | None, expected: str | None) -> str:
    if found is None:
        return "stands open in the log and not in Redis"
    return "stands open in Redis and not in the log" if expected is None else "is not the log's"


def meta_differences(expected: dict[str, str], found: dict[str, str], prefixes: Iterable[str]) -> list[str]:
    """Say which fields of a partition's meta are not what the log comes to; an empty one is as good as none."""
    kinds = tuple(prefixes)
    there = {name: text for name, text in found.items() if name.startswith(kinds) and text}
    wanted = {name: text for name, text in expected.items() if text}
    return [
        f"meta {name}: is {there.get(name, 'missing')}, should be {wanted.get(name, 'missing')}"
        for name in sorted(there.keys() | wanted.keys())
        if there.get(name) != wanted.get(name)
    ]
