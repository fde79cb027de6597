"""Which paired till asks: the one place where tills' sessions are checked.

A page of the till begins with `device = await paired(request)`, and its handler says `@open_to(Way.PAIRED)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote

from starlette.datastructures import FormData
from starlette.requests import Request

from stamgast.audit.record import Actor, Who
from stamgast.domain.units import DAY, Millis
from stamgast.users.names import clean_name
from stamgast.users.rights import AT_A_TILL, Right
from stamgast.users.table import UserTable
from stamgast.web.access.cookies import Cookie, forget_cookie, keep_cookie, read_cookie
from stamgast.web.access.elsewhere import PAIR, ElsewhereError, wants_page
from stamgast.web.access.forms import SAFE, page_token, read_sent
from stamgast.web.access.presented import presented
from stamgast.web.auth import take_or_refuse
from stamgast.web.deps import deps_of
from stamgast.web.problem import Problem

LONGEST_OPERATOR: Final = 24
"""Letters of a cashier's short name or number."""
KEPT_S: Final = 400 * 86_400
"""How long browsers keep a cookie at most; each day of use renews it."""
_OPERATOR_KEPT_S: Final = 12 * 3_600
_TOUCHED_EVERY: Final[Millis] = DAY


@dataclass(frozen=True, slots=True)
class Device:
    """A till that is paired, and who stands at it."""

    id: str
    merchant: str
    store: str
    """As program.yaml calls it; empty where the merchant named none."""
    name: str
    operator: str
    """What the cashier called themselves; empty before they did. Never on a topic, in a key or in a log."""
    operator_id: str
    """What stands for that in events (`TillName`): the same at each till of the merchant. `Roster.operator_name`."""
    csrf: str
    """What every form of the page carries in its field `csrf`; a script sends it as `X-CSRF-Token`."""
    form: FormData = field(default_factory=FormData)

    def may(self, right: Right) -> bool:
        """Say whether a till may do that."""
        return right in AT_A_TILL

    @property
    def who(self) -> Who:
        """As `stamgast.audit.book.note` wants to know it."""
        return Who(Actor.TILL, self.id, self.operator)


async def paired(request: Request, *, most: int = 0) -> Device:
    """Which till asks. What it sent is checked as well, a form of up to `most` bytes is read.

    Raises:
        ElsewhereError: a browser that is not paired is told how.
        Problem: 401 for a script, 403 for what no page of ours sent, 429, 503 while they are being read.
    """
    deps = deps_of(request)
    known = await presented(request, Cookie.TILL, UserTable.device)
    if known is None:
        raise _not_paired(request)
    found, token = known
    take_or_refuse(deps.by_visitor, found.id, "requests of one till")
    form = FormData()
    if request.method not in SAFE:
        _, form = await read_sent(request, token.secret, most or deps.limits.body_bytes)
    now = deps.clock.now()
    if now - deps.roster.table.seen_at(found) >= _TOUCHED_EVERY:
        deps.touch(found.id, now)
        keep_cookie(request, Cookie.TILL, token.text, KEPT_S)
    operator = operator_of(request)
    return Device(
        id=found.id,
        merchant=found.merchant,
        store=found.store,
        name=deps.roster.seal.open(found.id, found.sealed_name),
        operator=operator,
        operator_id=deps.roster.operator_id(found.merchant, operator),
        csrf=page_token(token.secret, found.merchant),
        form=form,
    )


def operator_of(request: Request) -> str:
    """What the cashier called themselves here."""
    return clean_name(unquote(read_cookie(request, Cookie.OPERATOR)))[:LONGEST_OPERATOR]


def keep_operator(request: Request, text: str) -> str:
    """Let a cashier call themselves something until the end of the day, and return it; nothing: nobody."""
    name = clean_name(text)[:LONGEST_OPERATOR]
    if name:
        keep_cookie(request, Cookie.OPERATOR, quote(name, safe=""), _OPERATOR_KEPT_S)
    else:
        forget_cookie(request, Cookie.OPERATOR)
    return name


def _not_paired(request: Request) -> Exception:
    if wants_page(request):
        return ElsewhereError(PAIR)
    return Problem(401, "unauthorized", "This till is not paired, or not any more. Pair it: /app/tills shows a code.")
