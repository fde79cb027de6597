"""API keys: who may call what for which merchant. Only hashes are kept; a key is shown once, when it is made.

A key reads `sk_<id>_<secret>`: the id finds its record, the secret (256 bits) proves it. The secret of a producer's
key is not drawn but derives from `ID_KEY`, merchant and id: whoever checks what was made with it has to have it, and so
it stands nowhere.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import Millis

Scope = Literal["intake", "till", "read", "admin", "produce"]

SCOPES: Final[tuple[Scope, ...]] = ("intake", "till", "read", "admin", "produce")
"""intake: purchases and enrolment. till: redeem vouchers. read: look at customers. admin: all of these. produce: prove
what is written to Kafka; it opens nothing over HTTP, and stands alone."""

PRODUCE: Final[Scope] = "produce"

AT_ONCE: Final = 2
"""Keys of one merchant with the same scopes that may be in force together: the old one and its successor."""

_PREFIX: Final = "sk"


class TooManyKeysError(ValueError):
    """Two keys with these scopes are in force: revoke one first."""


class MixedScopesError(ValueError):
    """`produce` stands beside another scope."""


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


def make_key(
    merchant: str, scopes: tuple[Scope, ...], others: list[ApiKey], at: Millis, producers: bytes = b""
) -> NewKey:
    """A fresh key. `others` are the merchant's keys so far, `producers` is `derive_producer_key` of `ID_KEY`.

    Raises:
        TooManyKeysError: two with these scopes are in force.
        MixedScopesError: it is to be good for Kafka and for HTTP.
    """
    check_scopes(scopes)
    alike = [key for key in others if not key.revoked_at and set(key.scopes) == set(scopes)]
    if len(alike) >= AT_ONCE:
        ids = " and ".join(sorted(key.id for key in alike))
        raise TooManyKeysError(f"{merchant} has two keys for {', '.join(scopes)} in force ({ids}); revoke one first")
    key_id = base64.b32encode(os.urandom(10)).decode("ascii").lower()
    secret = producer_secret(producers, merchant, key_id) if PRODUCE in scopes else _as_text(os.urandom(32))
    return NewKey(ApiKey(key_id, merchant, scopes, _digest(secret), at), key_text(key_id, secret))


def check_scopes(scopes: Collection[str]) -> None:
    """Raise `MixedScopesError` for scopes that no key can have together."""
    if PRODUCE in scopes and len(scopes) > 1:
        raise MixedScopesError("`produce` stands alone: a key that proves what is written to Kafka opens nothing else")


def producer_secret(producers: bytes, merchant: str, key_id: str) -> str:
    """The secret of a producer's key, whether there ever was one or not."""
    if not producers:
        raise ValueError("the secrets of producers' keys derive from ID_KEY")
    return _as_text(hmac.digest(producers, f"{merchant}:{key_id}".encode(), "sha256"))


def key_text(key_id: str, secret: str) -> str:
    """A key as its holder has it."""
    return f"{_PREFIX}_{key_id}_{secret}"


def split_key_text(text: str) -> tuple[str, str] | None:
    """(id, secret) of a key as its holder sends it; None for text that is no key."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    return (key_id, secret) if prefix == _PREFIX and key_id and secret else None


def proves(record: ApiKey, secret: str) -> bool:
    """Say whether the secret belongs to the record and the key is in force."""
    return hmac.compare_digest(_digest(secret), record.digest) and not record.revoked_at


def _as_text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode("ascii").rstrip("=")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
