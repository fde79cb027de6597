"""`/app/sign-in`: with a passkey, and nothing else; `POST /app/sign-out`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Actor, Did, Who
from stamgast.logs import get_logger
from stamgast.users.record import SESSION_LONGEST, Passkey, User
from stamgast.users.rights import Right
from stamgast.users.tokens import read_token
from stamgast.web.access.attempts import take_attempt
from stamgast.web.access.browsers import browser_of
from stamgast.web.access.cookies import Cookie, forget_cookie, keep_cookie, read_cookie
from stamgast.web.access.doors import Way, open_to
from stamgast.web.access.elsewhere import SIGN_IN, ElsewhereError, safe_next
from stamgast.web.access.forms import check_origin
from stamgast.web.access.passkeys import NotProvenError, ask_to_sign_in, sign_in, site
from stamgast.web.access.visitors import signed_in, whoever
from stamgast.web.auth import read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.account.showing import SAME_ORIGIN, back_to
from stamgast.web.pages.places import home_of
from stamgast.web.pages.rendering import CONNECTS, answer
from stamgast.web.problem import Problem

log = get_logger(__name__)

BODY: Final = 64_000
"""Bytes of what an authenticator answers: some thousand, with an attestation ten times as many."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where one goes after it; empty: to where one begins."""

    next: str
    signed_out: bool = False


@open_to(Way.PUBLIC)
async def get_sign_in(request: Request) -> Response:
    """Show how to sign in; who is signed in goes on."""
    wanted = safe_next(request.query_params.get("next", ""))
    user = await whoever(request)
    if user is not None:
        return back_to(wanted or home(user))
    at_name_of_site(request)
    model = SignIn(wanted, signed_out=request.query_params.get("done") == "out")
    return answer(request, "account/sign_in.html", model, allow=[CONNECTS], headers=SAME_ORIGIN)


@open_to(Way.PUBLIC)
async def post_options(request: Request) -> Response:
    """`POST /app/sign-in/options`: what the browser's script asks its authenticator."""
    check_origin(request)
    take_attempt(request)
    return JSONResponse(await ask_to_sign_in(request))


@open_to(Way.PUBLIC)
async def post_sign_in(request: Request) -> Response:
    """`POST /app/sign-in`: what the authenticator answered. Under a new session's id, whatever there was before."""
    check_origin(request)
    take_attempt(request)
    deps = deps_of(request)
    raw = await read_body(request, BODY)
    try:
        passkey, used = await sign_in(request, raw)
    except NotProvenError as error:
        await _note_failed(deps, error)
        detail = f"This passkey does not let you in: {error}. Try again, or ask an owner for a new link."
        raise Problem(401, "passkey", detail) from None
    user = deps.roster.table.user(passkey.user)
    if user is None:
        raise Problem(401, "passkey", "This passkey does not let you in any more. Ask an owner for a new link.")
    await begin_session(request, user, passkey, used)
    return JSONResponse({"next": safe_next(request.query_params.get("next", "")) or home(user)})


@open_to(Right.OWN_ACCOUNT)
async def post_sign_out(request: Request) -> Response:
    """`POST /app/sign-out`: end this session."""
    visitor = await signed_in(request, Right.OWN_ACCOUNT)
    deps = deps_of(request)
    await deps.roster.end(visitor.session.id, deps.clock.now(), visitor.user.id)
    await note(deps.audit, visitor.who, Did.SIGNED_OUT, About(visitor.merchant, session=visitor.session.id))
    forget_cookie(request, Cookie.SESSION)
    return back_to(SIGN_IN, "out")


async def begin_session(request: Request, user: User, passkey: Passkey, used: int) -> None:
    """Sign somebody in; the session that this browser had is over."""
    deps = deps_of(request)
    now = deps.clock.now()
    before = read_token(read_cookie(request, Cookie.SESSION))
    known = deps.roster.table.session(before, now) if before else None
    browser = browser_of(request.headers.get("user-agent", ""))
    token = await deps.roster.open_session(user, passkey, used, browser, now)
    if known is not None:
        await deps.roster.end(known.id, now, known.user)
    keep_cookie(request, Cookie.SESSION, token.text, SESSION_LONGEST // 1_000)
    for merchant in user.merchants:
        await note(deps.audit, Who(Actor.USER, user.id), Did.SIGNED_IN, About(merchant, session=token.id))


def at_name_of_site(request: Request) -> None:
    """A page that was opened by this machine's address goes on under its name. Raises `ElsewhereError`, `Problem`."""
    here, there = request.url.hostname or "", site(request)
    if there.is_local and here != there.name:
        raise ElsewhereError(str(request.url.replace(hostname=there.name)))


def home(user: User) -> str:
    """Where somebody begins at the first of their merchants."""
    return home_of(user.roles[user.merchants[0]])


async def _note_failed(deps: Deps, error: NotProvenError) -> None:
    log.warning("a sign-in failed", user=error.user or "unknown")
    user = deps.roster.table.user(error.user) if error.user else None
    for merchant in user.merchants if user is not None else ("",):
        await note(deps.audit, Who(Actor.NOBODY), Did.SIGN_IN_FAILED, About(merchant, user=error.user))
