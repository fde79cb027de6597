"""How identities are written: to Kafka first, acknowledged, and only then to the view in Redis."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.identity.records import Alias, decode_entry, split_key
from stamgast.identity.sealing import SealError
from stamgast.state.append_only_files import note_erasure
from stamgast.state.client import RedisClient
from stamgast.state.errors import StateError
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
        self, redis: RedisClient, append: Append, topics: IdentityTopics, topic_ids: Mapping[str, str] | None = None
    ) -> None:
        self._redis = redis
        self._append = append
        self.topics = topics
        self.view = RedisView(redis, NAME, topic_ids or {}, list_of)

    async def read(self, letter: str, merchant: str, names: Sequence[str], kind: type[T]) -> list[T | None]:
        """Entries of one kind by name; None where there is none. Raises `NotLoadedError`."""
        values = await self.view.read([f"{letter}:{merchant}:{name}" for name in names])
        return [None if value is None else entry_of(value, kind) for value in values]

    async def write(self, topic: str, records: Mapping[bytes, bytes | None]) -> None:
        """Append records and put them into the view; returns once Kafka has them. None is a tombstone."""
        if not records:
            return
        offsets = await self._append(topic, list(records.items()))
        entries = [
            (view_key(key), offset, value) for (key, value), offset in zip(records.items(), offsets, strict=True)
        ]
        await self.view.put(entries)  # if not: Kafka has them, and whoever follows the topic brings them into the view

    async def note_erasure(self, at: Millis) -> None:
        """Have Redis's files written anew soon. Raises `NotLoadedError` if it cannot be noted."""
        try:
            await note_erasure(self._redis, at)
        except StateError as error:
            raise NotLoadedError("it is not noted yet that somebody was forgotten") from error

    async def aliases_of(self, merchant: str, customer: str) -> list[str]:
        """Names of the aliases that name a customer, or lately did. Raises `NotLoadedError`."""
        return [entry.rpartition(":")[2] for entry in await self.view.read_list(_aliases_of(merchant, customer))]

    async def names(self, letter: str) -> AsyncIterator[tuple[str, str]]:
        """Merchant and name of entries of one kind, forgotten ones too. It walks through all of Redis: rarely, then."""
        async for entry in self.view.names(f"{letter}:*"):
            _, whose, name = entry.split(":")
            yield whose, name

    @asynccontextmanager
    async def locked(self, merchant: str, names: Sequence[str]) -> AsyncIterator[None]:
        """Let nobody else change what stands under these names meanwhile, in whatever process.

        Names are hashes of identifiers or ids of customers; whoever needs both takes the hashes first.
        """
        async with AsyncExitStack() as stack:
            try:
                for name in sorted(set(names)):
                    lock = _lock(merchant, name)
                    await stack.enter_async_context(self._redis.locked(lock, wait_s=_LOCK_WAIT_S, kept_s=_LOCK_S))
            except StateError as error:
                raise NotLoadedError("another request is changing what is known of this person") from error
            yield

    @asynccontextmanager
    async def locked_among(self, merchant: str, names: Sequence[str]) -> AsyncIterator[frozenset[str]]:
        """The same for many names at once, without waiting: says which of them nobody else has in hand."""
        by_lock = {_lock(merchant, name): name for name in names}
        async with AsyncExitStack() as stack:
            try:
                held = await stack.enter_async_context(self._redis.locked_among(list(by_lock), kept_s=_LOCK_S))
            except StateError as error:
                raise NotLoadedError("Redis does not answer") from error
            yield frozenset(by_lock[lock] for lock in held)


def _lock(merchant: str, name: str) -> str:
    return f"{NAME}:lock:{merchant}:{name}"


def list_of(name: str, value: bytes | None) -> str | None:
    """Aliases of one customer stand in a list, so that forgetting somebody costs what is known of them; and so do the
    passes that one device has.
    """
    letter, merchant, rest = name.split(":")
    if letter == "d":
        return passes_on(rest.partition(".")[0]) if value else ""
    if letter != "a":
        return None
    with suppress(*UNREADABLE, SealError):  # what is no alias names nobody
        customer = entry_of(value, Alias).customer if value else ""
        return _aliases_of(merchant, customer) if customer else ""
    return ""


def _aliases_of(merchant: str, customer: str) -> str:
    return f"n:{merchant}:{customer}"


def passes_on(device: str) -> str:
    """The list of a device's passes, of whatever merchant, by the device's hash."""
    return f"v::{device}"


def view_key(key: bytes) -> str:
    """Kafka's key of an entry -> its name in the view."""
    merchant, letter, name = split_key(key)
    return f"{letter}:{merchant}:{name}"


def entry_of(value: bytes, kind: type[T]) -> T:
    """Stored bytes -> an entry of that kind. Raises `SealError` for another kind, and for what is no entry."""
    try:
        entry = decode_entry(value)
    except UNREADABLE as error:
        raise SealError(f"a {kind.__name__} was expected") from error
    if not isinstance(entry, kind):
        raise SealError(f"a {kind.__name__} was expected")
    return entry
