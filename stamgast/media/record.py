"""What stands on `media.v1`: what is to be fetched, and what became of it. Neither says who sent it."""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from channels.model import FilePlace
from stamgast.domain.events import key_of
from stamgast.domain.units import DAY, Millis
from stamgast.log.topics import MEDIA_KEPT

KEPT: Final[Millis] = MEDIA_KEPT
"""How long a picture can be looked at."""
MOST_OF_A_MESSAGE: Final = 10
"""Files of one message that are fetched; no carrier hands over more."""


class Came(StrEnum):
    """What became of a file that somebody sent."""

    KEPT = "kept"
    TOO_LARGE = "too_large"
    NO_PICTURE = "no_picture"
    """A sound, a film, a document, or what only says that it is a picture: nobody can clean it."""
    NEVER = "never"
    """The carrier does not have it, or did not hand it over for a day."""
    FORGOTTEN = "forgotten"
    """The customer asked to be forgotten before it came."""


WHY_NOT: Final[Mapping[Came, str]] = {
    Came.TOO_LARGE: "it had more than 5 MB",
    Came.NO_PICTURE: "it was no picture (JPEG, PNG, WebP or GIF), and nothing else is kept",
    Came.NEVER: "the carrier did not hand it over",
    Came.FORGOTTEN: "the customer was forgotten",
}
"""Why somebody cannot look at it."""


class Wanted(Struct, frozen=True, tag="wanted"):
    """A file to be fetched. `reply` is the id of the message on `replies.v1`."""

    id: str
    merchant: str
    customer: str
    at: Millis
    channel: str
    reply: str
    place: FilePlace


class Fetched(Struct, frozen=True, tag="fetched"):
    """What became of it. `object` is its name in the store and `data_key` the key that it is sealed under, if kept."""

    id: str
    merchant: str
    customer: str
    at: Millis
    channel: str
    reply: str
    came: Came
    object: str = ""
    data_key: str = ""
    bytes: int = 0
    width: int = 0
    height: int = 0


Record = Wanted | Fetched
_decoder: Final[msgspec.json.Decoder[Record]] = msgspec.json.Decoder(Record)


def media_id(customer: tuple[str, str], place: FilePlace) -> str:
    """What a file is called with us; `customer` is merchant and id. A repeated message gives the same."""
    text = "\x1f".join(("media", *customer, place.message, place.file))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def wanted(
    customer: tuple[str, str], at: Millis, channel: str, reply: str, places: Sequence[FilePlace]
) -> list[tuple[bytes, bytes]]:
    """The records to append for what came with one message."""
    merchant, person = customer
    return [
        as_record(Wanted(media_id(customer, place), merchant, person, at, channel, reply, place))
        for place in places[:MOST_OF_A_MESSAGE]
    ]


def as_record(said: Record) -> tuple[bytes, bytes]:
    """Key and value."""
    return key_of(said.merchant, said.customer), msgspec.json.encode(said)


def read_record(value: bytes | None) -> Record:
    """One of them. Raises `stamgast.domain.errors.UNREADABLE`."""
    return _decoder.decode(value or b"")


def object_of(media: str, at: Millis) -> str:
    """The name of a picture in the store: its day first, so that whole days can go when they are over."""
    return f"{at // DAY:07d}/{media}"


def day_of_object(name: str) -> int | None:
    """The day (counted from 1970) in an object's name; None: it is none of ours."""
    day, between, _ = name.partition("/")
    return int(day) if between and day.isascii() and day.isdecimal() else None
