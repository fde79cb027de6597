"""The code by which a tablet becomes a till: good once, for ten minutes, to be scanned or typed.

It stands in Redis, as a hash; if that is lost, one makes another. Twelve letters and digits (60 bits) under a limit of
attempts for each address: short enough to type, and nobody guesses one within ten minutes.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

import msgspec

from stamgast.web.deps import Deps

CODE_S: Final = 600
LONGEST_NAME: Final = 40
"""Letters of what a till is called."""
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""None that is taken for another: no I, O, 0, 1."""
_LENGTH: Final = 12
_GROUP: Final = 4
_MISREAD: Final = str.maketrans({" ": None, "-": None, "_": None})


class Pairing(msgspec.Struct, frozen=True):
    """What a code makes of who opens it."""

    merchant: str
    store: str
    name: str
    by: str


_decode = msgspec.json.Decoder(Pairing).decode


async def give_out(deps: Deps, pairing: Pairing) -> str:
    """A fresh code. Raises StateError."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    await deps.redis.call("SET", _place(letters), msgspec.json.encode(pairing), "EX", CODE_S)
    return in_groups(letters)


async def look_at(deps: Deps, code: str) -> Pairing | None:
    """What a code would make; it stays good."""
    return await _read(deps, "GET", code)


async def take(deps: Deps, code: str) -> Pairing | None:
    """The same, and it is good no more."""
    return await _read(deps, "GETDEL", code)


def in_groups(letters: str) -> str:
    """As people read it: QK7D-M4XP-2ABC."""
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def plain(code: str) -> str:
    """A code as it is kept, however it was typed; empty for what cannot be one."""
    letters = code.strip().upper().translate(_MISREAD)
    return letters if len(letters) == _LENGTH and all(each in _LETTERS for each in letters) else ""


async def _read(deps: Deps, how: str, code: str) -> Pairing | None:
    letters = plain(code)
    found = await deps.redis.call(how, _place(letters)) if letters else None
    return _decode(found) if found is not None else None


def _place(letters: str) -> str:
    return f"web:pairing:{hashlib.sha256(letters.encode()).hexdigest()[:40]}"
