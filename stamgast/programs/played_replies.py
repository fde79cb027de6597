"""What a customer of a rule's test writes, told as the door would tell it."""

from collections.abc import Iterable, Iterator
from typing import Final

from channels.keywords import read_keyword
from channels.meanings import Meaning, agrees, read_meaning
from channels.model import Keyword
from rules.testing.happenings import START, STOP, Join, Reply
from stamgast.domain.events import AnyEvent, ConsentChanged, Enrolled, OptedIn, OptedOut, Replied
from stamgast.domain.joining import JoinCode
from stamgast.domain.preferences import Place
from stamgast.domain.program import Program
from stamgast.domain.questions import read_answers

INVITER: Final = "c" + "f" * 24
"""Whose code it is by which the customer of a test joins: any that can be one."""


class Replies:
    """The customer's side of a talk; whether a JOIN still wants its YES is remembered from one message to the next."""

    def __init__(self, program: Program, customer: str, steps: Iterable[object]) -> None:
        told = list(steps)
        self._program = program
        self._customer = customer
        self._known = any(isinstance(step, Join) for step in told) or not joins_in_it(program, told)
        """They have joined: by another JOIN they agree to more, and stay who they are."""
        self._wish: Meaning | None = None

    def wrote(self, step: Reply) -> Iterator[AnyEvent]:
        """What the door tells of one message."""
        meant = _meant(self._program, step)
        code = _code_of(self._program, meant)
        if self._wish is not None and meant.keyword is Keyword.NONE and (says := agrees(step.text)) is not None:
            meant, self._wish = self._wish if says else meant, None
            code = _code_of(self._program, meant)
        elif code is not None and code.confirm:
            meant, code, self._wish = Meaning(Keyword.NONE), None, meant
        if code is not None:
            yield from self._joins(step, code, meant)
        yield from _told(self._program, step, meant, self._customer)

    def _joins(self, step: Reply, code: JoinCode, meant: Meaning) -> Iterator[AnyEvent]:
        merchant, customer, channel = self._program.merchant, self._customer, step.channel
        if code.topics:
            back = dict.fromkeys(code.topics, True)
            others = {} if self._known else dict.fromkeys(self._program.topics, False)
            for topic, granted in (others | back).items():
                yield _about_topic(merchant, customer, step, topic, granted=granted)
        for purpose in code.purposes:
            yield ConsentChanged(
                merchant=merchant, customer=customer, at=step.at, purpose=purpose, channel=channel, granted=True
            )
        language = meant.language or code.language or self._program.languages[0]
        yield Enrolled(
            merchant=merchant,
            customer=customer,
            at=step.at,
            language=None if self._known else language[:2],
            acquisition_source=None if self._known else code.source,
            invited_by=INVITER if meant.friend else "",
        )
        self._known = True


def joins_in_it(program: Program, steps: Iterable[object]) -> bool:
    """Whether the customer of a test joins in the course of it, by what they write or otherwise."""
    return any(isinstance(step, Join) or _writes_join(program, step) for step in steps)


def _writes_join(program: Program, step: object) -> bool:
    return isinstance(step, Reply) and _code_of(program, _meant(program, step)) is not None


def _code_of(program: Program, meant: Meaning) -> JoinCode | None:
    """The code of a JOIN; without one the only one that there is, of a friend's the one by which friends join."""
    if meant.keyword is not Keyword.JOIN:
        return None
    if not meant.code and len(program.join) == 1:
        return next(iter(program.join.values()))
    if meant.friend and program.referral is not None:
        return program.join.get(program.referral.join)
    return program.join.get(meant.code)


def _meant(program: Program, step: Reply) -> Meaning:
    if not step.text:
        return Meaning(Keyword.NONE)
    friends = program.referral is not None and bool(program.referral.join)
    return read_meaning(step.text, read_keyword(step.text), program.topics, program.join, friends=friends)


def _told(program: Program, step: Reply, meant: Meaning, customer: str) -> Iterator[AnyEvent]:
    merchant, keyword = program.merchant, step.keyword or None
    if step.text:
        keyword = None if meant.keyword is Keyword.NONE else meant.keyword.value
    if keyword in {STOP, START}:  # the house's own: no rule hears of them
        said = OptedOut if keyword == STOP else OptedIn
        yield said(merchant=merchant, customer=customer, at=step.at, channel=step.channel)
        return
    for topic in meant.topics:
        yield _about_topic(merchant, customer, step, topic, granted=keyword == Keyword.RETURN)
    joins = meant.keyword is Keyword.JOIN
    read = read_answers(program.questions, step.text, "", Place(program.region)) if step.text and not joins else {}
    yield Replied(
        merchant=merchant,
        customer=customer,
        at=step.at,
        channel=step.channel,
        keyword=keyword,
        read=read,
        media=step.media,
        topics=meant.topics,
        code=meant.code if joins else "",
    )


def _about_topic(merchant: str, customer: str, step: Reply, topic: str, *, granted: bool) -> ConsentChanged:
    return ConsentChanged(
        merchant=merchant,
        customer=customer,
        at=step.at,
        purpose="",
        channel=step.channel,
        granted=granted,
        topic=topic,
    )
