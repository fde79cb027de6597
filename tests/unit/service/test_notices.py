"""What rules tell staff about a customer: once, in the hours of whoever is told, and asked nothing of the customer."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from rules.actions import Give, Notify, Send, Tag, Wait
from rules.engine import CompiledRule
from stamgast.domain.activation import RANKS, UNSENT_RANK
from stamgast.domain.contacts import count_of
from stamgast.domain.delays import Delay
from stamgast.domain.events import ActivationOutcome, AnyEvent, Erased, OptedOut, TimerDue
from stamgast.domain.program import Staff, Window
from stamgast.domain.templates import Template
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.domain.vocabulary import Reason, Status
from stamgast.service import Bundle, Change
from stamgast.service.left import MOST_NOTICES
from stamgast.service.notices import MOST
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, consent, program, rule, taken_back
from tests.fakes.in_memory import Owner

TELLS = Notify("call", ("eva",))
EVA = Staff("eva", "sealed.x", "nl", Window(9 * 60, 17 * 60))
CALL = {"call": Template("call", purpose="utility", sms={"nl": "{{ staff.customer }}"})}
NOON = T0 + 2 * HOUR
EVENING = T0 + 12 * HOUR
NEXT_MORNING = T0 + 23 * HOUR


def tells(*actions: Any, fact: str = "purchase", **more: Any) -> CompiledRule:
    return rule("tells", fact, *(actions or (TELLS,)), **more)


def shop(*rules: CompiledRule, staff: Mapping[str, Staff] | None = None) -> Bundle:
    of = program()
    return bundle(program(templates={**of.templates, **CALL}, staff={"eva": EVA} if staff is None else staff), *rules)


def owner(*rules: CompiledRule, **more: Any) -> Owner:
    return Owner(shop(*rules or (tells(),), **more))


def due(of: Owner, when: Millis) -> Change:
    return of.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=when, due=when))


def told(status: str, of: str, when: Millis, reason: str = "") -> AnyEvent:
    return ActivationOutcome(
        merchant=MERCHANT, customer=ANNA, at=when, activation=of, status=status, channel="sms", reason=reason,
        rank=RANKS.get(status, UNSENT_RANK),
    )  # fmt: skip


def test_a_person_is_told_at_once_within_their_hours_and_without_any_consent_of_the_customers():
    change = owner().apply(bought("t1", NOON))
    (submission,) = change.submissions
    assert (submission.staff, submission.template, submission.language, submission.channel) == (
        "eva", "call", "nl", "sms",
    )  # fmt: skip
    assert submission.data == {"staff": "eva", "customer": ANNA}
    assert [(note.staff, note.status) for note in change.notes] == [("eva", "submitted")]
    assert [(line.kind, line.became, line.staff) for line in map(as_line, change.told) if line.staff] == [
        ("notice", "sent", "eva")
    ]


def test_it_waits_for_the_hours_of_whoever_is_told():
    of = owner()
    assert of.apply(bought("t1", EVENING)).submissions == []
    (timer,) = [when for name, when in of.state().timers.items() if name.startswith("notice:")]
    assert timer == NEXT_MORNING
    (submission,) = due(of, NEXT_MORNING).submissions
    assert submission.expires_at == NEXT_MORNING + 8 * HOUR


def test_it_occupies_nobody_uses_up_no_cap_and_no_stop_of_the_customers_keeps_it():
    of = owner(tells(TELLS, Send("hello", ("sms",))))
    of.apply(consent())
    first = of.apply(bought("t1", NOON)).submissions
    assert sorted(each.staff for each in first) == ["", "eva"]
    assert count_of(of.state().contacts) == 1, "the customer's message alone"
    of.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=NOON + 1))
    assert [each.staff for each in of.apply(bought("t2", NOON + HOUR)).submissions] == ["eva"]


def test_it_is_told_although_the_message_may_not_go():
    of = owner(tells(TELLS, Send("hello", ("sms",)), Give("loaf")))
    assert [each.staff for each in of.apply(bought("t1", NOON)).submissions] == ["eva"]


def test_who_is_held_out_of_what_the_rule_gives_is_not_told_of():
    assert owner(tells(TELLS, Tag(("seen",)), hold_out=100)).apply(bought("t1", NOON)).submissions == []
    assert len(owner(tells(hold_out=100)).apply(bought("t1", NOON)).submissions) == 1, (
        "there is nothing to be held out of"
    )


def test_old_news_is_not_told():
    assert owner().apply(bought("t1", NOON, recorded=NOON + 3 * HOUR)).submissions == []


def test_a_rule_that_cools_down_does_not_tell_meanwhile():
    of = owner(tells(cool_down=DAY))
    assert len(of.apply(bought("t1", NOON)).submissions) == 1
    assert of.apply(bought("t2", NOON + HOUR)).submissions == []
    assert len(of.apply(bought("t3", NOON + DAY + HOUR)).submissions) == 1


def test_what_became_of_it_is_noted_and_then_forgotten():
    of = owner()
    (submission,) = of.apply(bought("t1", NOON)).submissions
    change = of.apply(told(Status.ACCEPTED, submission.activation, NOON + 1))
    assert change.finished == {submission.activation: "sms"}
    change = of.apply(told(Status.DELIVERED, submission.activation, NOON + 2))
    assert [(note.staff, note.status) for note in change.notes] == [("eva", "delivered")]
    assert of.state().notices == []
    change = of.apply(told(Status.DELIVERED, submission.activation, NOON + 3))
    assert change.notes == []


def test_one_beyond_those_of_the_hour_waits_for_the_next_and_goes_again():
    of = owner()
    (submission,) = of.apply(bought("t1", NOON)).submissions
    limit = told(Status.SUPPRESSED, submission.activation, NOON + MINUTE, Reason.STAFF_LIMIT)
    assert of.apply(limit).finished == {submission.activation: "sms"}
    assert of.apply(replace(limit, at=NOON + 2 * MINUTE)).notes == [], "told twice"
    (again,) = due(of, NOON + HOUR).submissions
    assert again.activation == submission.activation
    of.apply(told(Status.SUPPRESSED, submission.activation, NOON + HOUR + 1, Reason.FOLDED))
    assert of.state().notices == []


def test_what_did_not_leave_before_the_evening_goes_in_the_morning_and_after_two_days_not_at_all():
    of = owner()
    (submission,) = of.apply(bought("t1", NOON)).submissions
    of.apply(told(Status.EXPIRED, submission.activation, EVENING, Reason.EXPIRED))
    (again,) = due(of, NEXT_MORNING).submissions
    change = of.apply(told(Status.EXPIRED, again.activation, NOON + 3 * DAY, Reason.EXPIRED))
    assert [(note.status, note.reason) for note in change.notes] == [("expired", "gave_up")]
    assert of.state().notices == []


def test_a_refund_ends_what_waits_and_asks_to_stop_what_is_on_its_way():
    of = owner()
    sale = bought("t1", EVENING)
    of.apply(sale)
    change = of.apply(taken_back(sale, EVENING + 1))
    assert [(note.status, note.reason) for note in change.notes] == [("suppressed", "taken_back")]
    assert [name for name in of.state().timers if name.startswith("notice")] == []
    of = owner()
    sale = bought("t1", NOON)
    (submission,) = of.apply(sale).submissions
    assert of.apply(taken_back(sale, NOON + 1)).cancels == [submission.activation]


@pytest.mark.parametrize(
    ("after", "reason"),
    [(shop(tells(status="paused")), Reason.RULE_NOT_LIVE), (shop(tells(), staff={}), Reason.NO_ADDRESS)],
)
def test_what_waits_ends_with_its_rule_and_with_the_person(after: Bundle, reason: str):
    of = owner()
    of.apply(bought("t1", EVENING))
    of.bundle = after
    change = due(of, NEXT_MORNING)
    assert ([note.reason for note in change.notes], change.submissions) == ([reason], [])


def test_nobody_is_told_of_a_customer_who_was_forgotten():
    of = owner()
    of.apply(bought("t1", EVENING))
    of.apply(Erased(merchant=MERCHANT, customer=ANNA, at=EVENING + 1))
    assert due(of, NEXT_MORNING).submissions == []


def test_it_waits_like_anything_else_that_a_rule_does():
    of = owner(tells(Wait(Delay(days=1)), TELLS))
    assert of.apply(bought("t1", NOON)).submissions == []
    assert [each.staff for each in due(of, NOON + DAY).submissions] == ["eva"]


def test_one_event_and_one_customer_tell_so_much_and_no_more():
    many = [rule(f"tells-{number}", "purchase", TELLS) for number in range(MOST_NOTICES + 5)]
    of = owner(*many)
    assert len(of.apply(bought("t0", NOON)).submissions) == MOST_NOTICES
    for number in range(1, 5):
        of.apply(bought(f"t{number}", NOON + number * MINUTE))
    assert len(of.state().notices) == MOST


def test_a_voucher_that_the_rule_gives_is_not_in_what_staff_are_told():
    of = owner(tells(Give("loaf"), TELLS, earned=True))
    (submission,) = of.apply(bought("t1", NOON)).submissions
    assert set(submission.data) == {"staff", "customer"}
