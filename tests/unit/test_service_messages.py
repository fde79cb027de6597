"""When a message goes, waits or stays away, by example. Times are UTC; the shop's clock is two hours ahead in October."""

from dataclasses import replace

from rules.actions import Send
from stamgast.domain.activation import RANKS, UNSENT_RANK
from stamgast.domain.contact_policy import is_held_out
from stamgast.domain.customer import Activation
from stamgast.domain.events import ActivationOutcome, ConsentChanged, OptedIn, OptedOut, TimerDue
from stamgast.domain.program import Messaging, Window
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.service import Change
from tests.builders import (
    ANNA,
    MERCHANT,
    at,
    bought,
    bundle,
    card,
    card_rule,
    changed,
    consent,
    hello_rule,
    program,
    rule,
    taken_back,
)
from tests.in_memory import Owner

MORNING = at("2026-10-01 08:00")
NIGHT = at("2026-10-01 19:30")
DAYTIME = Messaging(windows={"marketing": Window(540, 1200)}, caps={})


def customer_of(*rules, shop=None, **more) -> Owner:
    owner = Owner(bundle(shop or program(card(stamps=1)), *rules))
    owner.apply(consent(**more))
    return owner


def outcome(activation: str, when: Millis, status: str, reason: str = "", rank: int | None = None) -> ActivationOutcome:
    unsent = status in ("suppressed", "expired")
    rank = rank if rank is not None else UNSENT_RANK if unsent else RANKS[status]
    return ActivationOutcome(
        merchant=MERCHANT, customer=ANNA, at=when, activation=activation, status=status, rank=rank, reason=reason
    )


def fire_timers(owner: Owner, when: Millis) -> list[Change]:
    """What the owner's scan does at that moment."""
    changes = []
    while due := [d for d in owner.state().timers.values() if d <= when]:
        changes.append(owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=when, due=min(due))))
    return changes


def last(owner: Owner) -> Activation:
    return owner.state().activations[-1]


def sent(change: Change) -> list[str]:
    return [submission.template for submission in change.submissions]


def test_a_purchase_in_the_day_is_answered_at_once_and_must_leave_before_the_evening():
    owner = customer_of(hello_rule(), shop=program(messaging=DAYTIME))
    change = owner.apply(bought("t1", MORNING))
    assert sent(change) == ["hello"]
    assert change.submissions[0].expires_at == at("2026-10-01 18:00")


def test_at_night_a_message_waits_until_nine_on_the_shops_clock():
    owner = customer_of(hello_rule(), shop=program(messaging=DAYTIME))
    assert sent(owner.apply(bought("t1", NIGHT))) == []
    assert last(owner).reason == "quiet_hours"
    assert fire_timers(owner, at("2026-10-02 06:59")) == []
    (change,) = fire_timers(owner, at("2026-10-02 07:00"))
    assert sent(change) == ["hello"]


def test_in_the_night_the_clock_goes_back_it_still_is_nine_on_the_wall():
    owner = customer_of(hello_rule(), shop=program(messaging=DAYTIME))
    owner.apply(bought("t1", at("2026-10-24 20:00")))
    assert at("2026-10-25 08:00") in owner.state().timers.values()


def test_a_rule_that_would_rather_drop_its_message_than_wait_drops_it():
    owner = customer_of(hello_rule(if_outside="drop"), shop=program(messaging=DAYTIME))
    owner.apply(bought("t1", NIGHT))
    assert (last(owner).status, last(owner).reason) == ("suppressed", "quiet_hours")


def test_a_message_that_would_have_given_up_by_morning_is_withheld_at_once():
    owner = customer_of(hello_rule(give_up_after=2 * HOUR), shop=program(messaging=DAYTIME))
    owner.apply(bought("t1", NIGHT))
    assert (last(owner).status, last(owner).reason) == ("suppressed", "gave_up")


def test_the_rules_hours_can_only_narrow_those_of_the_house():
    owner = customer_of(hello_rule(window=Window(0, 1440)), shop=program(messaging=DAYTIME))
    assert sent(owner.apply(bought("t1", NIGHT))) == []
    owner = customer_of(hello_rule(window=Window(660, 720)), shop=program(messaging=DAYTIME))
    owner.apply(bought("t1", MORNING))
    assert at("2026-10-01 09:00") in owner.state().timers.values()


def test_without_consent_for_its_purpose_nothing_goes():
    owner = Owner(bundle(program(), hello_rule()))
    owner.apply(bought("t1", MORNING))
    assert last(owner).reason == "no_consent"
    owner.apply(consent(when=MORNING, purpose="utility"))
    owner.apply(bought("t2", MORNING + MINUTE))
    assert last(owner).reason == "no_consent"


def test_the_first_channel_that_was_agreed_to_is_used():
    owner = customer_of(hello_rule(by=("whatsapp", "sms")))
    assert owner.apply(bought("t1", MORNING)).submissions[0].channel == "sms"


def test_consent_withdrawn_for_one_channel_leaves_the_other_one_alone():
    owner = customer_of(hello_rule(by=("whatsapp", "sms")), shop=program(messaging=DAYTIME))
    owner.apply(consent(channel="whatsapp"))
    owner.apply(bought("t1", NIGHT))
    owner.apply(withdrawn("whatsapp", NIGHT + MINUTE))
    (change,) = fire_timers(owner, at("2026-10-02 07:00"))
    assert [submission.channel for submission in change.submissions] == ["sms"]


def test_consent_withdrawn_drops_what_waits_and_stops_what_is_queued_over_that_channel():
    owner = customer_of(hello_rule(), shop=program(messaging=DAYTIME))
    owner.apply(bought("t1", NIGHT))
    owner.apply(withdrawn("sms", NIGHT + MINUTE))
    assert (last(owner).status, last(owner).reason) == ("suppressed", "no_consent")
    owner = customer_of(hello_rule())
    activation = owner.apply(bought("t1", MORNING)).submissions[0].activation
    assert owner.apply(withdrawn("whatsapp", MORNING)).cancels == []
    assert owner.apply(withdrawn("sms", MORNING)).cancels == [activation]


def withdrawn(channel: str, when: Millis) -> ConsentChanged:
    return ConsentChanged(
        merchant=MERCHANT, customer=ANNA, at=when, purpose="marketing", channel=channel, granted=False
    )


def test_stop_drops_what_waits_and_cancels_what_is_queued_until_start():
    owner = customer_of(hello_rule(), hello_rule("second"))
    change = owner.apply(bought("t1", MORNING))
    queued = change.submissions[0].activation
    stop = owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=MORNING + MINUTE))
    assert stop.cancels == [queued]
    assert [(a.state, a.reason) for a in owner.state().activations if a.id != queued] == [("ended", "opted_out")]
    settled = owner.apply(outcome(queued, MORNING + MINUTE, "suppressed", "opted_out"))
    assert settled.finished == [queued]
    owner.apply(bought("t2", MORNING + HOUR))
    assert {a.reason for a in owner.state().activations} == {"opted_out"}
    owner.apply(OptedIn(merchant=MERCHANT, customer=ANNA, at=MORNING + 2 * HOUR))
    assert sent(owner.apply(bought("t3", MORNING + 3 * HOUR))) == ["hello"]


def test_an_opt_out_that_only_the_carrier_knows_of_counts_as_stop():
    owner = customer_of(hello_rule())
    activation = owner.apply(bought("t1", MORNING)).submissions[0].activation
    owner.apply(outcome(activation, MORNING, "failed", "opted_out"))
    owner.apply(bought("t2", MORNING + HOUR))
    assert last(owner).reason == "opted_out"


def test_one_message_at_a_time_and_the_more_important_one_next():
    rules = [hello_rule("a", priority=10), hello_rule("b", priority=50), hello_rule("c", priority=30)]
    owner = customer_of(*rules)
    change = owner.apply(bought("t1", MORNING))
    order = []
    while change.submissions:
        (submission,) = change.submissions
        order.append(submission.rule)
        change = owner.apply(outcome(submission.activation, MORNING, "accepted"))
    assert order == ["b", "c", "a"]


def test_frequency_caps_count_rolling_days_over_all_rules():
    shop = program(messaging=replace(program().messaging, caps={"marketing": ((1, 1), (2, 7))}))
    owner = customer_of(hello_rule(), shop=shop)
    seen = []
    for hours in (0, 23, 24, 48, 7 * 24 - 1, 7 * 24):
        change = owner.apply(bought(f"t{hours}", MORNING + hours * HOUR))
        seen.append(bool(change.submissions))
        for submission in change.submissions:
            owner.apply(outcome(submission.activation, MORNING + hours * HOUR, "delivered"))
    assert seen == [True, False, True, False, False, True]


def test_what_never_left_does_not_count_against_the_cap():
    shop = program(messaging=replace(program().messaging, caps={"marketing": ((1, 1),)}))
    owner = customer_of(hello_rule(), shop=shop)
    activation = owner.apply(bought("t1", MORNING)).submissions[0].activation
    owner.apply(outcome(activation, MORNING, "suppressed", "rule_limit"))
    assert sent(owner.apply(bought("t2", MORNING + HOUR))) == ["hello"]


def test_a_cool_down_keeps_one_rule_quiet_and_no_other():
    owner = customer_of(hello_rule(cool_down=7 * DAY), hello_rule("other", template="receipt"))
    owner.apply(consent(purpose="utility"))
    for days in (0, 1, 7):
        change = owner.apply(bought(f"t{days}", MORNING + days * DAY))
        while change.submissions:
            change = owner.apply(outcome(change.submissions[0].activation, MORNING + days * DAY, "delivered"))
    fired = [
        (n.rule, n.status, n.at)
        for c in owner.changes
        for n in c.notes
        if n.kind == "decided" and n.status == "submitted"
    ]
    assert [(at_ - MORNING) // DAY for rule_, _, at_ in fired if rule_ == "hello"] == [0, 7]
    assert [(at_ - MORNING) // DAY for rule_, _, at_ in fired if rule_ == "other"] == [0, 1, 7]


def test_a_holdout_is_the_same_people_every_time_and_about_as_many_as_asked():
    names = [f"c{number}" for number in range(4_000)]
    held = [name for name in names if is_held_out(MERCHANT, "hello", name, 10)]
    assert held == [name for name in names if is_held_out(MERCHANT, "hello", name, 10)]
    assert 320 < len(held) < 480
    assert set(held) < {name for name in names if is_held_out(MERCHANT, "hello", name, 20)}, "a larger one contains it"
    other = {name for name in names if is_held_out(MERCHANT, "other", name, 10)}
    assert len(other & set(held)) < 100, "another rule holds out others"


def test_a_holdout_withholds_the_message_and_never_the_reward():
    held = next(f"c{n}" for n in range(1_000) if is_held_out(MERCHANT, "free-loaf", f"c{n}", 50))
    owner = Owner(bundle(program(card(stamps=1)), card_rule(hold_out=50)))
    owner.apply(consent(held))
    change = owner.apply(bought("t1", MORNING, customer=held))
    assert sent(change) == []
    assert [(v.reward, v.state) for v in owner.state(held).vouchers] == [("loaf", "open")]
    assert owner.state(held).activations[0].reason == "holdout"


def test_a_purchase_that_comes_late_stamps_and_says_nothing():
    owner = customer_of(card_rule(), hello_rule())
    change = owner.apply(bought("t1", MORNING, recorded=MORNING + 2 * HOUR + 1))
    state = owner.state()
    assert sent(change) == []
    assert state.cards["bread"].completed == 1
    assert [v.state for v in state.vouchers] == ["open"]
    assert {a.reason for a in state.activations} == {"late"}
    assert sent(owner.apply(bought("t2", MORNING + DAY, recorded=MORNING + DAY + 2 * HOUR))) != []


def test_a_rule_may_speak_of_old_news_if_it_says_so():
    owner = customer_of(hello_rule(send_late=True))
    assert sent(owner.apply(bought("t1", MORNING, recorded=MORNING + 3 * DAY))) == ["hello"]


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
    assert (second.channel, second.template, change.finished) == ("sms", "hello", [first.activation])
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
