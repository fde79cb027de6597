"""How far draws are, as the meta of a partition holds it."""

import msgspec

from stamgast.domain.urns import DrawMark, Name, Urn

NO_DRAW = DrawMark("")
"""That of one that is forgotten."""
NO_URN = Urn((), 0)
_decode_mark = msgspec.json.Decoder(DrawMark).decode
_decode_urn = msgspec.json.Decoder(Urn).decode
_encode = msgspec.json.Encoder().encode


def decode_draw(text: str) -> DrawMark:
    """Read a field of meta."""
    return _decode_mark(text) if text else NO_DRAW


def decode_urn(text: str) -> Urn:
    """Read a field of meta."""
    return _decode_urn(text) if text else NO_URN


def encode_draw(mark: DrawMark | Urn) -> str:
    """Write one: nothing for a draw that is forgotten."""
    return "" if mark in (NO_DRAW, NO_URN) else _encode(mark).decode()


def name_of(name: Name) -> str:
    """How the field of a draw is called, behind its prefix."""
    return ":".join(name)


def key_of(name: str) -> Name:
    """The other way round."""
    merchant, _, draw = name.partition(":")
    return merchant, draw
