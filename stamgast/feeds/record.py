"""Feeds and how far each has come, as they stand on `feeds.v1`: the newest of each counts; secrets are sealed.

A feed's record is written by commands alone, and its progress in a partition by that partition's owner alone, so that
neither overwrites the other. What a command wants of an owner are numbers in the feed's record, and progress says of
each which it has heeded.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import Millis
from stamgast.feeds.happened import Wanted

MOST_SECRETS: Final = 2
"""While one replaces the other, both sign."""
MOST_REFUSED: Final = 100
"""Of a partition of a feed; the next one holds it up until they were sent again."""
_FEED: Final = "feed"
_PROGRESS: Final = "progress"


class Name(NamedTuple):
    """Which feed of which merchant."""

    merchant: str
    feed: str


class Feed(Struct, frozen=True, omit_defaults=True):
    """Where what happens is sent to, and since when it stands so."""

    merchant: str
    name: str
    url: str
    at: Millis
    begins: Mapping[str, tuple[int, ...]]
    """Topic as the table has it, without a prefix -> the offset in each partition from which on it is sent."""
    only: Wanted = ()
    sealed: tuple[str, ...] = ()
    """Secrets, newest first."""
    per_second: int = 100
    """How many a worker sends it at most."""
    paused: bool = False
    turn: Millis = 0
    """When it was told to begin at `begins`; goes up with each time."""
    wake: int = 0
    """Goes up when it is resumed: then it counts no more that the other side had gone."""
    again: int = 0
    """Goes up when what was laid aside is to be sent again."""

    @property
    def id(self) -> Name:
        """Which it is."""
        return Name(self.merchant, self.name)


class Refused(Struct, frozen=True, array_like=True):
    """One record that the other side did not take, while it took others. It stands on its topic for ever."""

    topic: str
    offset: int
    why: str
    at: Millis


class Progress(Struct, frozen=True, omit_defaults=True):
    """How far a feed has come in a partition: everything before was taken, or laid aside. Times are the machine's."""

    at: Millis
    turn: int
    reached: Mapping[str, int]
    """Topic -> next offset."""
    again: int = 0
    refused: tuple[Refused, ...] = ()
    sent: int = 0
    """Since the feed began its turn."""
    last_sent: Millis = 0
    failing_since: Millis = 0
    """When the other side began to take nothing; 0 while it takes."""
    trouble: str = ""
    gone_at_wake: int = -1
    """The feed's `wake` at which the other side said that it is gone for good (410)."""
    lost: int = 0
    """Offsets that retention had removed before they could be sent."""
    unreadable: int = 0
    """Records that are no lines of ours and were passed over."""


class Key(NamedTuple):
    """What a record's key says: a feed, or its progress in a partition."""

    name: Name
    partition: int | None = None


def feed_key(name: Name) -> bytes:
    """The key of a feed's record."""
    return f"{_FEED}:{name.merchant}:{name.feed}".encode()


def progress_key(name: Name, partition: int) -> bytes:
    """The key of its progress in a partition."""
    return f"{_PROGRESS}:{name.merchant}:{name.feed}:{partition}".encode()


def read_key(key: bytes | None) -> Key | None:
    """Whose a record is; None for nothing of ours."""
    match (key or b"").decode(errors="replace").split(":"):
        case [kind, merchant, feed] if kind == _FEED:
            return Key(Name(merchant, feed))
        case [kind, merchant, feed, number] if kind == _PROGRESS and number.isascii() and number.isdigit():
            return Key(Name(merchant, feed), int(number))
    return None


def fresh(feed: Feed, partition: int, at: Millis, before: Progress | None = None) -> Progress:
    """Where a feed begins its turn in a partition; what was laid aside stays so, if it is not sent now anyway."""
    begins = {topic: offsets[partition] for topic, offsets in feed.begins.items()}
    left = () if before is None else tuple(each for each in before.refused if each.offset < begins[each.topic])
    return Progress(at, feed.turn, begins, again=feed.again if before is None else before.again, refused=left)


_encode = Encoder().encode
decode_feed = Decoder(Feed).decode
decode_progress = Decoder(Progress).decode


def encode(record: Feed | Progress) -> bytes:
    """As it is appended."""
    return _encode(record)


Written = tuple[bytes, bytes | None]
"""Key and value of a record; None ends it."""


def ended(name: Name, partitions: int) -> list[Written]:
    """What takes a feed away, with all that was noted of it."""
    keys: list[Any] = [feed_key(name), *(progress_key(name, number) for number in range(partitions))]
    return [(key, None) for key in keys]
