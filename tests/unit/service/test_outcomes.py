"""What becomes of a message that was decided on, by example: taken back, handed over, told of by callbacks."""

from rules.actions import Send
from stamgast.domain.events import TimerDue
from stamgast.domain.units import HOUR, MINUTE
from tests.builders import (
    ANNA,
    MERCHANT,
    at,
    bought,
    card,
    card_rule,
    changed,
    consent,
    hello_rule,
    program,
    rule,
    taken_back,
)
from tests.message_scenes import DAYTIME, MORNING, NIGHT, customer_of, fire_timers, last, outcome, sent


def test_a_taken_back_message_goes_again_once_the_card_is_full_again():
    owner = customer_of(card_rule(), shop=program(card(stamps=1), messaging=DAYTIME))
    first = bought("t1", NIGHT)
    owner.apply(first)
    held = last(owner)
    owner.apply(taken_back(first, NIGHT + MINUTE))
    assert (last(owner).status, last(owner).reason) == ("suppressed", "taken_back")
    assert [v.state for v in owner.state().vouchers] == ["withdrawn"]
    assert fire_timers(owner, NIGHT + 2 * MINUTE) == []
    owner.apply(bought("t2", NIGHT + 3 * MINUTE))
    assert [v.state for v in owner.state().vouchers] == ["open"]
    (change,) = fire_timers(owner, at("2026-10-02 07:00"))
    (submission,) = change.submissions
    assert submission.activation != held.id, "the outbox and the log must tell the two apart"
    assert last(owner).generation == 1


def test_a_queued_message_taken_back_and_earned_again_before_the_outbox_answers_still_goes():
    owner = customer_of(card_rule())
    first = bought("t1", MORNING)
    queued = owner.apply(first).submissions[0].activation
    assert owner.apply(taken_back(first, MORNING + MINUTE)).cancels == [queued]
    assert sent(owner.apply(bought("t2", MORNING + 2 * MINUTE))) == []
    change = owner.apply(outcome(queued, MORNING + 2 * MINUTE, "suppressed", "taken_back"))
    assert sent(change) == ["loaf"]
    assert change.submissions[0].activation != queued
    assert [v.state for v in owner.state().vouchers] == ["open"]


def test_a_message_that_had_left_before_the_refund_is_not_sent_twice():
    owner = customer_of(card_rule())
    first = bought("t1", MORNING)
    queued = owner.apply(first).submissions[0].activation
    owner.apply(taken_back(first, MORNING + MINUTE))
    owner.apply(outcome(queued, MORNING + MINUTE, "accepted"))
    assert sent(owner.apply(bought("t2", MORNING + HOUR))) == []
    assert [v.state for v in owner.state().vouchers] == ["open"]


def test_a_message_about_a_purchase_that_was_given_back_in_the_night_stays_away():
    owner = customer_of(hello_rule(), shop=program(messaging=DAYTIME))
    event = bought("t1", NIGHT)
    owner.apply(event)
    owner.apply(taken_back(event, NIGHT + HOUR))
    assert fire_timers(owner, at("2026-10-02 07:00")) == []
    assert (last(owner).status, last(owner).reason) == ("suppressed", "taken_back")


def test_a_channel_that_does_not_reach_the_customer_hands_over_to_the_next():
    owner = customer_of(hello_rule(by=("whatsapp", "sms")))
    owner.apply(consent(channel="whatsapp"))
    (first,) = owner.apply(bought("t1", MORNING)).submissions
    assert first.channel == "whatsapp"
    change = owner.apply(outcome(first.activation, MORNING + MINUTE, "failed", "other_channel"))
    (second,) = change.submissions
    assert (second.channel, second.template, list(change.finished)) == ("sms", "hello", [first.activation])
    assert second.activation != first.activation
    again = owner.apply(outcome(second.activation, MORNING + MINUTE, "failed", "other_channel"))
    assert again.submissions == []


def test_a_channel_that_turns_out_later_not_to_reach_the_customer_hands_over_once():
    owner = customer_of(hello_rule(by=("whatsapp", "sms")))
    owner.apply(consent(channel="whatsapp"))
    (first,) = owner.apply(bought("t1", MORNING)).submissions
    assert owner.apply(outcome(first.activation, MORNING, "accepted")).submissions == []
    callback = outcome(first.activation, MORNING + MINUTE, "undelivered", "other_channel")
    assert [s.channel for s in owner.apply(callback).submissions] == ["sms"]
    assert owner.apply(callback).submissions == []


def test_a_status_only_moves_forward_and_a_repeat_changes_nothing():
    owner = customer_of(hello_rule())
    activation = owner.apply(bought("t1", MORNING)).submissions[0].activation
    for status in ("delivered", "sent", "accepted", "delivered", "failed"):
        owner.apply(outcome(activation, MORNING, status))
    assert last(owner).status == "delivered"
    counted = sum(c.counters.get("message|sms|delivered", 0) for c in owner.changes)
    assert counted == 1


def test_we_miss_you_is_withheld_from_somebody_who_came_back_in_the_meantime():
    missing = rule("miss", "lapsing", Send("hello", ("sms",)), per="quiet_spell")
    owner = customer_of(missing, shop=program(messaging=DAYTIME))
    owner.apply(bought("t1", MORNING))
    due = owner.state().timers["lapse"]
    owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due, due=due))  # midnight UTC
    assert last(owner).state == "held"
    owner.apply(bought("t2", due + HOUR))
    assert owner.state().stage == "won_back"
    fire_timers(owner, due + 12 * HOUR)
    assert (last(owner).status, last(owner).reason) == ("suppressed", "no_longer_true")


def test_an_edit_that_changes_nothing_about_a_purchase_does_not_answer_it_twice():
    owner = customer_of(hello_rule())
    event = bought("t1", MORNING)
    activation = owner.apply(event).submissions[0].activation
    owner.apply(outcome(activation, MORNING, "delivered"))
    more = changed(event, MORNING + MINUTE, bought("t1", MORNING, spend=700).after)
    assert sent(owner.apply(more)) == []
