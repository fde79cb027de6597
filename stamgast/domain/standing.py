"""What of a customer's state tells how they stand: what a fit and the value of segments read of each of a million.

Reading a whole state takes three times as long, most of it for cards, vouchers and messages of which neither asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, cast, get_type_hints

import msgspec

from stamgast.domain.conversation import Conversation
from stamgast.domain.customer import Customer
from stamgast.domain.older_states import days_anew
from stamgast.domain.units import Day, Millis, Minor


class Standing(Protocol):
    """These fields of `Customer`, which is one as well."""

    schema: int
    spend: Minor
    profit: Minor
    visits: int
    first_day: Day
    last_day: Day
    days: bytes
    gaps: int
    tags: list[str]
    source: str
    joined_at: Millis
    contact_cost: int
    conversation: Conversation | None


_PLAIN: Final = (int, str, bytes, bool)
"""What takes no longer to read than to pass over."""
_NOT_READ: Final = msgspec.Raw(b"")
_DAYS_OF_NOW: Final = 4
"""The first schema whose visit days are as they are now; the other fields have always been alike."""


def _layout() -> Sequence[tuple[str, Any, Any]]:
    """As in `Customer`, up to the last field that is asked for; what nobody asks for is passed over."""
    types, usual, asked = get_type_hints(Customer), Customer(), set(get_type_hints(Standing))
    names = Customer.__struct_fields__
    last = max(names.index(name) for name in asked)
    return [
        (name, types[name], getattr(usual, name))
        if name in asked or types[name] in _PLAIN
        else (name, msgspec.Raw, _NOT_READ)
        for name in names[: last + 1]
    ]


_decode: Final[Callable[[bytes], Standing]] = cast(
    Any, msgspec.msgpack.Decoder(msgspec.defstruct("_Standing", _layout(), array_like=True, gc=False)).decode
)


def decode_standing(value: bytes) -> Standing:
    """Stored value -> how they stand. Raises `msgspec.DecodeError`."""
    state = _decode(value)
    if state.schema < _DAYS_OF_NOW:
        state.days = days_anew(state.days)
    return state
