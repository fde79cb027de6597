"""What all events of `customer.events.v1` share, and how numbers stand there."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from stamgast.domain import units

# Checked on reading: a number that no state could hold must not get as far as a state.
EXACT = Meta(ge=-(2**53), le=2**53)

Millis = Annotated[units.Millis, EXACT]

Minor = Annotated[units.Minor, EXACT]

Count = Annotated[int, Meta(ge=0, le=2**31)]

Quantity = Annotated[int, EXACT]
"""Thousandths of a piece or a kilogram."""

Amount = Annotated[int, EXACT]
"""Thousandths of a minor unit."""

Source = tuple[str, int, int, int]
"""Topic id, partition, offset, index among that input's outputs."""


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", gc=False):
    """What all events share. `id` is set for events that may be repeated by an HTTP client."""

    merchant: str
    customer: str
    at: Millis
    source: Source | None = None
    id: str | None = None
    about: ClassVar[str] = "customer"
