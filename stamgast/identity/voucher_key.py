"""The key that voucher codes are made with, derived from `ID_KEY`: every worker and every rebuild has the same one."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive_voucher_key(id_key: bytes) -> bytes:
    """32 bytes by HKDF-SHA-256 (RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"vouchers").derive(id_key)
