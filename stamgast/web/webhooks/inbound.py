"""What people write: STOP first, then what only a shop's own words say, then any other reply.

STOP is in `suppressions.v1` before the carrier gets its answer, on the stream of every customer with that phone, and in
their slots, where a send looks last. The carrier posts it once: where the rest takes longer than a moment, what stands
in the log is answered, and finished as soon as that is possible (`stamgast.people.opt_out`).
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from channels.meanings import Meaning, read_meaning
from channels.model import Inbound, Keyword, MalformedWebhookError, WebhookRefusedError
from stamgast.domain.door_texts import DoorText
from stamgast.domain.event import Event
from stamgast.domain.program import Program
from stamgast.logs import get_logger
from stamgast.people.opt_out import NOT_NOW
from stamgast.state.errors import StateError
from stamgast.state.views import NotLoadedError
from stamgast.web.access.doors import Way, open_to
from stamgast.web.deps import deps_of
from stamgast.web.problem import Problem, unavailable
from stamgast.web.webhooks.door_answers import twiml
from stamgast.web.webhooks.joining import answer_stranger, confirmed, is_known_code, join
from stamgast.web.webhooks.preferences import fill_profile
from stamgast.web.webhooks.twilio import append_events, forged, webhook_of
from stamgast.web.webhooks.written import Written, is_to

log = get_logger(__name__)

_ENDS = frozenset({Keyword.STOP, Keyword.START})


@open_to(Way.SIGNED)
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
    programs = _addressed(inbound, await deps.merchants.all())
    written = [Written(deps, each, inbound, _meaning(inbound, each), at) for each in programs]
    for kind in {each.keyword.value for each in written} or {inbound.keyword.value}:
        deps.metrics.webhooks.labels(f"inbound_{kind}").inc()
    ends = [each for each in written if each.keyword in _ENDS]
    said = await asyncio.gather(*(deps.stops.whoever_goes_away(_carry_out(each, each.keyword)) for each in ends))
    answered = inbound.handled or any(said)
    for each in await _to_whom_they_join(written):
        if each.keyword not in _ENDS:
            text, answers = await _reply(each, answers=not answered)
            said.append(text)
            answered |= answers
    return twiml(next(filter(None, said), ""))


def _meaning(inbound: Inbound, program: Program) -> Meaning:
    """What it means to a merchant; what the carrier recognised by itself is that."""
    if inbound.handled:
        return Meaning(inbound.keyword)
    friends = program.referral is not None and bool(program.referral.join)
    return read_meaning(inbound.text or inbound.button, inbound.keyword, program.topics, program.join, friends=friends)


def _addressed(inbound: Inbound, programs: Iterable[Program]) -> list[Program]:
    """The merchants whom a person wrote to. A STOP to a sender that nobody claims any more goes to all of them."""
    everyone = list(programs)
    found = [program for program in everyone if is_to(inbound, program)]
    if found or inbound.keyword is not Keyword.STOP:
        return found
    return everyone


async def _to_whom_they_join(written: Sequence[Written]) -> list[Written]:
    """Of several merchants with one sender the one whose code it is; to the others it means nothing."""
    joining = [each for each in written if each.keyword is Keyword.JOIN] if len(written) > 1 else []
    knowing = [each.merchant for each in joining if await is_known_code(each)]
    return [
        replace(each, meaning=Meaning(Keyword.NONE))
        if knowing and each.keyword is Keyword.JOIN and each.merchant not in knowing
        else each
        for each in written
    ]


async def _carry_out(written: Written, keyword: Keyword) -> str:
    """Log it, tell the customers with that phone and mark their slots; what cannot be done now is finished later.

    Returns what confirms a STOP that is new: nobody else could, for no message goes to that phone any more.
    """
    deps, inbound, merchant, stopped = written.deps, written.inbound, written.merchant, keyword is Keyword.STOP
    phone_hash = deps.identities.opt_out_key(merchant, inbound.channel, inbound.from_)
    is_new = False
    if stopped and not inbound.handled and written.is_to_them:
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
    return await written.say(DoorText.STOPPED) if is_new else ""


async def _reply(written: Written, *, answers: bool) -> tuple[str, bool]:
    """Do what a person asked for, and tell their stream that they wrote.

    Of several customers with that phone one may answer: a message has one answer at most. Returns what the door says,
    and whether anybody may answer.
    """
    try:
        if written.program.join and not written.inbound.handled:
            if written.keyword is Keyword.JOIN:
                return await join(written, answers=answers)
            if written.keyword is Keyword.NONE and (wish := await confirmed(written)) is not None:
                return await join(wish, answers=answers)
        return await _told(written, answers=answers)
    except (NotLoadedError, StateError):
        if written.keyword is not Keyword.LEAVE:
            raise
        # The carrier does not come again, and nobody can say now whose topics these are: in doubt it is a STOP.
        return await written.deps.stops.whoever_goes_away(_carry_out(written, Keyword.STOP)), True


async def _told(written: Written, *, answers: bool) -> tuple[str, bool]:
    """Keep what a person wrote, sealed; then tell their stream that they wrote, and what it meant."""
    identities, merchant, topics = written.deps.identities, written.merchant, written.meaning.topics
    customers = await written.customers()
    if not customers:
        return await answer_stranger(written) if answers else "", False
    heard = bool(topics) and await identities.heard(merchant, written.inbound.provider_id)
    back = written.keyword is Keyword.RETURN
    events: list[Event] = []
    fills = False
    for customer in customers:
        key = await identities.key_for(merchant, customer, written.at)
        await written.keep(customer, key)
        if not heard:
            events += written.topics_changed(customer, key, topics, back=back)
        filled = await fill_profile(written, customer, key)
        may = answers and customer == customers[0]
        events.append(written.told(customer, answers=may, fills=filled.field, proof=filled.proof))
        fills |= bool(filled.field)
    await append_events(written.deps, events)
    if fills or (topics and not heard):
        await identities.wishes.note_heard(merchant, written.inbound.provider_id, written.at)
    if answers and back and await identities.stopped_at(merchant, written.phone_hash):
        return await written.say(DoorText.STILL_STOPPED), True
    return "", answers
