"""What follows a message that did not arrive: another channel, the same once more later, nothing to a dead number."""

from typing import Any

import pytest
from msgspec.structs import replace

from stamgast.domain.activation import Submission
from stamgast.domain.contacts import count_of
from stamgast.domain.events import ActivationOutcome, Enrolled, OptedOut, Replied
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.people.view import show_customer
from stamgast.service import Change
from stamgast.service.outcomes import LATER
from tests.builders import ANNA, MERCHANT, bought, card, card_rule, consent, hello_rule, program, taken_back
from tests.fakes.in_memory import Owner
from tests.message_scenes import MORNING, customer_of, fire_timers, last, outcome, sent

BOTH = ("whatsapp", "sms")


def told(
    of: Submission, status: str, treatment: str, reason: str, *, after: Millis = MINUTE, **more: Any
) -> ActivationOutcome:
    when = of.decided_at + after
    return replace(outcome(of.activation, when, status, reason), treatment=treatment, channel=of.channel, **more)


def greeted(owner: Owner, when: Millis = MORNING, transaction: str = "t1") -> Submission:
    (submission,) = owner.apply(bought(transaction, when)).submissions
    return submission


def reached_by(*channels: str, **more: Any) -> Owner:
    owner = customer_of(hello_rule(by=channels, **more))
    for channel in channels:
        owner.apply(consent(channel=channel))
    return owner


def enrolled(phone: str, when: Millis) -> Enrolled:
    return Enrolled(merchant=MERCHANT, customer=ANNA, at=when, phone=phone)


@pytest.mark.parametrize(
    ("status", "treatment", "reason"),
    [
        ("suppressed", "fallback", "content"),
        ("suppressed", "fallback", "template"),
        ("suppressed", "fallback", "no_wording"),
        ("failed", "fallback", "content"),
        ("undelivered", "config", "template"),
    ],
)
def test_what_cannot_be_said_on_one_channel_is_said_on_the_next(status, treatment, reason):
    owner = reached_by(*BOTH)
    first = greeted(owner)
    (second,) = owner.apply(told(first, status, treatment, reason)).submissions
    assert (second.channel, second.template) == ("sms", "hello")
    assert count_of(owner.state().contacts) == 1, "it counts once, by whatever channel"


def test_one_that_never_left_makes_room_for_its_successor_alone():
    owner = reached_by(*BOTH)
    first = greeted(owner)
    owner.apply(outcome(first.activation, MORNING + 1, "sent"))
    second = greeted(owner, MORNING + HOUR, "t2")
    owner.apply(told(second, "suppressed", "fallback", "content"))
    assert count_of(owner.state().contacts) == 2, "the first one's contact stays"


def test_one_that_was_stopped_and_earned_again_goes_once_more_and_not_twice():
    owner = customer_of(card_rule(by=BOTH), shop=program(card(stamps=1)))
    owner.apply(consent(channel="whatsapp"))
    first = bought("t1", MORNING)
    (queued,) = owner.apply(first).submissions
    owner.apply(taken_back(first, MORNING + MINUTE))
    owner.apply(bought("t2", MORNING + 2 * MINUTE))
    change = owner.apply(told(queued, "suppressed", "fallback", "content", after=3 * MINUTE))
    assert [(each.template, each.channel) for each in change.submissions] == [("loaf", "whatsapp")]
    assert [each.state for each in owner.state().activations] == ["ended", "submitted"], "no other one waits behind it"


def test_records_from_before_treatments_were_told_do_what_they_did():
    owner = reached_by(*BOTH)
    change = owner.apply(outcome(greeted(owner).activation, MORNING + 1, "failed", "bad_number"))
    assert (sent(change), owner.state().dead_phone) == ([], "")
    change = owner.apply(
        outcome(greeted(owner, MORNING + HOUR, "t2").activation, MORNING + 2 * HOUR, "failed", "transient")
    )
    assert (sent(change), list(owner.state().timers)) == ([], [n for n in owner.state().timers if "held" not in n])


# -- a dead number


def test_nothing_is_written_to_a_dead_number_until_it_is_another_one():
    owner = reached_by(*BOTH)
    change = owner.apply(told(greeted(owner), "undelivered", "bad_number", "bad_number", address="old"))
    assert sent(change) == [], "the same number is no better by another channel"
    assert owner.apply(bought("t2", MORNING + HOUR)).submissions == []
    assert (last(owner).status, last(owner).reason) == ("suppressed", "bad_number")
    assert not show_customer(ANNA, owner.state(), program(), MORNING)["reachable"]
    owner.apply(enrolled("old", MORNING + 2 * HOUR))
    assert owner.apply(bought("t3", MORNING + 3 * HOUR)).submissions == []
    owner.apply(enrolled("", MORNING + 3 * HOUR))
    assert owner.apply(bought("t4", MORNING + 4 * HOUR)).submissions == []
    owner.apply(enrolled("new", MORNING + 5 * HOUR))
    assert sent(owner.apply(bought("t5", MORNING + 6 * HOUR))) == ["hello"]


@pytest.mark.parametrize(
    ("address", "phone", "ends"), [("old", "old", True), ("", "old", True), ("old", "other", False)]
)
def test_who_writes_from_it_shows_that_it_is_not_dead(address, phone, ends):
    owner = reached_by("sms")
    owner.apply(told(greeted(owner), "undelivered", "bad_number", "bad_number", address=address))
    owner.apply(Replied(merchant=MERCHANT, customer=ANNA, at=MORNING + HOUR, channel="sms", phone=phone))
    assert bool(owner.state().dead_phone) is not ends


# -- later


def test_a_phone_that_was_off_gets_it_once_more_some_hours_later():
    owner = reached_by("sms")
    first = greeted(owner)
    change = owner.apply(told(first, "undelivered", "retry_later", "transient"))
    assert (sent(change), last(owner).reason, owner.state().contacts) == ([], "transient", {})
    assert fire_timers(owner, MORNING + MINUTE + LATER - 1) == []
    [(second,)] = [change.submissions for change in fire_timers(owner, MORNING + MINUTE + LATER)]
    assert second.activation != first.activation
    assert sent(owner.apply(told(second, "undelivered", "retry_later", "transient", after=LATER + HOUR))) == []
    assert fire_timers(owner, MORNING + DAY) == [], "once is enough"


def test_what_was_put_off_in_vain_goes_over_the_next_channel():
    owner = reached_by(*BOTH)
    owner.apply(told(greeted(owner), "undelivered", "retry_later", "transient"))
    [change] = fire_timers(owner, MORNING + MINUTE + LATER)
    (second,) = change.submissions
    assert second.channel == "whatsapp"
    (third,) = owner.apply(told(second, "undelivered", "retry_later", "transient", after=LATER + HOUR)).submissions
    assert third.channel == "sms"


def test_what_would_come_too_late_goes_over_the_next_channel_at_once():
    owner = reached_by(*BOTH, give_up_after=LATER)
    (second,) = owner.apply(told(greeted(owner), "undelivered", "retry_later", "transient")).submissions
    assert second.channel == "sms"


def test_a_message_that_is_put_off_goes_when_its_purchase_is_taken_back():
    owner = reached_by("sms")
    sale = bought("t1", MORNING)
    (first,) = owner.apply(sale).submissions
    owner.apply(told(first, "undelivered", "retry_later", "transient"))
    owner.apply(taken_back(sale, MORNING + HOUR))
    assert fire_timers(owner, MORNING + DAY) == []
    assert last(owner).reason == "taken_back"


def test_whoever_says_stop_meanwhile_gets_nothing_later():
    owner = reached_by("sms")
    owner.apply(told(greeted(owner), "undelivered", "retry_later", "transient"))
    owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=MORNING + HOUR))
    assert all(not change.submissions for change in fire_timers(owner, MORNING + DAY))


def test_the_gate_is_asked_again_when_the_time_has_come():
    owner = reached_by("sms")
    owner.apply(told(greeted(owner), "undelivered", "retry_later", "transient"))
    greeted(owner, MORNING + LATER, "t2")
    changes: list[Change] = fire_timers(owner, MORNING + MINUTE + LATER)
    assert [sent(change) for change in changes] == [[]], "another message is on its way"
    assert last(owner).reason == "one_in_flight"
