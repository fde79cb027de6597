"""How far a partition is with the schedule of a rule, as its meta holds it."""

import msgspec
from msgspec import Struct

from stamgast.domain.events import ScheduleDone, ScheduleDue
from stamgast.domain.units import Millis

Name = tuple[str, str]
"""Merchant and rule."""


class ScheduleMark(Struct, frozen=True, array_like=True):
    """Occasions up to `done` are done with, `how` says why; `due` is the one whose customers are walked, 0 for none.

    `looked` and `matched` count the customers of the last one that was walked.
    """

    done: Millis = 0
    due: Millis = 0
    how: str = ""
    looked: int = 0
    matched: int = 0


NO_MARK = ScheduleMark()
"""That of a rule whose schedule is over."""
_decode = msgspec.json.Decoder(ScheduleMark).decode
_encode = msgspec.json.Encoder().encode


def decode_mark(text: str) -> ScheduleMark:
    """Read a field of meta."""
    return _decode(text) if text else NO_MARK


def encode_mark(mark: ScheduleMark) -> str:
    """Write one: nothing for a schedule that is over."""
    return "" if mark == NO_MARK else _encode(mark).decode()


def name_of(name: Name) -> str:
    """How the field of a rule is called, behind its prefix."""
    return ":".join(name)


def key_of(name: str) -> Name:
    """The other way round."""
    merchant, _, rule = name.partition(":")
    return merchant, rule


def marked(event: ScheduleDue | ScheduleDone, known: ScheduleMark) -> ScheduleMark:
    """How far a partition is once that was said."""
    if isinstance(event, ScheduleDue):
        return ScheduleMark(known.done, event.occasion, known.how, known.looked, known.matched)
    if event.how == "over":
        return NO_MARK
    return ScheduleMark(max(known.done, event.occasion), 0, event.how, event.looked, event.matched)
