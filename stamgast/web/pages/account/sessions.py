"""`/app/sessions`: one's own passkeys, where one is signed in, and which shop one looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.units import Millis
from stamgast.users.record import MOST_PASSKEYS
from stamgast.users.rights import Right
from stamgast.web.access.browsers import browser_of
from stamgast.web.access.doors import open_to
from stamgast.web.access.passkeys import NotProvenError, ask_to_register, register
from stamgast.web.access.visitors import Visitor, look_at, signed_in
from stamgast.web.auth import read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.account.showing import back_to, show
from stamgast.web.pages.account.signing_in import BODY
from stamgast.web.pages.places import home_of
from stamgast.web.problem import Problem

HERE: Final = "/app/sessions"


@dataclass(frozen=True, slots=True)
class OwnPasskey:
    """One of theirs."""

    id: str
    name: str
    made_at: Millis
    seen_at: Millis


@dataclass(frozen=True, slots=True)
class OwnSession:
    """Where they are signed in."""

    id: str
    browser: str
    made_at: Millis
    seen_at: Millis
    is_this: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody sees of themselves."""

    name: str
    merchant: str
    merchants: list[str]
    passkeys: list[OwnPasskey]
    sessions: list[OwnSession]
    done: str = ""


def account(deps: Deps, visitor: Visitor, done: str = "") -> Account:
    """What is known of who is signed in."""
    roster, user = deps.roster, visitor.user
    passkeys = [
        OwnPasskey(each.id, roster.seal.open(each.id, each.sealed_name), each.made_at, roster.table.seen_at(each))
        for each in roster.table.passkeys(user.id)
    ]
    sessions = [
        OwnSession(each.id, each.browser, each.made_at, roster.table.seen_at(each), each.id == visitor.session.id)
        for each in roster.table.sessions(user.id, deps.clock.now())
    ]
    return Account(visitor.name, visitor.merchant, visitor.merchants, passkeys, sessions, done)


@open_to(Right.OWN_ACCOUNT)
async def get_sessions(request: Request) -> Response:
    """Show them."""
    visitor = await signed_in(request, Right.OWN_ACCOUNT)
    model = account(deps_of(request), visitor, request.query_params.get("done", ""))
    return await show(request, "sessions.html", model, visitor, HERE)


@open_to(Right.OWN_ACCOUNT)
async def post_end(request: Request) -> Response:
    """`POST /app/sessions/end`: the `session` of the form, or all others where it names none."""
    visitor = await signed_in(request, Right.OWN_ACCOUNT)
    deps, named = deps_of(request), str(visitor.form.get("session", ""))
    now = deps.clock.now()
    if not named:
        await deps.roster.end_sessions(visitor.user, now, visitor.user.id, but=visitor.session)
        await note(deps.audit, visitor.who, Did.SESSIONS_ENDED, About(visitor.merchant, user=visitor.user.id))
    elif any(each.id == named for each in deps.roster.table.sessions(visitor.user.id, now)):
        await deps.roster.end(named, now, visitor.user.id)
        await note(deps.audit, visitor.who, Did.SESSION_ENDED, About(visitor.merchant, session=named))
    return back_to(HERE, "ended")


@open_to(Right.OWN_ACCOUNT)
async def post_passkey_options(request: Request) -> Response:
    """`POST /app/passkeys/options`: for another passkey."""
    visitor = await signed_in(request, Right.OWN_ACCOUNT)
    _check_room(deps_of(request), visitor)
    return JSONResponse(await ask_to_register(request, visitor.user, visitor.name, _about(visitor)))


@open_to(Right.OWN_ACCOUNT)
async def post_passkey(request: Request) -> Response:
    """`POST /app/passkeys`: the passkey that was made."""
    visitor = await signed_in(request, Right.OWN_ACCOUNT)
    deps = deps_of(request)
    _check_room(deps, visitor)
    raw = await read_body(request, BODY)
    try:
        made = await register(request, raw, _about(visitor))
    except NotProvenError as error:
        raise Problem(422, "passkey", f"This is no passkey that can be used here: {error}. Try again.") from None
    browser = browser_of(request.headers.get("user-agent", ""))
    await deps.roster.add_passkey(visitor.user, made, browser, deps.clock.now())
    await note(deps.audit, visitor.who, Did.PASSKEY_ADDED, About(visitor.merchant, user=visitor.user.id))
    return JSONResponse({"next": f"{HERE}?done=added"}, 201)


@open_to(Right.OWN_ACCOUNT)
async def post_remove_passkey(request: Request) -> Response:
    """`POST /app/passkeys/remove`: never the last one, for nobody could sign in with nothing."""
    visitor = await signed_in(request, Right.OWN_ACCOUNT)
    deps, named = deps_of(request), str(visitor.form.get("passkey", ""))
    passkeys = deps.roster.table.passkeys(visitor.user.id)
    if not any(each.id == named for each in passkeys):
        return back_to(HERE)
    if len(passkeys) == 1:
        return back_to(HERE, "last")
    await deps.roster.end(named, deps.clock.now(), visitor.user.id)
    await note(deps.audit, visitor.who, Did.PASSKEY_REMOVED, About(visitor.merchant, user=visitor.user.id))
    return back_to(HERE, "removed")


@open_to(Right.OWN_ACCOUNT)
async def post_merchant(request: Request) -> Response:
    """`POST /app/merchant`: look at another of one's merchants from now on, in this browser."""
    visitor = await signed_in(request, Right.OWN_ACCOUNT)
    chosen = str(visitor.form.get("merchant", ""))
    if chosen not in visitor.user.roles:
        raise Problem(403, "other-merchant", "You have no part in that. Choose one of yours.")
    look_at(request, chosen)
    return back_to(home_of(visitor.user.roles[chosen]))


def _about(visitor: Visitor) -> str:
    return f"user:{visitor.user.id}:{visitor.session.id}"


def _check_room(deps: Deps, visitor: Visitor) -> None:
    if len(deps.roster.table.passkeys(visitor.user.id)) >= MOST_PASSKEYS:
        detail = f"You have {MOST_PASSKEYS} passkeys, and no more are kept. Remove one first."
        raise Problem(409, "passkeys", detail)
