"""What is told of customers on `facts.v1`: each thing that happened, once, and nothing that only a customer may know."""

from typing import Any

import pytest

from rules.actions import Give, Send
from stamgast.domain.activation import RANKS
from stamgast.domain.customer import Voucher
from stamgast.domain.events import (
    ActivationOutcome,
    Enrolled,
    Replied,
    TimerDue,
)
from stamgast.domain.program import Reward
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.told import Line, decode_line, encode_line, name_of_voucher
from stamgast.domain.units import DAY, HOUR
from tests.builders import (
    ANNA,
    MERCHANT,
    T0,
    bought,
    bundle,
    card,
    card_rule,
    consent,
    hello_rule,
    program,
    rule,
    taken_back,
)
from tests.fakes.in_memory import Owner

REWARDS = {"loaf": Reward("loaf", {"nl": "brood"}, cost=110, value=350)}


def shop(*rules: Any, **more: Any) -> Owner:
    return Owner(bundle(program(card(), **({"rewards": REWARDS} | more)), *rules))


def lines(owner: Owner, kind: str) -> list[Line]:
    told = [encode_line(line) for change in owner.changes for line in change.told]
    found = [decode_line(line) for line in told]
    assert [encode_line(line) for line in found] == told, "whatever makes a line, it is one"
    return [line for line in found if line.kind == kind]


def became(owner: Owner, kind: str) -> list[str]:
    return [line.became for line in lines(owner, kind)]


def voucher(owner: Owner) -> Voucher:
    return owner.state().vouchers[-1]


def test_every_movement_of_a_card_is_told_with_its_receipt():
    owner = shop()
    for number in range(3):
        owner.apply(bought(f"t{number}", T0 + number * DAY))
    owner.apply(taken_back(bought("t2", T0 + 2 * DAY), T0 + 3 * DAY))
    told = [(each.became, each.receipt, each.ordinal, each.before, each.after) for each in lines(owner, "stamps")]
    assert told == [
        ("stamped", "t0", 1, 0, 1),
        ("stamped", "t1", 1, 1, 2),
        ("stamped", "t2", 1, 2, 3),
        ("completed", "t2", 1, 3, 0),
        ("taken", "t2", 2, 0, -1),
        ("uncompleted", "t2", 1, 0, 2),
    ]


def test_a_vouchers_life_is_told_with_what_it_costs_and_never_with_its_code():
    owner = shop(card_rule())
    for number in range(3):
        owner.apply(bought(f"t{number}", T0 + number * DAY))
    code = voucher(owner).code
    owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=T0 + 3 * DAY, id="till-1", code=code))
    owner.apply(
        RedemptionTakenBack(
            merchant=MERCHANT, customer=ANNA, at=T0 + 3 * DAY + HOUR, id="till-2", code=code, redemption="till-1"
        )
    )
    owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=T0 + 60 * DAY, due=T0 + 60 * DAY))
    told = lines(owner, "voucher")
    assert [(each.became, each.receipt) for each in told] == [
        ("given", "t2"), ("redeemed", "till-1"), ("taken_back", "till-1"), ("expired", ""),
    ]  # fmt: skip
    assert {(each.reward, each.rule, each.cost, each.value) for each in told} == {("loaf", "free-loaf", 110, 350)}
    assert {each.voucher for each in told} == {name_of_voucher(code)}
    everything = b"".join(encode_line(line) for change in owner.changes for line in change.told)
    assert code.encode() not in everything


@pytest.mark.parametrize(("fact", "word"), [("reward_given", "given:"), ("reward_redeemed", "voucher:")])
def test_what_a_rule_about_a_voucher_came_to_does_not_tell_the_code_either(fact: str, word: str):
    owner = shop(card_rule(), rule("thanks", fact, Send("hello", ("sms",))))
    owner.apply(consent())
    for number in range(3):
        owner.apply(bought(f"t{number}", T0 + number * DAY))
    code = voucher(owner).code
    owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=T0 + 3 * DAY, id="till-1", code=code))
    decided = [each.occasion for each in lines(owner, "decision") if each.rule == "thanks"]
    assert set(decided) == {word + name_of_voucher(code)}


def test_a_refund_tells_that_the_voucher_was_withdrawn():
    owner = shop(card_rule())
    for number in range(3):
        owner.apply(bought(f"t{number}", T0 + number * DAY))
    owner.apply(taken_back(bought("t2", T0 + 2 * DAY), T0 + 3 * DAY))
    assert became(owner, "voucher") == ["given", "withdrawn"]


def test_joining_answers_and_stages_are_told():
    owner = shop()
    owner.apply(Enrolled(merchant=MERCHANT, customer=ANNA, at=T0, acquisition_source="fair"))
    owner.apply(Enrolled(merchant=MERCHANT, customer=ANNA, at=T0 + 1, language="nl"))
    owner.apply(bought("t0", T0 + HOUR))
    owner.apply(bought("t1", T0 + DAY))
    owner.apply(Replied(merchant=MERCHANT, customer=ANNA, at=T0 + 2 * DAY, channel="sms", keyword="card"))
    assert became(owner, "entry") == ["joined"]
    assert [(each.was, each.became, each.receipt) for each in lines(owner, "stage")] == [("new", "active", "t1")]
    assert [(each.became, each.channel) for each in lines(owner, "answer")] == [("card", "sms")]


def test_a_message_that_goes_is_told_as_sent_and_as_withheld_if_it_never_left():
    owner = shop(hello_rule())
    owner.apply(consent())
    owner.apply(bought("t0", T0))
    [sent] = owner.changes[-1].submissions
    owner.apply(
        ActivationOutcome(
            merchant=MERCHANT, customer=ANNA, at=T0 + 1, activation=sent.activation, status="suppressed",
            rank=50, channel="sms", reason="no_address",
        )
    )  # fmt: skip
    told = [(each.became, each.reason, each.activation, each.occasion) for each in lines(owner, "decision")]
    assert told == [("sent", "", sent.activation, "t0"), ("withheld", "no_address", sent.activation, "t0")]


def test_a_message_that_waits_says_so_before_it_goes():
    owner = shop(hello_rule())
    owner.apply(consent())
    owner.apply(bought("t0", T0))
    owner.apply(bought("t1", T0 + 1))
    first = owner.changes[1].submissions[0]
    owner.apply(
        ActivationOutcome(
            merchant=MERCHANT, customer=ANNA, at=T0 + 2, activation=first.activation, status="delivered",
            rank=RANKS["delivered"], channel="sms",
        )
    )  # fmt: skip
    told = [(each.became, each.reason, each.occasion) for each in lines(owner, "decision")]
    assert told == [("sent", "", "t0"), ("waits", "one_in_flight", "t1"), ("sent", "", "t1")]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"hold_out": 100}, ("held_out", "")),
        ({"status": "shadow"}, ("shadow", "")),
        ({"status": "canary", "canary": 0}, ("canary_excluded", "")),
    ],
)
@pytest.mark.parametrize("actions", [(Send("hello", ("sms",)),), (Give("loaf"),)], ids=["message", "gift"])
def test_whoever_a_rule_does_not_speak_to_is_told_apart(
    more: dict[str, Any], told: tuple[str, str], actions: tuple[Any, ...]
):
    owner = shop(rule("hello", "purchase", *actions, **more))
    owner.apply(consent())
    owner.apply(bought("t0", T0))
    assert [(each.became, each.reason) for each in lines(owner, "decision")] == [told]


@pytest.mark.parametrize("actions", [(Send("hello", ("sms",)),), (Give("loaf"),)], ids=["message", "gift"])
def test_why_something_is_withheld_is_told(actions: tuple[Any, ...]):
    owner = shop(rule("hello", "purchase", *actions))
    owner.apply(bought("t0", T0))
    assert [(each.became, each.reason) for each in lines(owner, "decision")] == [("withheld", "no_consent")]


def test_a_gift_without_a_message_is_told_as_given():
    owner = shop(rule("gift", "purchase", Give("loaf")))
    owner.apply(consent())
    owner.apply(bought("t0", T0))
    assert [(each.became, each.occasion) for each in lines(owner, "decision")] == [("given", "t0")]


def test_a_purchase_of_which_nothing_comes_tells_nothing():
    owner = Owner(bundle(program()))
    owner.apply(bought("t0", T0))
    owner.apply(bought("t1", T0 + HOUR))
    assert owner.changes[-1].told == []
