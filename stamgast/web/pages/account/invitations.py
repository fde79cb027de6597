"""`/app/invitation/{token}`: who was invited makes a passkey, once, and is signed in with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Actor, Did, Who
from stamgast.domain.units import Millis
from stamgast.users.record import Invitation, User
from stamgast.users.rights import Role
from stamgast.users.tokens import new_id, read_token
from stamgast.web.access.attempts import take_attempt
from stamgast.web.access.browsers import browser_of
from stamgast.web.access.doors import Way, open_to
from stamgast.web.access.forms import check_origin
from stamgast.web.access.passkeys import NotProvenError, ask_to_register, register
from stamgast.web.access.presented import NEW_WAIT_S, check_loaded
from stamgast.web.auth import read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.account.showing import SAME_ORIGIN, program_of
from stamgast.web.pages.account.signing_in import BODY, at_name_of_site, begin_session, home
from stamgast.web.pages.places import ROLES
from stamgast.web.pages.rendering import CONNECTS, answer
from stamgast.web.problem import Problem

_CLAIMED_S: Final = 60


@dataclass(frozen=True, slots=True)
class Invited:
    """What somebody sees who follows their link. `good` False: it was used, it is too old, or it never was one."""

    good: bool
    name: str = ""
    roles: dict[str, Role] = field(default_factory=dict)
    """What they are called there, by the shop's name."""
    until: Millis = 0


@open_to(Way.LINK)
async def get_invitation(request: Request) -> Response:
    """Show what they are invited to. Looking changes nothing: messengers look at links before people do."""
    at_name_of_site(request)
    deps = deps_of(request)
    invitation = await _find(request, deps)
    model, zone = Invited(good=False), ZoneInfo("UTC")
    if invitation is not None:
        user = _user(deps, invitation)
        roles = {await _shop(deps, merchant): user.roles[merchant] for merchant in user.merchants}
        zone = await _zone(deps, user.merchants[0])
        model = Invited(True, deps.roster.name_of(user), roles, invitation.ends_at)
    else:
        take_attempt(request)
    status = 200 if model.good else 404
    return answer(
        request, "account/invitation.html", model, status=status, allow=[CONNECTS], headers=SAME_ORIGIN,
        here=request.url.path, roles=ROLES, zone=zone,
    )  # fmt: skip


@open_to(Way.LINK)
async def post_options(request: Request) -> Response:
    """`POST /app/invitation/{token}/options`: what the browser's script asks its authenticator."""
    check_origin(request)
    take_attempt(request)
    deps = deps_of(request)
    invitation = _good(await _find(request, deps))
    user = _user(deps, invitation)
    return JSONResponse(await ask_to_register(request, user, deps.roster.name_of(user), _about(invitation)))


@open_to(Way.LINK)
async def post_invitation(request: Request) -> Response:
    """`POST /app/invitation/{token}`: the passkey that was made. The link is used up, and they are signed in."""
    check_origin(request)
    take_attempt(request)
    deps = deps_of(request)
    invitation = _good(await _find(request, deps))
    raw = await read_body(request, BODY)
    try:
        made = await register(request, raw, _about(invitation))
    except NotProvenError as error:
        raise Problem(422, "passkey", f"This is no passkey that can be used here: {error}. Try again.") from None
    # Two at once, perhaps at two processes that have not read of each other yet: one of them has it.
    if await deps.redis.remember(f"web:invitation:{invitation.id}", new_id(), _CLAIMED_S) is not None:
        raise _used()
    user = _user(deps, invitation)
    browser = browser_of(request.headers.get("user-agent", ""))
    passkey = await deps.roster.add_passkey(user, made, browser, deps.clock.now(), invitation.id)
    for merchant in user.merchants:
        await note(deps.audit, Who(Actor.USER, user.id), Did.PASSKEY_ADDED, About(merchant, user=user.id))
    await begin_session(request, user, passkey, made.used)
    return JSONResponse({"next": home(user)}, 201)


def _about(invitation: Invitation) -> str:
    return f"invitation:{invitation.id}"


async def _find(request: Request, deps: Deps) -> Invitation | None:
    token = read_token(request.path_params["token"])
    table = deps.roster.table
    check_loaded(deps)
    if token is None:
        return None
    if not table.knows(token.id):  # a command has made it a moment ago, perhaps
        await table.until_known(token.id, NEW_WAIT_S)
    return table.invitation(token, deps.clock.now())


def _good(invitation: Invitation | None) -> Invitation:
    if invitation is None:
        raise _used()
    return invitation


def _user(deps: Deps, invitation: Invitation) -> User:
    user = deps.roster.table.user(invitation.user)
    if user is None:
        raise _used()
    return user


def _used() -> Problem:
    return Problem(404, "no-invitation", "This link was used, or is too old. Ask whoever sent it for a new one.")


async def _zone(deps: Deps, merchant: str) -> ZoneInfo:
    program = await program_of(deps, merchant)
    return ZoneInfo(program.time_zone if program is not None else "UTC")


async def _shop(deps: Deps, merchant: str) -> str:
    program = await program_of(deps, merchant)
    return program.name if program is not None else merchant
