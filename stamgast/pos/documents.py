"""JSON that somebody else wrote, read so that nothing in it is passed over: a key that comes twice is refused."""

import codecs
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from stamgast.domain.errors import UNREADABLE, in_plain_words
from stamgast.pos.problems import UnreadableError

Decode = Callable[[bytes], Any]
_MOST_SHOWN: Final = 40
_ESCAPED_COLON: Final = b"\\u003"
_MARK: Final = codecs.BOM_UTF8

_encode = msgspec.json.Encoder().encode
_decode_money = msgspec.json.Decoder(float_hook=Decimal).decode
"""Money stays what was written: 10.649999999999999 is not rounded on the way."""


class _TwiceError(ValueError):
    """A key comes twice in one object: readers differ in which of them they believe."""


def unmarked(body: bytes) -> bytes:
    """A body without the mark of UTF-8, which .NET puts before its JSON, and which readers may pass over (RFC 8259)."""
    return body.removeprefix(_MARK)


def read_json(body: bytes) -> Any:
    """What a system of tills wrote, with its money as it was written. Raises `UnreadableError`.

    Of a key that comes twice the later one counts: its system signed both, or is asked again.
    """
    try:
        return _decode_money(unmarked(body))
    except UNREADABLE as error:
        raise UnreadableError(why_not_json(body, error)) from None


def read_document(body: bytes, decode: Decode = msgspec.json.decode) -> Any:
    """What stands in the body, read by `decode`. Raises `UnreadableError`."""
    body = unmarked(body)
    try:
        document = decode(body)
        if not _has_each_key_once(body, document):
            # With the standard library's reader: msgspec says nothing of a key that it has seen before.
            json.loads(body, object_pairs_hook=_refuse_twice, parse_int=_unread, parse_float=_unread)
    except _TwiceError as error:
        raise UnreadableError(str(error)) from None
    except UNREADABLE as error:
        raise UnreadableError(why_not_json(body, error)) from None
    return document


def _has_each_key_once(body: bytes, document: Any) -> bool:
    """Whether all keys are in what was read of them. Reading it once more takes six times as long as all else here.

    Each key has a colon, and so have some texts: where a key went missing there are fewer than in the body. Only a
    colon that the body writes as an escape could make up for it, and such a body is read again.
    """
    if _ESCAPED_COLON in body:
        return False
    try:
        return body.count(b":") == _encode(document).count(b":")
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        return False


def why_not_json(body: bytes, error: Exception) -> str:
    """Say why a body cannot be read as JSON."""
    return f"the body is not JSON: {in_plain_words(error)}" if body.strip() else "the body is empty; it is to be JSON"


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _TwiceError(f"the key {key[:_MOST_SHOWN]!r} comes twice in one object; send each once")
            seen.add(key)


def _unread(_text: str) -> None:
    """Numbers have been read already, and a thousand digits would be an error of the reader's own."""
