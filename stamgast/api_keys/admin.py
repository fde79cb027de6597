"""Creating, revoking and listing API keys: what `stamgast keys` does."""

import asyncio
from contextlib import suppress

from stamgast.api_keys.model import ApiKey, NewKey, Scope, decode_api_key, encode_key, make_key
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.log.appender import Appender
from stamgast.log.reading import LogReader


class UnknownKeyError(ValueError):
    """This merchant has no key with this id."""


class Keyring:
    """The keys on `api-keys.v1`, read afresh at each call; returns once Kafka has what changed.

    `producers` is what secrets of producers' keys derive from (`derive_producer_key`); without it none can be made.
    """

    def __init__(self, bootstrap: str, topic: str, producers: bytes = b"") -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._producers = producers

    async def keys(self, merchant: str) -> list[ApiKey]:
        """Every key of a merchant, revoked ones too, oldest first."""
        found: dict[str, ApiKey] = {}
        async with LogReader(self._bootstrap) as reader:
            async for records in reader.read_all(self._topic, 0):
                for record in records:
                    with suppress(*UNREADABLE):  # a tombstone, or nothing of ours: no key
                        key = decode_api_key(record.value or b"")
                        found[key.id] = key
        mine = (key for key in found.values() if key.merchant == merchant)
        return sorted(mine, key=lambda key: (key.created_at, key.id))

    async def create(self, merchant: str, scopes: tuple[Scope, ...], at: Millis) -> NewKey:
        """Make a key. Raises `TooManyKeysError` if two with these scopes are in force, `MixedScopesError`."""
        new = make_key(merchant, scopes, await self.keys(merchant), at, self._producers)
        await self._append(new.record)
        return new

    async def revoke(self, merchant: str, key_id: str, at: Millis) -> ApiKey:
        """End a key. Raises `UnknownKeyError`."""
        key = next((key for key in await self.keys(merchant) if key.id == key_id), None)
        if key is None:
            raise UnknownKeyError(f"{merchant} has no key {key_id}")
        if key.revoked_at:
            return key
        ended = ApiKey(key.id, key.merchant, key.scopes, key.digest, key.created_at, at)
        await self._append(ended)
        return ended

    async def _append(self, key: ApiKey) -> None:
        appender = Appender(self._bootstrap, {self._topic: 1}, client_id="stamgast-keys")
        try:
            await appender.append(self._topic, [(key.id.encode(), encode_key(key))])
        finally:
            await asyncio.shield(appender.close())
