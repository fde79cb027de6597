"""Whose a voucher is: under its short code stand the customer and the long code, so that one look-up finds both.

Those of vouchers from before there were short codes stand under the long one, and say the customer alone.
"""

from typing import NamedTuple


class VoucherOwner(NamedTuple):
    """Whom a code leads to."""

    customer: str
    code: str
    """The long one."""


def encode_owner(customer: str, code: str) -> str:
    """The value under the short form of `code`."""
    return f"{customer}:{code}"


def decode_owner(value: bytes, code: str) -> VoucherOwner:
    """Read a stored value; `code` is the long code if that was asked for, which an older value does not say."""
    customer, _, long = value.decode().partition(":")
    return VoucherOwner(customer, long or code)
