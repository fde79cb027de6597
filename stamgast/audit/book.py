"""Writes down who did what: one call for pages, commands and API keys."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from stamgast.audit.record import HOUSE, About, Did, Noted, Who, encode
from stamgast.domain.units import Millis
from stamgast.identity.sealing import SealError, WrappingKeys

Append = Callable[[str, Sequence[tuple[bytes, bytes | None]]], Awaitable[object]]
_PURPOSE: Final = "audit"
LONGEST_WORDS: Final = 500
"""Of a reason that somebody gives; more is cut off."""


class AuditSeal:
    """Seals and opens what people are called and what they wrote; without keys it keeps none of it."""

    def __init__(self, keys: WrappingKeys | None) -> None:
        self._keys = None if keys is None else keys.derived(_PURPOSE)

    def seal(self, owner: str, text: str) -> str:
        """What may stand on the topic."""
        return self._keys.seal(text.encode(), owner) if text and self._keys is not None else ""

    def open(self, owner: str, sealed: str) -> str:
        """What was sealed; empty where nothing was, or by a key that is gone."""
        try:
            return self._keys.open(sealed, owner).decode() if sealed and self._keys is not None else ""
        except SealError:
            return ""


class Audit:
    """Where it is written to; `now` is the shop's time."""

    def __init__(self, append: Append, topic: str, seal: AuditSeal, now: Callable[[], Millis]) -> None:
        self.append = append
        self.topic = topic
        self.seal = seal
        self.now = now


async def note(audit: Audit, who: Who, what: Did, about: About) -> None:
    """Note what was done, once it is done. Raises `NotAppendedError`."""
    note_id = os.urandom(8).hex()
    ids = msgspec.to_builtins(about)
    merchant, words = ids.pop("merchant", "") or HOUSE, ids.pop("words", "")
    noted = Noted(
        at=audit.now(),
        actor=who.actor,
        did=what,
        id=note_id,
        who=who.id,
        sealed_name=audit.seal.seal(note_id, who.name),
        about=ids,
        sealed_words=audit.seal.seal(note_id, words[:LONGEST_WORDS]),
    )
    await audit.append(audit.topic, [(merchant.encode(), encode(noted))])
