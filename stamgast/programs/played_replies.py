"""What a customer of a rule's test writes, told as the door would tell it."""

from collections.abc import Iterator

from channels.keywords import read_keyword
from channels.meanings import read_meaning
from channels.model import Keyword
from rules.testing.happenings import START, STOP, Reply
from stamgast.domain.events import AnyEvent, ConsentChanged, OptedIn, OptedOut, Replied
from stamgast.domain.preferences import Place
from stamgast.domain.program import Program
from stamgast.domain.questions import read_answers


def wrote(program: Program, step: Reply, customer: str) -> Iterator[AnyEvent]:
    """What the customer wrote, as the door tells it."""
    merchant, keyword = program.merchant, step.keyword or None
    topics: tuple[str, ...] = ()
    if step.text:
        meant = read_meaning(step.text, read_keyword(step.text), program.topics)
        keyword, topics = None if meant.keyword is Keyword.NONE else meant.keyword.value, meant.topics
    if keyword in {STOP, START}:  # the house's own: no rule hears of them
        said = OptedOut if keyword == STOP else OptedIn
        yield said(merchant=merchant, customer=customer, at=step.at, channel=step.channel)
        return
    for topic in topics:
        yield ConsentChanged(
            merchant=merchant,
            customer=customer,
            at=step.at,
            purpose="",
            channel=step.channel,
            granted=keyword == Keyword.RETURN,
            topic=topic,
        )
    yield Replied(
        merchant=merchant,
        customer=customer,
        at=step.at,
        channel=step.channel,
        keyword=keyword,
        read=read_answers(program.questions, step.text, "", Place(program.region)) if step.text else {},
        media=step.media,
        topics=topics,
    )
