"""API keys: who may call what for which merchant. Only hashes are kept; a key is shown once, when it is made.

A key reads `sk_<id>_<secret>`: the id finds its record, the secret (256 bits) proves it.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Final, Literal

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import Millis

Scope = Literal["intake", "till", "read", "admin"]

SCOPES: Final[tuple[Scope, ...]] = ("intake", "till", "read", "admin")
"""intake: purchases and enrolment. till: redeem vouchers. read: look at customers. admin: all of these."""

AT_ONCE: Final = 2
"""Keys of one merchant with the same scopes that may be in force together: the old one and its successor."""

_PREFIX: Final = "sk"


class TooManyKeysError(ValueError):
    """Two keys with these scopes are in force: revoke one first."""


class ApiKey(Struct, frozen=True, omit_defaults=True):
    """As it stands on `api-keys.v1` under the key's id. `digest` is the SHA-256 of the secret, hex."""

    id: str
    merchant: str
    scopes: tuple[Scope, ...]
    digest: str
    created_at: Millis
    revoked_at: Millis = 0

    def allows(self, scope: Scope) -> bool:
        """Say whether the key is good for this."""
        return scope in self.scopes or "admin" in self.scopes


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. `text` is what its holder keeps; nobody can show it again."""

    record: ApiKey
    text: str

    def __repr__(self) -> str:
        return f"NewKey({self.record.id})"


encode_key = Encoder().encode
decode_api_key = Decoder(ApiKey).decode
"""bytes -> record. Raises `msgspec.DecodeError`."""


def make_key(merchant: str, scopes: tuple[Scope, ...], others: list[ApiKey], at: Millis) -> NewKey:
    """A fresh key. `others` are the merchant's keys so far. Raises `TooManyKeysError`."""
    alike = [key for key in others if not key.revoked_at and set(key.scopes) == set(scopes)]
    if len(alike) >= AT_ONCE:
        ids = " and ".join(sorted(key.id for key in alike))
        raise TooManyKeysError(f"{merchant} has two keys for {', '.join(scopes)} in force ({ids}); revoke one first")
    key_id = base64.b32encode(os.urandom(10)).decode("ascii").lower()
    secret = base64.urlsafe_b64encode(os.urandom(32)).decode("ascii").rstrip("=")
    return NewKey(ApiKey(key_id, merchant, scopes, _digest(secret), at), f"{_PREFIX}_{key_id}_{secret}")


def split_key_text(text: str) -> tuple[str, str] | None:
    """(id, secret) of a key as its holder sends it; None for text that is no key."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    return (key_id, secret) if prefix == _PREFIX and key_id and secret else None


def proves(record: ApiKey, secret: str) -> bool:
    """Say whether the secret belongs to the record and the key is in force."""
    return hmac.compare_digest(_digest(secret), record.digest) and not record.revoked_at


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
