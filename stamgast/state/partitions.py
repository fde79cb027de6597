"""Taking a partition, reading for a step and committing it, fenced by the owner's token and the watermark."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Self

from stamgast.state.client import names_under
from stamgast.state.errors import ElsewhereError, NotNowError, SessionEndedError, SpoiltError
from stamgast.state.keys import PartitionKeys
from stamgast.state.meta_fields import Field, Value
from stamgast.state.meta_values import Goal
from stamgast.state.nodes import Redis
from stamgast.state.partition_meta import GOAL, HALF, TOKEN, WATERMARK
from stamgast.state.scripts import Script
from stamgast.state.session import Session, Word

_TAKE: Final = Script.named("take")
_READ: Final = Script.named("read")
_COMMIT: Final = Script.named("commit")
_GOAL: Final = Script.named("goal")
_WIPE: Final = Script.named("wipe")
_WIPED: Final = Script.named("wiped")
_WIPED_AT_ONCE: Final = 1_000

MOST_WORDS: Final = 4_000
"""Words of one command of a step."""
_SHAPES: Final[Mapping[Any, tuple[int, int]]] = {
    "HSET": (4, 2),
    "HDEL": (3, 1),
    "ZADD": (4, 2),
    "ZREM": (3, 1),
    "RPUSH": (3, 1),
    "LTRIM": (4, 1),
    "SADD": (3, 1),
    "SREM": (3, 1),
    "XADD": (5, 2),
    "SET": (3, 1),
    "DEL": (2, 1),
    "EXPIRE": (3, 1),
}
"""The commands of a step: how many words each takes at least, and how many more at a time.

`commit.lua` knows on what each works.
"""
_NO_SHAPE: Final = (MOST_WORDS + 1, 1)


class Writes:
    """What one step changes. Collected in Python, applied by one script."""

    __slots__ = ("cancels", "commands", "meta", "values")

    def __init__(self) -> None:
        self.meta: dict[str, Word] = {}
        self.values: list[Word] = []
        self.commands: list[Word] = []
        self.cancels: list[str] = []

    def set(self, key: str, value: bytes) -> None:
        """Give a key a value that stays."""
        self.values += (key, value)

    def do(self, *words: Word) -> None:
        """Run a command on a key of this partition. Raises ValueError for what the script could not take."""
        command, count = words[0], len(words)
        fewest, at_a_time = _SHAPES.get(command, _NO_SHAPE)
        if not fewest <= count <= MOST_WORDS or (count - fewest) % at_a_time:
            raise ValueError(_unfit(str(command), count))
        self.commands.append(count)
        self.commands += words

    def words(self) -> list[Word]:
        """Flatten for the script."""
        meta = [word for pair in self.meta.items() for word in pair]
        return [
            len(meta), *meta, len(self.values), *self.values, len(self.cancels), *self.cancels, *self.commands,
        ]  # fmt: skip


def _unfit(command: str, count: int) -> str:
    if command in _SHAPES and _SHAPES[command][0] <= count <= MOST_WORDS:
        return f"{command} takes pairs, and {count} words are none"
    return f"a step has no {command} of {count} words; it takes {', '.join(_SHAPES)} up to {MOST_WORDS}"


class Lease:
    """A partition as its owner holds it: its token, the watermark it has reached, and its meta at the taking."""

    __slots__ = (
        *("_commit_keys", "_others", "_read_keys", "_redis", "_session"),
        *("keys", "meta", "redis_run", "token", "watermark"),
    )

    def __init__(
        self, redis: Redis, session: Session, keys: PartitionKeys, *, redis_run: str, token: str, meta: dict[str, str]
    ) -> None:
        self._redis = redis
        self._session = session
        self._others: dict[str, Session] = {}
        self.redis_run = redis_run
        """Which run of Redis this is: what it said to that run it cannot have forgotten."""
        self.keys = keys
        self.token = token
        self.meta = meta
        self.watermark = WATERMARK.of(meta)
        self._commit_keys = (keys.meta, keys.outbox, keys.sending, keys.none)
        self._read_keys = (keys.meta, keys.none)

    @classmethod
    async def take(cls, redis: Redis, keys: PartitionKeys, place: Mapping[str, str]) -> Self:
        """Become the owner: write a fresh token, so that whoever held it before can change nothing any more.

        `place` says where the log is (cluster, topic); the lease's meta tells what the state was made from.
        """
        session = await redis.session(keys.meta)
        token = secrets.token_hex(8)
        words_of_place = (word for pair in place.items() for word in pair)
        flat = await session.run(_TAKE, [keys.meta, keys.none], [token, *words_of_place])
        words = iter(flat)
        meta = {field.decode(): value.decode() for field, value in zip(words, words, strict=True)}
        return cls(redis, session, keys, redis_run=await session.incarnation(), token=token, meta=meta)

    @property
    def spoilt(self) -> str:
        """Why nothing of the partition's state may be believed; empty if all may."""
        return HALF.of(self.meta)

    @property
    def alive(self) -> bool:
        """Say whether the connection it was taken over still stands."""
        return self._session.alive

    async def read(self, keys: Sequence[Word], *commands: Sequence[Word]) -> list[Any]:
        """Return the keys' values and the commands' answers, as of the watermark.

        Raises FencedError or StaleError.
        """
        words = [self.token, self.watermark, len(keys), *keys]
        for command in commands:
            words += (len(command), *command)
        answer: list[Any] = await self._session.run(_READ, self._read_keys, words)
        return answer

    async def commit(self, watermark: int, writes: Writes) -> list[str]:
        """Apply a step and move the watermark; return the activations that were cancelled.

        Raises FencedError, StaleError, NoWritesError or UnfitError, and nothing was applied; or SpoiltError: perhaps
        something was, and the partition has to be filled anew.
        """
        words = [self.token, self.watermark, watermark, *writes.words()]
        cancelled = await self._session.run(_COMMIT, self._commit_keys, words)
        self.watermark = watermark
        return [activation.decode() for activation in cancelled]

    async def run(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        """Run another script of this partition; its first key is the meta and its first argument the token."""
        return await self._session.run(script, [self.keys.meta, *keys], [self.token, *args])

    def note(self, field: Field[Value], value: Value) -> Awaitable[Any]:
        """Write a field of meta now, before what is asked next; whoever cares may wait for the answer.

        It is not fenced: only for what may be written by an owner that is none any more.
        """
        answer = self._session.call("HSET", self.keys.meta, field.name, field.encode(value))
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # the next call tells of trouble
        return answer

    async def aim(self, end: int) -> None:
        """Let nobody be shown the state before the log is applied up to here. Raises FencedError.

        Where this run of Redis was told so before, it has forgotten nothing since, and what was shown stays shown.
        """
        known = GOAL.of(self.meta)
        if known is None or known.run != self.redis_run:
            await self.run(_GOAL, [], [GOAL.encode(Goal(end, self.redis_run))])

    async def wipe(self, *kept: str) -> None:
        """Forget the partition, a piece at a time, but for marks of STOP and these fields of meta; then take it anew.

        Meta goes last, and its mark `half` with it: whoever is interrupted leaves the rest to the next owner.
        Raises FencedError.
        """
        names = names_under(self._session, f"{{{self.keys.tag}}}:")
        some: list[str] = []
        async for name in names:
            if name != "meta" and not name.startswith("stop:"):
                some.append(f"{{{self.keys.tag}}}:{name}")
            if len(some) == _WIPED_AT_ONCE:
                await self.run(_WIPE, [], some)
                some.clear()
        if some:
            await self.run(_WIPE, [], some)
        await self.run(_WIPED, [], [word for name in kept if name in self.meta for word in (name, self.meta[name])])

    async def is_lost(self) -> bool:
        """Say whether it has to be taken anew: Redis was emptied behind an open connection, or somebody asked for it.

        Raises StateError if that cannot be told, or if another node was lost that this owner had counted on.
        """
        if not all(session.alive for session in self._others.values()):
            raise SessionEndedError("the connection to another node is closed")
        token, spoilt = await self.call("HMGET", self.keys.meta, TOKEN.name, HALF.name)
        return token is None or spoilt is not None

    async def run_elsewhere(self, script: Script, keys: Sequence[str], args: Sequence[Word]) -> Any:
        """Run a script on keys of one slot that is no partition's; it is not fenced.

        What is counted there was counted over one session, as everything that the owner knows (invariant 3): one with
        another node, perhaps, and if that has ended, the partition is taken again. Raises ElsewhereError while that
        node does not answer.
        """
        return await self._elsewhere(keys[0], lambda session: session.run(script, keys, args))

    async def call_elsewhere(self, *words: Word) -> Any:
        """Run a command on a key that is no partition's, likewise."""
        return await self._elsewhere(str(words[1]), lambda session: session.call(*words))

    async def look_elsewhere(self, *words: Word) -> Any:
        """Read from another partition's key, of which nothing is remembered. Raises ElsewhereError."""
        try:
            return await (await self._redis.session(str(words[1]))).call(*words)
        except (SessionEndedError, NotNowError) as error:
            raise ElsewhereError(str(error)) from error

    async def call(self, *words: Word) -> Any:
        """Run a plain command that needs no fence (a look, or a removal by id)."""
        return await self._session.call(*words)

    async def _elsewhere(self, key: str, ask: Callable[[Session], Awaitable[Any]]) -> Any:
        try:
            session = await self._redis.session(key)
            same = self._others.setdefault(key, session) is session
            answer = await ask(session) if same else None
        except (SessionEndedError, NotNowError, SpoiltError) as error:
            raise ElsewhereError(str(error)) from error
        if not same:
            raise SessionEndedError("what was counted over another session may be forgotten")
        return answer


async def ask_for_rebuild(redis: Redis, keys: PartitionKeys, why: str = "a person asked for it") -> None:
    """Let whoever owns the partition, or takes it next, forget all of it and fill it anew from Kafka.

    Its owner is fenced by it and finds out within seconds. Raises StateError.
    """
    session = await redis.session(keys.meta)
    await session.call("HSET", keys.meta, HALF.name, why, TOKEN.name, secrets.token_hex(8))
