"""What is handed over once and kept as a hash: the secrets of cookies, invitations and pairing codes.

A token reads `<id>.<secret>`: the id (80 bits) finds its record and may be shown, the secret (256 bits) proves it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(r"([a-z2-7]{16})\.([A-Za-z0-9_-]{43})")


class Token(NamedTuple):
    """An id and its secret."""

    id: str
    secret: str

    @property
    def text(self) -> str:
        """As its holder has it: a cookie's value, or the end of a link."""
        return f"{self.id}.{self.secret}"

    @property
    def digest(self) -> str:
        """What is kept of the secret: SHA-256, hexadecimal."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Token({self.id})"


def new_id() -> str:
    """A fresh name for a record: 16 small letters and digits."""
    return base64.b32encode(os.urandom(10)).decode("ascii").lower()


def new_token(record_id: str = "") -> Token:
    """A fresh one, for a record of its own or for one that is there."""
    secret = base64.urlsafe_b64encode(os.urandom(32)).decode("ascii").rstrip("=")
    return Token(record_id or new_id(), secret)


def read_token(text: str) -> Token | None:
    """What somebody holds; None for text that is no token."""
    found = _TOKEN.fullmatch(text)
    return Token(found[1], found[2]) if found else None


def id_of(key: bytes, *words: str) -> str:
    """A name that follows from words by a key, the same each time: 16 small letters and digits."""
    digest = hmac.digest(key, "\0".join(words).encode(), "sha256")
    return base64.b32encode(digest[:10]).decode("ascii").lower()


def proves(token: Token, digest: str) -> bool:
    """Say whether the secret is the one that was kept."""
    return hmac.compare_digest(token.digest, digest)
