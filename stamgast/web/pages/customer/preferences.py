"""`/c/{token}/preferences`: what somebody wants to hear, in which language; and STOP.

It is recorded as what people write is: a topic as its event with proof, STOP by the code that carries out the word,
which is in `suppressions.v1` before the page answers. START has to be written from the phone: it gives messages back.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.event import Event
from stamgast.domain.events import ConsentChanged, Enrolled
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import Channel
from stamgast.identity.ids import Identifier
from stamgast.identity.proofs import Proof, seal_proof
from stamgast.identity.records import Profile
from stamgast.web.access.doors import Way, open_to
from stamgast.web.auth import check_fit
from stamgast.web.pages.customer.holder import Holder, form_of, holder_of, slowed, speaks
from stamgast.web.pages.languages import LOCALES, NAMES, known
from stamgast.web.pages.rendering import answer
from stamgast.web.webhooks.twilio import append_events

_WHERE = "/preferences"


@dataclass(frozen=True, slots=True)
class Topic:
    """What can be left by itself."""

    id: str
    name: str
    heard: bool


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a preferences page shows."""

    language: str
    topics: Sequence[Topic]
    agreed: Sequence[str]
    """`purpose:channel` of what they have agreed to."""
    stopped: bool
    can_stop: bool
    """A phone is known that could hear from the shop."""


def preferences_of(holder: Holder, language: str, *, stopped: bool) -> Preferences:
    """What holds for somebody now."""
    state, program = holder.state, holder.program
    return Preferences(
        language=known(holder.profile.language or state.language) or "",
        topics=[Topic(name, topic.name(language), name not in state.left) for name, topic in program.topics.items()],
        agreed=sorted(state.consents),
        stopped=stopped,
        can_stop=bool(holder.phone_hash),
    )


@open_to(Way.LINK)
async def get_preferences(request: Request) -> Response:
    """Show them."""
    holder = await holder_of(request)
    shown = preferences_of(holder, speaks(request, holder.usual), stopped=await _stopped(holder))
    done = request.query_params.get("done", "")
    names = {each: NAMES[each] for each in LOCALES}
    return answer(request, "customer/preferences.html", shown, **holder.shared, done=done, names=names)


@open_to(Way.LINK)
async def post_preferences(request: Request) -> Response:
    """Take language and topics; what is as it was is not told again."""
    holder = await holder_of(request)
    slowed(request, "preferences")
    check_fit(holder.deps)
    form = await form_of(request)
    wanted = {str(each) for each in form.getlist("topic")}
    at = holder.deps.clock.now()
    events = await _topics_changed(holder, wanted, at)
    language = known(str(form.get("language", "")))
    if language and language != known(holder.profile.language or holder.state.language):
        events.append(await _speak(holder, language, at))
    await append_events(holder.deps, events)
    return holder.back("saved", _WHERE)


@open_to(Way.LINK)
async def post_stop(request: Request) -> Response:
    """Let them hear nothing any more, over any channel: as the word STOP, from the phone that is known."""
    holder = await holder_of(request)
    form = await form_of(request)
    if form.get("sure") != "yes":
        return holder.back("sure", _WHERE)
    if holder.phone_hash:
        await holder.deps.stops.carry_out(
            holder.merchant,
            holder.phone_hash,
            message=f"card:{secrets.token_hex(8)}",
            stopped=True,
            channel=_channel(holder.program),
            within_s=holder.deps.limits.stop_s,
        )
    return holder.back("stopped")


async def _stopped(holder: Holder) -> bool:
    """As the log says: the owner may not have heard of it yet."""
    if not holder.phone_hash:
        return bool(holder.state.stopped_at)
    return await holder.deps.identities.stopped_at(holder.merchant, holder.phone_hash) is not None


async def _topics_changed(holder: Holder, wanted: set[str], at: int) -> list[Event]:
    """Topics that were left or come back to, each with its proof: what was ticked, and where."""
    changed = [name for name in holder.program.topics if (name in wanted) == (name in holder.state.left)]
    if not changed:
        return []
    who = (holder.merchant, holder.customer)
    key = await holder.deps.identities.key_for(*who, at)
    return [
        ConsentChanged(
            merchant=holder.merchant,
            customer=holder.customer,
            at=at,
            purpose="",
            channel=_channel(holder.program),
            granted=name in wanted,
            proof=seal_proof(key, who, Proof(f"{'START' if name in wanted else 'STOP'} {name}", "card page")),
            topic=name,
        )
        for name in changed
    ]


async def _speak(holder: Holder, language: str, at: int) -> Event:
    phone = holder.profile.phone
    if phone:
        given = Profile(phone=phone, language=language)
        await holder.deps.identities.enrol(holder.merchant, [Identifier("phone", phone)], given, at)
    return Enrolled(
        merchant=holder.merchant, customer=holder.customer, at=at, language=language, phone=holder.phone_hash
    )


def _channel(program: Program) -> str:
    """Over which the shop writes: the event wants one, and means all."""
    return next((each.value for each in Channel if program.messaging.senders.get(each)), Channel.SMS.value)
