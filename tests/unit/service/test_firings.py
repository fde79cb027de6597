"""A firing is whole: what limits a rule limits everything it does, and an offer goes where its message may go."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from rules.actions import Give, Send, Tag
from rules.engine import CompiledRule
from stamgast.domain.activation import RANKS
from stamgast.domain.customer import UNKNOWN_PHONE
from stamgast.domain.events import (
    ActivationOutcome,
    ConsentChanged,
    OptedOut,
    TimerDue,
)
from stamgast.domain.program import Messaging, Window
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.people.why import explain_customer
from stamgast.simulate import Simulation
from tests.builders import (
    ANNA,
    MERCHANT,
    NO_CAPS,
    T0,
    bought,
    bundle,
    card,
    card_rule,
    changed,
    consent,
    program,
    rule,
    taken_back,
)
from tests.fakes.in_memory import Owner

GIFT, LETTER, MARK = Give("loaf"), Send("loaf", ("sms",)), Tag(add=("guest",))


def gift(id_: str = "gift", *, per: str = "purchase", **more: Any) -> CompiledRule:
    """An offer at a purchase: a loaf, a tag, and a message about it."""
    return rule(id_, "purchase", *more.pop("actions", (GIFT, MARK, LETTER)), per=per, **more)


def shop(*rules: CompiledRule, agreed: bool = True, **more: Any) -> Owner:
    owner = Owner(bundle(program(**more), *rules))
    if agreed:
        owner.apply(consent())
    return owner


def given(owner: Owner) -> list[str]:
    return [voucher.state for voucher in owner.state().vouchers]


def told(owner: Owner, rule_id: str = "gift") -> list[str]:
    """What became of a rule's messages, and why."""
    return [a.reason or a.status for a in owner.state().activations if a.rule == rule_id]


def answered(owner: Owner, status: str, when: Millis, reason: str = "", **more: Any) -> None:
    """What became of the newest submission."""
    sent = next(each for change in reversed(owner.changes) for each in change.submissions)
    owner.apply(
        ActivationOutcome(
            merchant=MERCHANT, customer=ANNA, at=when, activation=sent.activation, status=status,
            rank=RANKS.get(status, 50), channel="sms", reason=reason, **more,
        )
    )  # fmt: skip


def timers(owner: Owner, when: Millis) -> None:
    while soon := [due for due in owner.state().timers.values() if due <= when]:
        owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=when, due=min(soon)))


# -- once per


@pytest.mark.parametrize("earned", [False, True])
def test_seven_purchases_bring_one_voucher_where_it_is_once_per_customer(earned: bool):
    owner = shop(gift(per="customer", actions=(GIFT,), earned=earned))
    for number in range(7):
        owner.apply(bought(f"t{number}", T0 + number * DAY))
    assert given(owner) == ["open"]


@pytest.mark.parametrize(("per", "vouchers"), [("day", 3), ("week", 2), ("month", 1), ("year", 1)])
def test_a_time_brings_one_voucher(per: str, vouchers: int):
    owner = shop(gift(per=per, actions=(GIFT,)))  # T0 is a Thursday
    for day in (0, 1, 5):
        for hour in range(3):
            owner.apply(bought(f"t{day}-{hour}", T0 + day * DAY + hour * HOUR))
    assert len(given(owner)) == vouchers


def test_a_tag_is_given_once_as_well():
    owner = shop(gift(per="customer", actions=(MARK,)), rule("gone", "refunded", Tag(remove=("guest",))))
    owner.apply(bought("t0", T0))
    owner.apply(taken_back(bought("t0", T0), T0 + HOUR))
    owner.apply(bought("t1", T0 + DAY))
    assert owner.state().tags == []


def test_a_purchase_that_was_rung_up_anew_opens_the_voucher_that_went_with_the_void_one():
    owner = shop(gift(per="customer", actions=(GIFT,)))
    owner.apply(bought("t0", T0))
    code = owner.state().vouchers[0].code
    owner.apply(taken_back(bought("t0", T0), T0 + MINUTE))
    assert given(owner) == ["withdrawn"]
    owner.apply(bought("t1", T0 + 2 * MINUTE))
    owner.apply(bought("t2", T0 + 3 * MINUTE))
    assert [(v.code, v.state) for v in owner.state().vouchers] == [(code, "open")]
    owner.apply(taken_back(bought("t1", T0 + 2 * MINUTE), T0 + HOUR))
    assert given(owner) == ["withdrawn"], "it stood for the second purchase by then"


def test_what_was_used_does_not_come_again_with_another_purchase():
    owner = shop(gift(per="customer", actions=(GIFT,)))
    owner.apply(bought("t0", T0))
    code = owner.state().vouchers[0].code
    owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR, id="q", code=code))
    owner.apply(taken_back(bought("t0", T0), T0 + 2 * HOUR))
    owner.apply(bought("t1", T0 + DAY))
    assert given(owner) == ["redeemed"]


def test_a_figure_that_is_passed_again_in_another_year_brings_a_reward_of_its_own():
    """Every time it is passed it has the same name, and the code of the first year may have been used."""

    def passes(fact: Any) -> bool:
        return bool(fact.before < 300 <= fact.after)

    dear = rule("dear", "spend_changed", GIFT, LETTER, fires=passes, per="year", threshold="spend:300")
    owner = shop(dear)
    owner.apply(bought("t0", T0))
    answered(owner, "delivered", T0 + MINUTE)
    owner.apply(taken_back(bought("t0", T0), T0 + HOUR))
    owner.apply(bought("t1", T0 + 366 * DAY))
    codes = [voucher.code for voucher in owner.state().vouchers]
    assert given(owner) == ["withdrawn", "open"]
    assert len(set(codes)) == 2
    assert owner.state().activations[-1].voucher == codes[1]


STEPS = st.lists(st.tuples(st.sampled_from(["buy", "void", "again"]), st.integers(0, 4)), max_size=30)


@drawn(STEPS, st.sampled_from(["customer", "day", "week", "purchase"]), st.booleans())
def test_whatever_is_bought_void_and_rung_up_anew_an_occasion_has_one_voucher(steps, per: str, earned: bool):
    """Five sales on three days of one week; each may be void and come back any number of times."""
    owner = shop(gift(per=per, actions=(GIFT,), earned=earned))
    sales = {number: bought(f"t{number}", T0 + number * 15 * HOUR) for number in range(5)}
    now: dict[int, Any] = {}
    for count, (step, number) in enumerate(steps):
        when, sale = T0 + 3 * DAY + count, sales[number]
        before = now.get(number)
        if step == "buy" and before is None:
            now[number] = bought(f"t{number}", sale.at, recorded=sale.at + HOUR)
        elif step == "void" and before is not None and before.after.counts:
            now[number] = taken_back(before, when)
        elif step == "again" and before is not None and not before.after.counts:
            now[number] = changed(before, when, sale.after)
        else:
            continue
        owner.apply(now[number])
        held = [v for v in owner.whole().vouchers if v.state == "open"]
        occasions = [v.occasion or v.cause for v in held]
        assert len(set(occasions)) == len(occasions)
        assert {v.cause for v in held} <= {f"t{n}" for n, event in now.items() if event.after.counts}
        if per == "purchase":
            assert len(held) == sum(event.after.counts for event in now.values())
    codes = [v.code for v in owner.whole().vouchers]
    assert len(set(codes)) == len(codes)


# -- earned, or offered


def withholdings() -> Iterable[Any]:
    """What may withhold a message: how it comes about, and the reason that is given."""
    yield pytest.param({"agreed": False}, {}, [], "no_consent", id="nobody agreed to it")
    yield pytest.param({}, {}, [OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 - HOUR)], "opted_out", id="STOP")
    yield pytest.param({}, {"hold_out": 100}, [], "holdout", id="the control group")
    yield pytest.param({}, {"window": Window(0, 60), "if_outside": "drop"}, [], "quiet_hours", id="the wrong hour")
    yield pytest.param(
        {"messaging": Messaging(windows={}, caps={"marketing": ((1, 1),)})}, {}, [], "frequency_cap", id="the cap"
    )


@pytest.mark.parametrize(("of_shop", "of_rule", "before", "reason"), withholdings())
@pytest.mark.parametrize("earned", [False, True])
def test_what_withholds_a_message_withholds_an_offer_and_nothing_that_was_earned(
    of_shop: dict[str, Any], of_rule: dict[str, Any], before: list[Any], reason: str, earned: bool
):
    rules = [gift(earned=earned, **({"fires": lambda fact: fact.occasion == "t0"} | of_rule))]
    if reason == "frequency_cap":  # another message takes the one place
        rules.append(gift("other", actions=(LETTER,), fires=lambda fact: fact.occasion == "earlier"))
        before = [bought("earlier", T0 - MINUTE)]
    owner = shop(*rules, **of_shop)
    owner.apply(*before, bought("t0", T0))
    assert given(owner) == (["open"] if earned else [])
    assert owner.state().tags == (["guest"] if earned else [])
    if not (earned and reason == "frequency_cap"):  # that one waits
        assert told(owner) == [reason]


@pytest.mark.parametrize("actions", [(GIFT, MARK, LETTER), (GIFT, MARK)], ids=["with a message", "without"])
def test_last_years_sales_bring_no_offers_when_they_are_imported(actions: tuple[Any, ...]):
    owner = shop(gift(actions=actions), gift("anyhow", actions=(Tag(add=("old",)),), send_late=True))
    for number in range(30):
        owner.apply(bought(f"t{number}", T0 - 365 * DAY + number * DAY, recorded=T0 + number))
    assert given(owner) == []
    assert owner.state().tags == ["old"]
    assert set(told(owner)) == {"late"}


def test_last_years_sales_fill_cards_for_they_were_paid():
    owner = Owner(bundle(program(card(stamps=3)), card_rule()))
    owner.apply(consent())
    for number in range(7):
        owner.apply(bought(f"t{number}", T0 - 365 * DAY + number * DAY, recorded=T0 + number))
    assert given(owner) == ["open", "open"]
    assert told(owner, "free-loaf") == ["late", "late"]


@pytest.mark.parametrize(
    ("happened", "reason"),
    [("nobody agreed", "no_consent"), ("stop", "opted_out"), ("dead", "bad_number"), ("held out", "holdout")],
)
def test_whom_no_message_may_reach_is_offered_nothing_without_one_either(happened: str, reason: str):
    owner = shop(
        gift(actions=(GIFT,), hold_out=100 if happened == "held out" else 0), agreed=happened != "nobody agreed"
    )
    if happened == "stop":
        owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 - HOUR))
    if happened == "dead":
        owner.apply(bought("t", T0 - DAY))
        state = owner.state()
        state.dead_phone, state.vouchers, state.activations = UNKNOWN_PHONE, [], []
        owner.put(state)
    owner.apply(bought("t0", T0))
    assert given(owner) == []
    assert told(owner) == [reason]
    line = explain_customer(owner.state(), owner.bundle, T0)[0]["activations"][0]
    assert line["why"].endswith("; nothing was given, for it is an offer")
    assert line["channel"] is None


def test_a_tag_alone_needs_nobody_to_agree_but_minds_the_rest():
    owner = shop(gift("mark", actions=(MARK,)), gift("not", actions=(Tag(add=("held",)),), hold_out=100), agreed=False)
    owner.apply(bought("t0", T0))
    assert owner.state().tags == ["guest"]
    assert told(owner, "not") == ["holdout"]


def test_a_cool_down_holds_for_gifts_without_a_message():
    owner = shop(gift(actions=(GIFT,), cool_down=30 * DAY))
    for day in (0, 1, 29, 31):
        owner.apply(bought(f"t{day}", T0 + day * DAY))
    assert [v.cause for v in owner.state().vouchers] == ["t0", "t31"]
    assert told(owner) == ["cool_down", "cool_down"]


def test_a_gift_that_was_taken_back_does_not_cool_down():
    owner = shop(gift(actions=(GIFT,), cool_down=30 * DAY))
    owner.apply(bought("t0", T0))
    owner.apply(taken_back(bought("t0", T0), T0 + MINUTE))
    owner.apply(bought("t1", T0 + 2 * MINUTE))
    assert given(owner) == ["withdrawn", "open"]


def test_a_gift_without_a_message_takes_no_room_from_messages():
    caps = Messaging(windows={}, caps={"marketing": ((1, 30),)})
    owner = shop(
        gift(actions=(GIFT,), cool_down=DAY), gift("hello", actions=(Send("hello", ("sms",)),)), messaging=caps
    )
    owner.apply(bought("t0", T0))
    assert told(owner, "hello") == ["submitted"]


# -- what is withheld later


def night(**more: Any) -> Owner:
    """A shop whose messages wait until noon, after the offer of a loaf."""
    rules = (gift(window=Window(12 * 60, 20 * 60)), *more.pop("rules", ()))
    owner = shop(*rules, messaging=Messaging(windows={}, caps=NO_CAPS))
    owner.apply(bought("t0", T0))
    assert given(owner) == ["open"]
    assert told(owner) == ["quiet_hours"]
    return owner


def test_an_offer_whose_message_waits_goes_with_it_when_somebody_says_stop():
    owner = night()
    owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR))
    assert given(owner) == ["withdrawn"]
    assert told(owner) == ["opted_out"]


def test_an_offer_whose_message_waits_goes_with_it_when_the_consent_does():
    owner = night()
    owner.apply(
        ConsentChanged(
            merchant=MERCHANT, customer=ANNA, at=T0 + HOUR, purpose="marketing", channel="sms", granted=False
        )
    )
    assert given(owner) == ["withdrawn"]


def test_an_offer_that_was_used_at_the_till_before_its_message_stays_used():
    owner = night()
    code = owner.state().vouchers[0].code
    owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR, id="q", code=code))
    timers(owner, T0 + 6 * HOUR)
    assert told(owner) == ["no_longer_true"]
    assert [(v.state, v.void) for v in owner.state().vouchers] == [("redeemed", False)]


@pytest.mark.parametrize("reason", ["rule_limit", "no_address", "no_template"])
@pytest.mark.parametrize("earned", [False, True])
def test_a_limit_that_is_asked_at_the_send_takes_the_offer_and_leaves_what_was_earned(reason: str, earned: bool):
    owner = shop(gift(earned=earned, per_day=500))
    owner.apply(bought("t0", T0))
    answered(owner, "suppressed", T0 + MINUTE, reason)
    assert given(owner) == (["open"] if earned else ["withdrawn"])


def test_an_offer_stays_while_another_channel_may_still_tell_of_it():
    owner = shop(gift(actions=(GIFT, Send("loaf", ("whatsapp", "sms")))))
    owner.apply(consent(channel="whatsapp"))
    owner.apply(bought("t0", T0))
    answered(owner, "suppressed", T0 + MINUTE, "other_channel")
    assert given(owner) == ["open"]
    answered(owner, "suppressed", T0 + HOUR, "no_address")
    assert given(owner) == ["withdrawn"]


def test_an_offer_of_which_a_message_went_stays_if_that_did_not_arrive():
    owner = shop(gift())
    owner.apply(bought("t0", T0))
    answered(owner, "accepted", T0 + MINUTE)
    answered(owner, "undelivered", T0 + HOUR)
    assert given(owner) == ["open"]


def test_a_simulation_tells_of_an_offer_that_was_withheld_though_no_message_was_to_go():
    simulation = Simulation(bundle(program(), gift(actions=(GIFT,))))
    simulation.feed([bought("t0", T0)])
    assert [(each.kind, each.what, each.reason) for each in simulation.happened] == [
        ("withheld", "an offer", "no_consent")
    ]


def test_why_says_what_became_of_a_reward_when_its_message_was_withheld():
    owner = shop(gift(hold_out=100), gift("paid", earned=True, hold_out=100))
    owner.apply(bought("t0", T0))
    told_of = {
        each["rule"]: each["activations"][0]["why"] for each in explain_customer(owner.state(), owner.bundle, T0)
    }
    assert (
        told_of["gift"]
        == "the customer is in the rule's control group; the reward was withheld with it, for it is an offer"
    )
    assert told_of["paid"] == "the customer is in the rule's control group; the reward was given, for it was earned"
