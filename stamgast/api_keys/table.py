"""All API keys in force, in memory: a view of `api-keys.v1` that each web process reads for itself."""

import asyncio
from collections.abc import Mapping, Sequence

from stamgast.api_keys.model import ApiKey, decode_api_key, proves, split_key_text
from stamgast.domain.errors import UNREADABLE
from stamgast.state.views import LogRecord, NotLoadedError, Position


class ApiKeyTable:
    """Followed by `stamgast.log.tail.Tail`."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._revoked: set[str] = set()
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

    async def apply(self, records: Sequence[LogRecord], reached: Mapping[Position, int]) -> None:  # noqa: ARG002
        """Take in records."""
        for record in records:
            try:
                key = decode_api_key(record.value or b"")
            except UNREADABLE:  # a tombstone, or nothing of ours: no key
                self._keys.pop((record.key or b"").decode(errors="replace"), None)
            else:
                if key.revoked_at:  # as good as none
                    self._keys.pop(key.id, None)
                    self._revoked.add(key.id)
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
        if not self._loaded:
            raise NotLoadedError("the API keys are still being read")
        parts = split_key_text(text)
        record = self._keys.get(parts[0]) if parts else None
        if parts is None or record is None or not proves(record, parts[1]):
            return None
        return record

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
