"""What can be wrong with an event, as the core sees it."""

import re
from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.DecodeError, RecursionError, ValueError)
"""What decoding raises for bytes that nobody here wrote: no document, one of another kind, brackets in brackets in
brackets, text that is none."""


_IN_QUOTES: Final = re.compile(r"(['\"]).*\1", re.DOTALL)
_UNKNOWN_FIELD: Final = re.compile(r"unknown field `.*`(?= - at `\$[^`]*`\Z|\Z)", re.DOTALL)


def why_unreadable(error: Exception) -> str:
    """Say what is wrong, and where: place and kind, never what stood there. In a wrong field it may be a name."""
    match error:
        case UnicodeDecodeError():
            return f"no UTF-8 (byte {error.start})"
        case RecursionError():
            return "brackets in brackets in brackets"
    return _UNKNOWN_FIELD.sub("unknown field", _IN_QUOTES.sub("'…'", str(error)))


class DomainError(Exception):
    """An event that cannot be applied; it goes to the dead letters with this text."""


class UnknownBeforeError(DomainError):
    """A change of a purchase whose part in the sums is no longer remembered."""

    def __init__(self) -> None:
        super().__init__("its transaction changed, but what that gave is no longer remembered")
