"""Encryption at rest: AES-256-GCM under data keys, and those wrapped by the deployment's wrapping keys.

A data key belongs to one customer, so that forgetting the key forgets the person. Wrapping keys rotate: the first
one wraps, all of them unwrap.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class SealError(ValueError):
    """It cannot be opened: another key, another owner, or altered bytes."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one customer's personal data."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.id})"

    @classmethod
    def new(cls) -> "DataKey":
        """A fresh random key with a random id."""
        return cls(os.urandom(8).hex(), os.urandom(_KEY_BYTES))

    def seal(self, plain: bytes, owner: str) -> str:
        """Base64 of nonce and ciphertext; opens only for the same owner."""
        return _seal(self.secret, plain, f"{owner}:{self.id}")

    def open(self, sealed: str, owner: str) -> bytes:
        """What was sealed. Raises `SealError`."""
        return _open(self.secret, sealed, f"{owner}:{self.id}")


class WrappingKeys:
    """The deployment's keys, newest first."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("WRAPPING_KEYS is empty: give `name:base64` of 32 random bytes")
        self._keys = dict(keys)
        self.newest = next(iter(self._keys))

    @classmethod
    def parse(cls, text: str) -> "WrappingKeys":
        """`name:base64`, several by comma, newest first. Raises ValueError that names the entry."""
        keys: dict[str, bytes] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            name, _, encoded = entry.partition(":")
            if not name or name in keys:
                raise ValueError("WRAPPING_KEYS: every key is `name:base64` under a name of its own")
            keys[name] = decode_key(encoded, f"WRAPPING_KEYS {name}")
        return cls(keys)

    def wrap(self, key: DataKey, owner: str) -> tuple[str, str]:
        """(name of the wrapping key, wrapped data key)."""
        return self.newest, _seal(self._keys[self.newest], key.secret, f"{owner}:{key.id}")

    def unwrap(self, key_id: str, wrapped_by: str, wrapped: str, owner: str) -> DataKey:
        """The data key. Raises `SealError`, also where the wrapping key is no longer configured."""
        secret = self._keys.get(wrapped_by)
        if secret is None:
            raise SealError(f"the wrapping key {wrapped_by!r} is not among WRAPPING_KEYS")
        return DataKey(key_id, _open(secret, wrapped, f"{owner}:{key_id}"))

    def derived(self, purpose: str) -> "WrappingKeys":
        """Keys for one purpose only, under the same names (HKDF-SHA256)."""
        return WrappingKeys({name: derive_key(secret, purpose) for name, secret in self._keys.items()})

    def seal(self, plain: bytes, owner: str) -> str:
        """Seal what belongs to no single customer (a dead letter): `<key name>.<base64>`."""
        return f"{self.newest}.{_seal(self._keys[self.newest], plain, owner)}"

    def open(self, sealed: str, owner: str) -> bytes:
        """What `seal` sealed for this owner. Raises `SealError`."""
        name, _, body = sealed.rpartition(".")
        if name not in self._keys:
            raise SealError(f"the wrapping key {name!r} is not among WRAPPING_KEYS")
        return _open(self._keys[name], body, owner)


def derive_key(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose from a secret, so that no secret serves two."""
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose.encode()).derive(secret)


def derive_source_key(id_key: bytes) -> bytes:
    """32 bytes from `ID_KEY`, for the proofs of records on `purchases.v1` that were appended again by us."""
    return derive_key(id_key, "sources")


def derive_record_key(id_key: bytes) -> bytes:
    """32 bytes from `ID_KEY`, for the signatures of records that are believed."""
    return derive_key(id_key, "records")


def derive_producer_key(id_key: bytes) -> bytes:
    """32 bytes from `ID_KEY`, from which the secrets of merchants' own producers derive."""
    return derive_key(id_key, "producers")


def derive_voucher_key(id_key: bytes) -> bytes:
    """32 bytes from `ID_KEY`, for voucher codes: every worker and every rebuild makes the same ones."""
    return derive_key(id_key, "vouchers")


def derive_operator_key(id_key: bytes) -> bytes:
    """32 bytes from `ID_KEY`, for ids of those who stand at tills."""
    return derive_key(id_key, "operators")


def decode_key(encoded: str, name: str) -> bytes:
    """Base64 of 32 bytes -> bytes. Raises ValueError that names the setting."""
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        raise ValueError(f"{name} is not base64") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{name} has {len(key)} bytes, not {_KEY_BYTES}")
    return key


def _seal(secret: bytes, plain: bytes, about: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(secret).encrypt(nonce, plain, about.encode())).decode("ascii")


def _open(secret: bytes, sealed: str, about: str) -> bytes:
    try:
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(secret).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode())
    except (binascii.Error, InvalidTag, ValueError):
        raise SealError("cannot be opened with this key") from None
