"""A Redis Cluster as its clients need it: which slot a key has, which node serves a slot, where the nodes are."""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterable, Iterator
from typing import Any, Final

from redis.asyncio.connection import parse_url

Address = tuple[str, int]
"""Host and port."""

Place = dict[str, Any]
"""What it takes to connect to a Redis: host and port or a path, and perhaps a user, a password, a database, TLS."""

SLOTS: Final = 16_384
_NEXT_URL: Final = re.compile(r",\s*(?=rediss?://|unix://)")


def places_of(urls: str) -> list[Place]:
    """Read an address of Redis, or several of one cluster by comma. Raises ValueError."""
    return [dict(parse_url(url.strip())) for url in _NEXT_URL.split(urls)]


def slot_of(key: str | bytes) -> int:
    """Return a key's slot: of what stands in its first braces, if anything does, else of the whole key."""
    raw = key.encode() if isinstance(key, str) else key
    start = raw.find(b"{")
    end = raw.find(b"}", start + 1) if start >= 0 else -1
    return crc_hqx(raw[start + 1 : end] if end > start + 1 else raw, 0) % SLOTS


class SlotMap:
    """Which master serves which slot, as far as we have been told."""

    def __init__(self, table: Iterable[Any], asked: Address) -> None:
        """Read the answer to CLUSTER SLOTS. A node that does not know its own host is where it was `asked`."""
        self._nodes: list[Address | None] = [None] * SLOTS
        for first, last, master, *_replicas in table:
            host = master[0].decode() if master[0] not in (None, b"", b"?") else asked[0]
            self._nodes[first : last + 1] = [(host, int(master[1]))] * (last + 1 - first)

    def node_of(self, key: str | bytes) -> Address | None:
        """Return the address of a key's node; None if its slot is nobody's."""
        return self._nodes[slot_of(key)]

    def moved(self, slot: int, address: Address) -> None:
        """Learn that a slot has gone to another node."""
        self._nodes[slot] = address

    def __iter__(self) -> Iterator[Address]:
        """Go through the masters that serve something."""
        return iter(dict.fromkeys(node for node in self._nodes if node is not None))
