"""A till redeems a voucher: the request becomes an event, and the customer's owner answers it.

A code begins with its partition. The answer is waited for up to two seconds; a later one is at the `Location`.
The same `Idempotency-Key` again gets the same answer; with another request it is refused. A till that waited for
nothing takes its request back with DELETE: then it redeems nothing, whether it was applied or is still to come.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.domain.errors import in_plain_words
from stamgast.domain.events import (
    encode_event,
    key_of,
)
from stamgast.domain.program import Program
from stamgast.domain.rewards import Answer, partition_of
from stamgast.domain.till_events import RedemptionTakenBack, TillName, VoucherRedeemed
from stamgast.pos.documents import read_document
from stamgast.pos.doubt import Doubt
from stamgast.pos.problems import RefusedError
from stamgast.pos.warnings import unknown_word
from stamgast.state.keys import PartitionKeys, customers
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.auth import CUSTOMER, Entrance, enter, enter_to_change, read_body, too_many
from stamgast.web.deps import Deps, deps_of
from stamgast.web.idempotency import idempotency_key, one_request, reused
from stamgast.web.owners_answer import WAIT_S, digest, id_of, refuse_other_request, wait_for
from stamgast.web.problem import Problem

_SHOWN: Final = 64
_NO_DOUBTS: Final[Mapping[str, Any]] = {}
_REDEMPTION: Final = re.compile(r"[0-9a-f]{32}")
_CODE: Final = re.compile(r"[0-9A-F]{1,3}-[A-Z2-7]{16}")

_decode_answer = msgspec.json.Decoder(Answer).decode


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body, which may be left out. `customer` helps where the till has scanned it as well."""

    store: str | None = None
    customer: str | None = None
    till: TillName = ""
    operator_id: TillName = ""


@dataclass(frozen=True, slots=True)
class _Redemption:
    """One request to redeem, under the id of its Idempotency-Key."""

    merchant: str
    code: str
    event_id: str
    slot: PartitionKeys

    @property
    def location(self) -> str:
        return f"/v1/merchants/{self.merchant}/vouchers/{self.code}/redemptions/{self.event_id}"

    @property
    def answer(self) -> str:
        return self.slot.answer(self.merchant, self.event_id)

    @property
    def taking_back(self) -> str:
        """Id of the event that takes it back."""
        return f"{self.event_id}-back"

    @property
    def request(self) -> str:
        # Outside the partition's slot: the same key with a code of another partition is another request too.
        return f"web:request:{self.merchant}:{self.event_id}"


@open_to(KeyWith("till"))
async def post_redemption(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/vouchers/{code}/redemptions`."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "till")
    code, slot = _code_of(request, deps)
    key, given = idempotency_key(request), await _read(request, deps)
    redemption = _Redemption(entrance.merchant, code, id_of(key), slot)
    asked = digest(msgspec.json.encode([code, given.store, given.customer]))
    await refuse_other_request(deps, redemption.request, asked)
    customer = given.customer or await _customer_of(deps, redemption)
    if customer is None or deps.slot_of(key_of(entrance.merchant, customer)) != slot:
        raise _unknown(deps, entrance)
    doubt = _doubt(entrance.program, given)
    event = VoucherRedeemed(
        merchant=entrance.merchant,
        customer=customer,
        at=deps.clock.now(),
        id=redemption.event_id,
        code=code,
        store=given.store,
        till=given.till,
        operator_id=given.operator_id,
        warned=(doubt.noted,) if doubt else (),
    )
    if await deps.redis.get(redemption.answer) is None:
        record = (key_of(entrance.merchant, customer), encode_event(event))
        await deps.appender.append(deps.topics.customer_events, [record])
    if doubt is None:
        return await _answer(deps, redemption, entrance, WAIT_S)
    deps.metrics.doubts.note(entrance.merchant, [doubt])
    return await _answer(deps, redemption, entrance, WAIT_S, {"warnings": [doubt.as_json()]})


@open_to(KeyWith("till"))
async def get_redemption(request: Request) -> JSONResponse:
    """`GET …/redemptions/{redemption}`: the answer to an earlier request, or 202 while there is none."""
    deps = deps_of(request)
    entrance = await enter(request, "till")
    code, slot = _code_of(request, deps)
    redemption = _Redemption(entrance.merchant, code, request.path_params["redemption"], slot)
    answered = await deps.filling.value(slot, redemption.answer)
    if answered is None and not await deps.redis.exists(redemption.request):  # the latter a lost Redis forgets
        raise Problem(404, "no-redemption", "There was no such request in the last 24 hours.")
    return await _answer(deps, redemption, entrance, 0)


@open_to(KeyWith("till"))
async def delete_redemption(request: Request) -> JSONResponse:
    """`DELETE …/redemptions/{redemption}`, or `DELETE …/redemptions` with the request's Idempotency-Key.

    One that nobody here has heard of is taken back as well: it may still be on its way.
    """
    deps = deps_of(request)
    entrance = await enter(request, "till")
    code, slot = _code_of(request, deps)
    addressed = request.path_params.get("redemption")
    if addressed is None:
        return await _take_back(deps, entrance, code, slot, id_of(idempotency_key(request)))
    async with one_request(request, entrance.merchant):
        return await _take_back(deps, entrance, code, slot, addressed)


async def _take_back(deps: Deps, entrance: Entrance, code: str, slot: PartitionKeys, event_id: str) -> JSONResponse:
    if not _REDEMPTION.fullmatch(event_id):
        raise Problem(404, "no-redemption", "This is not the address of a redemption: take it from `Location`.")
    redemption = _Redemption(entrance.merchant, code, event_id, slot)
    customer = await _customer_of(deps, redemption)
    if customer is None:
        raise _unknown(deps, entrance)
    answer = slot.answer(entrance.merchant, redemption.taking_back)
    if await deps.redis.get(answer) is None:
        event = RedemptionTakenBack(
            merchant=entrance.merchant,
            customer=customer,
            at=deps.clock.now(),
            id=redemption.taking_back,
            code=code,
            redemption=event_id,
        )
        record = (key_of(entrance.merchant, customer), encode_event(event))
        await deps.appender.append(deps.topics.customer_events, [record])
    stored = await wait_for(deps, answer, WAIT_S)
    if stored is None:
        return _pending(redemption)
    told = _decode_answer(stored)
    if told.status != 200:
        raise _unknown(deps, entrance)
    content = {"status": "taken_back", "code": code, "reward": told.reward, "voucher": told.voucher}
    return JSONResponse(content, 200, {"Location": redemption.location})


async def _read(request: Request, deps: Deps) -> _Request:
    body = b""
    if request.headers.get("content-type"):
        body = await read_body(request, deps.limits.body_bytes)
    document = read_document(body or b"{}")
    try:
        given = msgspec.convert(document, _Request)
    except msgspec.ValidationError as error:
        raise RefusedError(
            [{"pointer": "", "detail": in_plain_words(error), "allowed": "store, customer, till, operator_id"}]
        ) from None
    if given.customer is not None and not CUSTOMER.fullmatch(given.customer):
        raise RefusedError([{"pointer": "/customer", "detail": "customer is not a customer id"}])
    return given


def _code_of(request: Request, deps: Deps) -> tuple[str, PartitionKeys]:
    code = request.path_params["code"].upper()
    if not _CODE.fullmatch(code) or (partition := partition_of(code)) >= deps.topics.partitions:
        raise Problem(404, "no-voucher", "This is not a voucher code: compare it with the customer's message.")
    return code, customers(partition)


async def _customer_of(deps: Deps, redemption: _Redemption) -> str | None:
    stored = await deps.filling.value(redemption.slot, redemption.slot.voucher(redemption.merchant, redemption.code))
    return None if stored is None else str(stored.decode())


def _doubt(program: Program, given: _Request) -> Doubt | None:
    """What is said of a store that nobody knows: the voucher is redeemed all the same."""
    store, stores = given.store, program.stores
    if not store or store in stores:
        return None
    detail = f"the programme knows no store {store[:_SHOWN]!r}: reports will not find this redemption under any other"
    return unknown_word("/store", store, stores, detail, kind="unknown_store")


async def _answer(
    deps: Deps, redemption: _Redemption, entrance: Entrance, wait_s: float, doubts: Mapping[str, Any] = _NO_DOUBTS
) -> JSONResponse:
    stored = await wait_for(deps, redemption.answer, wait_s)
    if stored is None:
        return _pending(redemption, doubts)
    answer = _decode_answer(stored)
    if answer.code and answer.code != redemption.code:  # a Redis that was lost forgets which request a key came with
        raise reused()
    match answer.status:
        case 200:
            content = {"status": "redeemed", "code": redemption.code, "reward": answer.reward, **doubts}
            return JSONResponse(content, 200, {"Location": redemption.location})
        case 404:
            raise _unknown(deps, entrance)
    raise Problem(
        answer.status,
        "taken-back" if answer.voucher else "not-redeemable",
        f"{answer.detail} Nothing was redeemed now.",
    )


def _pending(redemption: _Redemption, doubts: Mapping[str, Any] = _NO_DOUBTS) -> JSONResponse:
    content = {"status": "pending", "code": redemption.code, "location": redemption.location, **doubts}
    return JSONResponse(content, 202, {"Location": redemption.location, "Retry-After": "1"})


def _unknown(deps: Deps, entrance: Entrance) -> Problem:
    """404; and too many of those under one key are somebody trying out codes."""
    seconds = deps.wrong_codes.take(entrance.key.id)
    if seconds:
        return too_many("codes that do not exist", seconds)
    return Problem(404, "no-voucher", "There is no voucher with this code.")
