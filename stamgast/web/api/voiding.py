"""Somebody ends a voucher, or gives it another code, with a reason; who did it stands in the audit book."""

import json
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.events import encode_event, key_of
from stamgast.domain.rewards import Answer
from stamgast.domain.till_events import VoidReason, VoucherVoided
from stamgast.domain.told import name_of_voucher
from stamgast.domain.voucher_codes import short_of
from stamgast.pos.canonical import Strict
from stamgast.pos.documents import read_document
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.auth import Entrance, enter_to_change, read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.guesses import no_such_code
from stamgast.web.idempotency import idempotency_key
from stamgast.web.owners_answer import WAIT_S, digest, id_of, refuse_other_request, wait_for
from stamgast.web.problem import Problem
from stamgast.web.voucher_lookup import code_in, owner_of, slot_of

_decode_answer: Final = msgspec.json.Decoder(Answer).decode


class VoidRequest(Strict):
    """Why, in a word and in words of one's own, and whether the voucher goes on under another code."""

    reason: Annotated[VoidReason, Field(strict=False)]
    reissue: bool = False
    words: Annotated[str, Field(max_length=200)] = ""


@open_to(KeyWith("admin"))
async def post_void(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/vouchers/{code}/void`."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "admin")
    code, event_id = code_in(request, deps, entrance.program), id_of(idempotency_key(request))
    given = _read(await read_body(request, deps.limits.body_bytes))
    owner = await owner_of(deps, entrance, code)
    if not owner.customer:
        raise no_such_code(deps, entrance.key.id, entrance.merchant)
    asked = digest(json.dumps([owner.code, given.model_dump(mode="json")]).encode())
    await refuse_other_request(deps, f"web:request:{entrance.merchant}:{event_id}", asked)
    name = slot_of(code, owner).answer(entrance.merchant, event_id)
    if await deps.redis.get(name) is None:
        event = VoucherVoided(
            merchant=entrance.merchant, customer=owner.customer, at=deps.clock.now(), id=event_id, code=owner.code,
            reason=given.reason, reissue=given.reissue,
        )  # fmt: skip
        record = (key_of(entrance.merchant, owner.customer), encode_event(event))
        await deps.appender.append(deps.topics.customer_events, [record])
    stored = await wait_for(deps, name, WAIT_S)
    if stored is None:
        return JSONResponse({"status": "pending"}, 202, {"Retry-After": "1"})
    answer = _decode_answer(stored)
    if answer.status == 200:
        await _note(deps, entrance, owner.customer, answer, given)
    return _told(deps, entrance, answer)


def _read(body: bytes) -> VoidRequest:
    document = read_document(body)
    try:
        return VoidRequest.model_validate(document)
    except ValidationError as error:
        raise RefusedError(problems_of(error, VoidRequest)) from None


async def _note(deps: Deps, entrance: Entrance, customer: str, answer: Answer, given: VoidRequest) -> None:
    about = About(
        merchant=entrance.merchant,
        customer=customer,
        voucher=name_of_voucher(answer.code),
        reward=answer.reward,
        words=": ".join(each for each in (given.reason.value, given.words) if each),
    )
    did = Did.VOUCHER_REISSUED if given.reissue else Did.VOUCHER_VOIDED
    await note(deps.audit, entrance.who, did, about)


def _told(deps: Deps, entrance: Entrance, answer: Answer) -> JSONResponse:
    match answer.status:
        case 200:
            told: dict[str, Any] = {"status": "reissued" if answer.new_code else "voided", "reward": answer.reward}
            code = answer.new_code or answer.code
            return JSONResponse(told | {"code": code, "short_code": short_of(code)})
        case 404:
            raise no_such_code(deps, entrance.key.id, entrance.merchant)
    raise Problem(answer.status, "not-voidable", f"{answer.detail} Nothing was changed.")
