"""A till gives stamps by hand: the request becomes an event, and the customer's owner answers it.

As with vouchers (`stamgast.web.api.vouchers`): a repeat under the same `Idempotency-Key` gives once, and DELETE takes a
request back, whether it was applied or is still to come.
"""

import asyncio
import re
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from pydantic import AwareDatetime, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from rules.yaml.problems import suggest
from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.events import encode_event, key_of
from stamgast.domain.program import Program
from stamgast.domain.till_events import MOST_BY_HAND, TILL_NAME, HandReason, StampsHanded, StampsHandedBack
from stamgast.domain.told import TAKEN_BACK
from stamgast.domain.units import DAY, Millis
from stamgast.pos.canonical import Strict
from stamgast.pos.documents import read_document
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.pos.warnings import unknown_word
from stamgast.service.handed import HandAnswer
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.api.customers import customer_in, state_of
from stamgast.web.auth import Entrance, enter, enter_to_change, read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.idempotency import idempotency_key, one_request
from stamgast.web.owners_answer import WAIT_S, AskedOfOwner, Told, digest, id_of, refuse_other_request, wait_for
from stamgast.web.problem import Problem

_HANDING: Final = re.compile(r"[0-9a-f]{32}")
_AHEAD: Final = 300_000
"""A till's clock may be so much ahead."""
_OLDEST: Final = 7 * DAY
"""Longer no till is offline and still believed."""

_decode_answer = msgspec.json.Decoder(HandAnswer).decode


class StampsRequest(Strict):
    """The body."""

    card: Annotated[str, Field(max_length=64)]
    stamps: Annotated[int, Field(ge=1, le=MOST_BY_HAND)] = 1
    reason: Annotated[HandReason, Field(strict=False)]
    happened_at: Annotated[AwareDatetime, Field(strict=False)] | None = None
    store: Annotated[str, Field(max_length=200)] | None = None
    till: Annotated[str, Field(pattern=TILL_NAME)] | None = None
    operator_id: Annotated[str, Field(pattern=TILL_NAME)] | None = None


class _Handing(AskedOfOwner):
    """One request to give stamps by hand."""

    @property
    def customer(self) -> str:
        return self.subject

    @property
    def location(self) -> str:
        return f"/v1/merchants/{self.merchant}/customers/{self.customer}/stamps/{self.event_id}"


@open_to(KeyWith("till"))
async def post_stamps(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/customers/{customer}/stamps`."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "till")
    customer = customer_in(request)
    handing = _handing(deps, entrance, customer, id_of(idempotency_key(request)))
    given = read_stamps(read_document(await read_body(request, deps.limits.body_bytes)), entrance.program)
    return (await _give(deps, entrance, handing, given)).response()


async def hand_stamps(deps: Deps, entrance: Entrance, customer: str, key: str, given: StampsRequest) -> Told:
    """Give stamps under an Idempotency-Key, and wait for the owner. Raises as `stamgast.web.api.vouchers.redeem`."""
    return await _give(deps, entrance, _handing(deps, entrance, customer, id_of(key)), given)


async def _give(deps: Deps, entrance: Entrance, handing: _Handing, given: StampsRequest) -> Told:
    customer = handing.customer
    await state_of(deps, entrance, customer)
    said = given.model_dump(mode="json") | {"happened_at": None}  # a till may say it with its second try
    asked = digest(msgspec.json.encode([customer, said]))
    await refuse_other_request(deps, handing.request, asked)
    at = deps.clock.now()
    event = StampsHanded(
        merchant=entrance.merchant,
        customer=customer,
        at=at,
        id=handing.event_id,
        card=given.card,
        stamps=given.stamps,
        reason=given.reason,
        happened_at=_happened(given.happened_at, at),
        store=given.store,
        till=given.till or "",
        operator_id=given.operator_id or "",
    )
    if await deps.redis.get(handing.answer) is None:
        about = About(
            entrance.merchant,
            customer=customer,
            card=given.card,
            stamps=given.stamps,
            store=given.store or "",
            words=_by_hand(given),
        )
        await asyncio.gather(_append(deps, event), note(deps.audit, entrance.who, Did.STAMPS_GIVEN, about))
    doubts = _doubts(entrance.program, given.store)
    return await _answer(deps, handing, WAIT_S, doubts)


@open_to(KeyWith("till"))
async def get_stamps(request: Request) -> JSONResponse:
    """`GET …/stamps/{handing}`: the answer to an earlier request, or 202 while there is none."""
    deps = deps_of(request)
    entrance = await enter(request, "till")
    handing = _handing(deps, entrance, customer_in(request), request.path_params["handing"])
    answered = await deps.filling.value(handing.slot, handing.answer)
    if answered is None and not await deps.redis.exists(handing.request):
        raise Problem(404, "no-such-request", "There was no such request in the last 24 hours.")
    return (await _answer(deps, handing, 0)).response()


@open_to(KeyWith("till"))
async def delete_stamps(request: Request) -> JSONResponse:
    """`DELETE …/stamps/{handing}`, or `DELETE …/stamps` with the request's Idempotency-Key.

    One that nobody here has heard of is taken back as well: it may still be on its way.
    """
    deps = deps_of(request)
    entrance = await enter_to_change(request, "till")
    customer = customer_in(request)
    addressed = request.path_params.get("handing")
    if addressed is None:
        return (await take_back(deps, entrance, customer, id_of(idempotency_key(request)))).response()
    async with one_request(request, entrance.merchant):
        return (await take_back(deps, entrance, customer, addressed)).response()


async def take_back(
    deps: Deps, entrance: Entrance, customer: str, event_id: str, *, till: str = "", operator_id: str = ""
) -> Told:
    """Take a request to give stamps back, whether it was applied or is still to come. Raises as `hand_stamps`.

    `till` and `operator_id` are of whoever had given them: whose count they leave.
    """
    handing = _handing(deps, entrance, customer, event_id)
    await state_of(deps, entrance, handing.customer)
    name = handing.slot.answer(handing.merchant, handing.taking_back)
    if await deps.redis.get(name) is None:
        event = StampsHandedBack(
            merchant=handing.merchant,
            customer=handing.customer,
            at=deps.clock.now(),
            id=handing.taking_back,
            handing=handing.event_id,
            till=till,
            operator_id=operator_id,
        )
        await _append(deps, event)
    answered = await wait_for(deps, name, WAIT_S)
    if answered is None:
        return _pending(handing)
    content = {"status": TAKEN_BACK, **_told(_decode_answer(answered))}
    return Told(content, 200, {"Location": handing.location})


def _by_hand(given: StampsRequest) -> str:
    return ", ".join(filter(None, (given.reason, given.till, given.operator_id)))


async def _append(deps: Deps, event: StampsHanded | StampsHandedBack) -> None:
    await deps.appender.append(
        deps.topics.customer_events, [(key_of(event.merchant, event.customer), encode_event(event))]
    )


def _handing(deps: Deps, entrance: Entrance, customer: str, event_id: str) -> _Handing:
    if not _HANDING.fullmatch(event_id):
        raise Problem(404, "no-such-request", "This is not the address of a request: take it from `Location`.")
    return _Handing(entrance.merchant, customer, event_id, deps.slot_of(key_of(entrance.merchant, customer)))


def read_stamps(document: Any, program: Program) -> StampsRequest:
    """Read what was a body. Raises `RefusedError`."""
    if not isinstance(document, dict):
        raise RefusedError([{"pointer": "", "detail": "the body is a JSON object"}])
    try:
        given = StampsRequest.model_validate(document)
    except ValidationError as error:
        raise RefusedError(problems_of(error, StampsRequest)) from None
    card = program.cards.get(given.card)
    if card is None:
        detail = f"the programme has no such card. {suggest(given.card, program.cards)}".strip()
        raise RefusedError([{"pointer": "/card", "detail": detail}])
    if given.stamps > card.stamps_required:
        detail = f"a card is full with {card.stamps_required} stamps: give at most as many at once"
        raise RefusedError([{"pointer": "/stamps", "detail": detail}])
    return given


def _happened(given: datetime | None, at: Millis) -> Millis:
    if given is None:
        return at
    happened = round(given.timestamp() * 1000)
    if happened > at + _AHEAD:
        raise RefusedError([{"pointer": "/happened_at", "detail": "lies in the future"}])
    if happened < at - _OLDEST:
        raise RefusedError([{"pointer": "/happened_at", "detail": "is more than seven days ago"}])
    return min(happened, at)


def _doubts(program: Program, store: str | None) -> dict[str, Any]:
    if not store or store in program.stores:
        return {}
    detail = f"the programme knows no store {store[:64]!r}: these stamps count for no other"
    return {"warnings": [unknown_word("/store", store, program.stores, detail, kind="unknown_store").as_json()]}


async def _answer(deps: Deps, handing: _Handing, wait_s: float, doubts: dict[str, Any] | None = None) -> Told:
    answered = await wait_for(deps, handing.answer, wait_s)
    if answered is None:
        return _pending(handing)
    answer = _decode_answer(answered)
    if answer.status == 200:
        content = {"status": "given", **_told(answer), **(doubts or {})}
        return Told(content, 200, {"Location": handing.location})
    kind = "no-customer" if answer.status == 404 else "no-stamps"
    raise Problem(answer.status, kind, f"{answer.detail} Nothing was given now.")


def _told(answer: HandAnswer) -> dict[str, Any]:
    return {
        "card": answer.card,
        "stamps": answer.stamps,
        "balance": answer.balance,
        "completed": answer.completed,
    }


def _pending(handing: _Handing) -> Told:
    content = {"status": "pending", "location": handing.location}
    return Told(content, 202, {"Location": handing.location, "Retry-After": "1"})
