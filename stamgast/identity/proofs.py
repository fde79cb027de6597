"""The proof of a consent, sealed under a key that derives from the customer's data key: forgotten with the person.

The event itself says only what decisions need: purpose, channel, and whether it was granted.
"""

from typing import Final

import msgspec
from msgspec import Struct

from stamgast.domain.errors import UNREADABLE
from stamgast.identity.sealing import DataKey, SealError, derive_key

_PURPOSE: Final = "consents"


class Proof(Struct, frozen=True, omit_defaults=True):
    """Which wording somebody agreed to, and where. Personal data: only ever stored sealed."""

    wording: str = ""
    origin: str = ""

    def __repr__(self) -> str:
        return "Proof(...)"


def seal_proof(key: DataKey, customer: tuple[str, str], proof: Proof) -> str:
    """What stands in the event; `customer` is merchant and id."""
    return f"{key.id}.{_own_key(key).seal(msgspec.json.encode(proof), ':'.join(customer))}"


def open_proof(key: DataKey | None, customer: tuple[str, str], sealed: str) -> Proof | None:
    """The proof; None if its key is gone, or it is not of our making."""
    name, _, body = sealed.partition(".")
    if key is None or name != key.id:
        return None
    try:
        return msgspec.json.decode(_own_key(key).open(body, ":".join(customer)), type=Proof)
    except (*UNREADABLE, SealError):
        return None


def _own_key(key: DataKey) -> DataKey:
    return DataKey(key.id, derive_key(key.secret, _PURPOSE))
