"""What can be wrong with an event, as the core sees it."""

import re
from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.DecodeError, RecursionError, ValueError)
"""What decoding raises for bytes that nobody here wrote: no document, one of another kind, brackets in brackets in
brackets, text that is none."""


_IN_QUOTES: Final = re.compile(r"(['\"]).*\1", re.DOTALL)
_UNKNOWN_FIELD: Final = re.compile(r"unknown field `.*`(?= - at `\$[^`]*`\Z|\Z)", re.DOTALL)
_KINDS: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
    "bytes": "a text",
}
_KIND: Final = re.compile(rf"`({'|'.join(_KINDS)})`")
_PLACE: Final = re.compile(r" - at `\$\.?([^`]*)`")
_OF_READERS: Final = (
    (re.compile(r"surrogate"), "half a character (a lone surrogate)"),
    (
        re.compile(r"[Nn]umber out of range|Integer value out of range|Exceeds the limit"),
        "a number with too many digits",
    ),
    (re.compile(r"Input data was truncated"), "it ends too early"),
    (re.compile(r"unexpected end of data|EOF"), "a quotation mark is opened and not closed"),
    (re.compile(r"line contains NUL"), "it holds zero bytes: it is no text"),
    (re.compile(r"field larger than"), "a field of more than 131,072 characters"),
    (re.compile(r"expected after '\"'|delimiter expected"), "a quotation mark stands within a field: write it twice"),
)
"""What readers of JSON and CSV say -> what it means."""


def why_unreadable(error: Exception) -> str:
    """Say what is wrong, and where: place and kind, never what stood there. In a wrong field it may be a name."""
    said = _own_words(error)
    return said or _UNKNOWN_FIELD.sub("unknown field", _IN_QUOTES.sub("'…'", str(error)))


def in_plain_words(error: Exception) -> str:
    """Say what is wrong as people do who never saw the program: for those who sent it, and may be shown it again."""
    if said := _own_words(error):
        return said
    text = str(error)
    for pattern, said in _OF_READERS:
        if pattern.search(text):
            return said
    return _PLACE.sub(r" at \1", _KIND.sub(lambda kind: _KINDS[kind[1]], text)).removeprefix("JSON is malformed: ")


def _own_words(error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return f"no UTF-8 (byte {error.start})"
        case UnicodeError():
            return "half a character (a lone surrogate)"
        case RecursionError():
            return "brackets in brackets in brackets"
        case OSError():
            return error.strerror or "it cannot be read"
    return ""


class DomainError(Exception):
    """An event that cannot be applied; it goes to the dead letters with this text."""


class UnknownBeforeError(DomainError):
    """A change of a purchase whose part in the sums is no longer remembered."""

    def __init__(self) -> None:
        super().__init__("its transaction changed, but what that gave is no longer remembered")
