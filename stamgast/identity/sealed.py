"""Identifiers sealed to a merchant's public key: what a shop writes to `purchases.v1` in the place of a phone.

A sealed box that needs standard algorithms only (docs/producing.md tells how to make one in a few lines):

    version 1 (one byte) | the sender's fresh X25519 public key (32 bytes) | ciphertext and tag

in base64url without padding. The plain text is a JSON object of identifiers; blanks around it hide its length. It is
encrypted by AES-256-GCM with a nonce of zeros, since its key serves once: HKDF-SHA256 of the shared secret, salted with
both public keys. The merchant's own key derives from `ID_KEY`, so it is the same in every process and for ever.
"""

import base64
import binascii
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stamgast.domain.errors import UNREADABLE
from stamgast.identity.sealing import SealError, derive_key

VERSION: Final = b"\x01"
LONGEST: Final = 1_000
"""Characters of a sealed identifier."""
_KEY_BYTES: Final = 32
_NONCE: Final = bytes(12)
_PADDED: Final = 96
"""Plain texts are as long as this at least, so that a length tells nothing."""


class Identifiers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was sealed: names of the purchase contract. Holds personal data: never log it."""

    phone: str = ""
    membership_number: str = ""
    provider_customer_id: str = ""

    def __repr__(self) -> str:
        return "Identifiers(...)"


_decode = msgspec.json.Decoder(Identifiers).decode
_encode = msgspec.json.Encoder().encode


def public_key(id_key: bytes, merchant: str) -> str:
    """The merchant's public key, base64url without padding."""
    return _text(_private_key(id_key, merchant).public_key().public_bytes_raw())


def seal(public_key: str, merchant: str, identifiers: Identifiers) -> str:
    """Seal identifiers for a merchant. Raises `SealError` for a public key that is none."""
    theirs = _bytes(public_key)
    if len(theirs) != _KEY_BYTES:
        raise SealError(f"a public key has {_KEY_BYTES} bytes")
    private = X25519PrivateKey.generate()
    ours = private.public_key().public_bytes_raw()
    key = _shared_key(private, theirs, ours + theirs, merchant)
    plain = _encode(identifiers).ljust(_PADDED)
    return _text(VERSION + ours + AESGCM(key).encrypt(_NONCE, plain, None))


def unseal(id_key: bytes, merchant: str, sealed: str) -> Identifiers:
    """What was sealed for this merchant. Raises `SealError`, whose text holds nothing of it."""
    if len(sealed) > LONGEST:
        raise SealError(f"has more than {LONGEST} characters")
    raw = _bytes(sealed)
    if raw[:1] != VERSION or len(raw) <= 1 + _KEY_BYTES:
        raise SealError("is not of version 1")
    private, theirs = _private_key(id_key, merchant), raw[1 : 1 + _KEY_BYTES]
    key = _shared_key(private, theirs, theirs + private.public_key().public_bytes_raw(), merchant)
    try:
        found = _decode(AESGCM(key).decrypt(_NONCE, raw[1 + _KEY_BYTES :], None))
    except InvalidTag:
        raise SealError("does not open: seal it to the key of `stamgast keys public`") from None
    except UNREADABLE:  # its own text could repeat what it holds
        raise SealError("opens, but holds no JSON object of phone, membership_number, provider_customer_id") from None
    if found == Identifiers():
        raise SealError("opens, but names nobody")
    return found


def _private_key(id_key: bytes, merchant: str) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(derive_key(id_key, f"sealed identifiers:{merchant}"))


def _shared_key(private: X25519PrivateKey, public: bytes, salt: bytes, merchant: str) -> bytes:
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:  # one of the few points that would make the secret known
        raise SealError("holds no usable public key") from None
    info = b"stamgast sealed identifier 1:" + merchant.encode()
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=salt, info=info).derive(shared)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SealError("is not base64url") from None
