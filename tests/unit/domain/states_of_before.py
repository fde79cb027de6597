"""A state as versions of before schema 4 stored it."""

from itertools import accumulate
from operator import itemgetter
from typing import Any

import msgspec

from stamgast.domain.customer import Customer
from stamgast.domain.days import decode_days
from stamgast.domain.units import Day


def stored_before(state: Customer) -> bytes:
    """Contacts are a list of moments with their words, and each visit day has a number of purchases behind it."""
    fields: list[Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(state))
    places = Customer.__struct_fields__
    said = [(when, *key.split(":", 1)) for key, gaps in state.contacts.items() for when in accumulate(gaps)]
    fields[places.index("schema")] = min(state.schema, 3)
    fields[places.index("contacts")] = sorted(said, key=itemgetter(0))
    fields[places.index("days")] = days_before(decode_days(state.days))
    return msgspec.msgpack.encode(fields)


def days_before(days: list[tuple[Day, int]]) -> bytes:
    """Distance and purchases of each, as numbers in groups of seven bits."""
    value, previous = bytearray(), 0
    for day, purchases in days:
        for number in (day - previous, purchases):
            left = number
            while left >= 0x80:
                value.append(left & 0x7F | 0x80)
                left >>= 7
            value.append(left)
        previous = day
    return bytes(value)
