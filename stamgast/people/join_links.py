"""Where a poster leads that says `JOIN <code>`: a link that opens WhatsApp or an SMS with the words in it."""

import re
from pathlib import Path
from typing import Final, assert_never
from urllib.parse import quote

import segno

from stamgast.domain.errors import DomainError
from stamgast.domain.joining import JoinCode
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import Channel

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SIDE: Final = 10
"""Pixels of each square: a picture of some 330 that prints sharply at 5 cm."""
_QUIET: Final = 4
"""Squares of white around it, as ISO/IEC 18004 asks for."""
KINDS: Final = ("svg", "png", "pdf", "eps", "txt")


class NoNumberError(DomainError):
    """Nobody can write there: the channel has no sender, or one that is no telephone number."""


def words_of_code(code: JoinCode) -> str:
    """What is written: in capitals, as on the poster."""
    return f"JOIN {code.code.upper()}"


def number_of(program: Program, channel: Channel, given: str = "") -> str:
    """The number that is written to, in E.164. Raises `NoNumberError`."""
    sender = given or program.messaging.senders.get(channel, "").removeprefix("whatsapp:")
    if _NUMBER.fullmatch(sender):
        return sender
    if not sender:
        raise NoNumberError(f"`messaging` of program.yaml names no {channel.value}_sender")
    what = "a messaging service" if sender.startswith("MG") else "no number that can be written to"
    raise NoNumberError(f"{sender} is {what}: say which number of it with --number +31…")


def link_of(code: JoinCode, channel: Channel, number: str) -> str:
    """What opens the app with the words in it: https for WhatsApp, `sms:` as RFC 5724 has it."""
    words = quote(words_of_code(code))
    match channel:
        case Channel.WHATSAPP:
            return f"https://wa.me/{number.removeprefix('+')}?text={words}"
        case Channel.SMS:
            return f"sms:{number}?body={words}"
        case _:
            assert_never(channel)


def draw(link: str, file: Path) -> None:
    """Write the QR; what the file's name ends in says how. It stays readable with a quarter of it hidden."""
    segno.make(link, micro=False, error="q").save(str(file), scale=_SIDE, border=_QUIET)
