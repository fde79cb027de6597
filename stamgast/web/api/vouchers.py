"""A till redeems a voucher: the request becomes an event, and the customer's owner answers it.

A code, in either form (`stamgast.domain.voucher_codes`), begins with its partition. The answer is waited for up to two
seconds; a later one is at the `Location`. The same `Idempotency-Key` again gets the same answer; with another request
it is refused. A till that waited for nothing takes its request back with DELETE: then it redeems nothing, whether it
was applied or is still to come.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.clock.shop_time import format_time, on_the_wall
from stamgast.domain.events import encode_event, key_of
from stamgast.domain.program import Program
from stamgast.domain.rewards import Answer
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.voucher_codes import Code
from stamgast.pos.doubt import Doubt
from stamgast.pos.warnings import unknown_word
from stamgast.state.keys import customers
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.api.redemption_body import UseRequest, read_use, told_of
from stamgast.web.auth import Entrance, enter, enter_to_change
from stamgast.web.deps import Deps, deps_of
from stamgast.web.guesses import no_such_code
from stamgast.web.idempotency import idempotency_key, one_request, reused
from stamgast.web.owners_answer import WAIT_S, AskedOfOwner, Told, digest, id_of, refuse_other_request, wait_for
from stamgast.web.problem import Problem
from stamgast.web.voucher_lookup import code_in, owner_of, slot_of

_SHOWN: Final = 64
_NO_DOUBTS: Final[Mapping[str, Any]] = {}
_REDEMPTION: Final = re.compile(r"[0-9a-f]{32}")

_decode_answer = msgspec.json.Decoder(Answer).decode


class _Redemption(AskedOfOwner):
    """One request to redeem a voucher."""

    @property
    def code(self) -> str:
        return self.subject

    @property
    def location(self) -> str:
        return f"/v1/merchants/{self.merchant}/vouchers/{self.code}/redemptions/{self.event_id}"


@open_to(KeyWith("till"))
async def post_redemption(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/vouchers/{code}/redemptions`."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "till")
    code = code_in(request, deps, entrance.program)
    key, given = idempotency_key(request), await read_use(request, deps)
    return (await redeem(deps, entrance, code, key, given)).response()


async def redeem(deps: Deps, entrance: Entrance, code: Code, key: str, given: UseRequest) -> Told:
    """Redeem under an Idempotency-Key, and wait for the owner. Raises `Problem`, `RefusedError`, `NotFilledError`."""
    receipt = given.receipt_in(entrance.program)
    owner = await owner_of(deps, entrance, code)
    known = owner.code if owner.customer else code.long or owner.code
    redemption = _Redemption(entrance.merchant, known, id_of(key), slot_of(code, owner))
    asked = digest(msgspec.json.encode([redemption.code, given.store, given.customer, *given.of_receipt]))
    await refuse_other_request(deps, redemption.request, asked)
    customer = given.customer or owner.customer
    if not customer or deps.slot_of(key_of(entrance.merchant, customer)) != redemption.slot:
        raise no_such_code(deps, entrance.key.id, entrance.merchant)
    doubt = _doubt(entrance.program, given)
    event = VoucherRedeemed(
        merchant=entrance.merchant,
        customer=customer,
        at=deps.clock.now(),
        id=redemption.event_id,
        code=redemption.code,
        store=given.store,
        till=given.till,
        operator_id=given.operator_id,
        warned=(doubt.noted,) if doubt else (),
        receipt=receipt,
        total=given.total_minor or 0,
    )
    if await deps.redis.get(redemption.answer) is None:
        record = (key_of(entrance.merchant, customer), encode_event(event))
        words = ", ".join(filter(None, (given.till, given.operator_id)))
        about = About(entrance.merchant, customer=customer, store=given.store or "", words=words)
        await asyncio.gather(
            deps.appender.append(deps.topics.customer_events, [record]),
            note(deps.audit, entrance.who, Did.REDEEMED, about),
        )
    if doubt is None:
        return await _answer(deps, redemption, entrance, WAIT_S)
    deps.metrics.doubts.note(entrance.merchant, [doubt])
    return await _answer(deps, redemption, entrance, WAIT_S, {"warnings": [doubt.as_json()]})


@open_to(KeyWith("till"))
async def get_redemption(request: Request) -> JSONResponse:
    """`GET …/redemptions/{redemption}`: the answer to an earlier request, or 202 while there is none."""
    deps = deps_of(request)
    entrance = await enter(request, "till")
    code = code_in(request, deps, entrance.program)
    redemption = await _redemption_of(deps, entrance, code, request.path_params["redemption"])
    answered = await deps.filling.value(redemption.slot, redemption.answer)
    if answered is None and not await deps.redis.exists(redemption.request):  # the latter a lost Redis forgets
        raise Problem(404, "no-redemption", "There was no such request in the last 24 hours.")
    return (await _answer(deps, redemption, entrance, 0)).response()


@open_to(KeyWith("till"))
async def delete_redemption(request: Request) -> JSONResponse:
    """`DELETE …/redemptions/{redemption}`, or `DELETE …/redemptions` with the request's Idempotency-Key.

    One that nobody here has heard of is taken back as well: it may still be on its way.
    """
    deps = deps_of(request)
    entrance = await enter(request, "till")
    code = code_in(request, deps, entrance.program)
    addressed = request.path_params.get("redemption")
    if addressed is None:
        return (await take_back(deps, entrance, code, id_of(idempotency_key(request)))).response()
    async with one_request(request, entrance.merchant):
        return (await take_back(deps, entrance, code, addressed)).response()


async def take_back(deps: Deps, entrance: Entrance, code: Code, event_id: str) -> Told:
    """Take a request to redeem back, whether it was applied or is still to come. Raises as `redeem`."""
    if not _REDEMPTION.fullmatch(event_id):
        raise Problem(404, "no-redemption", "This is not the address of a redemption: take it from `Location`.")
    owner = await owner_of(deps, entrance, code)
    if not owner.customer:
        raise no_such_code(deps, entrance.key.id, entrance.merchant)
    redemption = _Redemption(entrance.merchant, owner.code, event_id, slot_of(code, owner))
    answer = redemption.slot.answer(entrance.merchant, redemption.taking_back)
    if await deps.redis.get(answer) is None:
        event = RedemptionTakenBack(
            merchant=entrance.merchant,
            customer=owner.customer,
            at=deps.clock.now(),
            id=redemption.taking_back,
            code=redemption.code,
            redemption=event_id,
        )
        record = (key_of(entrance.merchant, owner.customer), encode_event(event))
        await deps.appender.append(deps.topics.customer_events, [record])
        about = About(entrance.merchant, customer=owner.customer)
        await note(deps.audit, entrance.who, Did.REDEMPTION_TAKEN_BACK, about)
    stored = await wait_for(deps, answer, WAIT_S)
    if stored is None:
        return _pending(redemption)
    told = _decode_answer(stored)
    if told.status != 200:
        raise no_such_code(deps, entrance.key.id, entrance.merchant)
    content = {"status": "taken_back", "code": redemption.code, "reward": told.reward, "voucher": told.voucher}
    return Told(content, 200, {"Location": redemption.location})


async def _redemption_of(deps: Deps, entrance: Entrance, code: Code, event_id: str) -> _Redemption:
    """The redemption at an address."""
    if code.long and not code.typed:
        return _Redemption(entrance.merchant, code.long, event_id, customers(code.partition))
    owner = await owner_of(deps, entrance, code)
    return _Redemption(entrance.merchant, owner.code, event_id, slot_of(code, owner))


def _doubt(program: Program, given: UseRequest) -> Doubt | None:
    """What is said of a store that nobody knows: the voucher is redeemed all the same."""
    store, stores = given.store, program.stores
    if not store or store in stores:
        return None
    detail = f"the programme knows no store {store[:_SHOWN]!r}: reports will not find this redemption under any other"
    return unknown_word("/store", store, stores, detail, kind="unknown_store")


async def _answer(
    deps: Deps, redemption: _Redemption, entrance: Entrance, wait_s: float, doubts: Mapping[str, Any] = _NO_DOUBTS
) -> Told:
    stored = await wait_for(deps, redemption.answer, wait_s)
    if stored is None:
        return _pending(redemption, doubts)
    answer = _decode_answer(stored)
    if answer.code and answer.code != redemption.code:  # a Redis that was lost forgets which request a key came with
        raise reused()
    match answer.status:
        case 200:
            content = {
                "status": "redeemed",
                "code": redemption.code,
                "reward": answer.reward,
                **told_of(answer),
                **doubts,
            }
            return Told(content, 200, {"Location": redemption.location})
        case 404:
            raise no_such_code(deps, entrance.key.id, entrance.merchant)
        case 422:
            raise Problem(422, "total-needed", f"{answer.detail} Nothing was redeemed now.")
    if answer.usable_from:
        day, time = on_the_wall(format_time(answer.usable_from), entrance.program.time_zone).split()[:2]
        detail = f"This voucher can be used from {day} {time} on. Nothing was redeemed now."
        raise Problem(409, "not-yet", detail)
    raise Problem(
        answer.status,
        "taken-back" if answer.voucher else "not-redeemable",
        f"{answer.detail} Nothing was redeemed now.",
    )


def _pending(redemption: _Redemption, doubts: Mapping[str, Any] = _NO_DOUBTS) -> Told:
    content = {"status": "pending", "code": redemption.code, "location": redemption.location, **doubts}
    return Told(content, 202, {"Location": redemption.location, "Retry-After": "1"})
