"""Phones of staff as they stand in published files: sealed under a key that derives from `ID_KEY`.

The same phone of the same merchant has the same seal (AES-SIV), so that files that did not change are the same files:
publishing tells by their hash whether there is anything new.
"""

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from stamgast.identity.sealing import SealError, derive_key

PREFIX: Final = "sealed."
_LENGTH: Final = 16
"""Of the plain text, at least: the longest phone."""


def seal_phone(id_key: bytes, merchant: str, phone: str) -> str:
    """What stands in a file in the place of a phone (E.164)."""
    sealed = AESSIV(_key(id_key)).encrypt(phone.encode().ljust(_LENGTH), [merchant.encode()])
    return PREFIX + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def unseal_phone(id_key: bytes, merchant: str, text: str) -> str:
    """The phone that was sealed. Raises `SealError`."""
    try:
        raw = base64.urlsafe_b64decode(text.removeprefix(PREFIX) + "==")
        return AESSIV(_key(id_key)).decrypt(raw, [merchant.encode()]).decode().strip()
    except (InvalidTag, binascii.Error, ValueError):
        raise SealError(
            "the phone of staff does not open: it was sealed by another ID_KEY, or for another merchant"
        ) from None


def _key(id_key: bytes) -> bytes:
    return derive_key(id_key, "phones of staff") + derive_key(id_key, "phones of staff, counter")
