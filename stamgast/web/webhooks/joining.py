"""`JOIN <code>`: a phone becomes a customer's, or its customer agrees to more; with the proof of what was agreed to.

The code is one of the shop's (`join` of program.yaml), or that of a customer who invites: then they agree to what the
one says that `referral` names, and are that customer's friend if they can be (`stamgast.people.referral`).
Where the code asks for it nothing happens before a YES: until then there is no customer, and no consent. All of it is
done once for each message, however often and late the carrier delivers it.
"""

from dataclasses import replace
from typing import Final

from channels.meanings import Meaning, agrees
from channels.model import Keyword
from stamgast.domain.door_texts import DoorText
from stamgast.domain.event import Event
from stamgast.domain.events import ConsentChanged, Enrolled
from stamgast.domain.joining import JoinCode
from stamgast.domain.spelling import nearest
from stamgast.identity.ids import Identifier
from stamgast.identity.proofs import Proof, seal_proof
from stamgast.identity.records import Profile, Wish
from stamgast.identity.sealing import DataKey
from stamgast.logs import get_logger
from stamgast.people.referral import NOT_INVITED, Invitation
from stamgast.web.webhooks.door_answers import may_answer_strangers
from stamgast.web.webhooks.twilio import append_events
from stamgast.web.webhooks.written import Written

log = get_logger(__name__)

PAGE: Final = "page:"
"""What the message of a wish begins with that was made on the page of a code; then comes what stands for its words."""
_ASKS: Final = frozenset({Keyword.CARD, Keyword.HELP})


async def join(written: Written, *, answers: bool) -> tuple[str, bool]:
    """Do what a JOIN says, once. Returns what the door says, and whether anybody may answer."""
    code = await _code_of(written)
    if code is None:
        return await _unknown_code(written, answers=answers)
    wishes, merchant = written.deps.identities.wishes, written.merchant
    if await wishes.heard(merchant, written.inbound.provider_id):
        return "", answers
    written = await _as_on_the_page(written, code)
    meaning = written.meaning
    if meaning.friend and await _is_their_own(written):
        await _keep_for_whom_it_is(written)
        return await written.say(DoorText.OWN_CODE, meaning.language) if answers else "", answers
    if code.confirm and not meaning.confirms:
        wish = Wish(code.code, written.inbound.provider_id, written.at, meaning.language, meaning.friend)
        await wishes.note_unconfirmed(merchant, written.phone_hash, wish)
        await _keep_for_whom_it_is(written)
        return await written.say(DoorText.CONFIRM, meaning.language or code.language) if answers else "", answers
    refused = await _enrol(replace(written, meaning=meaning._replace(code=code.code)), code, answers=answers)
    await wishes.note_heard(merchant, written.inbound.provider_id, written.at)
    await wishes.forget(merchant, [written.phone_hash])
    log.info("somebody joined by a code", merchant=merchant)
    if not refused or not answers:
        return "", answers
    return await written.say(DoorText.NOT_A_FRIEND, meaning.language or code.language), True


async def _is_their_own(written: Written) -> bool:
    """Whether who wrote it invites others by that code. Raises `NotFilledError`."""
    return await written.deps.inviting.whose(written.merchant, written.meaning.friend) in await written.customers()


async def is_known_code(written: Written) -> bool:
    """Whether the code of a JOIN is one of the merchant's, or of a customer of theirs. Raises `NotFilledError`."""
    if written.meaning.code in written.program.join:
        return True
    friend = written.meaning.friend
    return bool(friend and await written.deps.inviting.whose(written.merchant, friend))


async def confirmed(written: Written) -> Written | None:
    """The JOIN that this message says yes to; None: it says yes to none. A no ends the one that was asked."""
    says = agrees(written.inbound.text or written.inbound.button)
    if says is None:
        return None
    wishes, merchant = written.deps.identities.wishes, written.merchant
    wish = await wishes.unconfirmed(merchant, written.phone_hash, written.at)
    if wish is None or wish.message.startswith(PAGE):  # of before: whoever typed the phone on a page, not who has it
        return None
    if not says:
        await wishes.forget(merchant, [written.phone_hash])
        return None
    return replace(written, meaning=Meaning(Keyword.JOIN, (), wish.code, wish.language, wish.message, wish.friend))


async def _as_on_the_page(written: Written, code: JoinCode) -> Written:
    """Who has agreed on the code's page confirms it by this very message."""
    wish = await written.deps.identities.wishes.agreed_on_page(written.merchant, written.phone_hash)
    if wish is None or wish.code != code.code or written.meaning.confirms:
        return written
    return replace(written, meaning=written.meaning._replace(language=wish.language, confirms=wish.message))


async def answer_stranger(written: Written) -> str:
    """What a phone hears that is nobody's, if it asks for a card or for help: how to join."""
    program, stopped = written.program, written.deps.identities.stopped_at
    if written.keyword not in _ASKS or not program.join or written.inbound.handled:
        return ""
    if await stopped(written.merchant, written.phone_hash) is not None:
        return ""
    return await _said_to_stranger(written, DoorText.UNKNOWN_PHONE, next(iter(program.join)))


async def _said_to_stranger(written: Written, text: DoorText, code: str) -> str:
    """Strangers cost money and bring none: all of them together hear so much within an hour, and no more."""
    if not await may_answer_strangers(written.deps.redis, written.merchant, written.id, written.at):
        return ""
    return await written.say(text, code=code.upper())


async def _code_of(written: Written) -> JoinCode | None:
    """The code that is meant; without one the only one that there is, of a friend's the one by which friends join."""
    codes, rules = written.program.join, written.program.referral
    if not written.meaning.code and len(codes) == 1:
        return next(iter(codes.values()))
    if written.meaning.friend and rules is not None and await is_known_code(written):
        return codes.get(rules.join)
    return codes.get(written.meaning.code)


async def _unknown_code(written: Written, *, answers: bool) -> tuple[str, bool]:
    codes = written.program.join
    await _keep_for_whom_it_is(written)
    if not answers:
        return "", False
    near = nearest(written.meaning.code, codes) or next(iter(codes))
    return await _said_to_stranger(written, DoorText.UNKNOWN_CODE, near), True


async def _keep_for_whom_it_is(written: Written) -> None:
    """A known customer's message is kept and told as any other; a stranger's is not."""
    plain = replace(written, meaning=Meaning(Keyword.NONE))
    for customer in await written.customers():
        await written.keep(customer, await written.deps.identities.key_for(written.merchant, customer, written.at))
        await append_events(written.deps, [plain.told(customer, answers=False, read_as_answer=False)])


async def _enrol(written: Written, code: JoinCode, *, answers: bool) -> bool:
    """Make them a customer, or let their customer agree to more; then their stream hears all of it in one piece.

    Returns whether they came by a friend's code that brings nothing.
    """
    deps, merchant, at = written.deps, written.merchant, written.at
    identities, phone = deps.identities, Identifier("phone", written.inbound.from_)
    known = await identities.customer_of(merchant, phone)
    profile = await identities.profile(merchant, known) if known else None
    language = written.meaning.language or code.language or written.program.languages[0]
    given = Profile(
        phone=phone.value,
        language="" if profile is not None and profile.language else language[:2],
        source="" if profile is not None else code.source,
    )
    enrolment = await identities.enrol(merchant, [phone], given, at)
    who = (merchant, enrolment.customer)
    invitation = await _invited(written, enrolment.customer, profile)
    if await identities.stopped_at(merchant, written.phone_hash) is not None:  # it is their own word that lifts it
        await deps.stops.carry_out(
            merchant,
            written.phone_hash,
            message=f"{written.inbound.provider_id}:join",
            stopped=False,
            channel=written.inbound.channel,
            within_s=deps.limits.stop_s,
        )
    key = await identities.key_for(*who, at)
    await written.keep(enrolment.customer, key)
    events = _topics(written, code, enrolment.customer, key, is_new=enrolment.is_new)
    events += [
        ConsentChanged(
            merchant=merchant,
            customer=enrolment.customer,
            at=at,
            purpose=purpose,
            channel=written.inbound.channel,
            granted=True,
            proof=seal_proof(key, who, Proof(code.wording, _proved_by(written, code))),
        )
        for purpose in code.purposes
    ]
    joined = Enrolled(
        merchant=merchant,
        customer=enrolment.customer,
        at=at,
        language=given.language or None,
        acquisition_source=identities.veil(merchant).source(given.source) if given.source else None,
        phone=written.phone_hash,
        invited_by=invitation.by,
        invited_through=invitation.through,
        invitation_refused=invitation.refused,
    )
    refused = bool(invitation.refused)
    answer = written.told(enrolment.customer, answers=answers and not refused, read_as_answer=False)
    await append_events(deps, [*events, joined, answer])
    return refused


async def _invited(written: Written, customer: str, known: Profile | None) -> Invitation:
    """What the friend's code comes to for whoever joins by it. Raises `NotFilledError`."""
    if not written.meaning.friend:
        return NOT_INVITED
    return await written.deps.inviting.by_code(
        written.program, written.meaning.friend, customer, known or Profile(phone=written.inbound.from_)
    )


def _topics(written: Written, code: JoinCode, customer: str, key: DataKey, *, is_new: bool) -> list[Event]:
    """Whoever joins for some topics comes back to these; who is new has left the others."""
    if not code.topics:
        return []
    said = f"JOIN {code.code}"
    others = [topic for topic in written.program.topics if topic not in code.topics] if is_new else []
    back = written.topics_changed(customer, key, code.topics, back=True, said=said)
    return back + written.topics_changed(customer, key, others, back=False, said=said)


def _proved_by(written: Written, code: JoinCode) -> str:
    """Where they agreed: code, store, channel and the messages that said so."""
    at_store = f"@{code.store}" if code.store else ""
    asked = f"{written.meaning.confirms}+" if written.meaning.confirms else ""
    by = f"+{written.meaning.friend}" if written.meaning.friend else ""
    return f"join:{code.code}{by}{at_store} {written.inbound.channel}:{asked}{written.inbound.provider_id}"
