"""How states of before schema 4 were stored, and what that is now: read once, when their customer comes again."""

from typing import Any, Final, get_type_hints

import msgspec
from msgspec import Struct

from stamgast.domain.contacts import contacts_of
from stamgast.domain.days import encode_days
from stamgast.domain.rule_answers import brought_over
from stamgast.domain.units import Day, Millis

_SHORT_ANSWERS: Final = 3
"""The first schema whose answers of rules are as they are now."""


class OlderStates:
    """Reads them. `now` is the struct of the schema in force."""

    def __init__(self, now: type[Struct], schema: int) -> None:
        usual, types = now(), get_type_hints(now)
        types["contacts"] = list[tuple[Millis, str, str]]
        places: list[Any] = [(name, types[name], getattr(usual, name)) for name in now.__struct_fields__]
        places[now.__struct_fields__.index("contacts")] = ("contacts", types["contacts"], [])
        before = msgspec.defstruct("_Before", places, array_like=True, gc=False)
        self._decode = msgspec.msgpack.Decoder(before).decode
        self._now, self._schema = now, schema

    def upcast(self, value: bytes) -> Any:
        """Stored value -> state as it is now. Raises `msgspec.DecodeError` if it is none."""
        old: Any = self._decode(value)
        if old.schema >= self._schema:
            raise msgspec.ValidationError(f"a state of schema {old.schema} is not stored like this")
        if old.schema < _SHORT_ANSWERS:
            old.answers, old.rule_answers = brought_over(old.rule_answers, old.schema), {}
        old.contacts, old.days, old.schema = contacts_of(old.contacts), days_anew(old.days), self._schema
        return self._now(*[getattr(old, name) for name in self._now.__struct_fields__])


def days_anew(value: bytes) -> bytes:
    """Visit days as they were stored, each with its purchases as a number of its own, as they are now."""
    numbers: list[int] = []
    number = shift = 0
    for byte in value:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    found: list[tuple[Day, int]] = []
    day = 0
    for gap, purchases in zip(numbers[::2], numbers[1::2], strict=True):
        day += gap
        found.append((day, purchases))
    return encode_days(found)
