"""The topics of identities and their view, in memory: what is appended stays in a list, as it stands on the topic."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from stamgast.identity.ids import Identifier, Kind
from stamgast.identity.records import Alias, encode, entry_key
from stamgast.identity.sealing import WrappingKeys
from stamgast.state.cards import Cards
from stamgast.state.identity_log import IdentityLog, IdentityTopics, list_of, view_key
from stamgast.state.passes import WalletPasses
from stamgast.state.profiles import Profiles

ID_KEY = bytes(range(32))
WRAPPING = WrappingKeys({"first": b"k" * 32})


class _View:
    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self.lists: defaultdict[str, set[str]] = defaultdict(set)

    async def read(self, names: Sequence[str]) -> list[bytes | None]:
        return [self.entries.get(name) for name in names]

    async def read_list(self, name: str) -> list[str]:
        return [entry for entry in self.lists[name] if list_of(entry, self.entries.get(entry)) == name]

    async def put(self, entries: Iterable[tuple[str, int, bytes | None]]) -> None:
        for name, _offset, value in entries:
            if value is None:
                self.entries.pop(name, None)
            else:
                self.entries[name] = value
                self.lists[list_of(name, value) or ""].add(name)


class MemoryLog(IdentityLog):
    """See the module."""

    def __init__(self) -> None:
        self.topics = IdentityTopics("identities.v1", "identity-keys.v1", "suppressions.v1")
        self.view: Any = _View()
        self.appended: list[tuple[bytes, bytes | None]] = []
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def write(self, topic: str, records: Mapping[bytes, bytes | None]) -> None:
        self.appended += records.items()
        await self.view.put([(view_key(key), 0, value) for key, value in records.items()])

    @asynccontextmanager
    async def locked(self, merchant: str, names: Sequence[str]) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                await stack.enter_async_context(self._locks[f"{merchant}:{name}"])
            yield


class People:
    """Profiles, cards and passes over such a log."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.profiles = Profiles(self.log, WRAPPING)
        self.cards = Cards(self.log, ID_KEY)
        self.passes = WalletPasses(self.log, self.profiles, self.cards, ID_KEY)

    async def known(self, merchant: str, customer: str) -> None:
        """Something names them."""
        kind: Kind = Identifier("phone", "+31612345678").kind
        await self.log.write(
            "identities.v1", {entry_key(merchant, "a", f"of-{customer}"): encode(Alias(kind, customer, 0))}
        )
