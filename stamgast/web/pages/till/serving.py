"""`/till`: find a customer, redeem, give stamps, and undo either for two minutes.

Each form is a POST that answers with the page: nothing of a person stands in an address, and a page that is loaded
again sends the same form with the same key, which changes nothing twice.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.currencies import exponent_of
from stamgast.domain.errors import in_plain_words
from stamgast.domain.voucher_codes import Code, read_code
from stamgast.pos.problems import RefusedError
from stamgast.pos.types import MOST_MINOR
from stamgast.web.access.doors import Way, open_to
from stamgast.web.api import stamps, vouchers
from stamgast.web.api.redemption_body import UseRequest
from stamgast.web.owners_answer import id_of
from stamgast.web.pages.till.finding import Found, find
from stamgast.web.pages.till.showing import Deed, Done, Shown, Undo, show
from stamgast.web.pages.till.standing import Stand, stand, stand_to_change, tried
from stamgast.web.pages.till.undoing import may_undo, who_did
from stamgast.web.problem import Problem
from stamgast.web.voucher_lookup import no_code, read_any

_REDEMPTION, _STAMPS = "redemption", "stamps"


@open_to(Way.PAIRED)
async def get_till(request: Request) -> Response:
    """`GET /till`: the field, and who stands here."""
    return await show(request, await stand(request), Shown())


@open_to(Way.PAIRED)
async def post_find(request: Request) -> Response:
    """`POST /till/find`: whom a text means, scanned or typed."""
    at = await stand(request)
    text = at.said("scanned")
    found, problem = await tried(find(at, text))
    if found is None:
        return await show(request, at, Shown(problem=problem, typed=text[:200]))
    return await show(request, at, Shown(found.customer, found.code))


@open_to(Way.PAIRED)
async def post_redeem(request: Request) -> Response:
    """`POST /till/redeem`: the owner answers; two tills at once give one yes."""
    at = await stand_to_change(request)
    customer, text = at.said("customer"), at.said("code")
    done, problem = await tried(_redeem(at, customer, text))
    if problem is not None and not await _is_ours(at, customer):
        customer = ""
    code = read_code(text)
    return await show(request, at, Shown(customer, code.long if code and done else "", done, problem))


async def _redeem(at: Stand, customer: str, text: str) -> Done:
    code = _code(at, text)
    device, key = at.device, at.key
    said: dict[str, Any] = {"till": device.id, "operator_id": device.operator_id, "customer": customer or None}
    said["store"] = device.store or None
    if at.said("total"):
        said |= {
            "total_minor": read_total(at.said("total"), at.program.currency),
            "price_currency": at.program.currency,
        }
    if at.said("receipt"):
        said |= {"transaction_id": at.said("receipt"), "business_day_date": at.said("day") or at.today}
    try:
        given = msgspec.convert(said, UseRequest)
    except msgspec.ValidationError as error:
        raise RefusedError([{"pointer": "", "detail": in_plain_words(error)}]) from None
    told = await vouchers.redeem(at.deps, at.entrance, code, key, given)
    seconds = await may_undo(at, key)
    content = told.content
    return Done(
        Deed.REDEEMED,
        told.pending,
        reward=content.get("reward", ""),
        discount=content.get("discount_minor"),
        rest=content.get("rest_minor"),
        uses_left=content.get("uses_left"),
        undo=Undo(_REDEMPTION, customer, content["code"], at.said("key"), seconds) if seconds else None,
        again=at.said("key") if told.pending else "",
    )


@open_to(Way.PAIRED)
async def post_stamps(request: Request) -> Response:
    """`POST /till/stamps`: stamps by hand, for somebody who is before the till, or was while it was offline."""
    at = await stand_to_change(request)
    found, problem = await tried(find(at, at.said("scanned")))
    if found is None:
        return await show(request, at, Shown(problem=problem, typed=at.said("scanned")[:200]))
    done, problem = await tried(_give(at, found))
    return await show(request, at, Shown(found.customer, done=done, problem=problem))


async def _give(at: Stand, found: Found) -> Done:
    device, key, stamps_said = at.device, at.key, at.said("stamps") or "1"
    document = {
        "card": at.said("card"),
        "stamps": int(stamps_said) if stamps_said.isascii() and stamps_said.isdigit() else stamps_said,
        "reason": at.said("reason"),
        "till": device.id,
        "store": device.store or None,
        "operator_id": device.operator_id or None,
        "happened_at": at.said("happened_at") or None,
    }
    given = stamps.read_stamps(document, at.program)
    try:
        told = await stamps.hand_stamps(at.deps, at.entrance, found.customer, key, given)
    except RefusedError as error:
        if any(each["pointer"] == "/happened_at" for each in error.problems):
            raise Problem(422, "happened-at", "It lies ahead, or is more than seven days ago.") from None
        raise
    seconds = await may_undo(at, key)
    return Done(
        Deed.STAMPED,
        told.pending,
        card=given.card,
        stamps=given.stamps,
        undo=Undo(_STAMPS, found.customer, "", at.said("key"), seconds) if seconds else None,
    )


@open_to(Way.PAIRED)
async def post_undo(request: Request) -> Response:
    """`POST /till/undo`: take back what this till did within two minutes."""
    at = await stand_to_change(request)
    customer = at.said("customer")
    done, problem = await tried(_undo(at, customer))
    if problem is not None and not await _is_ours(at, customer):
        customer = ""
    return await show(request, at, Shown(customer, done=done, problem=problem))


async def _undo(at: Stand, customer: str) -> Done:
    operator = await who_did(at, at.key)
    if at.said("what") == _STAMPS:
        request_id = id_of(at.key)
        told = await stamps.take_back(
            at.deps, at.entrance, customer, request_id, till=at.device.id, operator_id=operator
        )
    else:
        told = await vouchers.take_back(at.deps, at.entrance, _code(at, at.said("code")), id_of(at.key))
    return Done(Deed.UNDONE, told.pending)


async def _is_ours(at: Stand, customer: str) -> bool:
    """Whether the page can be shown of a customer whom a form named."""
    return bool(customer) and await at.deps.identities.profile(at.merchant, customer) is not None


def _code(at: Stand, text: str) -> Code:
    code = read_any(text, at.program, at.deps)
    if code is None:
        raise no_code()
    return code


def read_total(text: str, currency: str) -> int:
    """The receipt's total in minor units, typed with a point or a comma. Raises `Problem` 422."""
    try:
        minor = Decimal(text.replace(",", ".")).scaleb(exponent_of(currency))
    except InvalidOperation:
        minor = Decimal(-1)
    if not minor.is_finite() or minor != minor.to_integral_value() or not 0 < minor <= MOST_MINOR:
        raise Problem(422, "total", "The total is an amount of money, such as 12.50.")
    return int(minor)
