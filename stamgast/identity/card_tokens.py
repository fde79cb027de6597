"""The token of a card's page: who has it sees the card, without a login and without a name in the address.

A customer's id and the edition of their card are one block of AES under a key of the merchant's that derives from
`ID_KEY`: 128 bits that nobody can make or read without it. Nothing is stored for a token, so every customer has one
from the first day; revoking writes another edition (`stamgast.state.cards`), and the token of the former opens nothing.
Three bytes before it say which merchant's it may be, so that one is tried and not all.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from stamgast.identity.sealing import derive_key

LAST_EDITION: Final = 255
LENGTH: Final = 31
"""Letters a-z and digits 2-7: no character that ends a link in a message, or is typed wrongly."""
_TAG: Final = 3
_ID: Final = 15
_PADDING: Final = "="


class Opened(NamedTuple):
    """Whose card a token was made for, and which edition of it."""

    merchant: str
    customer: str
    edition: int


class CardTokens:
    """Makes and reads them. `purpose`: what is made for one opens nothing of another."""

    def __init__(self, id_key: bytes, purpose: str = "card tokens") -> None:
        self._key = derive_key(id_key, purpose)

    def of(self, merchant: str, customer: str, edition: int = 0) -> str:
        """The token of an edition of a customer's card."""
        block = base64.b32decode(customer[1:].upper()) + bytes([edition])
        raw = self._tag(merchant) + self._cipher(merchant).encryptor().update(block)
        return base64.b32encode(raw).decode().rstrip(_PADDING).lower()

    def open(self, token: str, merchants: Iterable[str]) -> Opened | None:
        """Whose it is, of these merchants; None: it was made for no card of theirs. Its customer need not exist."""
        if len(token) != LENGTH or not token.isascii():
            return None
        try:
            raw = base64.b32decode(token.upper() + _PADDING)
        except binascii.Error:
            return None
        for merchant in merchants:
            if hmac.compare_digest(self._tag(merchant), raw[:_TAG]):
                block = self._cipher(merchant).decryptor().update(raw[_TAG:])
                customer = "c" + base64.b32encode(block[:_ID]).decode().lower()
                if self.of(merchant, customer, block[_ID]) == token:  # one way to write it
                    return Opened(merchant, customer, block[_ID])
        return None

    def _cipher(self, merchant: str) -> Cipher[modes.ECB]:
        """One block alone is what ECB is safe for: the same card always has the same token."""
        key = hmac.digest(self._key, b"card\x1f" + merchant.encode(), "sha256")
        return Cipher(algorithms.AES256(key), modes.ECB())  # noqa: S305  one block, never two

    def _tag(self, merchant: str) -> bytes:
        return hmac.digest(self._key, b"merchant\x1f" + merchant.encode(), "sha256")[:_TAG]
