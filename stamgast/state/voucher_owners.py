"""Whose a voucher is: under its short code stand the customer and the long code, so that one look-up finds both.

A code of the shop's own leads to the same, from a name made of its mark (`stamgast.domain.shop_codes.mark_of`).

Those of vouchers from before there were short codes stand under the long one, and say the customer alone.
"""

from typing import NamedTuple


class VoucherOwner(NamedTuple):
    """Whom a code leads to."""

    customer: str
    code: str
    """The long one."""


def name_by_mark(mark: str) -> str:
    """In the place of the short code: of a code of the shop's own, whose customer may be in any partition."""
    return f"shop:{mark}"


def encode_owner(customer: str, code: str) -> str:
    """The value under the short form of `code`."""
    return f"{customer}:{code}"


def decode_owner(value: bytes, code: str) -> VoucherOwner:
    """Read a stored value; `code` is the long code if that was asked for, which an older value does not say."""
    customer, _, long = value.decode().partition(":")
    return VoucherOwner(customer, long or code)
