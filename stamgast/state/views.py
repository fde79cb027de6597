"""A view in Redis of compacted topics: each entry guarded by its record's offset, and trusted only while whole.

Every process follows the topics and applies what it reads; applying a record twice, or late, changes nothing.
Every read asks for the view's meta as well: if Redis was emptied or went back in time, the answer is
`NotLoadedError` until the topics have been read again.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from stamgast.state.scripts import Script

Position = tuple[str, int]
"""Topic and partition."""

_BATCH: Final = 500


class LogRecord(Protocol):
    """A record as a Kafka client hands it out."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class NotLoadedError(RuntimeError):
    """The view is not complete (yet, or again); ask later."""


class ForeignLogError(RuntimeError):
    """Redis holds the view of other topics than these: a recreated broker, or another deployment's Redis."""


class RedisView:
    """Entries under `<name>:…`, the positions they stand for under `<name>:meta`."""

    def __init__(self, redis: "Redis", name: str, topic_ids: Mapping[str, str]) -> None:
        self._redis: Any = redis
        self._meta = f"{name}:meta"
        self._topic_ids = dict(topic_ids)
        self._put = redis.register_script(Script.named("view_put").text)
        self._advance = redis.register_script(Script.named("view_advance").text)
        self._open = redis.register_script(Script.named("view_open").text)
        self._at: dict[Position, int] = {}
        self._token = b""
        self._seen = 0
        self._loaded = False
        self.stale = False
        """Set when a read found the view incomplete: whoever follows the topics reads them again."""

    @property
    def loaded(self) -> bool:
        """Say whether reads are answered."""
        return self._loaded

    async def positions(self) -> dict[Position, int]:
        """Up to where the view stands: (topic, partition) -> next offset.

        Raises:
            ForeignLogError: the view is of other topics.
        """
        self._loaded = False
        stored = {name.decode(): value.decode() for name, value in (await self._redis.hgetall(self._meta)).items()}
        for topic, topic_id in self._topic_ids.items():
            if stored.get(f"id:{topic}", topic_id) != topic_id:
                raise ForeignLogError(f"Redis holds a view of another {topic}; `stamgast topics adopt` starts over")
        if self._topic_ids:
            await self._redis.hset(self._meta, mapping={f"id:{topic}": id_ for topic, id_ in self._topic_ids.items()})
        found = {}
        for field, value in stored.items():
            kind, _, rest = field.partition(":")
            topic, _, partition = rest.rpartition(":")
            if kind == "at":
                found[topic, int(partition)] = int(value)
        self._at, self._seen = dict(found), int(stored.get("sum", 0))
        return found

    async def apply(self, entries: Sequence[tuple[str, int, bytes | None]], reached: Mapping[Position, int]) -> None:
        """Take in entries (key, offset, value), then note how far the topics were read."""
        for start in range(0, len(entries), _BATCH):
            await self.put(entries[start : start + _BATCH])
        if not reached:
            return
        fields: list[str | int] = []
        for (topic, partition), offset in reached.items():
            fields += [f"at:{topic}:{partition}", self._at.get((topic, partition), 0), offset]
        total = int(await self._advance(keys=[self._meta], args=fields))
        if total < 0:
            raise self._lost()
        self._at.update(reached)
        self._seen = max(self._seen, total)

    async def put(self, entries: Iterable[tuple[str, int, bytes | None]]) -> None:
        """Take in entries without noting a position: what this process has just appended itself."""
        pipeline = self._redis.pipeline(transaction=False)
        for key, offset, value in entries:
            await self._put(keys=[key], args=[offset, value or b""], client=pipeline)
        await pipeline.execute()

    async def open(self) -> None:
        """Trust the view from now on: everything up to the noted ends has been applied."""
        found = await self._open(keys=[self._meta], args=[uuid.uuid4().hex, self._seen])
        if found is None:
            raise self._lost()
        self._token, self._seen = found[0], int(found[1])
        self.stale = False
        self._loaded = True

    def close(self) -> None:
        """Trust it no more."""
        self._loaded = False

    async def intact(self) -> bool:
        """Say whether Redis still holds at least what this process saw in it."""
        try:
            await self.read([])
        except NotLoadedError:
            return False
        return True

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """The entries' values; None where there is none.

        Raises:
            NotLoadedError: the view is not complete.
        """
        if not self._loaded:
            raise NotLoadedError("the view of identities is still being read")
        seen = self._seen  # before asking: meanwhile others may see more
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hmget(self._meta, "view", "sum")
        for key in keys:
            pipeline.get(key)
        try:
            (token, total), *values = await pipeline.execute()
        except RedisError as error:
            raise NotLoadedError(f"Redis does not answer: {type(error).__name__}") from error
        if token != self._token or int(total or 0) < seen:
            raise self._lost()
        self._seen = max(self._seen, int(total or 0))
        return [_value(stored) for stored in values]

    def _lost(self) -> NotLoadedError:
        self.stale = True
        self._loaded = False
        return NotLoadedError("Redis lost a part of the view; it is being read again")


def _value(stored: bytes | None) -> bytes | None:
    if stored is None:
        return None
    return stored.partition(b" ")[2] or None
