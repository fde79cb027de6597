"""What becomes of a message that a customer wrote: it is heard once, told to the rules, and answered once at most.

An answer of the house needs no consent, has no hours and uses up no cap: the customer asked for it with the message
that opened the window. A STOP stands in its way, and so does a rule of the shop's that answers the same message.
"""

from collections.abc import Sequence
from typing import Any, Final

from stamgast.domain.activation import RANKS, Activation, Submission, activation_id
from stamgast.domain.answers import (
    ABOUT_TOPICS,
    ANSWER,
    CODE_LIFE,
    LIFE,
    MOST_SHOWN,
    REQUEST,
    RUN_OUT,
    UNHEARD_BY_RULES,
    WELCOME,
    Asked,
    template_of,
)
from stamgast.domain.calendar import business_day
from stamgast.domain.channels import spec_of
from stamgast.domain.conversation import Conversation, OpenQuestion, hears, may_answer
from stamgast.domain.counters import Counter, counter
from stamgast.domain.customer import UNKNOWN_PHONE
from stamgast.domain.events import CodeAsked, Replied
from stamgast.domain.facts import Fact
from stamgast.domain.feedback import note_score
from stamgast.domain.questions import AnswerKind, asked_by
from stamgast.domain.rewards import code_words
from stamgast.domain.vocabulary import ActivationState, Channel, FactName, NoteKind, Reason, Status, VoucherState
from stamgast.service import expiry, measuring, preferences, telling
from stamgast.service.case import Case
from stamgast.service.ended import first_occasion, forget_ended
from stamgast.service.messages import too_many_wait
from stamgast.service.rules import fire

_ASKED: Final[frozenset[str]] = frozenset(Asked)


def replied(case: Case, event: Replied) -> None:
    """The customer wrote: whatever that means, once per message."""
    customer = case.customer
    talk = customer.conversation or Conversation()
    if not hears(talk, event.id or "", case.at):
        return
    if (event.id or customer.conversation) and not customer.erased_at:
        customer.conversation = talk
    if event.phone and customer.dead_phone in {event.phone, UNKNOWN_PHONE}:
        customer.dead_phone = ""
    if spec_of(event.channel).window is not None:
        customer.inbound_at = case.at
    before = _on_their_way(case)
    if event.keyword == Asked.JOIN and _welcomed(case):
        return
    if event.keyword not in UNHEARD_BY_RULES:
        _told_to_rules(case, event, talk)
    if event.answers and event.keyword in _ASKED and _on_their_way(case) == before:
        _answer(case, event, Asked(event.keyword), talk)


def code_asked(case: Case, event: CodeAsked) -> None:
    """On a page of theirs they asked for a code: once for each request, as an answer is given."""
    talk = case.customer.conversation or Conversation()
    if case.customer.erased_at or not hears(talk, event.id or "", case.at):
        return
    case.customer.conversation = talk
    _answer(case, event, Asked.CODE, talk)


def _told_to_rules(case: Case, event: Replied, talk: Conversation) -> None:
    measuring.replied(case)
    telling.answer(case, event.keyword or "", event.channel)
    data = {"keyword": event.keyword, "channel": event.channel, "media": event.media}
    facts = [Fact(FactName.REPLIED, "reply", data=data)]
    if event.keyword is None and talk.question is not None and not case.customer.erased_at:
        facts += _answered(case, event, talk)
    fire(case, facts)


def _answered(case: Case, event: Replied, talk: Conversation) -> list[Fact]:
    """What the message is as an answer to the open question; nothing, if it is none or the question has closed."""
    asked = talk.question
    question = None if asked is None else case.program.questions.get(asked.id)
    if asked is None or question is None or case.at >= asked.closes_at:
        talk.question = None
        return []
    answer = "" if question.takes_any else event.read.get(question.id)
    if answer is None:
        return []  # they wrote about something else: it stays open
    talk.question = None
    score = int(answer) if question.kind is AnswerKind.SCORE else 0
    if question.kind is AnswerKind.SCORE:
        talk.scores = {**talk.scores, question.id: (score, case.at)}
        note_score(talk, business_day(case.at, case.program.time_zone), score)
        if score <= question.complaint:
            talk.rests_until = max(talk.rests_until, case.at + question.pause_after_complaint)
    if question.fills is not None:
        preferences.fill(case, question, answer, talk)
    answer = answer if question.is_told else ""
    telling.answered(case, question.id, answer, event.channel, asked.rule)
    occasion = f"answered:{question.id}:{event.id or case.at}"
    return [Fact(FactName.ANSWERED, occasion, after=score, data={"question": question.id, "answer": answer})]


def open_asked(case: Case, before: int) -> None:
    """Open the question that a message asks which was put into the outbox behind the first `before`."""
    if not case.program.questions or len(case.change.submissions) <= before:
        return
    for submission in case.change.submissions[before:]:
        question = asked_by(case.program.questions, submission.template)
        if question is None or submission.staff:
            continue
        talk = case.customer.conversation = case.customer.conversation or Conversation()
        asked_for = next((each.occasion for each in case.customer.moving if each.id == submission.activation), "")
        closes_at = case.at + question.closes_after
        talk.question = OpenQuestion(question.id, submission.rule, closes_at, first_occasion(asked_for))
        known = {name: at for name, at in talk.asked.items() if name in case.program.questions}
        talk.asked = {**known, question.id: case.at}


def _welcomed(case: Case) -> bool:
    """Whether a rule of the shop's says something at this moment, for they have just joined."""
    return any(each.state == ActivationState.SUBMITTED and each.decided_at == case.at for each in case.customer.moving)


def _agreed_to(case: Case, topics: Sequence[str]) -> bool:
    """Whether a message about one of them could go to the customer."""
    agreed = {key.partition(":")[0] for key in case.customer.consents}
    program = case.program
    return any(
        template.purpose in agreed
        for name, template in program.templates.items()
        if not set(topics).isdisjoint(program.topics_of_templates.get(name, ()))
    )


def _on_their_way(case: Case) -> int:
    return sum(each.state != ActivationState.ENDED for each in case.customer.moving)


def _answer(case: Case, event: Replied | CodeAsked, asked: Asked, talk: Conversation) -> None:
    """Submit what they asked for, over the channel on which they wrote."""
    customer, program = case.customer, case.program
    if customer.stopped_at or customer.erased_at or not program.messaging.senders.get(Channel(event.channel)):
        return
    if too_many_wait(customer.moving) or not may_answer(talk, case.at):
        case.count(counter(Counter.SUPPRESSED, Reason.TOO_MANY))
        return
    occasion = f"reply:{event.id}"
    activation = Activation(
        id=activation_id(program.merchant, template_of(asked), case.customer_id, occasion),
        rule="",
        occasion=occasion,
        state=ActivationState.SUBMITTED,
        status=Status.SUBMITTED,
        rank=RANKS[Status.SUBMITTED],
        decided_at=case.at,
        changed_at=case.at,
        template=template_of(asked),
        purpose=ANSWER,
        channel=event.channel,
        expires_at=case.at + (CODE_LIFE if asked is Asked.CODE else LIFE),
    )
    customer.moving = [*customer.moving, activation]
    forget_ended(case)
    case.note(activation, NoteKind.DECIDED)
    case.change.submit(
        Submission(
            activation=activation.id,
            merchant=program.merchant,
            customer=case.customer_id,
            rule="",
            template=activation.template,
            purpose=ANSWER,
            channel=event.channel,
            language=customer.language or program.languages[0],
            decided_at=case.at,
            expires_at=activation.expires_at,
            data=_told(case, event, asked),
            bundle=case.context.bundle.hash,
        )
    )


def _told(case: Case, event: Replied | CodeAsked, asked: Asked) -> dict[str, Any]:
    """What the answer speaks of: nothing that says who the customer is, and nothing that they wrote."""
    if isinstance(event, CodeAsked):
        return {ANSWER: asked, REQUEST: event.id or ""}
    if asked is Asked.JOIN:
        code = case.program.join.get(event.code)
        return {ANSWER: asked} | ({WELCOME: code.welcome} if code is not None and code.welcome else {})
    if asked in ABOUT_TOPICS:
        return {ANSWER: asked, "topics": event.topics, "agreed": _agreed_to(case, event.topics)}
    if asked is not Asked.CARD:
        return {ANSWER: asked}
    customer = case.customer
    open_ = [each for each in customer.vouchers if each.state == VoucherState.OPEN and each.expires_at > case.at]
    open_.sort(key=lambda each: (each.expires_at, each.code))
    apart = 0 if customer.apart is None else sum(sum(those.values()) for those in customer.apart.open.values())
    ends = expiry.last_days(customer, case.program)
    return {
        ANSWER: asked,
        "stamps": {card: held.balance for card, held in customer.cards.items()},
        **({RUN_OUT: ends} if ends else {}),
        "vouchers": [
            (each.code, each.reward, each.expires_at, *code_words(each).values()) for each in open_[:MOST_SHOWN]
        ],
        "more": max(0, len(open_) - MOST_SHOWN) + apart,
    }
