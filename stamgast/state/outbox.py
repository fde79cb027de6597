"""The outbox of a partition: what is to be submitted, how far each submission is, and which attempts stand open.

What waits stands in the queue of its lane (merchant and channel), in the order in which it was decided, and is read
from there in windows. `sending` holds, per activation that waits no longer: `C|attempt|token|run|place` (claimed; `run`
is the Redis process that heard of it, `place` where it stood in its lane), `S|attempt|place|token` (being sent: from
here on nobody may send it again), `D|attempt` (in doubt), `W||place|token` (withheld, which is being told) or `X`
(cancelled).
`attempts` is what the log of activations says: the first attempt of each activation that stands open.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, cast

import msgspec

from stamgast.domain.activation import Note, Submission
from stamgast.domain.alerts import STAFF_ROOM
from stamgast.state.errors import UncountedError
from stamgast.state.partitions import Lease
from stamgast.state.scripts import Script
from stamgast.state.session import Word

_CLAIM: Final = Script.named("outbox_claim")
_BEGIN: Final = Script.named("outbox_begin")
_RETURN: Final = Script.named("outbox_return")
_WITHHOLD: Final = Script.named("outbox_withhold")
_WINDOW: Final = Script.named("outbox_window")
_LANE_EMPTY: Final = Script.named("outbox_lane_empty")
_MOVE: Final = Script.named("outbox_move")
_LOGGED: Final = Script.named("outbox_logged")
_LIMIT: Final = Script.named("outbox_limit")
_NOTICE: Final = Script.named("outbox_notice")

_LIMIT_KEPT_S: Final = 3 * 86_400
_PIECE: Final = 200
"""So much is read or written by one command."""

NOTE: Final = b"n"
TOLD: Final = b"f"
"""Before what goes to the log of activations, and to that of facts."""

Lane = tuple[str, str]
"""Merchant and channel: one sender's queue."""

encode_submission = msgspec.msgpack.Encoder().encode
decode_submission = msgspec.msgpack.Decoder(Submission).decode
encode_note = msgspec.json.Encoder().encode
decode_note = msgspec.json.Decoder(Note).decode


@dataclass(frozen=True, slots=True)
class Entry:
    """An activation that waits no longer; `state` is the letter that `sending` begins with."""

    submission: Submission
    state: str
    attempt: str = ""
    token: str = ""
    """The owner who claimed or began it."""
    run: str = ""
    open_attempt: str = ""
    """The attempt that the log shows as begun and not closed."""


class Notice(NamedTuple):
    """What may become of something that staff are told, and of how many others it tells as well."""

    answer: Literal["wait", "go", "told"]
    """`told`: another one has told of it."""
    others: int


class Noted(NamedTuple):
    """What one step left to be written to the logs of activations and of facts."""

    id: str
    notes: list[bytes]
    told: list[bytes]


class Outbox:
    """One partition's outbox, as its owner may change it."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._keys = lease.keys

    # -- what waits

    async def lanes(self) -> AsyncIterator[Lane]:
        """Yield each lane in which something waits, perhaps twice, and forget the others."""
        keys = self._keys
        async for names in self._scan("SSCAN", keys.lanes):
            lanes = [_lane(_text(name)) for name in names]
            waiting = await asyncio.gather(*(self._lease.call("EXISTS", keys.lane(*lane)) for lane in lanes))
            for lane, something in zip(lanes, waiting, strict=True):
                if something:
                    yield lane
                else:
                    await self._lease.run(_LANE_EMPTY, [keys.lanes, keys.lane(*lane)], [":".join(lane)])

    async def window(self, lane: Lane, most: int) -> tuple[list[Submission], bool]:
        """Return what waits at the head of a lane, in order, and whether more may stand behind it."""
        keys = self._keys
        stood, *found = await self._lease.run(_WINDOW, [keys.lane(*lane), keys.outbox, keys.sending], [most])
        return [decode_submission(value) for value in found], stood >= most

    async def count(self) -> int:
        """Return how many are not finished."""
        return int(await self._lease.call("HLEN", self._keys.outbox))

    async def depth(self, lane: Lane) -> int:
        """Return how many wait in a lane."""
        return int(await self._lease.call("ZCARD", self._keys.lane(*lane)))

    async def move_old(self) -> AsyncIterator[set[Lane]]:
        """Move what stands in one queue for all lanes to theirs, a piece at a time, the first of all first."""
        call, keys = self._lease.call, self._keys
        while flat := await call("ZRANGE", keys.queue, 0, _PIECE - 1, "WITHSCORES"):
            names, places = flat[::2], flat[1::2]
            values = await call("HMGET", keys.outbox, *names)
            lanes = [None if value is None else _lane_of(decode_submission(value)) for value in values]
            words: list[Word] = []
            for name, place, lane in zip(names, places, lanes, strict=True):
                words += (name, place, ":".join(lane or ()))
            await self._lease.run(_MOVE, [keys.queue, keys.lanes, keys.outbox, keys.sending, keys.none], words)
            yield {lane for lane in lanes if lane is not None}

    # -- what waits no longer

    async def half_done(self) -> AsyncIterator[list[Entry]]:
        """Yield everything that waits no longer and is not finished, a piece at a time; some perhaps twice."""
        async for flat in self._scan("HSCAN", self._keys.sending):
            states = dict(zip(flat[::2], flat[1::2], strict=True))
            found = await self._entries(states)
            if gone := states.keys() - {entry.submission.activation.encode() for entry in found}:
                await self._lease.call("HDEL", self._keys.sending, *gone)  # finished before it was noted here
            yield found

    async def still_so(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return those of these that are neither finished nor any further."""
        names = [entry.submission.activation.encode() for entry in entries]
        states = await self._lease.call("HMGET", self._keys.sending, *names)
        now = await self._entries({n: state for n, state in zip(names, states, strict=True) if state is not None})
        known = {(entry.submission.activation, entry.state, entry.attempt) for entry in entries}
        return [entry for entry in now if (entry.submission.activation, entry.state, entry.attempt) in known]

    async def submissions(self, activations: Sequence[str]) -> list[Submission]:
        """Return those of these that are not finished."""
        values = await self._lease.call("HMGET", self._keys.outbox, *activations)
        return [decode_submission(value) for value in values if value is not None]

    # -- one of them

    async def claim(self, submission: Submission, attempt: str) -> str:
        """Claim a waiting entry: `ok`, `gone`, `open|<attempt>` if the log shows another, or its state."""
        keys = self._keys
        value = f"C|{attempt}|{self._lease.token}|{self._lease.redis_run}"
        names = [keys.outbox, keys.sending, keys.attempts, keys.lane(*_lane_of(submission))]
        return _text(await self._lease.run(_CLAIM, names, [submission.activation, value]))

    async def begin(self, submission: Submission, attempt: str, stop_key: str) -> Literal["ok", "gone", "stopped"]:
        """Say that the one submission begins now, unless it was cancelled or its phone said STOP."""
        keys = self._keys
        names = [keys.outbox, keys.sending, stop_key, keys.begun(submission.merchant, submission.customer)]
        answer = _text(await self._lease.run(_BEGIN, names, [submission.activation, attempt]))
        return cast(Literal["ok", "gone", "stopped"], answer)

    async def put_back(self, submission: Submission, attempt: str) -> bool:
        """Let an entry wait again, at its place, whose attempt was certainly not submitted (none: it was withheld)."""
        keys, lane = self._keys, _lane_of(submission)
        names = [keys.outbox, keys.sending, keys.lane(*lane), keys.lanes]
        names.append(keys.begun(submission.merchant, submission.customer))
        return bool(await self._lease.run(_RETURN, names, [submission.activation, attempt, ":".join(lane)]))

    async def withhold(self, submission: Submission) -> bool:
        """Take an entry out of its lane whose end is about to be told; say whether it did wait."""
        keys = self._keys
        names = [keys.outbox, keys.sending, keys.lane(*_lane_of(submission))]
        return bool(await self._lease.run(_WITHHOLD, names, [submission.activation]))

    # -- the log of activations

    async def logged(self, position: int, lines: Sequence[tuple[str, str, str]]) -> list[str]:
        """Take in lines of the log of activations up to a position: (kind, activation, attempt).

        Returns, for each `claimed` line, the attempt that stands open: another one if it was there first.
        """
        stood: list[str] = []
        for start in range(0, max(1, len(lines)), _PIECE):
            words = [word for line in lines[start : start + _PIECE] for word in line]
            at = position if start + _PIECE >= len(lines) else ""
            answer = await self._lease.run(_LOGGED, [self._keys.attempts], [at, *words])
            stood += map(_text, answer)
        return stood

    async def take_limit(self, submission: Submission, day: int, partitions: int) -> bool:
        """Count a message against its rule's limit a day; asking twice for one activation counts once.

        The count is over all partitions, and so perhaps on another node than this one's (`Lease.run_elsewhere`).

        Raises:
            UncountedError: Redis lost the count, and not all of so many partitions have handed in theirs again
                (`hand_in_limits`).
        """
        name = f"{submission.merchant}:{submission.rule}:{day}"
        words: list[Word] = [submission.activation, submission.per_day, _LIMIT_KEPT_S, partitions]
        taken = await self._lease.run_elsewhere(_LIMIT, [_limit_key(name), _told_key(submission.merchant)], words)
        if taken < 0:
            raise UncountedError("some partitions have not handed in yet what they sent")
        if taken:
            await self._keep_share(name, [submission.activation])
        return bool(taken)

    async def take_notice(self, submission: Submission, hour: int, most: int) -> Notice:
        """Count something that staff are told in an hour; asking twice for one of them gives the same answer.

        What is beyond the number waits, and is told of by the first of a later hour. A Redis that lost these counts
        lets more go in that hour, and nothing twice.
        """
        about = _told_of(submission)
        keys = [f"{about}:{hour}", f"{about}:waiting", f"{about}:folded", f"{about}:others"]
        words: list[Word] = [submission.activation, most, _LIMIT_KEPT_S]
        answer, others = await self._lease.run_elsewhere(_NOTICE, keys, words)
        return Notice(("wait", "go", "told")[answer], int(others))

    async def told_besides(self, submission: Submission) -> int:
        """How many others a message to staff tells of."""
        found = await self._lease.call_elsewhere("HGET", f"{_told_of(submission)}:others", submission.activation)
        return int(found or 0)

    async def recount_limit(self, merchant: str, rule: str, day: int, activations: Sequence[str]) -> None:
        """Keep as this partition's share what the log says was claimed."""
        await self._keep_share(f"{merchant}:{rule}:{day}", activations)

    async def restore_limits(self) -> None:
        """Put this partition's shares into the counts, in case their node forgot them; what counts already stays so."""
        async for names in self._scan("SSCAN", self._keys.limits):
            for name in map(_text, names):
                await self._restore_limit(name)

    async def hand_in_limits(self, merchant: str, partition: int) -> None:
        """Note that what this partition sent counts: `restore_limits` was run at its taking."""
        await self._lease.call_elsewhere("SADD", _told_key(merchant), partition)

    async def _restore_limit(self, name: str) -> None:
        told = False
        async for share in self._scan("SSCAN", self._keys.limit_share(name)):
            if share:
                told = True
                await self._lease.call_elsewhere("SADD", _limit_key(name), *share)
        if told:
            await self._lease.call_elsewhere("EXPIRE", _limit_key(name), _LIMIT_KEPT_S)
        else:  # that day is over
            await self._lease.call("SREM", self._keys.limits, name)

    async def _keep_share(self, name: str, activations: Sequence[str]) -> None:
        share = self._keys.limit_share(name)
        pieces = [activations[start : start + _PIECE] for start in range(0, len(activations), _PIECE)]
        await asyncio.gather(
            self._lease.call("SADD", self._keys.limits, name),
            *(self._lease.call("SADD", share, *piece) for piece in pieces),
            self._lease.call("EXPIRE", share, _LIMIT_KEPT_S),
        )

    async def last_note(self) -> str:
        """Return the id of the newest note that is still to be written to the log of activations, or nothing."""
        found = await self._lease.call("XREVRANGE", self._keys.notes, "+", "-", "COUNT", 1)
        return _text(found[0][0]) if found else ""

    async def notes(self, up_to: str, most: int) -> list[Noted]:
        """Return the first of what is still to be written."""
        found = await self._lease.call("XRANGE", self._keys.notes, "-", up_to, "COUNT", most)
        return [_noted(_text(name), fields) for name, fields in found]

    async def notes_written(self, names: Sequence[str]) -> None:
        """Forget notes by their ids."""
        await self._lease.call("XDEL", self._keys.notes, *names)

    async def _entries(self, states: Mapping[bytes, bytes]) -> list[Entry]:
        if not states:
            return []
        keys = self._keys
        values, logged = await asyncio.gather(
            self._lease.call("HMGET", keys.outbox, *states), self._lease.call("HMGET", keys.attempts, *states)
        )
        each = zip(values, states.values(), logged, strict=True)
        return [_entry(value, state, attempt) for value, state, attempt in each if value is not None]

    async def _scan(self, command: str, key: str) -> AsyncIterator[list[Any]]:
        """Go through a set or hash, a piece at a time."""
        cursor = b"0"
        while True:
            cursor, found = await self._lease.call(command, key, cursor, "COUNT", _PIECE)
            yield found
            if cursor == b"0":
                return


def _told_key(merchant: str) -> str:
    return f"{{m:{merchant}}}:told"


def _told_of(submission: Submission) -> str:
    """What is counted for somebody of the staff: of the shop itself apart, or it drowns in what is of customers."""
    about = ":shop" if submission.customer == STAFF_ROOM else ""
    return f"{{m:{submission.merchant}}}:staff:{submission.staff}{about}"


def _limit_key(name: str) -> str:
    merchant, _, rest = name.partition(":")
    return f"{{m:{merchant}}}:limits:{rest}"


def _entry(value: bytes, sending: bytes, logged: bytes | None) -> Entry:
    state, attempt, third, fourth = [*_text(sending).split("|"), "", "", ""][:4]
    token, run = (third, fourth) if state == "C" else (fourth, "")
    return Entry(decode_submission(value), state, attempt, token, run, _text(logged or b""))


def _lane_of(submission: Submission) -> Lane:
    return submission.merchant, submission.channel


def _lane(name: str) -> Lane:
    merchant, _, channel = name.rpartition(":")
    return merchant, channel


def _text(value: bytes) -> str:
    return value.decode()


def _noted(name: str, fields: Sequence[bytes]) -> Noted:
    notes, told = list[bytes](), list[bytes]()
    for word, value in zip(fields[::2], fields[1::2], strict=True):
        (told if word == TOLD else notes).append(value)
    return Noted(name, notes, told)
