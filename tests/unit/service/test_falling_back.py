"""A figure passed a threshold and fell below it again: what was promised for it goes, unless it has left or was used."""

from hypothesis import given
from hypothesis import strategies as st

from rules.actions import Give, Send
from stamgast.domain.activation import Activation
from stamgast.domain.events import Line, Purchase
from stamgast.domain.program import Messaging, Window
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.service import Change
from tests.builders import at, bought, bundle, changed, consent, program, rule, taken_back
from tests.fakes.in_memory import Owner
from tests.message_scenes import fire_timers, outcome, sent

NIGHT = at("2026-10-01 19:30")
MORNING = at("2026-10-01 08:00")
DAYTIME = Messaging(windows={"marketing": Window(540, 1200)}, caps={})


def crosses(threshold: int):
    return lambda fact: fact.before < threshold <= fact.after


def regular(visits: int = 2, *actions):
    return rule(
        "regular",
        "visits_changed",
        *(actions or (Send("hello", ("sms",)),)),
        fires=crosses(visits),
        per="customer",
        threshold=f"visits:{visits}",
    )


def valued(amount: int):
    send = Send("loaf", ("sms",))
    return rule("valued", "clv_changed", send, fires=crosses(amount), per="customer", threshold=f"clv:{amount}")


def owner_of(*rules, shop=None) -> Owner:
    owner = Owner(bundle(shop or program(messaging=DAYTIME), *rules))
    owner.apply(consent())
    return owner


def only(owner: Owner) -> Activation:
    (activation,) = owner.state().activations
    return activation


def test_a_held_message_about_the_second_visit_goes_when_that_visit_was_none():
    owner = owner_of(regular())
    owner.apply(bought("t1", NIGHT - DAY))
    second = bought("t2", NIGHT)
    owner.apply(second)
    assert only(owner).state == "held"
    owner.apply(taken_back(second, NIGHT + HOUR))
    assert (only(owner).status, only(owner).reason) == ("suppressed", "taken_back")
    assert not any(name.startswith("held:") for name in owner.state().timers)


def test_an_exchange_that_brings_profit_and_takes_spend_takes_back_what_the_spend_had_earned():
    big = rule("big", "spend_changed", Give("loaf", None), fires=crosses(1_000), per="customer", threshold="spend:1000")
    owner = owner_of(big)
    owner.apply(bought("t1", MORNING, spend=1_000))
    assert [voucher.state for voucher in owner.state().vouchers] == ["open"]
    exchanged = (Line("1", -400, category="drinks"), Line("2", 350, category="bread"))
    owner.apply(bought("t2", MORNING + HOUR, spend=-50, lines=exchanged))
    assert owner.state().profit > 550
    assert [voucher.state for voucher in owner.state().vouchers] == ["withdrawn"]


def test_it_stays_while_the_figure_is_still_there():
    owner = owner_of(regular())
    owner.apply(bought("t1", NIGHT - DAY))
    owner.apply(bought("t2", NIGHT))
    again = bought("t3", NIGHT + MINUTE)
    owner.apply(again)
    owner.apply(taken_back(again, NIGHT + HOUR))
    assert only(owner).state == "held"
    assert [sent(change) for change in fire_timers(owner, at("2026-10-02 07:00"))] == [["hello"]]


def test_a_held_message_about_lifetime_value_goes_when_a_part_of_the_money_is_given_back():
    owner = owner_of(valued(1_000))
    sale = bought("t1", NIGHT, spend=2_000)
    owner.apply(sale)
    assert only(owner).state == "held"
    less = Purchase(occurred_at=NIGHT, store="shop", currency="EUR", spend=500, refunded=1_500)
    owner.apply(changed(sale, NIGHT + HOUR, less))
    assert only(owner).reason == "taken_back"


def test_a_purchase_that_loses_money_takes_back_what_an_earlier_one_had_passed():
    owner = owner_of(valued(1_000))
    owner.apply(bought("t1", NIGHT, spend=2_000))
    owner.apply(bought("t2", NIGHT + MINUTE, spend=-1_000))
    assert only(owner).reason == "taken_back"


def test_one_that_is_queued_is_asked_to_stop_and_goes_again_when_the_figure_comes_back():
    owner = owner_of(regular())
    owner.apply(bought("t1", MORNING - DAY))
    second = bought("t2", MORNING)
    queued = owner.apply(second).submissions[0].activation
    assert owner.apply(taken_back(second, MORNING + MINUTE)).cancels == [queued]
    owner.apply(outcome(queued, MORNING + 2 * MINUTE, "suppressed", "taken_back"))
    again: Change = owner.apply(bought("t3", MORNING + HOUR))
    assert sent(again) == ["hello"]
    assert again.submissions[0].activation != queued


def test_one_that_has_left_is_not_sent_twice():
    owner = owner_of(regular())
    owner.apply(bought("t1", MORNING - DAY))
    second = bought("t2", MORNING)
    queued = owner.apply(second).submissions[0].activation
    owner.apply(outcome(queued, MORNING + 1, "sent"))
    owner.apply(taken_back(second, MORNING + MINUTE))
    assert sent(owner.apply(bought("t3", MORNING + HOUR))) == []


def test_one_that_was_too_late_to_stop_does_not_try_another_channel():
    owner = owner_of(regular(2, Send("hello", ("whatsapp", "sms"))))
    owner.apply(consent(channel="whatsapp"))
    owner.apply(bought("t1", MORNING - DAY))
    second = bought("t2", MORNING)
    queued = owner.apply(second).submissions[0].activation
    owner.apply(taken_back(second, MORNING + MINUTE))
    assert sent(owner.apply(outcome(queued, MORNING + 2 * MINUTE, "failed", "other_channel"))) == []


def test_a_reward_for_it_that_nobody_used_goes_and_comes_back_with_the_figure():
    owner = owner_of(regular(2, Give("loaf")))
    owner.apply(bought("t1", MORNING - DAY))
    second = bought("t2", MORNING)
    owner.apply(second)
    owner.apply(taken_back(second, MORNING + MINUTE))
    assert [voucher.state for voucher in owner.state().vouchers] == ["withdrawn"]
    owner.apply(bought("t3", MORNING + HOUR))
    assert [voucher.state for voucher in owner.state().vouchers] == ["open"]


def test_other_rules_promises_stay():
    owner = owner_of(regular(2, Give("loaf")), valued(100))
    owner.apply(bought("t1", NIGHT - DAY, spend=1_000))
    second = bought("t2", NIGHT, spend=1)
    owner.apply(second)
    owner.apply(taken_back(second, NIGHT + HOUR))
    assert only(owner).rule == "valued"
    assert only(owner).reason != "taken_back"


steps = st.lists(st.tuples(st.sampled_from(("buy", "refund", "night passes")), st.integers(0, 3)), max_size=25)


@given(steps, st.integers(1, 3))
def test_what_waits_is_always_about_a_figure_that_stands(play, threshold):
    owner, now, sales = owner_of(regular(threshold), valued(threshold * 100)), NIGHT, {}
    for step, (kind, which) in enumerate(play):
        now += HOUR
        if kind == "buy":
            sale = bought(f"t{step}", now - which * DAY, recorded=now, spend=200)
            sales[sale.transaction] = sale
            owner.apply(sale)
        elif kind == "refund" and sales:
            name = sorted(sales)[which % len(sales)]
            owner.apply(taken_back(sales.pop(name), now))
        elif kind == "night passes":
            now += 12 * HOUR
            fire_timers(owner, now)
        state = owner.state() if owner.states else None
        if state is None:
            continue
        for activation in state.activations:
            if activation.state == "held":
                figure = state.visits if activation.rule == "regular" else state.profit
                assert figure >= (threshold if activation.rule == "regular" else threshold * 100)
