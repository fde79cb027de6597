"""`/app/audit`: who did what at this shop, newest first, a bounded piece of the log at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.audit.reading import Line, Place, read_notes
from stamgast.audit.record import Actor, Did
from stamgast.domain.units import Millis
from stamgast.users.rights import Right
from stamgast.users.roster import Roster
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.account.showing import show_later
from stamgast.web.pages.languages import N_

HERE: Final = "/app/audit"
_ON_A_PAGE: Final = 50

SAID: Final[Mapping[Did, str]] = {
    Did.SIGNED_IN: N_("signed in"),
    Did.SIGN_IN_FAILED: N_("failed to sign in"),
    Did.SIGNED_OUT: N_("signed out"),
    Did.SESSION_ENDED: N_("ended a session"),
    Did.SESSIONS_ENDED: N_("ended all sessions"),
    Did.PASSKEY_ADDED: N_("added a passkey"),
    Did.PASSKEY_REMOVED: N_("removed a passkey"),
    Did.USER_INVITED: N_("invited somebody"),
    Did.USER_REVOKED: N_("let somebody in no more"),
    Did.ROLE_CHANGED: N_("changed a role"),
    Did.TILL_PAIRED: N_("paired a till"),
    Did.TILL_REVOKED: N_("unpaired a till"),
    Did.KEY_MADE: N_("made an API key"),
    Did.KEY_REVOKED: N_("revoked an API key"),
    Did.PUBLISHED: N_("published the programme"),
    Did.LAUNCHED: N_("launched a rule"),
    Did.ROLLED_BACK: N_("rolled the programme back"),
    Did.RULE_EDITED: N_("edited a rule"),
    Did.CAMPAIGN_STARTED: N_("started a campaign"),
    Did.CAMPAIGN_STOPPED: N_("stopped a campaign"),
    Did.EXPORTED: N_("exported all customers"),
    Did.CUSTOMER_EXPORTED: N_("exported a customer"),
    Did.CUSTOMER_ERASED: N_("erased a customer"),
    Did.CUSTOMERS_MERGED: N_("merged two customers"),
    Did.CUSTOMER_ENROLLED: N_("enrolled a customer"),
    Did.REDEEMED: N_("redeemed a voucher"),
    Did.REDEMPTION_TAKEN_BACK: N_("took a redemption back"),
    Did.STAMPS_GIVEN: N_("gave stamps by hand"),
    Did.VOUCHER_VOIDED: N_("voided a voucher"),
    Did.VOUCHER_REISSUED: N_("issued a voucher again"),
    Did.SALE_ATTRIBUTED: N_("attached a customer to a sale"),
    Did.REPLAYED: N_("replayed a dead letter"),
    Did.REVIEWED: N_("decided what waited"),
    Did.REPORT_SHARED: N_("made a link to a report"),
    Did.IMPORTED: N_("brought in a list"),
    Did.FEED_CHANGED: N_("changed a feed"),
    Did.CONNECTION_CHANGED: N_("changed a connection"),
    Did.PICTURE_SEEN: N_("looked at a customer's picture"),
}
"""How each is told."""
ACTORS: Final[Mapping[Actor, str]] = {
    Actor.USER: N_("User"),
    Actor.KEY: N_("API key"),
    Actor.TILL: N_("Till"),
    Actor.COMMAND: N_("Command"),
    Actor.CUSTOMER: N_("Customer"),
    Actor.NOBODY: N_("Nobody known"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One deed."""

    at: Millis
    actor: Actor
    id: str
    name: str
    did: Did
    about: dict[str, str | int]
    words: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Newest first; `before` is where what is older begins, None at the end."""

    merchant: str
    rows: list[Row]
    before: int | None


def rows_of(lines: list[Line], roster: Roster) -> list[Row]:
    """Each with what users and tills are called that are known still."""
    sealed = roster.table.sealed_names()

    def called(record_id: str) -> str:
        return roster.seal.open(record_id, sealed.get(record_id, ""))

    def row(line: Line) -> Row:
        noted = line.noted
        about = {
            name: called(str(value)) or value if name in ("user", "till") else value
            for name, value in noted.about.items()
        }
        till = called(noted.who) if noted.actor is Actor.TILL else ""
        name = ", ".join(filter(None, (line.name, till))) or called(noted.who)
        return Row(noted.at, noted.actor, noted.who, name, noted.did, about, line.words)

    return [row(line) for line in lines]


@open_to(Right.SEE_AUDIT)
async def get_audit(request: Request) -> Response:
    """Show it; `?before=` goes on where the page before ended."""
    visitor = await signed_in(request, Right.SEE_AUDIT)
    deps = deps_of(request)
    given = request.query_params.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() else None
    place = Place(deps.kafka, deps.topics.audit, deps.topics.partitions)

    async def read() -> Audit:
        found = await read_notes(place, deps.audit.seal, visitor.merchant, most=_ON_A_PAGE, before=before)
        return Audit(visitor.merchant, rows_of(found.lines, deps.roster), found.before)

    return await show_later(request, "audit.html", read, visitor, HERE, said=SAID, actors=ACTORS, first=before is None)
