"""What Twilio calls us with: statuses of messages, and what people write. Signed, or refused with 403.

STOP comes first: it is in `suppressions.v1` before Twilio gets its answer, on the stream of every customer with that
phone, and in their slots, where a send looks last. Twilio posts it once: where the rest takes longer than a moment,
what stands in the log is answered, and finished as soon as that is possible (`stamgast.people.opt_out`).
"""

import asyncio
import hashlib
from collections.abc import Iterable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from channels.model import (
    Inbound,
    Keyword,
    MalformedWebhookError,
    StatusEvent,
    WebhookRefusedError,
    WebhookRequest,
)
from channels.reasons import reason_of
from channels.twilio.addresses import bare
from stamgast.domain.event import Event
from stamgast.domain.events import ActivationOutcome, Replied, encode_event, key_of
from stamgast.domain.program import MERCHANT, Program
from stamgast.domain.questions import read_answers
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Treatment
from stamgast.log.replies import Reply, Words, seal_reply
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.media.record import media_id, wanted
from stamgast.web.auth import CUSTOMER, read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem, unavailable

log = get_logger(__name__)

_FORM: Final = frozenset({"application/x-www-form-urlencoded"})
_EMPTY_TWIML: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


async def post_status(request: Request) -> Response:
    """`POST /twilio/status?m=…&c=…&x=…&a=…`: one `activation_outcome` on the customer's stream."""
    deps = deps_of(request)
    webhook = await _webhook(request, deps)
    try:
        status = deps.carrier.parse_status(webhook)
    except WebhookRefusedError:
        raise _forged() from None
    except MalformedWebhookError as error:
        raise Problem(400, "malformed", f"{error}.") from None
    deps.metrics.webhooks.labels(status.status or "other").inc()
    key = status.key
    if not (MERCHANT.fullmatch(key.merchant) and CUSTOMER.fullmatch(key.customer)):
        raise Problem(400, "malformed", "The callback's URL names no customer of ours.")
    if status.status:
        at = deps.clock.now()
        if status.treatment is Treatment.OPT_OUT:
            await _stop_customer(deps, key.merchant, key.customer, status.provider_id, at)
        treatment = await _treatment(deps, status)
        if treatment is Treatment.CONFIG:
            log.error("the carrier refuses a sender or a template", merchant=key.merchant, code=status.code)
            deps.metrics.config_faults.labels(key.merchant, status.code).inc()
        await _append(deps, [outcome_told(status, treatment, at)])
    return Response(status_code=204)


async def post_inbound(request: Request) -> Response:
    """`POST /twilio/inbound`: STOP, START, or another reply."""
    deps = deps_of(request)
    webhook = await _webhook(request, deps)
    try:
        inbound = deps.carrier.parse_inbound(webhook)
    except WebhookRefusedError:
        raise _forged() from None
    except MalformedWebhookError as error:
        raise Problem(400, "malformed", f"{error}.") from None
    if not deps.merchants.loaded:
        raise unavailable("Not ready: the programmes are still being read.")
    at = deps.clock.now()
    programs = _addressed(inbound, await deps.merchants.all())
    deps.metrics.webhooks.labels(f"inbound_{inbound.keyword.value}").inc()
    match inbound.keyword:
        case Keyword.STOP | Keyword.START:
            stopped = inbound.keyword is Keyword.STOP
            await asyncio.gather(*(_carry_out(deps, each.merchant, inbound, stopped=stopped) for each in programs))
        case _:
            answered = inbound.handled
            for program in programs:
                answered |= await _reply(deps, program, inbound, at, answers=not answered)
    return Response(_EMPTY_TWIML, media_type="text/xml")


async def _webhook(request: Request, deps: Deps) -> WebhookRequest:
    body = await read_body(request, deps.limits.body_bytes, _FORM)
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    return WebhookRequest(
        path=path.decode("latin-1").partition("?")[0],
        query=request.scope["query_string"].decode("latin-1"),
        body=body,
        signature=request.headers.get("x-twilio-signature"),
    )


def _forged() -> Problem:
    return Problem(403, "signature", "The signature is missing or wrong. Nothing was done.")


def _addressed(inbound: Inbound, programs: Iterable[Program]) -> list[Program]:
    """The merchants whom a person wrote to. A STOP to a sender that nobody claims any more goes to all of them."""
    everyone = list(programs)
    names = {inbound.to, inbound.messaging_service_sid} - {""}
    found = [program for program in everyone if names & _senders(program)]
    if found or inbound.keyword is not Keyword.STOP:
        return found
    return everyone


def _senders(program: Program) -> set[str]:
    return {bare(sender) for sender in program.messaging.senders.values() if sender}


async def _carry_out(deps: Deps, merchant: str, inbound: Inbound, *, stopped: bool) -> None:
    """Log it, tell the customers with that phone and mark their slots; what cannot be done now is finished later."""
    phone_hash = deps.identities.opt_out_key(merchant, inbound.channel, inbound.from_)
    await deps.stops.carry_out(
        merchant,
        phone_hash,
        message=inbound.provider_id,
        stopped=stopped,
        channel=inbound.channel,
        within_s=deps.limits.stop_s,
        finished_within_s=deps.limits.stop_finished_s,
    )
    log.info("stop" if stopped else "start", merchant=merchant)


async def _reply(deps: Deps, program: Program, inbound: Inbound, at: Millis, *, answers: bool) -> bool:
    """Keep what a person wrote, sealed; then tell their stream that they wrote, and which keyword.

    Of several customers with that phone one may answer: a message has one answer at most. Says whether anybody may.
    """
    merchant = program.merchant
    phone_hash = deps.identities.hash_phone(merchant, inbound.from_)
    read = read_answers(program.questions, inbound.text, inbound.button)
    keyword = None if inbound.keyword is Keyword.NONE else inbound.keyword.value
    customers = sorted(await deps.identities.customers_of_phone(merchant, phone_hash))
    reply_id = _event_id(inbound, "reply")
    for customer in customers:
        await _keep(deps, (merchant, customer), inbound, at, reply_id)
    await _append(
        deps,
        [
            Replied(
                merchant=merchant,
                customer=customer,
                at=at,
                id=reply_id,
                channel=inbound.channel,
                keyword=keyword,
                phone=phone_hash,
                answers=answers and customer == customers[0],
                media=inbound.media,
                read=read,
            )
            for customer in customers
        ],
    )
    return answers and bool(customers)


async def _keep(deps: Deps, customer: tuple[str, str], inbound: Inbound, at: Millis, reply_id: str) -> None:
    """Keep what was written, sealed, and ask for the files that came with it."""
    files = tuple(media_id(customer, place) for place in inbound.files)
    reply = Reply(at, inbound.channel, Words(inbound.text, inbound.button, inbound.media, files))
    key = await deps.identities.key_for(*customer, at)
    await deps.appender.append(deps.topics.replies, [seal_reply(key, customer, reply, reply_id)])
    if inbound.files:
        await deps.appender.append(deps.topics.media, wanted(customer, at, inbound.channel, reply_id, inbound.files))


async def _stop_customer(deps: Deps, merchant: str, customer: str, message: str, at: Millis) -> None:
    """The carrier says that this person stopped us there: remember it for their phone, as if they had told us."""
    profile = await deps.identities.profile(merchant, customer)
    if profile is None or not profile.phone or await deps.identities.heard(merchant, message):
        return
    phone_hash = deps.identities.hash_phone(merchant, profile.phone)
    await deps.identities.record_stop(merchant, phone_hash, at, message)
    await deps.redis.set(deps.slot_of(key_of(merchant, customer)).stop(merchant, phone_hash), at)


async def _treatment(deps: Deps, status: StatusEvent) -> Treatment:
    """What is to be done about it; nothing about a number that has been replaced by another one meanwhile."""
    key = status.key
    if status.treatment is not Treatment.BAD_NUMBER or not key.address:
        return status.treatment
    profile = await deps.identities.profile(key.merchant, key.customer)
    is_theirs = profile is not None and deps.identities.hash_phone(key.merchant, profile.phone) == key.address
    return status.treatment if is_theirs else Treatment.PERMANENT


def outcome_told(status: StatusEvent, treatment: Treatment, at: Millis) -> ActivationOutcome:
    """What a callback says of a message, for its customer's stream."""
    key = status.key
    return ActivationOutcome(
        merchant=key.merchant,
        customer=key.customer,
        at=at,
        activation=key.activation,
        attempt=key.attempt,
        status=status.status,
        rank=status.rank,
        reason=reason_of(status.fault, status.treatment),
        code=status.code,
        provider_id=status.provider_id,
        treatment="" if treatment is Treatment.NONE else treatment,
        address=key.address if treatment is Treatment.BAD_NUMBER else "",
        parts=key.parts,
        country=key.country,
    )


async def _append(deps: Deps, events: Iterable[Event]) -> None:
    records = [(key_of(event.merchant, event.customer), encode_event(event)) for event in events]
    topics: Topics = deps.topics
    if records:
        await deps.appender.append(topics.customer_events, records)


def _event_id(inbound: Inbound, kind: str) -> str:
    return hashlib.sha256(f"{kind}\x1f{inbound.provider_id}".encode()).hexdigest()[:32]
