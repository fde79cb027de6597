"""A message of which nobody knows whether it arrived, and one that an outage kept past its hour: does it go again?"""

from dataclasses import replace

from stamgast.domain.contacts import count_of
from stamgast.domain.events import OptedOut
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.service import Change
from tests.builders import ANNA, MERCHANT, at, bought, card, hello_rule, program, taken_back
from tests.fakes.in_memory import Owner
from tests.message_scenes import DAYTIME, MORNING, customer_of, fire_timers, last, outcome, sent

FIRST = "attempt-1"


def shop(if_unproven: str = "send_again", **more):
    made = program(card(stamps=1), **more)
    templates = {name: replace(each, if_unproven=if_unproven) for name, each in made.templates.items()}
    return replace(made, templates=templates)


def in_doubt(owner: Owner, when: int = MORNING, name: str = "t1") -> str:
    (submission,) = owner.apply(bought(name, when)).submissions
    owner.apply(told(submission.activation, when, "in_doubt"))
    assert (last(owner).status, last(owner).state) == ("in_doubt", "ended")
    return submission.activation


def told(activation: str, when: int, status: str, attempt: str = FIRST, reason: str = ""):
    event = outcome(activation, when, status, reason)
    return type(event)(**{name: getattr(event, name) for name in event.__struct_fields__} | {"attempt": attempt})


def not_found(owner: Owner, activation: str, when: int, attempt: str = FIRST) -> Change:
    return owner.apply(told(activation, when, "not_found", attempt))


def counted(owner: Owner, name: str) -> int:
    return sum(change.counters.get(name, 0) for change in owner.changes)


def test_what_the_carrier_does_not_know_goes_once_more_as_the_same_activation():
    owner = customer_of(hello_rule(), shop=shop())
    activation = in_doubt(owner)
    (again,) = not_found(owner, activation, MORNING + HOUR).submissions
    assert (again.activation, again.template) == (activation, "hello")
    owner.apply(told(activation, MORNING + HOUR, "delivered", "attempt-2"))
    assert last(owner).status == "delivered"
    assert counted(owner, "message|sms|in_doubt") == 0
    assert count_of(owner.state().contacts) == 1, "it counts once against the caps"


def test_it_goes_no_third_time():
    owner = customer_of(hello_rule(), shop=shop())
    activation = in_doubt(owner)
    not_found(owner, activation, MORNING + HOUR)
    owner.apply(told(activation, MORNING + HOUR, "in_doubt", "attempt-2"))
    assert not_found(owner, activation, MORNING + 2 * HOUR, "attempt-2").submissions == []
    assert not_found(owner, activation, MORNING + 2 * HOUR).submissions == []
    assert (last(owner).status, counted(owner, "message|sms|in_doubt")) == ("in_doubt", 1)


def test_a_template_that_says_never_stays_in_doubt():
    owner = customer_of(hello_rule(), shop=shop("never"))
    activation = in_doubt(owner)
    assert not_found(owner, activation, MORNING + HOUR).submissions == []
    assert last(owner).status == "in_doubt"


def test_a_report_about_the_first_attempt_takes_the_second_out_of_the_outbox():
    owner = customer_of(hello_rule(), shop=shop())
    activation = in_doubt(owner)
    not_found(owner, activation, MORNING + HOUR)
    assert list(owner.apply(told(activation, MORNING + HOUR, "delivered")).finished) == [activation]
    assert last(owner).status == "delivered"


def test_what_is_late_about_the_first_attempt_does_not_end_the_second():
    owner = customer_of(hello_rule(), shop=shop())
    activation = in_doubt(owner)
    not_found(owner, activation, MORNING + HOUR)
    for status in ("in_doubt", "undelivered", "failed"):
        assert list(owner.apply(told(activation, MORNING + HOUR, status)).finished) == []
    owner.apply(told(activation, MORNING + HOUR, "accepted", "attempt-2"))
    owner.apply(told(activation, MORNING + HOUR, "undelivered"))
    assert last(owner).status == "accepted"


def test_a_stop_in_between_keeps_it_away_and_it_is_still_shown_as_in_doubt():
    stop = OptedOut(merchant=MERCHANT, customer=ANNA, at=MORNING + MINUTE, channel="sms")
    before = customer_of(hello_rule(), shop=shop())
    activation = in_doubt(before)
    before.apply(stop)
    assert not_found(before, activation, MORNING + HOUR).submissions == []
    after = customer_of(hello_rule(), shop=shop())
    activation = in_doubt(after)
    not_found(after, activation, MORNING)
    assert after.apply(stop).cancels == [activation]
    after.apply(outcome(activation, MORNING + HOUR, "suppressed", "opted_out"))
    for owner in (before, after):
        assert (last(owner).status, last(owner).state) == ("in_doubt", "ended")


def test_a_refund_in_between_keeps_it_away():
    owner = customer_of(hello_rule(), shop=shop())
    event = bought("t1", MORNING)
    (submission,) = owner.apply(event).submissions
    owner.apply(told(submission.activation, MORNING, "in_doubt"))
    owner.apply(taken_back(event, MORNING + MINUTE))
    assert not_found(owner, submission.activation, MORNING + HOUR).submissions == []
    assert last(owner).status == "in_doubt"


def test_at_night_it_waits_for_the_morning_and_a_report_meanwhile_settles_it():
    evening = at("2026-10-01 17:50")
    for report in (False, True):
        owner = customer_of(hello_rule(), shop=shop(messaging=DAYTIME))
        activation = in_doubt(owner, evening)
        assert not_found(owner, activation, evening + HOUR).submissions == []
        assert (last(owner).status, last(owner).reason) == ("held", "quiet_hours")
        if report:
            owner.apply(told(activation, evening + HOUR, "delivered"))
            assert last(owner).status == "delivered"
        woken = [name for change in fire_timers(owner, at("2026-10-02 07:00")) for name in sent(change)]
        assert woken == ([] if report else ["hello"])


def test_what_is_given_up_in_that_night_is_still_in_doubt():
    evening = at("2026-10-01 17:50")
    owner = customer_of(hello_rule(), shop=shop(messaging=DAYTIME))
    activation = in_doubt(owner, evening)
    not_found(owner, activation, evening + HOUR)
    owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=evening + 2 * HOUR, channel="sms"))
    assert (last(owner).status, last(owner).reason) == ("in_doubt", "opted_out")
    assert counted(owner, "message|sms|in_doubt") == 1


def test_after_its_end_it_goes_no_more():
    owner = customer_of(hello_rule(), shop=shop())
    activation = in_doubt(owner)
    assert not_found(owner, activation, MORNING + 2 * DAY).submissions == []


def test_what_waited_for_the_carrier_past_its_hour_waits_for_the_next_morning():
    owner = customer_of(hello_rule(), shop=shop(messaging=DAYTIME))
    (waiting,) = owner.apply(bought("t1", MORNING)).submissions
    change = owner.apply(outcome(waiting.activation, at("2026-10-01 18:00"), "expired", "expired"))
    assert list(change.finished) == [waiting.activation]
    assert (last(owner).status, last(owner).reason) == ("held", "quiet_hours")
    morning = at("2026-10-02 07:00")
    assert [sent(change) for change in fire_timers(owner, morning)] == [["hello"]]
    assert count_of(owner.state().contacts) == 1


def test_in_the_last_moments_of_its_hour_it_does_not_come_back_at_once():
    owner = customer_of(hello_rule(), shop=shop(messaging=DAYTIME))
    (waiting,) = owner.apply(bought("t1", MORNING)).submissions
    assert sent(owner.apply(outcome(waiting.activation, at("2026-10-01 18:00") - 500, "expired", "expired"))) == []
    assert fire_timers(owner, at("2026-10-01 18:00"))[0].submissions == []
    assert (last(owner).status, last(owner).reason) == ("held", "quiet_hours")


def test_what_waited_for_the_carrier_past_its_own_end_has_expired():
    owner = customer_of(hello_rule(), shop=shop(messaging=DAYTIME))
    (waiting,) = owner.apply(bought("t1", MORNING)).submissions
    owner.apply(outcome(waiting.activation, MORNING + 2 * DAY, "expired", "expired"))
    assert (last(owner).status, last(owner).reason) == ("expired", "expired")


def test_a_rule_that_does_not_wait_for_the_morning_is_not_made_to():
    daily = replace(hello_rule(), if_outside="suppress")
    owner = customer_of(daily, shop=shop(messaging=DAYTIME))
    (waiting,) = owner.apply(bought("t1", MORNING)).submissions
    owner.apply(outcome(waiting.activation, at("2026-10-01 18:00"), "expired", "expired"))
    assert (last(owner).status, last(owner).reason) == ("suppressed", "quiet_hours")


def test_one_step_may_submit_finish_and_submit_anew():
    owner = customer_of(hello_rule(), shop=shop())
    activation = in_doubt(owner)
    not_found(owner, activation, MORNING + HOUR)
    assert [change.stands for change in owner.changes[-3:]] == [
        {activation: True},
        {activation: False},
        {activation: True},
    ]
