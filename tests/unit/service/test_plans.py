"""What a rule does later: it waits for its time, is called off, and asks then whether it may go."""

from typing import Any

import pytest

from rules.actions import AddStamps, Send, Tag, Unless, Wait
from rules.engine import CompiledRule
from stamgast.domain.delays import Delay
from stamgast.domain.events import AnyEvent, OptedIn, OptedOut
from stamgast.domain.program import Messaging, Window
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.people.why import explain_customer
from stamgast.service import messages
from stamgast.simulate import Simulation
from tests.builders import (
    ANNA,
    MERCHANT,
    T0,
    at,
    bought,
    bundle,
    card,
    card_rule,
    consent,
    hello_rule,
    program,
    taken_back,
)
from tests.fakes.in_memory import KEY, Owner
from tests.played_shop import BUYS, COMPARED, GIFT, LOAF, THREE_DAYS, TIPS, Shop, large, tips


def test_a_message_waits_until_its_day_and_the_hour_of_the_purchase():
    shop = Shop(tips())
    shop.hear(bought("t1", T0))
    assert shop.sent() == []
    [one] = shop.waiting()
    assert (one.status, one.reason, one.release_at) == ("held", "not_yet", T0 + 3 * DAY)
    shop.pass_to(T0 + 10 * DAY)
    assert shop.sent() == [("hello", T0 + 3 * DAY)]
    assert shop.waiting() == []


def test_days_are_days_of_the_calendar_and_hours_are_hours():
    evening = at("2026-10-24 08:00")  # ten in Amsterdam; the night to the 25th has an hour more
    shop = Shop(tips(), tips(Send("loaf", ("sms",), Delay(millis=72 * HOUR)), id_="hours"))
    shop.hear(bought("t1", evening))
    shop.pass_to(evening + 10 * DAY)
    assert shop.sent() == [("loaf", evening + 3 * DAY), ("hello", evening + 3 * DAY + HOUR)]


def test_it_counts_from_the_till_and_not_from_when_the_news_came():
    shop = Shop(tips())
    shop.hear(bought("t1", T0, recorded=T0 + HOUR))
    shop.pass_to(T0 + 5 * DAY)
    assert shop.sent() == [("hello", T0 + 3 * DAY)]


def test_a_refund_ends_what_waits_and_the_purchase_rung_up_anew_brings_it_back():
    shop = Shop(tips())
    shop.hear(bought("t1", T0), taken_back(bought("t1", T0), T0 + DAY))
    assert shop.waiting() == []
    assert shop.did() == [("withheld", "taken_back")]
    shop.hear(bought("t1", T0 + DAY + HOUR))
    shop.pass_to(T0 + 9 * DAY)
    assert shop.sent() == [("hello", T0 + 4 * DAY + HOUR)]


def test_what_calls_it_off_does_so_but_not_what_it_is_about_nor_what_was_before():
    shop = Shop(tips(Send("hello", ("sms",), THREE_DAYS, (BUYS,)), per="customer"))
    shop.hear(bought("t1", T0))
    shop.hear(bought("t0", T0 - HOUR, recorded=T0 + MINUTE))
    assert len(shop.waiting()) == 1
    shop.hear(bought("t2", T0 + DAY))
    assert shop.waiting() == []
    shop.pass_to(T0 + 9 * DAY)
    assert shop.did() == [("withheld", "called_off")]


def test_each_purchase_waits_for_itself_and_calls_off_the_one_before():
    shop = Shop(tips(Send("hello", ("sms",), THREE_DAYS, (BUYS,))))
    shop.hear(*(bought(f"t{day}", T0 + day * DAY) for day in range(5)))
    shop.pass_to(T0 + 20 * DAY)
    assert shop.sent() == [("hello", T0 + 7 * DAY)]


def test_a_stop_ends_it_and_a_start_does_not_bring_it_back():
    shop = Shop(tips())
    shop.hear(bought("t1", T0), OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 + DAY))
    shop.hear(OptedIn(merchant=MERCHANT, customer=ANNA, at=T0 + DAY + HOUR))
    shop.pass_to(T0 + 9 * DAY)
    assert shop.did() == [("withheld", "opted_out")]


def test_consent_caps_and_hours_are_asked_when_its_time_has_come():
    mornings = {"marketing": Window(12 * 60, 1440), "utility": Window(0, 1440)}
    house = Messaging(windows=mornings, caps={"marketing": ((1, 1),)})
    shop = Shop(tips(), agreed=False, messaging=house)
    shop.hear(bought("t1", T0), consent(when=T0 + DAY))
    shop.pass_to(T0 + 9 * DAY)
    assert shop.sent() == [("hello", T0 + 3 * DAY + 2 * HOUR)], "noon in Amsterdam"
    never = Shop(tips(), agreed=False)
    never.hear(bought("t1", T0))
    never.pass_to(T0 + 9 * DAY)
    assert never.did() == [("withheld", "no_consent")]


def test_what_waits_takes_no_room_of_messages_that_go_today():
    house = Messaging(windows={"marketing": Window(0, 1440)}, caps={"marketing": ((1, 7),)})
    shop = Shop(tips(priority=90), hello_rule(), messaging=house)
    shop.hear(bought("t1", T0))
    assert shop.sent() == [("hello", T0)]
    shop.pass_to(T0 + 9 * DAY)
    assert shop.did()[-1] == ("withheld", "frequency_cap")


def test_an_edit_lets_it_wait_longer_or_go_sooner():
    shop = Shop(tips())
    shop.hear(bought("t1", T0))
    shop.publish(tips(Send("hello", ("sms",), Delay(days=5))), when=T0 + DAY)
    shop.pass_to(T0 + 4 * DAY)
    assert shop.sent() == []
    shop.publish(tips(Send("hello", ("sms",), Delay(days=1))), when=T0 + 4 * DAY)
    shop.pass_to(T0 + 6 * DAY)
    assert shop.sent() == [("hello", T0 + 4 * DAY)]


def test_an_edit_that_nobody_has_looked_at_is_found_at_its_time():
    shop = Shop(tips())
    shop.hear(bought("t1", T0))
    longer = bundle(shop.program, tips(Send("hello", ("sms",), Delay(days=5))), number=2)
    shop.simulation.bring_into_force(longer, T0 + DAY)
    shop.pass_to(T0 + 9 * DAY)
    assert shop.sent() == [("hello", T0 + 5 * DAY)]


@pytest.mark.parametrize(
    ("edited", "why"),
    [
        ((), "rule_not_live"),
        ((tips(status="paused"),), "rule_not_live"),
        ((tips(Send("loaf", ("sms",), THREE_DAYS)),), "rule_changed"),
        ((tips(ends=T0 // DAY + 1),), "rule_over"),
    ],
)
def test_the_end_of_its_rule_or_its_step_ends_it(edited: tuple[CompiledRule, ...], why: str):
    shop = Shop(tips())
    shop.hear(bought("t1", T0))
    shop.publish(*edited, when=T0 + DAY)
    shop.pass_to(T0 + 9 * DAY)
    assert shop.did() == [("withheld", why)]


def test_a_rule_that_was_paused_and_runs_again_in_time_goes_on():
    shop = Shop(tips())
    shop.hear(bought("t1", T0))
    shop.publish(tips(status="paused"), when=T0 + DAY)
    shop.publish(tips(), when=T0 + 2 * DAY)
    shop.pass_to(T0 + 9 * DAY)
    assert shop.sent() == [("hello", T0 + 3 * DAY)]


def test_several_messages_are_activations_of_their_own():
    shop = Shop(tips(LOAF, Send("receipt", ("sms",)), TIPS))
    shop.hear(consent(purpose="utility"), bought("t1", T0))
    shop.pass_to(T0 + 9 * DAY)
    assert [what for what, _ in shop.sent()] == ["loaf", "receipt", "hello"]
    ids = {each.id: each.occasion for each in shop.anna().activations}
    assert sorted(ids.values()) == ["t1", "t1+hello", "t1+receipt"]


def test_a_cool_down_is_of_the_firing_and_not_of_its_steps():
    shop = Shop(tips(LOAF, TIPS, cool_down=7 * DAY))
    shop.hear(bought("t1", T0), bought("t2", T0 + DAY), bought("t3", T0 + 11 * DAY))
    shop.pass_to(T0 + 30 * DAY)
    assert shop.sent() == [("loaf", T0), ("hello", T0 + 3 * DAY), ("loaf", T0 + 11 * DAY), ("hello", T0 + 14 * DAY)]
    assert shop.did().count(("withheld", "cool_down")) == 2


def test_deeds_that_wait_cool_down_too():
    shop = Shop(tips(Wait(THREE_DAYS), Tag(add=("seen",)), cool_down=7 * DAY))
    shop.hear(bought("t1", T0), bought("t2", T0 + 5 * DAY))
    assert shop.waiting() == []
    shop.hear(bought("t3", T0 + 11 * DAY))
    assert len(shop.waiting()) == 1


def test_what_calls_off_may_come_at_the_very_moment_at_which_its_time_has_come():
    lapsing = Unless("lapsing", ("lapsing",), lambda _: True)
    shop = Shop(tips(Send("hello", ("sms",), THREE_DAYS, (lapsing,))))
    shop.hear(bought("t1", T0))
    due = min(due for name, due in shop.anna().timers.items() if name == "lapse")
    shop.publish(tips(Send("hello", ("sms",), Delay(millis=due - T0), (lapsing,))), when=T0 + HOUR)
    shop.pass_to(due)
    assert shop.did() == [("withheld", "called_off")]


def test_the_log_alone_brings_the_same_state_however_it_is_cut():
    """As a rebuild reads it, and `verify`."""
    heard: list[AnyEvent] = []

    class Recorded(Simulation):
        def apply(self, event: AnyEvent, *args: Any) -> Any:
            heard.append(event)
            return super().apply(event, *args)

    both = tips(
        GIFT, LOAF, AddStamps((("bread", 1),)), TIPS, Wait(THREE_DAYS, (BUYS,)), Tag(add=("away",)), GIFT,
        condition=large(), otherwise=(COMPARED, Wait(Delay(days=1)), AddStamps((("bread", 2),))),
    )  # fmt: skip
    programme = program(card("bread"))
    played = Recorded(bundle(programme, both), KEY, partition=3)
    played.feed([consent(), *(bought(f"t{n}", T0 + n * 2 * DAY, spend=900 * n) for n in range(8))])
    played.feed(
        [taken_back(bought("t3", T0 + 6 * DAY, spend=2700), T0 + 15 * DAY), bought("t9", T0 + 16 * DAY, spend=100)]
    )
    played.advance(T0 + 40 * DAY)
    for size in (1, 3, len(heard)):
        owner = Owner(bundle(programme, both))
        for start in range(0, len(heard), size):
            owner.apply(*heard[start : start + size])
        assert owner.state() == played.state((MERCHANT, ANNA))


def test_the_control_group_waits_for_nothing():
    shop = Shop(tips(hold_out=100))
    shop.hear(bought("t1", T0))
    assert shop.did() == [("withheld", "holdout")]


def test_old_news_wait_for_nothing():
    shop = Shop(tips())
    shop.hear(bought("t1", T0, recorded=T0 + 5 * HOUR))
    assert shop.did() == [("withheld", "late")]


# -- wait


def test_whatever_stands_below_a_wait_happens_then():
    shop = Shop(tips(Tag(add=("seen",)), Wait(THREE_DAYS), GIFT, LOAF, Wait(Delay(days=2)), Tag(add=("old",))))
    shop.hear(bought("t1", T0))
    assert shop.did() == [("tag", "seen")]
    shop.pass_to(T0 + 4 * DAY)
    assert shop.did() == [("tag", "seen"), ("send", "loaf"), ("give", "loaf")]
    code = shop.anna().vouchers[0].code
    assert shop.simulation.happened[1].data["code"] == code
    shop.pass_to(T0 + 9 * DAY)
    assert shop.did()[-1] == ("tag", "old")
    assert shop.waiting() == []


def test_an_offer_is_made_if_its_message_may_go_then():
    shop = Shop(tips(Wait(THREE_DAYS), GIFT, LOAF), agreed=False)
    shop.hear(bought("t1", T0))
    shop.pass_to(T0 + 9 * DAY)
    assert shop.did() == [("withheld", "no_consent")]
    assert shop.anna().vouchers == []


def test_what_was_earned_is_given_whatever_becomes_of_its_message():
    earned = card_rule(actions=(Wait(THREE_DAYS), GIFT, LOAF))
    shop = Shop(earned)
    shop.hear(*(bought(f"t{n}", T0 + n * MINUTE) for n in range(3)))
    shop.hear(OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 + DAY))
    shop.pass_to(T0 + 9 * DAY)
    assert shop.did() == [("withheld", "opted_out"), ("give", "loaf")]


def test_a_reward_that_waits_goes_with_the_card_that_earned_it():
    shop = Shop(card_rule(actions=(Wait(THREE_DAYS), GIFT)))
    shop.hear(*(bought(f"t{n}", T0 + n * MINUTE) for n in range(3)))
    shop.hear(taken_back(bought("t2", T0 + 2 * MINUTE), T0 + DAY))
    shop.pass_to(T0 + 9 * DAY)
    assert shop.anna().vouchers == []
    shop.hear(bought("t4", T0 + 10 * DAY))
    shop.pass_to(T0 + 20 * DAY)
    assert [each.issued_at for each in shop.anna().vouchers] == [T0 + 13 * DAY]
    shop.hear(taken_back(bought("t4", T0 + 10 * DAY), T0 + 21 * DAY))
    assert [each.state for each in shop.anna().vouchers] == ["withdrawn"]


def test_the_same_reward_now_and_later_are_two_vouchers():
    shop = Shop(tips(GIFT, Wait(THREE_DAYS), GIFT))
    shop.hear(bought("t1", T0))
    shop.pass_to(T0 + 9 * DAY)
    assert len({each.code for each in shop.anna().vouchers}) == 2


def test_a_reminder_of_a_reward_speaks_of_it_and_is_silent_once_it_was_used():
    reminder = Send("hello", ("sms",), THREE_DAYS, of_voucher=True)
    shop = Shop(tips(GIFT, LOAF, reminder))
    shop.hear(bought("t1", T0))
    shop.pass_to(T0 + 9 * DAY)
    first, second = [each.data["code"] for each in shop.simulation.happened if each.kind == "send"]
    assert first == second == shop.anna().vouchers[0].code
    shop.hear(bought("t2", T0 + 10 * DAY))
    shop.hear(taken_back(bought("t2", T0 + 10 * DAY), T0 + 11 * DAY))
    shop.pass_to(T0 + 20 * DAY)
    assert len(shop.sent()) == 3


def test_a_customer_has_so_many_that_wait_and_no_more():
    shop = Shop(tips())
    shop.hear(*(bought(f"t{n}", T0 + n * MINUTE) for n in range(messages.MOST_WAITING + 5)))
    assert len(shop.waiting()) == messages.MOST_WAITING
    earned = Shop(
        card_rule(id_="a", actions=(Wait(Delay(days=99)), GIFT)), tips(Send("hello", ("sms",), Delay(days=99)))
    )
    earned.hear(*(bought(f"t{n}", T0 + n * MINUTE) for n in range(3 * messages.MOST_WAITING)))
    earned.pass_to(T0 + 200 * DAY)
    assert earned.did().count(("give", "loaf")) == messages.MOST_WAITING, (
        "one for each full card, at once where none can wait"
    )


def test_what_waits_says_so_to_whoever_asks_why():
    shop = Shop(tips())
    shop.hear(bought("t1", T0))
    [told] = explain_customer(shop.anna(), shop.simulation.bundle, T0)
    assert told["activations"][0]["why"] == "its time has not come: the rule waits before it"
    assert told["activations"][0]["step"] == "hello"
    assert told["activations"][0]["release_at"] == "2026-10-04T08:00:00Z"
