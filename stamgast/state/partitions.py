"""Taking a partition, reading for a step and committing it, fenced by the owner's token and the watermark."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.scripts import Script
from stamgast.state.session import Session, Word

_TAKE: Final = Script.named("take")
_READ: Final = Script.named("read")
_COMMIT: Final = Script.named("commit")

NOTHING_APPLIED: Final = -1
"""The watermark of a partition of which nothing has been applied."""


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
        """Run any command on a key of this partition (at most 4,000 words)."""
        self.commands.append(len(words))
        self.commands += words

    def words(self) -> list[Word]:
        """Flatten for the script."""
        meta = [word for pair in self.meta.items() for word in pair]
        return [
            len(meta), *meta, len(self.values), *self.values, len(self.cancels), *self.cancels, *self.commands,
        ]  # fmt: skip


class Lease:
    """A partition as its owner holds it: its token, the watermark it has reached, and its meta at the taking."""

    __slots__ = ("_commit_keys", "_session", "keys", "meta", "token", "watermark")

    def __init__(self, session: Session, keys: PartitionKeys, token: str, meta: dict[str, str]) -> None:
        self._session = session
        self.keys = keys
        self.token = token
        self.meta = meta
        self.watermark = int(meta.get("wm", NOTHING_APPLIED))
        self._commit_keys = (keys.meta, keys.outbox, keys.queue, keys.sending)

    @classmethod
    async def take(cls, redis: Redis, keys: PartitionKeys, place: Mapping[str, str]) -> Self:
        """Become the owner: write a fresh token, so that whoever held it before can change nothing any more.

        `place` says where the log is (cluster, topic); the lease's meta tells what the state was made from.
        """
        session = await redis.session()
        token = secrets.token_hex(8)
        flat = await session.run(_TAKE, [keys.meta], [token, *(word for pair in place.items() for word in pair)])
        words = iter(flat)
        meta = {field.decode(): value.decode() for field, value in zip(words, words, strict=True)}
        return cls(session, keys, token, meta)

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
        answer: list[Any] = await self._session.run(_READ, [self.keys.meta], words)
        return answer

    async def commit(self, watermark: int, writes: Writes) -> list[str]:
        """Apply a step and move the watermark; return the activations that were cancelled.

        Raises FencedError or StaleError; then nothing was applied.
        """
        words = [self.token, self.watermark, watermark, *writes.words()]
        cancelled = await self._session.run(_COMMIT, self._commit_keys, words)
        self.watermark = watermark
        return [activation.decode() for activation in cancelled]

    async def run(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        """Run another script of this partition; its first key is the meta and its first argument the token."""
        return await self._session.run(script, [self.keys.meta, *keys], [self.token, *args])

    async def is_forgotten(self) -> bool:
        """Say whether Redis has no owner of it any more: it was emptied behind an open connection."""
        return await self.call("HGET", self.keys.meta, "token") is None

    @property
    def redis_run(self) -> str:
        """Which run of the Redis process this is: what it said to that run it cannot have forgotten."""
        return self._session.run_id

    async def run_elsewhere(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        """Run a script on keys that are no partition's; it is not fenced."""
        return await self._session.run(script, keys, args)

    async def call(self, *words: Word) -> Any:
        """Run a plain command that needs no fence (a look, or a removal by id)."""
        return await self._session.call(*words)
