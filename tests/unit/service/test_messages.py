"""When a message goes, waits or stays away, by example."""

from dataclasses import replace

from stamgast.domain.contact_policy import is_held_out
from stamgast.domain.events import ConsentChanged, OptedIn, OptedOut
from stamgast.domain.program import Window
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from tests.builders import ANNA, MERCHANT, at, bought, bundle, card, card_rule, consent, hello_rule, program
from tests.fakes.in_memory import Owner
from tests.message_scenes import DAYTIME, MORNING, NIGHT, customer_of, fire_timers, last, outcome, sent


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
    assert list(settled.finished) == [queued]
    owner.apply(bought("t2", MORNING + HOUR))
    assert {a.reason for a in owner.state().activations} == {"opted_out"}
    owner.apply(OptedIn(merchant=MERCHANT, customer=ANNA, at=MORNING + 2 * HOUR))
    assert sent(owner.apply(bought("t3", MORNING + 3 * HOUR))) == ["hello"]


def test_a_message_that_was_withheld_for_a_stop_stops_nobody_who_has_said_start_since():
    owner = customer_of(hello_rule())
    activation = owner.apply(bought("t1", MORNING)).submissions[0].activation
    owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=MORNING + MINUTE))
    owner.apply(OptedIn(merchant=MERCHANT, customer=ANNA, at=MORNING + HOUR))
    owner.apply(outcome(activation, MORNING + 2 * HOUR, "suppressed", "opted_out"))
    assert not owner.state().stopped_at
    assert sent(owner.apply(bought("t2", MORNING + 3 * HOUR))) == ["hello"]


def test_an_opt_out_that_only_the_carrier_knows_of_counts_as_stop():
    owner = customer_of(hello_rule())
    activation = owner.apply(bought("t1", MORNING)).submissions[0].activation
    told = owner.apply(outcome(activation, MORNING, "failed", "opted_out"))
    assert told.counters["opted_out"] == 1
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
