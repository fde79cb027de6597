"""What people and their things are called: sealed by keys that derive from the wrapping keys."""

from __future__ import annotations

import unicodedata
from typing import Final

from stamgast.identity.sealing import SealError, WrappingKeys

LONGEST: Final = 60
_PURPOSE: Final = "names of users"


class NameSeal:
    """Seals and opens them; what was sealed opens only for its own record."""

    def __init__(self, keys: WrappingKeys) -> None:
        self._keys = keys.derived(_PURPOSE)

    def seal(self, owner: str, name: str) -> str:
        """What may stand on a topic; empty for no name."""
        return self._keys.seal(name.encode(), owner) if name else ""

    def open(self, owner: str, sealed: str) -> str:
        """The name; empty where there is none, or where it was sealed by a key that is gone."""
        try:
            return self._keys.open(sealed, owner).decode() if sealed else ""
        except SealError:
            return ""


def clean_name(text: str) -> str:
    """A name as it is kept: composed (NFC), single spaces, nothing that steers a terminal or turns a line around."""
    plain = "".join(
        each if unicodedata.category(each)[0] != "C" else " " for each in unicodedata.normalize("NFC", text)
    )
    return " ".join(plain.split())
