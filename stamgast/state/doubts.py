"""What is in doubt in a partition: who it is for, and when it is looked up next.

`doubt` holds what is to be looked up, `looks` when, by Redis's own clock: whoever takes the partition goes on where
the last owner was, and reads only what is due. Whether something else of the same customer is in doubt, or is being
sent, stands in sets of that customer's own, which the same scripts keep.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from stamgast.domain.activation import Submission
from stamgast.domain.units import Millis
from stamgast.state.keys import PartitionKeys
from stamgast.state.partitions import Lease
from stamgast.state.scripts import Script
from stamgast.state.session import Word

_PUT: Final = Script.named("doubt_put")
_NEXT_LOOK: Final = Script.named("doubt_next_look")
_DUE: Final = Script.named("doubt_due")
_SETTLED: Final = Script.named("doubt_settled")
_PIECE: Final = 200


class Doubt(msgspec.Struct, array_like=True, frozen=True):
    """A submission of which nobody knows whether it was accepted, and when it was begun."""

    submission: Submission
    attempt: str
    begun_at: Millis
    looked: int = 0
    """How often the carrier was asked."""


encode_doubt = msgspec.msgpack.Encoder().encode
decode_doubt = msgspec.msgpack.Decoder(Doubt).decode


class Doubts:
    """One partition's doubts, as its owner may change them."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._keys = lease.keys

    async def put(self, doubt: Doubt, first_look_s: float) -> None:
        """Remember that a submission must not be tried again, and that it is to be looked up."""
        keys, mine = self._keys, doubt.submission
        names: list[Word] = [keys.outbox, keys.sending, keys.lane(mine.merchant, mine.channel)]
        words: list[Word] = [mine.activation, doubt.attempt, encode_doubt(doubt), _millis(first_look_s)]
        await self._lease.run(_PUT, [*names, keys.doubt, keys.looks, _of(keys, mine)], words)

    async def due(self, most: int) -> tuple[list[Doubt], float | None]:
        """Return the first of those whose look-up is due, and in how many seconds another one will be."""
        wait, *found = await self._lease.run(_DUE, [self._keys.doubt, self._keys.looks], [most])
        return [decode_doubt(value) for value in found], None if wait < 0 else wait / 1_000

    async def look_again(self, doubt: Doubt, after_s: float) -> None:
        """Say that it is looked up once more, in so many seconds."""
        await self._next_look(doubt, after_s, encode_doubt(doubt))

    async def settled(self, submission: Submission) -> None:
        """Stop looking it up."""
        keys = self._keys
        names: list[Word] = [keys.doubt, keys.looks, _of(keys, submission)]
        await self._lease.run(_SETTLED, names, [submission.activation])

    async def schedule_all(self, first_look_s: float) -> None:
        """Give a look-up, and a place in its customer's set, to each doubt from before these were kept."""
        call, keys = self._lease.call, self._keys
        if await call("HLEN", keys.doubt) == await call("ZCARD", keys.looks):
            return
        async for doubts in self._pieces():
            for doubt in doubts:
                await self._next_look(doubt, first_look_s, b"")

    async def has_another(self, submission: Submission) -> bool:
        """Say whether something else of the same customer is in doubt."""
        two = await self._lease.call("SRANDMEMBER", _of(self._keys, submission), 2)
        return any(name.decode() != submission.activation for name in two)

    async def is_another_begun(self, submission: Submission) -> bool:
        """Say whether something else of the same customer is being sent, or in doubt and not yet told to be."""
        keys = self._keys
        begun = await self._lease.call("SMEMBERS", keys.begun(submission.merchant, submission.customer))
        others = [name for name in begun if name.decode() != submission.activation]
        states = await self._lease.call("HMGET", keys.sending, *others) if others else []
        return any(state is not None and state[:1] in (b"S", b"D") for state in states)

    async def bound(self, merchant: str, customer: str) -> set[str]:
        """Return the carrier's ids of messages that are known to be certain activations' of this customer."""
        found = await self._lease.call("SMEMBERS", self._keys.bound(merchant, customer))
        return {name.decode() for name in found}

    async def _next_look(self, doubt: Doubt, after_s: float, value: bytes) -> None:
        keys = self._keys
        names: list[Word] = [keys.doubt, keys.looks, _of(keys, doubt.submission)]
        await self._lease.run(_NEXT_LOOK, names, [doubt.submission.activation, _millis(after_s), value])

    async def _pieces(self) -> AsyncIterator[list[Doubt]]:
        cursor = b"0"
        while True:
            cursor, flat = await self._lease.call("HSCAN", self._keys.doubt, cursor, "COUNT", _PIECE)
            yield [decode_doubt(value) for value in flat[1::2]]
            if cursor == b"0":
                return


def _of(keys: PartitionKeys, submission: Submission) -> str:
    return keys.doubts(submission.merchant, submission.customer)


def _millis(seconds: float) -> int:
    return int(seconds * 1_000)
