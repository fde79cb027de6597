"""What people may do who sign in: the one table of roles and their rights."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is at a merchant."""

    OWNER = "owner"
    MARKETER = "marketer"
    CASHIER = "cashier"
    VIEWER = "viewer"


class Right(StrEnum):
    """One thing that a page lets do or see. A new right goes into `RIGHTS` of each role that has it."""

    OWN_ACCOUNT = "own account"
    """One's own passkeys and sessions."""
    SEE_OVERVIEW = "see overview"
    """Figures of the shop: overview, report, rules, segments; nobody can be told from them."""
    READ_CUSTOMERS = "read customers"
    """Search, card, timeline and why of one customer; phones as their last digits."""
    SEE_PHONES = "see phones"
    """The phone, name and e-mail of a customer in full."""
    READ_INBOX = "read inbox"
    """What customers wrote, their pictures and feedback."""
    EDIT_RULES = "edit rules"
    LAUNCH = "launch"
    """Rules and campaigns: launch, pause, undo, roll back, start, stop."""
    REDEEM = "redeem"
    HAND_STAMPS = "hand stamps"
    """Stamps by hand, with a reason."""
    ENROL = "enrol"
    REISSUE = "reissue"
    """Void a voucher, and give another one for it."""
    SEE_CONNECTIONS = "see connections"
    """How stores' feeds, workers and messages are."""
    MEND = "mend"
    """Replay dead letters, confirm or refuse what waits for a person."""
    EXPORT = "export"
    ERASE = "erase"
    MANAGE_TILLS = "manage tills"
    MANAGE_USERS = "manage users"
    SEE_AUDIT = "see audit"


_EVERYBODY: Final = frozenset({Right.OWN_ACCOUNT})
_LOOKS: Final = _EVERYBODY | {Right.SEE_OVERVIEW, Right.SEE_CONNECTIONS}
_AT_THE_TILL: Final = frozenset({Right.REDEEM, Right.HAND_STAMPS, Right.ENROL})

RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset(Right),
    Role.MARKETER: _LOOKS
    | {Right.READ_CUSTOMERS, Right.READ_INBOX, Right.EDIT_RULES, Right.LAUNCH, Right.REISSUE, Right.MEND},
    Role.CASHIER: _EVERYBODY | _AT_THE_TILL,
    Role.VIEWER: _LOOKS,
}
"""Only an owner reads phones in full, takes customers along, erases them, lets others in and sees who did what."""

AT_A_TILL: Final = _AT_THE_TILL
"""What a paired till may do: no more than who stands at it."""


def may(role: Role, right: Right) -> bool:
    """Say whether a role has a right."""
    return right in RIGHTS[role]


def roles_with(right: Right) -> list[Role]:
    """Who may do that, in the order of the roles."""
    return [role for role in Role if may(role, right)]
