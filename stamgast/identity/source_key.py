"""The key that proves where a record on `purchases.v1` came from: every worker derives the same one from `ID_KEY`."""

from stamgast.identity.sealing import derive_key


def derive_source_key(id_key: bytes) -> bytes:
    """32 bytes, for the proofs of re-appended records alone."""
    return derive_key(id_key, "sources")
