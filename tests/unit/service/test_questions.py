"""A question is open once at a time, its answer is a fact, and a complaint is left in peace."""

from dataclasses import replace
from typing import Any

from msgspec.structs import replace as replace_event

from rules.loader import load_bundle
from stamgast.domain.conversation import Conversation, OpenQuestion
from stamgast.domain.events import OwnEvent, Replied, TimerDue
from stamgast.domain.told import Line
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.service import Bundle
from tests.builders import ANNA, MERCHANT, T0, consent
from tests.fakes.in_memory import Owner
from tests.message_scenes import outcome
from tests.unit.rules import small_shop

ASKS = """
rule: asks
status: live
when: {event: workshop}
then: [{ask: visit, by: [sms]}]
"""
HEARS = """
rule: example
status: live
when: {answered: {question: visit, score: {at_most: 6}}}
once_per: day
then: [{tag: call}]
"""
MORE = """
questions:
  visit: {template: hello, answer: score, again_after: 30 days, closes_after: 2 days, pause_after_complaint: 14 days}
  bread: {template: other, answer: {rye: [rogge], wheat: [tarwe]}}
  why: {template: third, answer: text}
"""
TEXTS = {f"templates/nl/{name}.j2": small_shop.HELLO for name in ("other", "third")}


def owner(*rules: str) -> Owner:
    program = (
        small_shop.PROGRAM.replace("  hello: {}\n", "  hello: {}\n  other: {purpose: utility}\n  third: {}\n") + MORE
    )
    files = small_shop.files_of(HEARS, program, **TEXTS) | {"rules/asks.yaml": ASKS}
    loaded = load_bundle(files | {f"rules/{rule.split()[1]}.yaml": rule for rule in rules})
    assert [each.render() for each in loaded.problems if each.severity == "error"] == []
    messaging = replace(loaded.program.messaging, caps={})
    of = Owner(Bundle(0, "", replace(loaded.program, merchant=MERCHANT, messaging=messaging), loaded.rules))
    of.apply(consent(), consent(purpose="utility"))
    return of


def visited(number: int, at: int) -> OwnEvent:
    return OwnEvent(merchant=MERCHANT, customer=ANNA, at=at, id=f"e{number}", name="workshop", happened_at=at)


def wrote(number: int, at: int, **read: str) -> Replied:
    return Replied(merchant=MERCHANT, customer=ANNA, at=at, id=f"m{number}", channel="sms", read=read)


def ended(of: Owner, at: int) -> None:
    """The carrier takes what was sent last."""
    activation = of.changes[-1].submissions[-1].activation
    of.apply(outcome(activation, at, "accepted"))


def talk(of: Owner) -> Any:
    return of.state().conversation


def reasons(of: Owner) -> list[str]:
    return [note.reason for change in of.changes for note in change.notes if note.reason]


def answers(of: Owner) -> list[tuple[str, str, str]]:
    lines = [line for change in of.changes for line in change.told if isinstance(line, Line) and line.cause]
    return [(line.cause, line.became, line.rule) for line in lines if line.kind == "answer"]


def test_an_answer_to_the_open_question_is_a_fact_with_its_score():
    of = owner()
    of.apply(visited(1, T0))
    assert talk(of).question == OpenQuestion("visit", "asks", T0 + 2 * DAY, "posted:e1")
    ended(of, T0 + MINUTE)
    of.apply(wrote(1, T0 + HOUR, visit="3", bread="rye"))
    assert of.state().tags == ["call"]
    assert talk(of).question is None
    assert talk(of).scores == {"visit": (3, T0 + HOUR)}
    assert talk(of).said == [(T0 // DAY, 3)]
    assert answers(of) == [("question:visit", "3", "asks")]
    of.apply(wrote(1, T0 + HOUR, visit="3"), wrote(2, T0 + 2 * HOUR, visit="9"))
    assert talk(of).scores == {"visit": (3, T0 + HOUR)}, "it was answered"


def test_what_is_no_answer_leaves_it_open_and_what_comes_too_late_is_none():
    of = owner()
    of.apply(visited(1, T0), wrote(1, T0 + HOUR, bread="rye"), wrote(2, T0 + HOUR))
    assert talk(of).question is not None
    of.apply(wrote(3, T0 + 2 * DAY, visit="3"))
    assert (talk(of).question, talk(of).scores, of.state().tags) == (None, {}, [])


def test_a_keyword_answers_nothing():
    of = owner()
    help_ = Replied(
        merchant=MERCHANT, customer=ANNA, at=T0 + 1, id="m1", channel="sms", keyword="help", read={"visit": "3"}
    )
    of.apply(visited(1, T0), help_)
    assert talk(of).question is not None


def test_nobody_is_asked_the_same_again_too_soon_nor_two_things_at_once():
    other = "rule: other\nstatus: live\nwhen: replied\nonce_per: day\nthen: [{ask: bread, by: [sms]}]\n"
    of = owner(other)
    of.apply(visited(1, T0))
    ended(of, T0 + MINUTE)
    of.apply(wrote(1, T0 + HOUR))
    assert reasons(of) == ["question_open"]
    of.apply(visited(2, T0 + 3 * DAY))
    assert reasons(of)[1:] == ["asked_before"]
    of.apply(visited(3, T0 + 30 * DAY))
    assert len([1 for change in of.changes for each in change.submissions if each.template == "hello"]) == 2


def test_who_does_not_answer_is_not_asked_again_at_each_visit_while_it_is_open():
    of = owner()
    of.apply(visited(1, T0))
    ended(of, T0 + MINUTE)
    of.apply(visited(2, T0 + DAY))
    assert reasons(of) == ["asked_before"]
    assert talk(of).question.closes_at == T0 + 2 * DAY, "and it closes when it was to close"


def test_another_attempt_at_the_same_question_goes_while_it_is_open():
    of = owner()
    of.apply(visited(1, T0))
    first = of.changes[-1].submissions[-1].activation
    of.apply(replace_event(outcome(first, T0 + MINUTE, "failed", "transient"), treatment="retry_later"))
    due = min(of.state().timers.values())
    change = of.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due, due=due))
    assert [each.template for each in change.submissions] == ["hello"]


def test_a_complaint_holds_marketing_and_nothing_else():
    nags = "rule: nags\nstatus: live\nwhen: {event: workshop}\nonce_per: event\nthen: [{send: third, by: [sms]}]\n"
    cares = "rule: cares\nstatus: live\nwhen: {event: workshop}\nonce_per: event\nthen: [{send: other, by: [sms]}]\n"
    of = owner(nags, cares)
    state = of.state()
    state.conversation = Conversation(question=OpenQuestion("visit", "asks", T0 + DAY))
    of.put(state)
    of.apply(wrote(1, T0, visit="6"))
    assert talk(of).rests_until == T0 + 14 * DAY
    of.apply(visited(1, T0 + DAY))
    assert "complained" in reasons(of)
    assert [each.template for each in of.changes[-1].submissions] == ["other"]
