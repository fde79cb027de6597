"""The key that voucher codes are made with: every worker and every rebuild derives the same one from `ID_KEY`."""

from stamgast.identity.sealing import derive_key


def derive_voucher_key(id_key: bytes) -> bytes:
    """32 bytes, for voucher codes alone."""
    return derive_key(id_key, "vouchers")
