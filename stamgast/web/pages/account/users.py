"""`/app/users`: who may come in to this shop's pages, as what; an owner invites, and ends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.units import Millis
from stamgast.users.names import LONGEST, clean_name
from stamgast.users.record import User
from stamgast.users.rights import Right, Role, may
from stamgast.users.roster import Invited, LastOwnerError, Roster
from stamgast.web.access.doors import open_to
from stamgast.web.access.passkeys import site
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.account.showing import back_to, show
from stamgast.web.problem import Problem

HERE: Final = "/app/users"


class State(StrEnum):
    """How far somebody is."""

    ACTIVE = "active"
    INVITED = "invited"
    LAPSED = "lapsed"
    """Their link is over, and they have no passkey."""


@dataclass(frozen=True, slots=True)
class Row:
    """One of them, as they are at this merchant."""

    id: str
    name: str
    role: Role
    state: State
    sessions: int
    seen_at: Millis
    """0: never."""
    is_you: bool
    can_invite_again: bool
    """Not who has a part elsewhere: the link would open that, too."""


@dataclass(frozen=True, slots=True)
class Users:
    """Everybody who may come in, and the link that was just made."""

    merchant: str
    rows: list[Row]
    link: str = ""
    link_for: str = ""
    until: Millis = 0
    done: str = ""
    wrong: str = ""


def users_of(roster: Roster, visitor: Visitor, now: Millis) -> list[Row]:
    """Those of the merchant that is looked at, oldest first."""
    rows = []
    for user in roster.table.users(visitor.merchant):
        passkeys, sessions = roster.table.passkeys(user.id), roster.table.sessions(user.id, now)
        seen = [roster.table.seen_at(each) for each in passkeys] + [roster.table.seen_at(each) for each in sessions]
        lapsed = State.INVITED if roster.table.invitations(user.id, now) else State.LAPSED
        row = Row(
            id=user.id,
            name=roster.name_of(user),
            role=user.roles[visitor.merchant],
            state=State.ACTIVE if passkeys else lapsed,
            sessions=len(sessions),
            seen_at=max(seen, default=0),
            is_you=user.id == visitor.user.id,
            can_invite_again=_all_theirs(user, visitor),
        )
        rows.append(row)
    return rows


@open_to(Right.MANAGE_USERS)
async def get_users(request: Request) -> Response:
    """Show them."""
    visitor = await signed_in(request, Right.MANAGE_USERS)
    return await _show(request, visitor, done=request.query_params.get("done", ""))


@open_to(Right.MANAGE_USERS)
async def get_back(request: Request) -> Response:
    """Who loads again what a form has answered, or asks for it in another language, sees the list."""
    await signed_in(request, Right.MANAGE_USERS)
    return RedirectResponse(f"{HERE}?{request.url.query}", 303)


@open_to(Right.MANAGE_USERS)
async def post_user(request: Request) -> Response:
    """`POST /app/users`: invite somebody; their link is on the page that answers, once."""
    visitor = await signed_in(request, Right.MANAGE_USERS)
    name, role = clean_name(str(visitor.form.get("name", ""))), _role(visitor)
    if not name or len(name) > LONGEST:
        return await _show(request, visitor, wrong="name", status=422)
    deps = deps_of(request)
    invited = await deps.roster.invite(name, {visitor.merchant: role}, deps.clock.now())
    about = About(visitor.merchant, user=invited.user.id, words=role.value)
    await note(deps.audit, visitor.who, Did.USER_INVITED, about)
    return await _show(request, visitor, invited=invited)


@open_to(Right.MANAGE_USERS)
async def post_link(request: Request) -> Response:
    """`POST /app/users/{user}/link`: another link, for who lost theirs or their passkeys."""
    visitor = await signed_in(request, Right.MANAGE_USERS)
    deps, user = deps_of(request), _user(request, visitor)
    if not _all_theirs(user, visitor):
        detail = "They have a part in another shop as well, which this link would open. `stamgast users` can make it."
        raise Problem(403, "other-merchant", detail)
    invited = await deps.roster.invite_again(user, deps.clock.now())
    await note(deps.audit, visitor.who, Did.USER_INVITED, About(visitor.merchant, user=user.id))
    return await _show(request, visitor, invited=invited)


@open_to(Right.MANAGE_USERS)
async def post_role(request: Request) -> Response:
    """`POST /app/users/{user}/role`: let somebody be something else."""
    visitor = await signed_in(request, Right.MANAGE_USERS)
    deps, user, role = deps_of(request), _user(request, visitor), _role(visitor)
    try:
        await deps.roster.set_role(user, visitor.merchant, role, deps.clock.now())
    except LastOwnerError:
        return await _show(request, visitor, wrong="owner", status=409)
    await note(deps.audit, visitor.who, Did.ROLE_CHANGED, About(visitor.merchant, user=user.id, words=role.value))
    return back_to(HERE, "role")


@open_to(Right.MANAGE_USERS)
async def post_revoke(request: Request) -> Response:
    """`POST /app/users/{user}/revoke`: let somebody in no more, at this merchant."""
    visitor = await signed_in(request, Right.MANAGE_USERS)
    deps, user = deps_of(request), _user(request, visitor)
    now = deps.clock.now()
    try:
        deps.roster.check_not_last(user, [visitor.merchant], now)
    except LastOwnerError:
        return await _show(request, visitor, wrong="owner", status=409)
    await deps.roster.leave(user, visitor.merchant, now, visitor.user.id)
    await note(deps.audit, visitor.who, Did.USER_REVOKED, About(visitor.merchant, user=user.id))
    return back_to(HERE, "revoked")


@open_to(Right.MANAGE_USERS)
async def post_end_sessions(request: Request) -> Response:
    """`POST /app/users/{user}/end-sessions`: sign somebody out everywhere."""
    visitor = await signed_in(request, Right.MANAGE_USERS)
    deps, user = deps_of(request), _user(request, visitor)
    await deps.roster.end_sessions(user, deps.clock.now(), visitor.user.id)
    await note(deps.audit, visitor.who, Did.SESSIONS_ENDED, About(visitor.merchant, user=user.id))
    return back_to(HERE, "ended")


async def _show(
    request: Request,
    visitor: Visitor,
    *,
    invited: Invited | None = None,
    done: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    deps = deps_of(request)
    model = Users(
        visitor.merchant,
        users_of(deps.roster, visitor, deps.clock.now()),
        link=site(request).link(f"/app/invitation/{invited.token.text}") if invited else "",
        link_for=deps.roster.name_of(invited.user) if invited else "",
        until=invited.invitation.ends_at if invited else 0,
        done=done,
        wrong=wrong,
    )
    return await show(request, "users.html", model, visitor, HERE, status=status)


def _user(request: Request, visitor: Visitor) -> User:
    user = deps_of(request).roster.table.user(request.path_params["user"])
    if user is None or visitor.merchant not in user.roles:
        raise Problem(404, "no-user", "There is no such user here any more. Look at the list again.")
    return user


def _role(visitor: Visitor) -> Role:
    try:
        return Role(str(visitor.form.get("role", "")))
    except ValueError:
        words = ", ".join(each.value for each in Role)
        raise Problem(422, "role", f"There is no such role; there are {words}.") from None


def _all_theirs(user: User, visitor: Visitor) -> bool:
    """Whether whoever looks may let others in everywhere that a user has a part in."""
    roles = visitor.user.roles
    return all(merchant in roles and may(roles[merchant], Right.MANAGE_USERS) for merchant in user.roles)
