"""A view in Redis of compacted topics: each entry guarded by its record's offset, and trusted only while whole.

Every process follows the topics and applies what it reads; applying a record twice, or late, changes nothing.
Every read asks for the view's meta as well: if Redis was emptied or went back in time, the answer is
`NotLoadedError` until the topics have been read again.

The view is in shards, whose keys share a slot each, so that a Redis Cluster spreads it: what a node loses of the
entries it loses of the meta beside them. Entries that belong together may stand in a list as well (`state.view_lists`).
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Protocol

from stamgast.state.client import RedisClient
from stamgast.state.errors import MovedError, NoWritesError, StateError
from stamgast.state.keys import ViewShard, shard_of, view_shards
from stamgast.state.nodes import heed
from stamgast.state.scripts import Script
from stamgast.state.session import Session, Word
from stamgast.state.view_lists import ListOf, ViewLists, stored_value

Position = tuple[str, int]
"""Topic and partition."""

_BATCH: Final = 500
_READ: Final = "read2:"
"""Fields of the meta: how far the topics were read. Under another name than before there were lists, so that a view
without them is read anew, and a process from before cannot say of records that they stand in lists."""
_PUT: Final = Script.named("view_put")
_ADVANCE: Final = Script.named("view_advance")
_OPEN: Final = Script.named("view_open")


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


class _Begun(NamedTuple):
    """Commands that were sent: what was seen of the view before, and their answers to come, the meta's last."""

    seen: int
    answers: list[asyncio.Future[Any]]


class RedisView:
    """Entries by name, and in each shard the positions they stand for."""

    def __init__(
        self, redis: RedisClient, name: str, topic_ids: Mapping[str, str], list_of: ListOf | None = None
    ) -> None:
        self._redis = redis
        self._name = name
        self._shards = view_shards(name)
        self._lists = ViewLists(redis, self._shards, list_of) if list_of is not None else None
        self._topic_ids = dict(topic_ids)
        self._at: dict[Position, int] = {}
        self._tokens: dict[ViewShard, bytes] = {}
        self._seen: dict[ViewShard, int] = {}
        self._loaded = False
        self.stale = False
        """Set when a read found the view incomplete: whoever follows the topics reads them again."""

    @property
    def loaded(self) -> bool:
        """Say whether reads are answered."""
        return self._loaded

    async def positions(self) -> dict[Position, int]:
        """Up to where all of the view stands: (topic, partition) -> next offset.

        Raises:
            ForeignLogError: the view is of other topics.
        """
        self._loaded = False
        found: list[dict[Position, int]] = []
        with _answering():
            for shard in self._shards:
                stored = await self._redis.hash(shard.meta)
                for topic, topic_id in self._topic_ids.items():
                    if stored.get(f"id:{topic}", topic_id) != topic_id:
                        raise ForeignLogError(
                            f"Redis holds a view of another {topic}; `stamgast topics adopt` starts over"
                        )
                ids = [word for topic, topic_id in self._topic_ids.items() for word in (f"id:{topic}", topic_id)]
                if ids:
                    await self._redis.call("HSET", shard.meta, *ids)
                found.append(_positions_in(stored))
                self._seen[shard] = int(stored.get("sum", 0))
        common = set.intersection(*(set(each) for each in found))
        self._at = {position: min(each[position] for each in found) for position in common}
        return dict(self._at)

    async def apply(self, entries: Sequence[tuple[str, int, bytes | None]], reached: Mapping[Position, int]) -> None:
        """Take in entries (name, offset, value), then note how far the topics were read."""
        for start in range(0, len(entries), _BATCH):
            await self.put(entries[start : start + _BATCH])
        if not reached:
            return
        fields: list[str | int] = []
        for (topic, partition), offset in reached.items():
            fields += [f"{_READ}{topic}:{partition}", self._at.get((topic, partition), 0), offset]
        with _answering():
            noted = await asyncio.gather(*(self._redis.run(_ADVANCE, shard.meta, fields) for shard in self._shards))
        if min(noted) < 0:
            raise self._lost()
        self._at.update(reached)
        for shard, total in zip(self._shards, noted, strict=True):
            self._seen[shard] = max(self._seen.get(shard, 0), total)

    async def put(self, entries: Iterable[tuple[str, int, bytes | None]]) -> None:
        """Take in entries without noting a position: what this process has just appended itself."""
        with _answering():
            await asyncio.gather(*(self._put(*entry) for entry in entries))

    async def _put(self, name: str, offset: int, value: bytes | None) -> None:
        if self._lists is not None:
            await self._lists.before(name, offset, value)
        is_newest = await self._redis.run(_PUT, shard_of(self._shards, name).entry(name), [offset, value or b""])
        if self._lists is not None and not is_newest:
            await self._lists.too_late(name, offset, value)

    async def open(self) -> None:
        """Trust the view from now on: everything up to the noted ends has been applied."""
        token = uuid.uuid4().hex
        for shard in self._shards:
            with _answering():
                found = await self._redis.run(_OPEN, shard.meta, [token, self._seen.get(shard, 0)])
            if found is None:
                raise self._lost()
            self._tokens[shard], self._seen[shard] = found[0], int(found[1])
        self.stale = False
        self._loaded = True

    def close(self) -> None:
        """Trust it no more."""
        self._loaded = False

    async def intact(self) -> bool:
        """Say whether Redis still holds at least what this process saw in it."""
        try:
            self._check_loaded()
            await asyncio.gather(*(self._ask(shard, []) for shard in self._shards))
        except NotLoadedError:
            return False
        return True

    async def read(self, names: Sequence[str]) -> list[bytes | None]:
        """The entries' values; None where there is none.

        Raises:
            NotLoadedError: the view is not complete.
        """
        self._check_loaded()
        wanted: defaultdict[ViewShard, list[str]] = defaultdict(list)
        for name in names:
            wanted[shard_of(self._shards, name)].append(name)
        asked = []
        for shard, some in wanted.items():
            commands = [("GET", shard.entry(name)) for name in some]
            asked.append((shard, some, commands, self._begin(shard, commands)))  # all, before the first is heard
        found: dict[str, bytes | None] = {}
        for shard, some, commands, begun in asked:
            answers = await self._heard(shard, commands, begun)
            found |= {name: stored_value(stored) for name, stored in zip(some, answers, strict=True)}
        return [found[name] for name in names]

    async def read_list(self, name: str) -> list[str]:
        """Names of the entries that stand in a list; perhaps of one or the other that stood there lately.

        Raises:
            NotLoadedError: the view is not complete.
        """
        self._check_loaded()
        shard = shard_of(self._shards, name)
        (members,) = await self._ask(shard, [("HKEYS", shard.entry(name))])
        return [member.decode() for member in members]

    async def names(self, pattern: str) -> AsyncIterator[str]:
        """Names of entries that match, forgotten ones too. It walks through all of Redis: rarely, then."""
        with _answering():
            async for key in self._redis.keys(f"{{{self._name}*}}:{pattern}"):
                yield key.partition("}:")[2]

    def _begin(self, shard: ViewShard, commands: Sequence[Sequence[Word]]) -> _Begun:
        """Send commands at once, and the question after the meta behind them: with `_heard` as `_ask`, without a task.

        Over one session, as there.
        """
        session = self._redis.in_force(shard.meta)
        if session is None:
            return _Begun(0, [])
        answers = [session.call(*words) for words in commands]
        return _Begun(self._seen[shard], [*answers, session.call("HMGET", shard.meta, "view", "sum")])

    async def _heard(self, shard: ViewShard, commands: Sequence[Sequence[Word]], begun: _Begun) -> list[Any]:
        """The answers to what was begun; all of it is asked again where some of it was not answered."""
        if begun.answers:
            try:
                *answers, meta = [await each for each in begun.answers]
            except StateError:
                for each in begun.answers:
                    each.add_done_callback(heed)
            else:
                self._check(shard, begun.seen, meta)
                return answers
        return await self._ask(shard, commands)

    async def _ask(self, shard: ViewShard, commands: Sequence[Sequence[Word]]) -> list[Any]:
        seen = self._seen[shard]  # before asking: meanwhile others may see more

        async def ask(session: Session) -> tuple[list[Any], Any]:
            # Over one session, the meta last: nothing can be lost between an answer and it, and not be told by it.
            calls = [session.call(*words) for words in commands]
            *answers, meta = await asyncio.gather(
                *calls, session.call("HMGET", shard.meta, "view", "sum"), return_exceptions=True
            )
            for at, answer in enumerate(answers):
                if isinstance(answer, MovedError):
                    answers[at] = await self._redis.follow(session, answer, *commands[at])
            broken = next((each for each in (*answers, meta) if isinstance(each, BaseException)), None)
            if broken is not None:
                raise broken
            return answers, meta

        with _answering():
            answers, meta = await self._redis.attempt(shard.meta, ask)
        self._check(shard, seen, meta)
        return answers

    def _check(self, shard: ViewShard, seen: int, meta: Sequence[Any]) -> None:
        """Raise `NotLoadedError` unless the shard's meta says that nothing was lost since that much was seen."""
        token, total = meta
        if token != self._tokens.get(shard) or int(total or 0) < seen:
            raise self._lost()
        self._seen[shard] = max(self._seen[shard], int(total or 0))

    def _check_loaded(self) -> None:
        if not self._loaded:
            raise NotLoadedError("the view of identities is still being read")

    def _lost(self) -> NotLoadedError:
        self.stale = True
        self._loaded = False
        return NotLoadedError("Redis lost a part of the view; it is being read again")


@contextmanager
def _answering() -> Iterator[None]:
    """To those who ask who is who, a Redis that does not answer is a view that is not loaded."""
    try:
        yield
    except NoWritesError as error:
        raise NotLoadedError(f"Redis takes no writes: {error}") from error
    except StateError as error:
        raise NotLoadedError(f"Redis does not answer: {type(error).__name__}") from error


def _positions_in(meta: Mapping[str, str]) -> dict[Position, int]:
    found = {}
    for field, value in meta.items():
        if field.startswith(_READ):
            topic, _, partition = field.removeprefix(_READ).rpartition(":")
            found[topic, int(partition)] = int(value)
    return found
