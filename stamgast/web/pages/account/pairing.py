"""`/till/pair`: what the tablet opens to become a till; `/till/device`: which till it is, and who stands at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Actor, Did, Who
from stamgast.users.tokens import read_token
from stamgast.web.access.attempts import take_attempt
from stamgast.web.access.cookies import Cookie, forget_cookie, keep_cookie, read_cookie
from stamgast.web.access.doors import Way, open_to
from stamgast.web.access.elsewhere import PAIR
from stamgast.web.access.forms import check_origin, read_form
from stamgast.web.access.pairing import Pairing, look_at, plain, take
from stamgast.web.access.tills import KEPT_S, LONGEST_OPERATOR, keep_operator, paired
from stamgast.web.auth import read_body
from stamgast.web.deps import deps_of
from stamgast.web.pages.account.showing import SAME_ORIGIN, back_to, program_of
from stamgast.web.pages.rendering import answer

AT_THE_TILL: Final = "/till"
"""Where a tablet goes that has just been paired, and whoever has said who stands there."""
_FORM: Final = frozenset({"application/x-www-form-urlencoded"})
_FORM_BYTES: Final = 4_000


@dataclass(frozen=True, slots=True)
class Pair:
    """What the tablet is asked. Without a name: for a code."""

    code: str = ""
    name: str = ""
    shop: str = ""
    store: str = ""
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Till:
    """Which till this is."""

    name: str
    shop: str
    store: str
    operator: str
    longest_operator: int = LONGEST_OPERATOR


@open_to(Way.PUBLIC)
async def get_pair(request: Request) -> Response:
    """Ask for the code, where nothing can be scanned."""
    return _show(request, Pair(wrong=request.query_params.get("done") == "wrong"))


@open_to(Way.PUBLIC)
async def post_pair(request: Request) -> Response:
    """`POST /till/pair`: the code that was typed; the page that asks whether it is meant comes next."""
    check_origin(request)
    take_attempt(request)
    form = read_form(await read_body(request, _FORM_BYTES, _FORM))
    letters = plain(str(form.get("code", "")))
    if not letters or await look_at(deps_of(request), letters) is None:
        return _show(request, Pair(code=str(form.get("code", ""))[:20], wrong=True), 404)
    return back_to(f"{PAIR}/{letters}")


@open_to(Way.LINK)
async def get_code(request: Request) -> Response:
    """Show what this would be a till of. Looking changes nothing."""
    take_attempt(request)
    code = request.path_params["code"]
    pairing = await look_at(deps_of(request), code)
    if pairing is None:
        return _show(request, Pair(wrong=True), 404)
    return _show(request, await _pair(request, code, pairing))


@open_to(Way.LINK)
async def post_code(request: Request) -> Response:
    """`POST /till/pair/{code}`: from now on this browser is the till."""
    check_origin(request)
    take_attempt(request)
    deps = deps_of(request)
    pairing = await take(deps, request.path_params["code"])
    if pairing is None:
        return _show(request, Pair(wrong=True), 404)
    now = deps.clock.now()
    before = read_token(read_cookie(request, Cookie.TILL))
    known = deps.roster.table.device(before, now) if before else None
    device, token = await deps.roster.pair(pairing.merchant, pairing.store, pairing.name, pairing.by, now)
    if known is not None:  # it was another till before
        await deps.roster.end(known.id, now, pairing.by)
    keep_cookie(request, Cookie.TILL, token.text, KEPT_S)
    about = About(pairing.merchant, till=device.id, store=pairing.store)
    await note(deps.audit, Who(Actor.USER, pairing.by), Did.TILL_PAIRED, about)
    return back_to(AT_THE_TILL)


@open_to(Way.PAIRED)
async def get_device(request: Request) -> Response:
    """`GET /till/device`: its name, its store, and who stands at it."""
    device = await paired(request)
    program = await program_of(deps_of(request), device.merchant)
    shop = program.name if program is not None else device.merchant
    model = Till(device.name, shop, device.store, device.operator)
    return answer(request, "account/device.html", model, headers=SAME_ORIGIN, device=device)


@open_to(Way.PAIRED)
async def post_operator(request: Request) -> Response:
    """`POST /till/operator`: a cashier's short name or number, kept with what they do until the end of the day."""
    device = await paired(request)
    name = keep_operator(request, str(device.form.get("operator", "")))
    deps = deps_of(request)
    await deps.roster.name_operator(device.merchant, name, deps.clock.now())
    return back_to(AT_THE_TILL)


@open_to(Way.PAIRED)
async def post_unpair(request: Request) -> Response:
    """`POST /till/unpair`: this is no till any more."""
    device = await paired(request)
    deps = deps_of(request)
    await deps.roster.end(device.id, deps.clock.now())
    await note(deps.audit, device.who, Did.TILL_REVOKED, About(device.merchant, till=device.id))
    forget_cookie(request, Cookie.TILL)
    forget_cookie(request, Cookie.OPERATOR)
    return back_to(PAIR)


async def _pair(request: Request, code: str, pairing: Pairing) -> Pair:
    program = await program_of(deps_of(request), pairing.merchant)
    shop = program.name if program is not None else pairing.merchant
    return Pair(plain(code), pairing.name, shop, pairing.store)


def _show(request: Request, model: Pair, status: int = 200) -> Response:
    return answer(request, "account/pair.html", model, status=status, headers=SAME_ORIGIN)
