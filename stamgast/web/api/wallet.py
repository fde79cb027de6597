"""What devices ask that have a card in Apple Wallet: be told of changes, or no more; which have changed; the newest.

Apple says how (Wallet Passes: Adding a Web Service to Update Passes). A device shows the pass's own token; the list of
what has changed is asked for without one, by what the device calls itself, which nobody can guess.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from stamgast.domain.errors import UNREADABLE
from stamgast.logs import get_logger
from stamgast.wallet.apple.certificates import AppleAccount
from stamgast.wallet.apple.push import PUSH_TOKEN
from stamgast.wallet.google.loyalty import colour_of
from stamgast.wallet.images import google_logo, pictured_as
from stamgast.web.access.doors import Way, open_to
from stamgast.web.api.passes import Shown, answer_pass, changed_at, changed_since, shown_of, tag_of
from stamgast.web.auth import check_fit, read_raw, take_or_refuse
from stamgast.web.connections import address_of
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem, unavailable

log = get_logger(__name__)

_BODY_BYTES: Final = 4_000
_LOG_BYTES: Final = 16_000
_LOGGED: Final = 5
_LONGEST_LINE: Final = 300
_DEVICE: Final = re.compile(r"[A-Za-z0-9._-]{8,100}")
_COLOUR: Final = re.compile(r"[0-9a-f]{6}")
_SECRET: Final = re.compile(r"[A-Za-z0-9+/=_-]{16,}")
"""What may be a token, or the name of a device or a pass: it is not written to logs."""


@open_to(Way.SIGNED)
async def post_registration(request: Request) -> Response:
    """Tell a device of changes of a pass: 201, or 200 where it was told before."""
    deps, account, shown = await _entered(request)
    if shown.held.void:
        raise _unauthorized()
    library = _library(request)
    check_fit(deps)
    said = _document(await read_raw(request, _BODY_BYTES))
    push_token = said.get("pushToken")
    if not isinstance(push_token, str) or not PUSH_TOKEN.fullmatch(push_token):
        raise Problem(422, "push-token", 'The body is {"pushToken": "…"}, with the hexadecimal token of the device.')
    del account
    is_new = await deps.identities.passes.register(shown.held, library, push_token, deps.clock.now())
    return Response(status_code=201 if is_new else 200)


@open_to(Way.SIGNED)
async def delete_registration(request: Request) -> Response:
    """Tell it no more."""
    deps, _, shown = await _entered(request)
    library = _library(request)
    check_fit(deps)
    await deps.identities.passes.unregister(shown.held, library, deps.clock.now())
    return Response(status_code=200)


@open_to(Way.SIGNED)
async def get_registrations(request: Request) -> Response:
    """Which of a device's passes have changed since it asked last: 204 if none."""
    deps = deps_of(request)
    await _account(request, deps)
    take_or_refuse(deps.by_visitor, f"wallet:{_address(request)}", "requests")
    found = [await shown_of(deps, serial) for serial in await deps.identities.passes.listed(_library(request))]
    passes = [each for each in found if each is not None]
    changed = changed_since(passes, request.query_params.get("passesUpdatedSince", ""))
    if not changed:
        return Response(status_code=204)
    return JSONResponse({"serialNumbers": [each.held.serial for each in changed], "lastUpdated": tag_of(passes)})


@open_to(Way.SIGNED)
async def get_pass(request: Request) -> Response:
    """The pass as it is now: 304 if the device has it. One that was revoked shows that it is void."""
    deps, account, shown = await _entered(request)
    since = await changed_at(deps, shown, deps.clock.now())
    headers = {"Last-Modified": formatdate(since, usegmt=True)}
    if _seconds_of(request.headers.get("if-modified-since", "")) >= since:
        return Response(status_code=304, headers=headers)
    return await answer_pass(deps, account, shown, headers)


@open_to(Way.SIGNED)
async def post_log(request: Request) -> Response:
    """What a device has to say that did not work: it is for whoever builds this."""
    deps = deps_of(request)
    await _account(request, deps)
    take_or_refuse(deps.refusals, f"wallet-log:{_address(request)}", "logs")
    lines = _document(await read_raw(request, _LOG_BYTES)).get("logs")
    for line in [each for each in lines if isinstance(each, str)][:_LOGGED] if isinstance(lines, list) else ():
        log.warning("a device says of its pass", said=_SECRET.sub("…", line[:_LONGEST_LINE]))
    return Response(status_code=200)


@open_to(Way.PUBLIC)
async def get_logo(request: Request) -> Response:
    """The picture of a shop that Google shows: its colour, and a stamp."""
    colour = request.path_params["colour"]
    if deps_of(request).wallets.google is None or not _COLOUR.fullmatch(colour):
        raise Problem(404, "not-found", "There is no such picture.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(google_logo(f"#{colour}"), headers=headers, media_type="image/png")


@open_to(Way.PUBLIC)
async def get_own_logo(request: Request) -> Response:
    """The picture of a shop that has drawings of its own. Each version has an address; one of before leads to it."""
    deps = deps_of(request)
    merchant, version = request.path_params["merchant"], request.path_params["version"]
    if deps.wallets.google is None or not deps.merchants.loaded:
        raise Problem(404, "not-found", "There is no such picture.")
    program = await deps.merchants.get(merchant)
    now = "" if program is None else pictured_as(colour_of(program.look), program.look)
    if program is None or not now:
        raise Problem(404, "not-found", "There is no such picture.")
    if now != version:
        where = f"/wallet/logo/{program.merchant}/{now}.png"
        return RedirectResponse(where, 302, headers={"Cache-Control": "no-store"})
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    drawn = await asyncio.to_thread(google_logo, colour_of(program.look), program.look)
    return Response(drawn, headers=headers, media_type="image/png")


async def _entered(request: Request) -> tuple[Deps, AppleAccount, Shown]:
    """Whoever shows the pass's own token. Raises `Problem` 401 alike for whatever is wrong; 404, 429, 503."""
    deps = deps_of(request)
    account = await _account(request, deps)
    serial = request.path_params["serial"]
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    rightful = deps.identities.passes.authentication(serial)
    if kind != "ApplePass" or not hmac.compare_digest(token.strip().encode(), rightful.encode()):
        take_or_refuse(deps.refusals, f"wallet:{_address(request)}", "requests with a wrong token")
        raise _unauthorized()
    take_or_refuse(deps.by_visitor, f"wallet:{serial[:100]}", "requests")
    shown = await shown_of(deps, serial)
    if shown is None:
        raise _unauthorized()
    return deps, account, shown


async def _account(request: Request, deps: Deps) -> AppleAccount:
    account = deps.wallets.apple_at(deps.clock.now())
    if account is None or request.path_params.get("pass_type", account.pass_type) != account.pass_type:
        raise Problem(404, "no-pass", "There are no such passes here.")
    if not deps.merchants.loaded:
        raise unavailable("Not ready: the programmes are still being read.")
    return account


def _unauthorized() -> Problem:
    return Problem(401, "unauthorized", "This token is not this pass's.", headers={"WWW-Authenticate": "ApplePass"})


def _library(request: Request) -> str:
    library: str = request.path_params["device"]
    if not _DEVICE.fullmatch(library):
        raise Problem(404, "no-device", "This is not how a device calls itself.")
    return library


def _document(body: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except UNREADABLE:
        raise Problem(400, "unreadable", "The body is no JSON.") from None
    if not isinstance(said, dict):
        raise Problem(422, "document", "The body is no JSON object.")
    return said


def _seconds_of(told: str) -> float:
    try:
        return parsedate_to_datetime(told).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _address(request: Request) -> str:
    return address_of(request.client.host) if request.client else ""
