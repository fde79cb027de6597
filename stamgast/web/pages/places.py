"""Where there is to go for who is signed in: what stands in the head of every page of `/app`, by right.

A new page of `/app` that has a place of its own there gets its line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from stamgast.users.rights import RIGHTS, Right, Role
from stamgast.web.pages.languages import N_


class Place(NamedTuple):
    """A page, what it is called, and the right that it takes."""

    where: str
    name: str
    right: Right


ROLES: Final[Mapping[Role, str]] = {
    Role.OWNER: N_("owner"),
    Role.MARKETER: N_("marketer"),
    Role.CASHIER: N_("cashier"),
    Role.VIEWER: N_("viewer"),
}
"""What each is called on pages."""

PLACES: Final = (
    Place("/app", N_("Overview"), Right.SEE_OVERVIEW),
    Place("/app/rules", N_("Rules"), Right.SEE_OVERVIEW),
    Place("/app/customers", N_("Customers"), Right.READ_CUSTOMERS),
    Place("/app/segments", N_("Segments"), Right.SEE_OVERVIEW),
    Place("/app/report", N_("Report"), Right.SEE_OVERVIEW),
    Place("/app/connections", N_("Connections"), Right.SEE_CONNECTIONS),
    Place("/app/health", N_("Health"), Right.SEE_CONNECTIONS),
    Place("/app/tills", N_("Tills"), Right.MANAGE_TILLS),
    Place("/app/users", N_("Users"), Right.MANAGE_USERS),
    Place("/app/audit", N_("Who did what"), Right.SEE_AUDIT),
    Place("/app/sessions", N_("My sign-in"), Right.OWN_ACCOUNT),
)


def places_of(role: Role) -> list[Place]:
    """Those that a role may go to."""
    return [each for each in PLACES if each.right in RIGHTS[role]]


def home_of(role: Role) -> str:
    """Where somebody begins."""
    return places_of(role)[0].where
