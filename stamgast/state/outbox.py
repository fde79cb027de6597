"""The outbox of a partition: what is to be submitted, how far each submission is, and which attempts stand open.

`sending` holds, per activation: nothing (it waits), `C|attempt|token|run` (claimed; `run` is the Redis process that
heard of it), `S|attempt` (being sent: from here on nobody may send it again), `D|attempt` (in doubt) or `X`
(cancelled). `attempts` is what the log of activations says: the first attempt of each activation that stands open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import msgspec

from stamgast.domain.activation import Note, Submission
from stamgast.domain.units import Millis
from stamgast.state.errors import UncountedError
from stamgast.state.partitions import Lease
from stamgast.state.scripts import Script
from stamgast.state.session import Word

_CLAIM: Final = Script.named("outbox_claim")
_BEGIN: Final = Script.named("outbox_begin")
_RETURN: Final = Script.named("outbox_return")
_DOUBT: Final = Script.named("outbox_doubt")
_LOGGED: Final = Script.named("outbox_logged")
_LIMIT: Final = Script.named("outbox_limit")

_LIMIT_KEPT_S: Final = 3 * 86_400

encode_submission = msgspec.msgpack.Encoder().encode
decode_submission = msgspec.msgpack.Decoder(Submission).decode
encode_note = msgspec.json.Encoder().encode
decode_note = msgspec.json.Decoder(Note).decode


class Doubt(msgspec.Struct, array_like=True, frozen=True):
    """A submission of which nobody knows whether it was accepted, and when it was begun."""

    submission: Submission
    attempt: str
    begun_at: Millis


encode_doubt = msgspec.msgpack.Encoder().encode
decode_doubt = msgspec.msgpack.Decoder(Doubt).decode


@dataclass(frozen=True, slots=True)
class Entry:
    """An activation in the outbox; `state` is empty while it waits, else the letter that `sending` begins with."""

    submission: Submission
    state: str = ""
    attempt: str = ""
    run: str = ""
    open_attempt: str = ""
    """The attempt that the log shows as begun and not closed."""


class Outbox:
    """One partition's outbox, as its owner may change it."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._keys = lease.keys

    async def entries(self) -> list[Entry]:
        """Return everything that is not finished, in the order in which it was decided."""
        call, keys = self._lease.call, self._keys
        queue = await call("ZRANGE", keys.queue, 0, -1)
        outbox = _pairs(await call("HGETALL", keys.outbox))
        sending = _pairs(await call("HGETALL", keys.sending))
        names = [*queue, *(name for name in outbox if name not in set(queue))]
        names = [name for name in names if name in outbox]
        logged = await call("HMGET", keys.attempts, *names) if names else []
        return [
            _entry(outbox[name], sending.get(name, b""), attempt or b"")
            for name, attempt in zip(names, logged, strict=True)
        ]

    async def doubts(self) -> list[Doubt]:
        """Return what still has to be looked up."""
        found = _pairs(await self._lease.call("HGETALL", self._keys.doubt))
        return [decode_doubt(value) for value in found.values()]

    async def claim(self, activation: str, attempt: str) -> str:
        """Claim a waiting entry: `ok`, `gone`, `open|<attempt>` if the log shows another, or its state."""
        value = f"C|{attempt}|{self._lease.token}|{self._lease.redis_run}"
        keys = [self._keys.outbox, self._keys.sending, self._keys.attempts]
        return _text(await self._lease.run(_CLAIM, keys, [activation, value]))

    async def begin(self, activation: str, attempt: str, stop_key: str) -> Literal["ok", "gone", "stopped"]:
        """Say that the one submission begins now, unless it was cancelled or its phone said STOP."""
        keys = [self._keys.outbox, self._keys.sending, stop_key]
        answer = _text(await self._lease.run(_BEGIN, keys, [activation, attempt]))
        return cast(Literal["ok", "gone", "stopped"], answer)

    async def put_back(self, activation: str, attempt: str) -> bool:
        """Let an entry wait again whose attempt was certainly not submitted."""
        return bool(await self._lease.run(_RETURN, [self._keys.sending], [activation, attempt]))

    async def doubt(self, doubt: Doubt) -> None:
        """Remember that a submission is to be looked up, and that it must not be tried again."""
        keys = [self._keys.sending, self._keys.doubt]
        words: list[Word] = [doubt.submission.activation, doubt.attempt, encode_doubt(doubt)]
        await self._lease.run(_DOUBT, keys, words)

    async def bound(self, merchant: str, customer: str) -> set[str]:
        """Return the carrier's ids of messages that are known to be certain activations' of this customer."""
        found = await self._lease.call("SMEMBERS", self._keys.bound(merchant, customer))
        return {_text(name) for name in found}

    async def settled(self, activation: str) -> None:
        """Stop looking an activation up."""
        await self._lease.call("HDEL", self._keys.doubt, activation)

    async def logged(self, position: int, lines: Sequence[tuple[str, str, str]]) -> list[str]:
        """Take in lines of the log of activations up to a position: (kind, activation, attempt).

        Returns, for each `claimed` line, the attempt that stands open: another one if it was there first.
        """
        words = [word for line in lines for word in line]
        answer = await self._lease.run(_LOGGED, [self._keys.attempts], [position, *words])
        return [_text(attempt) for attempt in answer]

    async def take_limit(self, submission: Submission, day: int, partitions: int) -> bool:
        """Count a message against its rule's limit a day; asking twice for one activation counts once.

        The count is over all partitions, and so perhaps on another node than this one's (`Lease.run_elsewhere`).

        Raises:
            UncountedError: Redis lost the count, and not all of so many partitions have told theirs again
                (`tell_limits`).
        """
        name = f"{submission.merchant}:{submission.rule}:{day}"
        words: list[Word] = [submission.activation, submission.per_day, _LIMIT_KEPT_S, partitions]
        taken = await self._lease.run_elsewhere(_LIMIT, [_limit_key(name), _told_key(submission.merchant)], words)
        if taken < 0:
            raise UncountedError("some partitions have not told yet what they sent")
        if taken:
            await self._keep_share(name, [submission.activation])
        return bool(taken)

    async def recount_limit(self, merchant: str, rule: str, day: int, activations: Sequence[str]) -> None:
        """Keep as this partition's share what the log says was claimed."""
        await self._keep_share(f"{merchant}:{rule}:{day}", activations)

    async def restore_limits(self) -> None:
        """Put this partition's shares into the counts, in case their node forgot them; what counts already stays so."""
        call, keys = self._lease.call, self._keys
        for name in [_text(each) for each in await call("SMEMBERS", keys.limits)]:
            share = await call("SMEMBERS", keys.limit_share(name))
            if share:
                await self._lease.call_elsewhere("SADD", _limit_key(name), *share)
                await self._lease.call_elsewhere("EXPIRE", _limit_key(name), _LIMIT_KEPT_S)
            else:  # that day is over
                await call("SREM", keys.limits, name)

    async def tell_limits(self, merchant: str, partition: int) -> None:
        """Note that what this partition sent counts: `restore_limits` was run at its taking."""
        await self._lease.call_elsewhere("SADD", _told_key(merchant), partition)

    async def _keep_share(self, name: str, activations: Sequence[str]) -> None:
        share = self._keys.limit_share(name)
        await asyncio.gather(
            self._lease.call("SADD", self._keys.limits, name),
            self._lease.call("SADD", share, *activations),
            self._lease.call("EXPIRE", share, _LIMIT_KEPT_S),
        )

    async def notes(self) -> list[tuple[str, list[bytes]]]:
        """Return what is still to be written to the log of activations: (id, values)."""
        found = await self._lease.call("XRANGE", self._keys.notes, "-", "+")
        return [(_text(name), list(fields[1::2])) for name, fields in found]

    async def notes_written(self, names: Sequence[str]) -> None:
        """Forget notes by their ids."""
        await self._lease.call("XDEL", self._keys.notes, *names)


def _told_key(merchant: str) -> str:
    return f"{{m:{merchant}}}:told"


def _limit_key(name: str) -> str:
    merchant, _, rest = name.partition(":")
    return f"{{m:{merchant}}}:limits:{rest}"


def _entry(value: bytes, sending: bytes, logged: bytes) -> Entry:
    state, attempt, _token, run = [*_text(sending).split("|"), "", "", ""][:4]
    return Entry(decode_submission(value), state, attempt, run, _text(logged))


def _pairs(flat: list[Any]) -> dict[bytes, bytes]:
    words = iter(flat)
    return dict(zip(words, words, strict=True))


def _text(value: bytes) -> str:
    return value.decode()
