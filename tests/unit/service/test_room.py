"""Who gets what room the caps leave: what was earned waits for it, and the more important goes first, over time."""

from typing import Any

import pytest

from rules.actions import Give, Send
from rules.engine import CompiledRule
from stamgast.domain.activation import RANKS
from stamgast.domain.events import (
    ActivationOutcome,
    OptedOut,
    TimerDue,
)
from stamgast.domain.program import Messaging, Window
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.people.why import explain_customer
from tests.builders import ANNA, MERCHANT, OPEN_ALL_DAY, T0, bought, bundle, card, card_rule, consent, program, rule
from tests.fakes.in_memory import Owner

ONE_A_DAY = ((1, 1),)
NOON = Window(14 * 60, 24 * 60)
"""Two hours after noon in Amsterdam, four after T0."""


class Shop:
    """Time passes, timers come due, and every message arrives a minute later."""

    def __init__(self, *rules: CompiledRule, caps: tuple[tuple[int, int], ...] = ONE_A_DAY, **of_card: Any) -> None:
        messaging = Messaging(windows=OPEN_ALL_DAY, caps={"marketing": caps})
        self.owner = Owner(bundle(program(card(stamps=2, **of_card), messaging=messaging), *rules))
        self.owner.apply(consent())
        self.sent: list[tuple[str, Millis]] = []
        """(rule, when) of everything that left."""
        self.bought = 0

    def buys(self, *times: Millis, **more: Any) -> None:
        for when in times:
            self.passes(when)
            self._apply(bought(f"t{self.bought}", when, **more))
            self.bought += 1

    def passes(self, until: Millis) -> None:
        while soon := [due for due in self.owner.state().timers.values() if due <= until]:
            due = min(soon)
            self._apply(
                TimerDue(merchant=MERCHANT, customer=ANNA, at=max(due, self.owner.state().recorded_at), due=due)
            )

    def _apply(self, event: Any) -> None:
        queue = [event]
        while queue:
            change = self.owner.apply(queue.pop(0))
            for each in change.submissions:
                at = self.owner.state().recorded_at
                self.sent.append((each.rule, at))
                queue.append(
                    ActivationOutcome(
                        merchant=MERCHANT, customer=ANNA, at=at, activation=each.activation, status="delivered",
                        rank=RANKS["delivered"], channel="sms",
                    )
                )  # fmt: skip

    def why(self, rule_id: str) -> list[str]:
        return [a.reason or a.status for a in self.owner.state().activations if a.rule == rule_id]

    def held(self) -> list[tuple[str, str]]:
        return [(a.rule, a.reason) for a in self.owner.state().activations if a.state == "held"]

    @property
    def rules_sent(self) -> list[str]:
        return [rule_id for rule_id, _ in self.sent]


def says(id_: str, **more: Any) -> CompiledRule:
    """A message at every purchase."""
    return rule(id_, "purchase", Send("hello", ("sms",)), **more)


# -- what was earned waits


def test_a_message_about_an_earned_reward_waits_for_the_cap_that_smaller_ones_used_up():
    shop = Shop(says("small", priority=90), card_rule())
    shop.buys(T0, T0 + HOUR)
    assert shop.rules_sent == ["small"]
    assert shop.held() == [("free-loaf", "frequency_cap")]
    shop.passes(T0 + DAY)
    assert shop.sent == [("small", T0), ("free-loaf", T0 + DAY)]


def test_so_does_one_about_what_the_card_itself_gives():
    full = rule("full", "stamp_card_completed", Send("hello", ("sms",)), per="card", fills="bread")
    shop = Shop(says("small", priority=90), full, reward="loaf")
    shop.buys(T0, T0 + HOUR)
    assert shop.held() == [("full", "frequency_cap")]
    shop.passes(T0 + DAY)
    assert shop.rules_sent == ["small", "full"]


def test_it_takes_the_next_room_before_any_offer_however_important():
    shop = Shop(says("small", priority=100), card_rule(priority=0))
    shop.buys(T0, T0 + HOUR)
    # At the very moment at which there is room again a purchase is applied before the timer is.
    shop.owner.apply(bought("t9", T0 + DAY))
    assert shop.why("small")[-1] == "outranked"
    shop.passes(T0 + DAY)
    assert shop.rules_sent == ["small", "free-loaf"]
    shop.passes(T0 + 9 * DAY)
    assert shop.sent[2:] == [("small", T0 + 2 * DAY)]


def test_it_waits_until_its_voucher_ends_and_no_longer():
    shop = Shop(says("small", priority=90), card_rule(), caps=((1, 40),))
    shop.buys(T0, T0 + HOUR)
    assert shop.why("free-loaf") == ["frequency_cap"]
    assert shop.held() == [], "there is no room before the voucher ends"
    shop = Shop(says("small", priority=90), card_rule(), caps=((1, 29),))
    shop.buys(T0, T0 + HOUR)
    shop.passes(T0 + 29 * DAY)
    assert shop.rules_sent == ["small", "free-loaf"]


def test_all_caps_have_to_leave_room():
    shop = Shop(says("small", priority=90), card_rule(), caps=((1, 1), (2, 7), (3, 14)))
    shop.buys(T0, T0 + DAY, T0 + 2 * DAY)
    assert shop.sent[:2] == [("small", T0), ("small", T0 + DAY)]
    shop.passes(T0 + 20 * DAY)
    assert shop.sent[2:] == [("free-loaf", T0 + 7 * DAY)]


def test_it_is_not_sent_once_the_reward_was_used():
    shop = Shop(says("small", priority=90), card_rule())
    shop.buys(T0, T0 + HOUR)
    code = shop.owner.state().vouchers[0].code
    shop.owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=T0 + 2 * HOUR, id="q", code=code))
    shop.passes(T0 + DAY)
    assert shop.why("free-loaf") == ["no_longer_true"]


def test_it_waits_out_its_rules_cool_down_too():
    shop = Shop(card_rule(cool_down=7 * DAY), caps=())
    shop.buys(T0, T0 + HOUR, T0 + 2 * HOUR, T0 + 3 * HOUR)
    assert len(shop.owner.state().vouchers) == 2
    assert shop.held() == [("free-loaf", "cool_down")]
    shop.passes(T0 + 20 * DAY)
    assert shop.sent == [("free-loaf", T0 + HOUR), ("free-loaf", T0 + HOUR + 7 * DAY)]


def test_stop_ends_the_wait_and_leaves_the_reward():
    shop = Shop(says("small", priority=90), card_rule())
    shop.buys(T0, T0 + HOUR)
    shop.owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 + 2 * HOUR))
    shop.passes(T0 + DAY)
    assert shop.rules_sent == ["small"]
    assert [each.state for each in shop.owner.state().vouchers] == ["open"]


def test_a_worker_that_was_away_for_days_still_tells_of_it():
    shop = Shop(says("small", priority=90), card_rule())
    shop.buys(T0, T0 + HOUR)
    shop.owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=T0 + 10 * DAY, due=T0 + DAY))
    assert [each.rule for each in shop.owner.changes[-1].submissions] == ["free-loaf"]


@pytest.mark.parametrize("earned", [True, False])
def test_a_rules_messages_of_the_day_are_counted_anew_tomorrow_for_what_was_earned(earned: bool):
    shop = Shop(card_rule(per_day=1, earned=earned), caps=())
    shop.owner.apply(bought("t0", T0))
    (sent,) = shop.owner.apply(bought("t1", T0 + HOUR)).submissions
    shop.owner.apply(
        ActivationOutcome(
            merchant=MERCHANT, customer=ANNA, at=T0 + HOUR + MINUTE, activation=sent.activation, status="suppressed",
            rank=50, channel="sms", reason="rule_limit",
        )
    )  # fmt: skip
    assert shop.why("free-loaf") == ["rule_limit"]
    assert [each.state for each in shop.owner.state().vouchers] == ["open" if earned else "withdrawn"]
    shop.passes(T0 + 2 * DAY)
    assert shop.sent == ([("free-loaf", T0 + 14 * HOUR)] if earned else []), "midnight in Amsterdam"


def test_an_offer_does_not_wait_for_a_cap_that_was_full_before():
    gift = rule("gift", "purchase", Give("loaf"), Send("loaf", ("sms",)), fires=lambda fact: fact.occasion == "t1")
    shop = Shop(says("small", fires=lambda fact: fact.occasion == "t0"), gift)
    shop.buys(T0, T0 + HOUR)
    assert shop.why("gift") == ["frequency_cap"]
    assert shop.owner.state().vouchers == []


# -- who goes first, over time


def test_a_more_important_message_that_comes_later_takes_the_room_of_one_that_waits():
    shop = Shop(
        says("minor", window=NOON, priority=10, fires=lambda fact: fact.occasion == "t0"),
        says("major", window=NOON, priority=80, fires=lambda fact: fact.occasion == "t1"),
    )
    shop.buys(T0, T0 + HOUR)
    assert shop.held() == [("minor", "quiet_hours"), ("major", "quiet_hours")]
    shop.passes(T0 + 6 * HOUR)
    assert shop.rules_sent == ["major"]
    assert shop.held() == [("minor", "outranked")]
    (told,) = explain_customer(shop.owner.state(), shop.owner.bundle, T0, "minor")
    assert told["activations"][0]["why"].startswith("more important messages took the room")


def test_the_outranked_comes_back_when_there_is_room_and_gives_up_when_there_is_not():
    for give_up, sent in ((48 * HOUR, ["major", "minor"]), (20 * HOUR, ["major"])):
        shop = Shop(
            says("minor", window=NOON, priority=10, give_up_after=give_up, fires=lambda fact: fact.occasion == "t0"),
            says("major", window=NOON, priority=80, fires=lambda fact: fact.occasion == "t1"),
        )
        shop.buys(T0, T0 + HOUR)
        shop.passes(T0 + 3 * DAY)
        assert shop.rules_sent == sent
        assert shop.held() == []
    assert shop.why("minor") == ["outranked"]


def test_so_does_one_that_others_outranked_at_the_same_moment():
    shop = Shop(says("major", priority=80, per="customer"), says("minor", priority=10, per="customer"))
    shop.buys(T0)
    assert shop.rules_sent == ["major"]
    assert shop.held() == [("minor", "outranked")]
    shop.passes(T0 + 3 * DAY)
    assert shop.sent == [("major", T0), ("minor", T0 + DAY)]


def test_a_less_important_one_does_not_take_the_room_that_another_waits_for():
    shop = Shop(
        says("major", window=NOON, priority=80, fires=lambda fact: fact.occasion == "t0"),
        says("minor", priority=10, fires=lambda fact: fact.occasion == "t1"),
    )
    shop.buys(T0, T0 + HOUR)
    assert shop.held() == [("major", "quiet_hours"), ("minor", "outranked")]
    shop.passes(T0 + 3 * DAY)
    assert shop.rules_sent == ["major", "minor"]


def test_a_more_important_one_that_may_go_now_does_not_wait_for_what_waits():
    shop = Shop(
        says("minor", window=NOON, priority=10, fires=lambda fact: fact.occasion == "t0"),
        says("major", priority=80, fires=lambda fact: fact.occasion == "t1"),
    )
    shop.buys(T0, T0 + HOUR)
    assert shop.sent == [("major", T0 + HOUR)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"id_": "b", "priority": 60}, {"id_": "a", "priority": 50}),
        ({"id_": "b", "value": 250}, {"id_": "a", "value": 100}),
        ({"id_": "a"}, {"id_": "b"}),
    ],
    ids=["priority", "expected value", "id"],
)
def test_what_waits_for_the_same_morning_goes_by_priority_then_value_then_id(first: Any, second: Any):
    for order in ((first, second), (second, first)):
        rules = [
            says(window=NOON, fires=lambda fact, number=number: fact.occasion == f"t{number}", **words)
            for number, words in enumerate(order)
        ]
        shop = Shop(*rules, caps=())
        shop.buys(T0, T0 + HOUR)
        shop.passes(T0 + 6 * HOUR)
        assert shop.rules_sent == [first["id_"], second["id_"]]
    at_once = Shop(says(**first), says(**second))
    at_once.buys(T0)
    assert at_once.rules_sent == [first["id_"]]


def test_an_outranked_offer_keeps_its_voucher_as_long_as_it_may_still_be_told_of():
    gift = rule(
        "gift", "purchase", Give("loaf"), Send("loaf", ("sms",)), priority=10, give_up_after=20 * HOUR, window=NOON,
        fires=lambda fact: fact.occasion == "t0",
    )  # fmt: skip
    shop = Shop(gift, says("major", window=NOON, priority=80, fires=lambda fact: fact.occasion == "t1"))
    shop.buys(T0, T0 + HOUR)
    assert [each.state for each in shop.owner.state().vouchers] == ["open"]
    shop.passes(T0 + 3 * DAY)
    assert shop.rules_sent == ["major"]
    assert [each.state for each in shop.owner.state().vouchers] == ["withdrawn"]


def test_every_message_that_waits_ends():
    """Many rules, few places: nothing waits for ever, and no cap is passed."""
    rules = [
        says(f"r{number}", window=NOON if number % 2 else None, priority=number * 7 % 5 * 10, value=number % 3)
        for number in range(12)
    ]
    shop = Shop(card_rule(), *rules, caps=((1, 1), (3, 7)))
    shop.buys(*(T0 + number * 5 * HOUR for number in range(40)))
    shop.passes(T0 + 60 * DAY)
    assert shop.held() == []
    times = [when for _, when in shop.sent]
    for most, days in ((1, 1), (3, 7)):
        assert all(sum(when <= each < when + days * DAY for each in times) <= most for when in times)
    loaves = shop.owner.whole().vouchers
    assert len(loaves) == 20
    assert shop.rules_sent.count("free-loaf") >= 10, "one in three places a week goes to nothing else while these wait"
