"""What people write: STOP first, then what only a shop's own words say, then any other reply.

STOP is in `suppressions.v1` before the carrier gets its answer, on the stream of every customer with that phone, and in
their slots, where a send looks last. The carrier posts it once: where the rest takes longer than a moment, what stands
in the log is answered, and finished as soon as that is possible (`stamgast.people.opt_out`).
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from channels.meanings import Meaning, read_meaning
from channels.model import Inbound, Keyword, MalformedWebhookError, WebhookRefusedError
from channels.twilio.addresses import bare
from stamgast.domain.door_texts import DoorText, door_text
from stamgast.domain.event import Event
from stamgast.domain.events import ConsentChanged, Replied
from stamgast.domain.program import Program
from stamgast.domain.questions import read_answers
from stamgast.domain.units import Millis
from stamgast.identity.proofs import Proof, seal_proof
from stamgast.identity.sealing import DataKey
from stamgast.log.replies import Reply, Words, seal_reply
from stamgast.logs import get_logger
from stamgast.media.record import media_id, wanted
from stamgast.people.opt_out import NOT_NOW
from stamgast.state.errors import StateError
from stamgast.state.views import NotLoadedError
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem, unavailable
from stamgast.web.webhooks.door_answers import may_answer_phone, twiml
from stamgast.web.webhooks.twilio import append_events, forged, webhook_of

log = get_logger(__name__)


async def post_inbound(request: Request) -> Response:
    """`POST /twilio/inbound`: STOP, START, or another reply."""
    deps = deps_of(request)
    webhook = await webhook_of(request, deps)
    try:
        inbound = deps.carrier.parse_inbound(webhook)
    except WebhookRefusedError:
        raise forged() from None
    except MalformedWebhookError as error:
        raise Problem(400, "malformed", f"{error}.") from None
    if not deps.merchants.loaded:
        raise unavailable("Not ready: the programmes are still being read.")
    at = deps.clock.now()
    meant = [(each, _meaning(inbound, each)) for each in _addressed(inbound, await deps.merchants.all())]
    for kind in {meaning.keyword.value for _, meaning in meant} or {inbound.keyword.value}:
        deps.metrics.webhooks.labels(f"inbound_{kind}").inc()
    ends = [(each, meaning.keyword) for each, meaning in meant if meaning.keyword in {Keyword.STOP, Keyword.START}]
    said = await asyncio.gather(*(_carry_out(deps, each, inbound, word, at) for each, word in ends))
    answered = inbound.handled or any(said)
    for program, meaning in meant:
        if meaning.keyword not in {Keyword.STOP, Keyword.START}:
            text, answers = await _reply(deps, program, inbound, meaning, at, answers=not answered)
            said.append(text)
            answered |= answers
    return twiml(next(filter(None, said), ""))


def _meaning(inbound: Inbound, program: Program) -> Meaning:
    """What it means to a merchant; what the carrier recognised by itself is that."""
    if inbound.handled:
        return Meaning(inbound.keyword)
    return read_meaning(inbound.text or inbound.button, inbound.keyword, program.topics)


def _addressed(inbound: Inbound, programs: Iterable[Program]) -> list[Program]:
    """The merchants whom a person wrote to. A STOP to a sender that nobody claims any more goes to all of them."""
    everyone = list(programs)
    found = [program for program in everyone if _is_to(inbound, program)]
    if found or inbound.keyword is not Keyword.STOP:
        return found
    return everyone


def _is_to(inbound: Inbound, program: Program) -> bool:
    senders = {bare(sender) for sender in program.messaging.senders.values() if sender}
    return not senders.isdisjoint({inbound.to, inbound.messaging_service_sid} - {""})


async def _carry_out(deps: Deps, program: Program, inbound: Inbound, keyword: Keyword, at: Millis) -> str:
    """Log it, tell the customers with that phone and mark their slots; what cannot be done now is finished later.

    Returns what confirms a STOP that is new: nobody else could, for no message goes to that phone any more.
    """
    merchant, stopped = program.merchant, keyword is Keyword.STOP
    phone_hash = deps.identities.opt_out_key(merchant, inbound.channel, inbound.from_)
    is_new = False
    if stopped and not inbound.handled and _is_to(inbound, program):
        with suppress(*NOT_NOW):
            is_new = await deps.identities.stopped_at(merchant, phone_hash) is None
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
    return await _said_at_the_door(deps, program, inbound, DoorText.STOPPED, at) if is_new else ""


async def _said_at_the_door(deps: Deps, program: Program, inbound: Inbound, text: DoorText, at: Millis) -> str:
    """The door's own answer to a phone, in the language of whose it is; empty if it may have none."""
    merchant = program.merchant
    phone_hash = deps.identities.hash_phone(merchant, inbound.from_)
    if not await may_answer_phone(deps.redis, merchant, phone_hash, _event_id(inbound, "reply"), at):
        return ""
    language = ""
    with suppress(*NOT_NOW):
        for customer in await deps.identities.customers_of_phone(merchant, phone_hash):
            profile = await deps.identities.profile(merchant, customer)
            language = profile.language if profile is not None else language
    return door_text(text, program, language)


async def _reply(
    deps: Deps, program: Program, inbound: Inbound, meaning: Meaning, at: Millis, *, answers: bool
) -> tuple[str, bool]:
    """Keep what a person wrote, sealed; then tell their stream that they wrote, and what it meant.

    Of several customers with that phone one may answer: a message has one answer at most. Returns what the door says,
    and whether anybody may answer.
    """
    try:
        return await _told(deps, program, inbound, meaning, at, answers=answers)
    except (NotLoadedError, StateError):
        if meaning.keyword is not Keyword.LEAVE:
            raise
        # The carrier does not come again, and nobody can say now whose topics these are: in doubt it is a STOP.
        return await _carry_out(deps, program, inbound, Keyword.STOP, at), True


async def _told(
    deps: Deps, program: Program, inbound: Inbound, meaning: Meaning, at: Millis, *, answers: bool
) -> tuple[str, bool]:
    merchant = program.merchant
    phone_hash = deps.identities.hash_phone(merchant, inbound.from_)
    read = read_answers(program.questions, inbound.text, inbound.button)
    customers = sorted(await deps.identities.customers_of_phone(merchant, phone_hash))
    reply_id = _event_id(inbound, "reply")
    heard = bool(meaning.topics and customers) and await deps.identities.heard(merchant, inbound.provider_id)
    events: list[Event] = []
    for customer in customers:
        key = await _keep(deps, (merchant, customer), inbound, at, reply_id)
        if not heard:
            events += _changes(inbound, meaning, (merchant, customer), key, at)
        events.append(
            Replied(
                merchant=merchant,
                customer=customer,
                at=at,
                id=reply_id,
                channel=inbound.channel,
                keyword=None if meaning.keyword is Keyword.NONE else meaning.keyword.value,
                phone=phone_hash,
                answers=answers and customer == customers[0],
                media=inbound.media,
                read=read,
                topics=meaning.topics,
            )
        )
    await append_events(deps, events)
    if meaning.topics and customers and not heard:
        await deps.identities.wishes.note_heard(merchant, inbound.provider_id, at)
    may = answers and bool(customers)
    if may and meaning.keyword is Keyword.RETURN and await deps.identities.stopped_at(merchant, phone_hash):
        return await _said_at_the_door(deps, program, inbound, DoorText.STILL_STOPPED, at), True
    return "", may


async def _keep(deps: Deps, customer: tuple[str, str], inbound: Inbound, at: Millis, reply_id: str) -> DataKey:
    """Keep what was written, sealed, and ask for the files that came with it; the key of the customer."""
    files = tuple(media_id(customer, place) for place in inbound.files)
    reply = Reply(at, inbound.channel, Words(inbound.text, inbound.button, inbound.media, files))
    key = await deps.identities.key_for(*customer, at)
    await deps.appender.append(deps.topics.replies, [seal_reply(key, customer, reply, reply_id)])
    if inbound.files:
        await deps.appender.append(deps.topics.media, wanted(customer, at, inbound.channel, reply_id, inbound.files))
    return key


def _changes(
    inbound: Inbound, meaning: Meaning, who: tuple[str, str], key: DataKey, at: Millis
) -> Sequence[ConsentChanged]:
    """Topics that were left or come back to, each with its proof: what was written, over which channel, in which
    message.
    """
    back = meaning.keyword is Keyword.RETURN
    return [
        ConsentChanged(
            merchant=who[0],
            customer=who[1],
            at=at,
            purpose="",
            channel=inbound.channel,
            granted=back,
            proof=seal_proof(key, who, Proof(f"{'START' if back else 'STOP'} {topic}", _place(inbound))),
            topic=topic,
        )
        for topic in meaning.topics
    ]


def _place(inbound: Inbound) -> str:
    """Where something was said: channel and the carrier's name of the message."""
    return f"{inbound.channel}:{inbound.provider_id}"


def _event_id(inbound: Inbound, kind: str) -> str:
    return hashlib.sha256(f"{kind}\x1f{inbound.provider_id}".encode()).hexdigest()[:32]
