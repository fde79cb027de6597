"""How a picture lies in the store: sealed under a key of its own that derives from its customer's data key.

Forgetting the person forgets their pictures, whatever still lies in a store or its back-ups.
"""

from stamgast.identity.sealing import DataKey, derive_key

_PURPOSE = "media"


def seal_picture(key: DataKey, customer: tuple[str, str], media: str, jpeg: bytes) -> bytes:
    """What is put into the store; `customer` is merchant and id."""
    return _own_key(key).seal(jpeg, _about(customer, media)).encode("ascii")


def open_picture(key: DataKey, customer: tuple[str, str], media: str, sealed: bytes) -> bytes:
    """The JPEG. Raises `stamgast.identity.sealing.SealError`."""
    return _own_key(key).open(sealed.decode("ascii", "replace"), _about(customer, media))


def _own_key(key: DataKey) -> DataKey:
    return DataKey(key.id, derive_key(key.secret, _PURPOSE))


def _about(customer: tuple[str, str], media: str) -> str:
    return f"{customer[0]}:{customer[1]}:{media}"
