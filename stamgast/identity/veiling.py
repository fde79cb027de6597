"""The veils of merchants, from `ID_KEY`: see `stamgast.domain.veil`."""

from __future__ import annotations

import base64
from hashlib import blake2b
from typing import Final

from stamgast.domain.shop_codes import bare, hidden, sealed_in
from stamgast.domain.veil import MARK
from stamgast.identity.sealing import DataKey, SealError, derive_key

_SOURCE_BYTES: Final = 12
_MARK_BYTES: Final = 12


class Veils:
    """The same in every process and for ever, as `ID_KEY` is."""

    def __init__(self, id_key: bytes) -> None:
        self._key = derive_key(id_key, "veils")

    def of(self, merchant: str) -> MerchantVeil:
        """A merchant's: what another one has behind theirs cannot be compared with it."""
        return MerchantVeil(derive_key(self._key, merchant))


class MerchantVeil:
    """A birthday is encrypted, each time another way, so that equal ones cannot be told; a source is a keyed hash."""

    def __init__(self, key: bytes) -> None:
        self._birthdays = DataKey("veil", derive_key(key, "birthdays"))
        self._sources = derive_key(key, "sources")
        self._codes = derive_key(key, "codes")
        self._shop_codes = DataKey("veil", derive_key(key, "shop codes"))
        self._marks = derive_key(key, "marks of shop codes")

    def hide_birthday(self, day: str) -> str:
        """What stands for a birthday (`MM-DD`) in events and states."""
        return MARK + self._birthdays.seal(day.encode(), "birthday")

    def birthday(self, stored: str) -> str:
        """Month and day; empty for what is not of our making."""
        if not stored.startswith(MARK):
            return stored
        try:
            return self._birthdays.open(stored[len(MARK) :], "birthday").decode()
        except SealError:
            return ""

    def code(self, request: str) -> str:
        """Six digits; tries are counted where it is asked for."""
        digest = blake2b(request.encode(), key=self._codes, digest_size=8).digest()
        return f"{int.from_bytes(digest, 'big') % 1_000_000:06}"

    def hide_shop_code(self, code: str) -> str:
        """What stands for a code of the shop's own on topics and in states."""
        return hidden(self.code_mark(code), self._shop_codes.seal(code.encode(), "shop code"))

    def shop_code(self, stored: str) -> str:
        """The code; empty for what is not of our making."""
        try:
            return self._shop_codes.open(sealed_in(stored), "shop code").decode()
        except SealError:
            return ""

    def code_mark(self, code: str) -> str:
        """By what a code is found."""
        return blake2b(bare(code).encode(), key=self._marks, digest_size=_MARK_BYTES).hexdigest()

    def source(self, name: str) -> str:
        """What stands for a source of acquisition."""
        digest = blake2b(name.encode(), key=self._sources, digest_size=_SOURCE_BYTES).digest()
        return MARK + base64.urlsafe_b64encode(digest).decode("ascii")
