"""What each channel is: its address, how an opt-out of it is remembered, its wording, its price, its limits.

Whatever depends on the channel asks here, or decides over all of `Channel` with `match` and `assert_never`: none is
treated as another because nobody thought of it (docs/extending.md, "A channel").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from stamgast.domain.errors import DomainError
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import Channel


class UnknownChannelError(DomainError):
    """A word that is no channel."""

    def __init__(self, channel: str) -> None:
        super().__init__(f'there is no channel "{channel}": there are {", ".join(sorted(Channel))}')


class Address(StrEnum):
    """Which of a customer's identifiers messages go to."""

    PHONE = "phone"


class OptOut(StrEnum):
    """The key under which an opt-out is remembered. Channels that have the same one are stopped together."""

    PHONE_HASH = "phone_hash"


class Wording(StrEnum):
    """What a template says on a channel, in each language."""

    TEXT = "text"
    """A Jinja2 text of our own: `templates/<language>/<template>.j2`."""
    APPROVED = "approved"
    """A text that the provider keeps and has approved: its ContentSid, and numbered `variables`."""


class Priced(StrEnum):
    """What the price under `costs: contact:` is of."""

    MESSAGE = "message"
    PART = "part"


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """What one channel is, for whatever depends on it."""

    address: Address
    opt_out: OptOut
    wording: Wording
    priced: Priced
    longest: int
    """Characters of a text, or of one variable of an approved one."""
    most_parts: int | None
    """Parts into which a text may fall; None: it is never cut into any."""
    window: Millis | None
    """How long after a customer's last message free text may be sent; None: it makes no difference that they wrote."""
    sender_names: bool
    """Whether a sender may be a name, which nobody can answer, instead of a number."""
    read_receipts: bool
    """Whether it is known when a message was read."""


def _specify(channel: Channel) -> ChannelSpec:
    match channel:
        case Channel.WHATSAPP:
            return ChannelSpec(
                address=Address.PHONE,
                opt_out=OptOut.PHONE_HASH,
                wording=Wording.APPROVED,
                priced=Priced.MESSAGE,
                longest=1_600,
                most_parts=None,
                window=DAY,
                sender_names=False,
                read_receipts=True,
            )
        case Channel.SMS:
            return ChannelSpec(
                address=Address.PHONE,
                opt_out=OptOut.PHONE_HASH,
                wording=Wording.TEXT,
                priced=Priced.PART,
                longest=1_600,
                most_parts=3,
                window=None,
                sender_names=True,
                read_receipts=False,
            )
        case _:
            assert_never(channel)


SPECS: Final[Mapping[Channel, ChannelSpec]] = {each: _specify(each) for each in Channel}
_NAMED: Final[Mapping[str, Channel]] = {each.value: each for each in Channel}


def channel_named(word: str) -> Channel:
    """The channel of that name. Raises `UnknownChannelError`."""
    try:
        return _NAMED[word]
    except KeyError:
        raise UnknownChannelError(word) from None


def spec_of(word: str) -> ChannelSpec:
    """What the channel of that name is. Raises `UnknownChannelError`."""
    return SPECS[channel_named(word)]


def pieces_of(word: str, parts: int) -> int:
    """How many times a message over the channel costs its price. Raises `UnknownChannelError`."""
    priced = spec_of(word).priced
    match priced:
        case Priced.MESSAGE:
            return 1
        case Priced.PART:
            return max(parts, 1)
        case _:
            assert_never(priced)
