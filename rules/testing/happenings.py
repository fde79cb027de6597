"""What else can happen to a customer in a rule's test, besides purchases, refunds and time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from rules.yaml.words import KEYWORDS, WordError
from stamgast.domain.own_events import EventKind, Value
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel, Purpose

STOP, START = "stop", "start"
ANSWERS: Final = (*KEYWORDS, STOP, START)
"""What a customer's answer may mean in a test. Rules hear nothing of STOP and START; the house obeys them."""


@dataclass(frozen=True, slots=True)
class Join:
    """The customer joins, agreeing to every message or to none. Without it they have joined before the first step."""

    at: Millis
    source: str = ""
    agrees: bool = True


@dataclass(frozen=True, slots=True)
class Tell:
    """The customer tells when their birthday is (`MM-DD`)."""

    at: Millis
    birthday: str


@dataclass(frozen=True, slots=True)
class Consent:
    """The customer agrees to messages for these purposes by these channels, or takes that back."""

    at: Millis
    given: bool
    purposes: tuple[Purpose, ...]
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """The customer writes; an empty `keyword` is none."""

    at: Millis
    keyword: str = ""
    channel: str = Channel.SMS
    media: int = 0
    text: str = ""
    """What they write, where the test says it."""


@dataclass(frozen=True, slots=True)
class BeAsked:
    """The customer is asked a question of program.yaml."""

    at: Millis
    question: str


@dataclass(frozen=True, slots=True)
class GetReward:
    """The customer is given a voucher, whatever for."""

    at: Millis
    reward: str


@dataclass(frozen=True, slots=True)
class Redeem:
    """The voucher with that number, counted from the first that was given (from 0; -1: the last), is used."""

    at: Millis
    voucher: int


@dataclass(frozen=True, slots=True)
class Win:
    """A draw is drawn, and the customer wins a reward or nothing (empty). Of an instant win entries do, from now on."""

    at: Millis
    draw: str
    reward: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """An event of the merchant's own is posted about the customer."""

    at: Millis
    event: str
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody starts the rule's campaign, for everybody."""

    at: Millis


def purpose_called(name: str) -> tuple[Purpose, ...]:
    """The purpose of that name, or all of them. Raises `WordError`."""
    if name and name not in tuple(Purpose):
        raise WordError(f'unknown purpose "{name}"', suggest(name, Purpose))
    return (Purpose(name),) if name else tuple(Purpose)


def channel_called(name: str) -> tuple[Channel, ...]:
    """The channel of that name, or all of them. Raises `WordError`."""
    if name and name not in tuple(Channel):
        raise WordError(f'unknown channel "{name}"', suggest(name, Channel))
    return (Channel(name),) if name else tuple(Channel)


def fields_of(events: Mapping[str, EventKind], event: str, told: Mapping[str, object]) -> dict[str, Value]:
    """What an event of program.yaml carries, as it stands on the log. Raises `WordError`."""
    kind = events.get(event)
    if kind is None:
        raise WordError(f'unknown event "{event}"', suggest(event, events))
    fields: dict[str, Value] = {}
    for name, value in told.items():
        if name not in kind.fields:
            raise WordError(f'the event {event} has no field "{name}"', suggest(name, kind.fields))
        read = kind.fields[name].read(value)
        if read is None:
            raise WordError(f'"{value}" does not fit the field {name}', f"Write {kind.fields[name].expected}.")
        fields[name] = read
    return fields


def events_in(reader: Reader, node: Node) -> Iterator[tuple[str, Mapping[str, object]]]:
    """`workshop`, or `{workshop: {topic: bread}}`: an event's name, with what it is told to carry."""
    if isinstance(node, ScalarNode):
        yield reader.text(node, "event") or "", {}
        return
    for name, fields in reader.entries(node, "event"):
        told = reader.entries(fields, f"event: {name.text}")
        yield name.text, {key.text: value.value if isinstance(value, ScalarNode) else None for key, value in told}
