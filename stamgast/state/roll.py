"""The roll of a partition: a list of each merchant's customers in the order in which they came. Nobody leaves it.

Whoever goes through all customers of a merchant goes by it: walks of schedules and campaigns, reviews of timers, counts
of an audience. It is the cheapest list that Redis has, 17 bytes a customer, and a place in it stays the same one's.
What is no customer (`alerts.STAFF_ROOM`) does not stand there.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from stamgast.state.keys import PartitionKeys

Call = Callable[..., Awaitable[Any]]
"""Runs a plain command."""

_OURS: Final = re.compile(r"c[a-z2-7]{24}")
_PACKED: Final = 15
_PAD: Final = b"\0"


def entry_of(customer: str) -> bytes:
    """How a customer stands there: the fifteen bytes of an id of ours, or any other id as it is."""
    if _OURS.fullmatch(customer):
        return base64.b32decode(customer[1:].upper())
    entry = customer.encode()
    return entry + _PAD if len(entry) == _PACKED else entry


def customer_of(entry: bytes) -> str:
    """Whom an entry stands for."""
    if len(entry) == _PACKED:
        return "c" + base64.b32encode(entry).decode("ascii").lower()
    return entry.removesuffix(_PAD).decode()


async def some_of(call: Call, keys: PartitionKeys, merchant: str, start: int, most: int) -> list[str]:
    """Return so many of a merchant's customers from that place on; fewer at the end. Raises StateError."""
    entries = await call("LRANGE", keys.roll(merchant), start, start + most - 1)
    return [customer_of(entry) for entry in entries]
