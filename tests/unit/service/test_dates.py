"""Cards and rules that start and end: what was bought on other days counts for the shop, and gives nothing."""

from typing import Any

import msgspec
import pytest

from rules.actions import Give, Send, Tag
from stamgast.domain.calendar import business_day
from stamgast.domain.events import Enrolled, TimerDue
from stamgast.domain.program import Messaging, Window
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.people.why import explain_customer
from tests.builders import (
    ANNA,
    MERCHANT,
    NO_CAPS,
    T0,
    at,
    bought,
    bundle,
    card,
    card_rule,
    consent,
    program,
    rule,
    taken_back,
)
from tests.fakes.in_memory import Owner

TODAY = business_day(T0, "Europe/Amsterdam")
PURCHASES = 6


def opened(*rules: Any, **of_card: Any) -> Owner:
    """A shop whose card of three stamps starts today unless told otherwise."""
    words: dict[str, Any] = {"starts": TODAY, "reward": "loaf"}
    return Owner(bundle(program(card(stamps=3, **(words | of_card))), *rules))


def import_last_year(owner: Owner, customer: str) -> None:
    """Six purchases of last year come in within a minute of today."""
    owner.apply(consent(customer))
    for number in range(PURCHASES):
        when = T0 - 365 * DAY + number * 9 * DAY
        owner.apply(bought(f"{customer}:{number}", when, customer=customer, recorded=T0 + number))


def test_an_import_of_a_thousand_customers_last_year_gives_values_and_stages_and_no_rewards():
    third = rule(
        "third", "visits_changed", Give("coffee"), Tag(add=("regular",)), Send("hello", ("sms",)),
        fires=lambda fact: fact.before < 3 <= fact.after, per="customer", starts=TODAY, send_late=True,
    )  # fmt: skip
    owner = opened(third)
    for number in range(1000):
        import_last_year(owner, customer := f"c{number:024}")
        state = owner.state(customer)
        assert (state.purchases, state.visits, state.spend) == (PURCHASES, PURCHASES, PURCHASES * 350)
        assert state.profit > 0
        assert state.stage == "active"
        assert (state.cards, state.vouchers, state.activations, state.tags, state.fired) == ({}, [], [], [], {})


def test_what_comes_in_as_history_gives_nothing_where_nobody_said_when_a_card_or_a_rule_starts():
    """Not even rules that do not mind that it is late, and those of a welcome, of a figure or of a segment."""
    third = rule("third", "visits_changed", Give("coffee"), Send("hello", ("sms",)), send_late=True)
    welcome = rule("welcome", "joined", Give("coffee"), Send("hello", ("sms",)), send_late=True)
    owner = opened(third, welcome, starts=None)
    long_ago = T0 - 400 * DAY
    owner.apply(msgspec.structs.replace(consent(when=T0), since=long_ago))
    owner.apply(Enrolled(merchant=MERCHANT, customer=ANNA, at=T0, since=long_ago))
    for number in range(PURCHASES):
        when = T0 - 365 * DAY + number * 9 * DAY
        owner.apply(bought(f"old:{number}", when, recorded=T0 + number, history=True))
    state = owner.state()
    assert (state.purchases, state.visits, state.spend) == (PURCHASES, PURCHASES, PURCHASES * 350)
    assert (state.joined_at, state.consents) == (T0 - 400 * DAY, {"marketing:sms": T0 - 400 * DAY})
    assert (state.cards, state.vouchers, state.activations, state.fired) == ({}, [], [], {})
    owner.apply(bought("new", T0 + DAY))
    assert (owner.state().cards["bread"].balance, set(owner.state().fired)) == (1, {"third"})


def test_history_stamps_a_card_that_counts_it_and_is_rewarded():
    owner = opened(count_history=True)
    for number in range(PURCHASES):
        owner.apply(bought(f"old:{number}", T0 - number * DAY, recorded=T0 + number, history=True))
    assert [voucher.cause for voucher in owner.state().vouchers] == ["card:bread:1", "card:bread:2"]


def test_what_is_bought_from_the_first_day_on_counts_as_for_anybody_else():
    owner = opened()
    import_last_year(owner, ANNA)
    for number in range(3):
        owner.apply(bought(f"t{number}", T0 + number * HOUR))
    assert [voucher.cause for voucher in owner.state().vouchers] == ["card:bread:1"]


def test_a_card_that_counts_history_takes_the_stamps_of_before():
    owner = opened(count_history=True)
    import_last_year(owner, ANNA)
    assert [voucher.cause for voucher in owner.state().vouchers] == ["card:bread:1", "card:bread:2"]


def test_both_days_count_by_the_shops_clock_and_no_other_does():
    days: dict[str, Any] = {"starts": TODAY, "ends": TODAY + 1}
    owner = opened(rule("each", "purchase", Tag(add=("seen",)), **days), **days)
    begins = at("2026-09-30 22:00")  # midnight in Amsterdam
    for name, when, stamps in (
        ("before", begins - 1, 0),
        ("first", begins, 1),
        ("last", begins + 2 * DAY - 1, 2),
        ("after", begins + 2 * DAY, 2),
    ):
        owner.apply(bought(name, when))
        state = owner.state()
        assert sum(each.balance for each in state.cards.values()) == stamps
        assert len(state.fired.get("each", ())) == stamps, name


def test_a_bars_night_belongs_to_the_day_on_which_it_began():
    owner = opened(ends=TODAY, starts=None)
    owner.apply(bought("late", at("2026-10-02 01:00"), store="bar"))
    assert owner.state().cards["bread"].balance == 1


def test_a_refund_after_the_last_day_takes_what_was_given_and_one_of_before_takes_nothing():
    owner = opened(starts=TODAY, ends=TODAY)
    old = bought("old", T0 - DAY)
    sales = [bought(f"t{number}", T0 + number * MINUTE) for number in range(3)]
    owner.apply(old)
    owner.apply(*sales)
    assert [voucher.state for voucher in owner.state().vouchers] == ["open"]
    owner.apply(taken_back(old, T0 + 20 * DAY))
    assert [voucher.state for voucher in owner.state().vouchers] == ["open"]
    owner.apply(taken_back(sales[1], T0 + 21 * DAY))
    assert [voucher.state for voucher in owner.state().vouchers] == ["withdrawn"]
    assert owner.state().cards["bread"].balance == 2


def test_a_threshold_that_was_passed_before_the_rule_began_is_passed_for_good():
    third = rule(
        "third", "visits_changed", Give("coffee"), fires=lambda fact: fact.before < 3 <= fact.after, per="customer",
        starts=TODAY,
    )  # fmt: skip
    owner = opened(third)
    import_last_year(owner, ANNA)
    owner.apply(bought("t0", T0))
    assert owner.state().vouchers == []


def test_a_threshold_is_reached_with_the_help_of_what_was_before():
    seventh = rule(
        "seventh", "visits_changed", Give("coffee"), fires=lambda fact: fact.before < 7 <= fact.after, per="customer",
        starts=TODAY,
    )  # fmt: skip
    owner = opened(seventh)
    import_last_year(owner, ANNA)
    owner.apply(bought("t0", T0))
    assert [voucher.reward for voucher in owner.state().vouchers] == ["coffee"]


def test_what_was_before_takes_no_occasion_from_a_rule():
    first = rule("first", "purchase", Give("coffee"), per="customer", starts=TODAY, earned=True)
    owner = opened(first)
    import_last_year(owner, ANNA)
    owner.apply(bought("t0", T0))
    assert [voucher.cause for voucher in owner.state().vouchers] == ["t0"]


@pytest.mark.parametrize(("earned", "status", "left"), [(False, "rule_over", "withdrawn"), (True, "submitted", "open")])
def test_a_message_that_waits_beyond_the_last_day_goes_only_if_it_is_about_what_was_earned(
    earned: bool, status: str, left: str
):
    hours = Window(12 * 60, 20 * 60)
    last = rule(
        "last", "purchase", Give("loaf"), Send("loaf", ("sms",)), window=hours, ends=TODAY, earned=earned,
    )  # fmt: skip
    owner = Owner(bundle(program(messaging=Messaging(windows={}, caps=NO_CAPS)), last))
    evening = at("2026-10-01 20:00")
    owner.apply(consent())
    owner.apply(bought("t0", evening))
    waits = owner.state().activations[0].release_at
    owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=waits, due=waits))
    state = owner.state()
    assert [each.reason or each.status for each in state.activations] == [status]
    assert [each.state for each in state.vouchers] == [left]


def test_why_says_from_when_to_when_a_rule_fires():
    owner = opened(card_rule(starts=TODAY, ends=TODAY + 30))
    owner.apply(bought("t0", T0))
    (told,) = explain_customer(owner.state(), owner.bundle, T0)
    assert (told["starts"], told["ends"]) == ("2026-10-01", "2026-10-31")
