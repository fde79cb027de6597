"""How Twilio writes whom a message is to and from: the number, after a word that says over which channel."""

from collections.abc import Mapping
from typing import Final

from stamgast.domain.vocabulary import Channel

PREFIXES: Final[Mapping[Channel, str]] = {Channel.WHATSAPP: "whatsapp:", Channel.SMS: ""}
"""The channels that Twilio carries for us."""


class ForeignAddressError(ValueError):
    """An address at a channel that is none of ours."""

    def __init__(self, address: str) -> None:
        super().__init__(f"an address that begins with {address.partition(':')[0]}: is none of {', '.join(PREFIXES)}")


def write_address(channel: Channel, number: str) -> str:
    """`whatsapp:+316…`, or the number alone for an SMS."""
    return f"{PREFIXES[channel]}{number}"


def channel_of(address: str) -> Channel | None:
    """Over which channel it is reached; None for one that is none of ours (`messenger:…`)."""
    word, colon, _ = address.partition(":")
    return next((channel for channel, prefix in PREFIXES.items() if prefix == (word + colon if colon else "")), None)


def read_address(address: str) -> tuple[Channel, str]:
    """Channel and number. Raises `ForeignAddressError`."""
    channel = channel_of(address)
    if channel is None:
        raise ForeignAddressError(address)
    return channel, address.removeprefix(PREFIXES[channel])


def bare(address: str) -> str:
    """The number (or name) without the word for its channel; what is none of ours stays as it is."""
    channel = channel_of(address)
    return address if channel is None else address.removeprefix(PREFIXES[channel])
