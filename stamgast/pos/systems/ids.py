"""Ids of the contract from a system's own."""

import hashlib
from typing import Any, Final

from stamgast.pos.adapter import Context

_LONGEST: Final = 200


def transaction_id(context: Context, system: str, own: str, account: str = "") -> str:
    """A transaction's id, told apart from those of other systems and accounts: two shops have the same number.

    The account is the connection's; where that names none, what the object itself says.
    """
    return fitting(":".join(each for each in (system, context.connection.account or account, own) if each))


def customer_id(context: Context, system: str, own: str, account: str = "") -> str:
    """The provider's customer id, told apart in the same way: customer 5 of two systems is two people."""
    return transaction_id(context, system, own, account)


def fitting(text: str) -> str:
    """An id of the contract: as it is where it fits, else its beginning and a hash of the whole."""
    if text.isprintable() and 0 < len(text) <= _LONGEST:
        return text
    clean = "".join(each for each in text if each >= " " and each != "\x7f")
    if clean == text and 0 < len(text) <= _LONGEST:
        return text
    made = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{clean[: _LONGEST - 33]}~{made}"


def short(value: Any, longest: int = 500) -> str:
    """Words for people, cut to what the contract takes."""
    return str(value)[:longest]
