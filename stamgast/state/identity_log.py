"""How identities are written: to Kafka first, acknowledged, and only then to the view in Redis."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from redis.asyncio import Redis
from redis.exceptions import LockError, RedisError

from stamgast.identity.records import decode_entry, split_key
from stamgast.identity.sealing import SealError
from stamgast.state.views import NotLoadedError, RedisView

Append = Callable[[str, Sequence[tuple[bytes, bytes | None]]], Awaitable[list[int]]]
"""Append records to a topic, each to the partition of its key; the offsets, once all are acknowledged."""

NAME: Final = "id"
_LOCK_S: Final = 15.0
_LOCK_WAIT_S: Final = 5.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IdentityTopics:
    """Where identities are kept."""

    identities: str
    identity_keys: str
    suppressions: str

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter((self.identities, self.identity_keys, self.suppressions))


class IdentityLog:
    """The topics of identities and their view."""

    def __init__(
        self, redis: "Redis", append: Append, topics: IdentityTopics, topic_ids: Mapping[str, str] | None = None
    ) -> None:
        self._redis: Any = redis
        self._append = append
        self.topics = topics
        self.view = RedisView(redis, NAME, topic_ids or {})

    async def read(self, letter: str, merchant: str, names: Sequence[str], kind: type[T]) -> list[T | None]:
        """Entries of one kind by name; None where there is none. Raises `NotLoadedError`."""
        values = await self.view.read([f"{NAME}:{letter}:{merchant}:{name}" for name in names])
        return [None if value is None else entry_of(value, kind) for value in values]

    async def write(self, topic: str, records: Mapping[bytes, bytes | None]) -> None:
        """Append records and put them into the view; returns once Kafka has them. None is a tombstone."""
        if not records:
            return
        offsets = await self._append(topic, list(records.items()))
        entries = [
            (view_key(key), offset, value) for (key, value), offset in zip(records.items(), offsets, strict=True)
        ]
        try:
            await self.view.put(entries)
        except RedisError as error:  # Kafka has them: whoever follows the topic brings them into the view
            raise NotLoadedError(f"Redis does not answer: {type(error).__name__}") from error

    async def names(self, letter: str, merchant: str = "*") -> AsyncIterator[tuple[str, str]]:
        """Merchant and name of entries of one kind, forgotten ones too. It walks through all of Redis: rarely, then."""
        async for key in self._redis.scan_iter(match=f"{NAME}:{letter}:{merchant}:*", count=1_000):
            _, _, whose, name = key.decode().split(":")
            yield whose, name

    @asynccontextmanager
    async def locked(self, merchant: str, names: Sequence[str]) -> AsyncIterator[None]:
        """Let nobody else change what stands under these names meanwhile, in whatever process.

        Names are hashes of identifiers or ids of customers; whoever needs both takes the hashes first.
        """
        async with AsyncExitStack() as stack:
            try:
                for name in sorted(set(names)):
                    lock = self._redis.lock(
                        f"{NAME}:lock:{merchant}:{name}",
                        timeout=_LOCK_S,
                        sleep=0.02,
                        blocking_timeout=_LOCK_WAIT_S,
                        thread_local=False,
                        raise_on_release_error=False,
                    )
                    await stack.enter_async_context(lock)
            except (LockError, RedisError) as error:
                raise NotLoadedError("another request is changing what is known of this person") from error
            yield


def view_key(key: bytes) -> str:
    """Kafka's key of an entry -> its key in Redis."""
    merchant, letter, name = split_key(key)
    return f"{NAME}:{letter}:{merchant}:{name}"


def entry_of(value: bytes, kind: type[T]) -> T:
    """Stored bytes -> an entry of that kind. Raises `SealError` for another kind."""
    entry = decode_entry(value)
    if not isinstance(entry, kind):
        raise SealError(f"a {kind.__name__} was expected")
    return entry
