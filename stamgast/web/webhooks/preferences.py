"""Fills what somebody told of themselves into their sealed profile, while the question that asks for it is open.

The owner of the customer takes the answer as any other; it has no key for names, and a topic no place for them. Whether
the question is open is read from the customer's state: it was open before its message left, and the same text of the
same person fills the same field however often it comes (docs/adr/0184).
"""

from contextlib import suppress
from typing import NamedTuple

from channels.model import Keyword
from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import key_of
from stamgast.domain.preferences import Fills, birthday_of, read_first_name
from stamgast.domain.questions import Question
from stamgast.domain.said_days import read_day
from stamgast.filling import NotFilledError
from stamgast.identity.ids import Identifier
from stamgast.identity.phones import country_of
from stamgast.identity.proofs import Proof, seal_proof
from stamgast.identity.records import Profile
from stamgast.identity.sealing import DataKey
from stamgast.state.errors import StateError
from stamgast.web.webhooks.written import Written


class Filled(NamedTuple):
    """The field that was filled, and the sealed proof: which question was answered, over which channel and by which
    message.
    """

    field: str = ""
    proof: str = ""


async def fill_profile(written: Written, customer: str, key: DataKey) -> Filled:
    """Fill it, once for a message. Raises `NotLoadedError`."""
    if written.keyword is not Keyword.NONE or not any(each.fills for each in written.program.questions.values()):
        return Filled()
    question = await _open_question(written, customer)
    if question is None or question.fills is None or question.id not in written.read:
        return Filled()
    identities, merchant, message = written.deps.identities, written.merchant, written.inbound.provider_id
    if await identities.wishes.heard(merchant, message):
        return Filled()
    phone = written.inbound.from_
    given = _profile(written, question, phone)
    if given is not None:
        await identities.enrol(merchant, [Identifier("phone", phone)], given, written.at)
    proof = seal_proof(key, (merchant, customer), Proof(f"ask {question.id}", written.place))
    return Filled(question.fills, proof)


def _profile(written: Written, question: Question, phone: str) -> Profile | None:
    """What the profile gets; None: nothing of it stands there, as of tags."""
    said = written.inbound.button or written.inbound.text
    match question.fills:
        case Fills.BIRTHDAY:
            day = read_day(said, country_of(phone))
            today = date_of(business_day(written.at, written.program.time_zone))
            return None if day is None else Profile(phone=phone, birthday=birthday_of(day, today))
        case Fills.FIRST_NAME:
            return Profile(phone=phone, first_name=read_first_name(said))
        case Fills.LANGUAGE:
            return Profile(phone=phone, language=written.read[question.id][:2])
        case Fills.TAGS | None:
            return None


async def _open_question(written: Written, customer: str) -> Question | None:
    """The question that is open for the customer, as far as their state can be read now."""
    state = await _state_of(written, customer)
    asked = None if state is None or state.conversation is None else state.conversation.question
    if asked is None or written.at >= asked.closes_at:
        return None
    return written.program.questions.get(asked.id)


async def _state_of(written: Written, customer: str) -> Customer | None:
    deps = written.deps
    slot = deps.slot_of(key_of(written.merchant, customer))
    with suppress(NotFilledError, StateError):
        stored = await deps.filling.value(slot, slot.customer(written.merchant, customer))
        return None if stored is None else decode_customer(stored)
    return None
