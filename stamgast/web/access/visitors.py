"""Who is signed in: the one place where sessions, roles, merchants, rates and forms' tokens are checked.

A page begins with `visitor = await signed_in(request, Right.LAUNCH)`, and its handler says so to whoever reads routes:
`@open_to(Right.LAUNCH)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request

from stamgast.audit.record import Actor, Who
from stamgast.domain.units import MINUTE, Millis
from stamgast.users.record import Session, User
from stamgast.users.rights import Right, Role, may, roles_with
from stamgast.users.table import UserTable
from stamgast.users.tokens import read_token
from stamgast.web.access.cookies import Cookie, keep_cookie, read_cookie
from stamgast.web.access.elsewhere import to_sign_in, wants_page
from stamgast.web.access.forms import SAFE, page_token, read_sent
from stamgast.web.access.presented import check_loaded, presented
from stamgast.web.auth import take_or_refuse
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem

_YEAR_S: Final = 365 * 86_400
_TOUCHED_EVERY: Final[Millis] = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in who has the right that was asked for, at the merchant they look at."""

    user: User
    merchant: str
    role: Role
    name: str
    """What they are called. Never on a topic, in a key or in a log."""
    session: Session
    csrf: str
    """What every form of the page carries in its field `csrf`; the merchant of the page goes with it."""
    form: FormData = field(default_factory=FormData)
    """What was sent, where it was a form."""

    def may(self, right: Right) -> bool:
        """Say whether they have another right here as well, for what a page shows or leaves out."""
        return may(self.role, right)

    @property
    def merchants(self) -> list[str]:
        """Where they may look."""
        return self.user.merchants

    @property
    def who(self) -> Who:
        """As `stamgast.audit.book.note` wants to know it."""
        return Who(Actor.USER, self.user.id)


async def signed_in(request: Request, right: Right, *, most: int = 0) -> Visitor:
    """Who is signed in, with this right. What they sent is checked as well, a form of up to `most` bytes is read.

    Raises:
        ElsewhereError: a browser has to sign in first.
        Problem: 401 for a script that is not signed in, 403 without the right or for what no page of ours sent, 429,
            503 while the users are being read.
    """
    deps = deps_of(request)
    known = await presented(request, Cookie.SESSION, UserTable.session)
    if known is None:
        raise _not_signed_in(request)
    session, token = known
    take_or_refuse(deps.by_visitor, session.user, "requests of one user")
    user = deps.roster.table.user(session.user)
    if user is None:  # revoked between two looks
        raise _not_signed_in(request)
    form, merchant = FormData(), ""
    if request.method in SAFE:
        merchant = _looked_at(request, user)
    else:
        merchant, form = await read_sent(request, token.secret, most or deps.limits.body_bytes)
    role = user.roles.get(merchant)
    if role is None:
        raise Problem(403, "other-merchant", f"You have no part in {merchant}. Ask an owner there to invite you.")
    if not may(role, right):
        others = " or ".join(each.value for each in roles_with(right))
        detail = f"You are {role.value} at {merchant}; to {right.value} takes {others}. Ask an owner for it."
        raise Problem(403, "right", detail)
    _touch(deps, session)
    if len(user.merchants) > 1 and read_cookie(request, Cookie.MERCHANT) != merchant:
        look_at(request, merchant)
    name = deps.roster.name_of(user)
    return Visitor(user, merchant, role, name, session, page_token(token.secret, merchant), form)


async def whoever(request: Request) -> User | None:
    """Who is signed in, if anybody is: for pages that are open to all. Raises `Problem` 503."""
    token = read_token(read_cookie(request, Cookie.SESSION))
    deps = deps_of(request)
    check_loaded(deps)
    session = deps.roster.table.session(token, deps.clock.now()) if token else None
    return deps.roster.table.user(session.user) if session is not None else None


def _not_signed_in(request: Request) -> Exception:
    if wants_page(request):
        return to_sign_in(request)
    return Problem(401, "unauthorized", "Nobody is signed in, or the session is over. Sign in at /app/sign-in.")


def _looked_at(request: Request, user: User) -> str:
    asked = request.query_params.get("merchant", "")
    if asked:
        return asked
    before = read_cookie(request, Cookie.MERCHANT)
    return before if before in user.roles else next(iter(user.merchants), "")


def look_at(request: Request, merchant: str) -> None:
    """Let what follows be about this merchant, where several could be meant: the page that a form leads on to, the next
    link that is pressed.
    """
    keep_cookie(request, Cookie.MERCHANT, merchant, _YEAR_S)


def _touch(deps: Deps, session: Session) -> None:
    now = deps.clock.now()
    if now - deps.roster.table.seen_at(session) >= _TOUCHED_EVERY:
        deps.touch(session.id, now)
