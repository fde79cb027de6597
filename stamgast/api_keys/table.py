"""All API keys in force, in memory: a view of `api-keys.v1` that each process reads for itself which asks for keys."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from stamgast.api_keys.model import ApiKey, Scope, decode_api_key, proves, split_key_text
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.log.signatures import LOG_APPEND_TIME
from stamgast.state.views import NotLoadedError, Position


class ApiKeyTable:
    """Followed by `stamgast.log.tail.Tail`."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._revoked: dict[str, Millis] = {}
        """id -> when Kafka appended that; 0 where the time is the sender's."""
        self._loaded = False
        self._news = asyncio.Event()

    @property
    def loaded(self) -> bool:
        """Say whether it knows every key there is."""
        return self._loaded

    async def positions(self) -> dict[Position, int]:
        """From the beginning, always: it is small."""
        self._keys.clear()
        return {}

    async def apply(self, records: Sequence[Any], reached: Mapping[Position, int]) -> None:  # noqa: ARG002
        """Take in records."""
        for record in records:
            try:
                key = decode_api_key(record.value or b"")
            except UNREADABLE:  # a tombstone, or nothing of ours: no key
                self._keys.pop((record.key or b"").decode(errors="replace"), None)
            else:
                if key.revoked_at:  # as good as none
                    self._keys.pop(key.id, None)
                    known = record.timestamp_type == LOG_APPEND_TIME
                    self._revoked.setdefault(key.id, record.timestamp if known else 0)
                elif key.id not in self._revoked:  # else an older record of it was appended again
                    self._keys[key.id] = key
        if records:
            self._news.set()
            self._news = asyncio.Event()

    async def open(self) -> None:
        """Answer from now on."""
        self._loaded = True

    def close(self) -> None:
        """Answer no more."""
        self._loaded = False

    async def intact(self) -> bool:
        """Memory forgets nothing."""
        return True

    def find(self, text: str) -> ApiKey | None:
        """The key in force that this text proves. Raises `NotLoadedError` while the table is being read."""
        self._check_loaded()
        parts = split_key_text(text)
        record = self._keys.get(parts[0]) if parts else None
        if parts is None or record is None or not proves(record, parts[1]):
            return None
        return record

    def known(self, key_id: str) -> ApiKey | None:
        """The key in force with this id. Raises `NotLoadedError` while the table is being read."""
        self._check_loaded()
        return self._keys.get(key_id)

    def revoked_at(self, key_id: str) -> Millis | None:
        """When a key was revoked, by Kafka's time; None if it was not."""
        return self._revoked.get(key_id)

    def in_force(self, merchant: str, scope: Scope) -> list[str]:
        """The ids of a merchant's keys with this scope. Raises `NotLoadedError`."""
        self._check_loaded()
        return sorted(key.id for key in self._keys.values() if key.merchant == merchant and scope in key.scopes)

    async def find_soon(self, text: str, seconds: float) -> ApiKey | None:
        """The same for a key that was perhaps made a moment ago and has not come through yet."""
        found = self.find(text)
        try:
            async with asyncio.timeout(seconds if split_key_text(text) else 0):
                while found is None:
                    await self._news.wait()
                    found = self.find(text)
        except TimeoutError:
            return None
        return found

    def _check_loaded(self) -> None:
        if not self._loaded:
            raise NotLoadedError("the API keys are still being read")
