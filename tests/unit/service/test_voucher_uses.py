"""Vouchers that are used several times, or take money off a receipt."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.actions import Give
from stamgast.domain.program import Reward
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.told import Line, as_line
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.domain.voucher_terms import Worth
from stamgast.people.view import show_voucher
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, program, rule, taken_back
from tests.fakes.in_memory import Owner

FIVE = Worth(amount=500)
KEPT = Worth(amount=500, keeps_rest=True)
TENTH = Worth(share=100, at_most=200)


class Till:
    """A shop with one reward, that a first purchase of somebody gives."""

    def __init__(self, reward: Reward, *rules: Any) -> None:
        gift = rule("gift", "purchase", Give(reward.id), per="customer", earned=True)
        self.owner = Owner(
            bundle(program(rewards={reward.id: reward, "loaf": Reward("loaf", {"nl": "brood"})}), gift, *rules)
        )
        self.now = T0
        self.told: list[Line] = []
        self.counters: dict[str, int] = {}
        self.apply(bought("first", T0))
        self.code = self.owner.state().vouchers[0].code

    def apply(self, event: Any) -> Any:
        change = self.owner.apply(event)
        for name, by in change.counters.items():
            self.counters[name] = self.counters.get(name, 0) + by
        self.told += [line for line in map(as_line, change.told) if line.kind == "voucher"]
        return change

    def at(self) -> Millis:
        self.now += MINUTE
        return self.now

    def use(self, request: str, total: int = 0, receipt: str = "") -> dict[str, Any]:
        event = VoucherRedeemed(
            merchant=MERCHANT, customer=ANNA, at=self.at(), id=request, code=self.code, total=total, receipt=receipt
        )
        answer: dict[str, Any] = json.loads(self.apply(event).answers[request])
        return answer

    def take_back(self, request: str) -> None:
        self.apply(
            RedemptionTakenBack(
                merchant=MERCHANT, customer=ANNA, at=self.at(), id=f"{request}-back", code=self.code, redemption=request
            )
        )

    @property
    def state(self) -> str:
        return self.owner.state().vouchers[0].state

    def shown(self) -> dict[str, Any]:
        return show_voucher(self.owner.state().vouchers[0], self.owner.bundle.program)


def test_a_voucher_of_three_uses_is_used_three_times():
    till = Till(Reward("coffee", {"nl": "koffie"}, uses=3, cost=40))
    assert [till.use(each).get("uses_left") for each in ("a", "b", "b", "c")] == [2, 1, 1, 0]
    assert (till.use("d")["status"], till.state) == (409, "redeemed")
    redeemed = [line.cost for line in till.told if line.became == "redeemed"]
    assert redeemed == [40, 40, 40]
    till.take_back("b")
    assert (till.state, till.use("b")["status"], till.use("e")["uses_left"]) == ("open", 409, 0)


def test_each_use_sets_off_what_rules_make_of_it_and_takes_that_back():
    till = Till(
        Reward("coffee", {"nl": "koffie"}, uses=2),
        rule("again", "reward_redeemed", Give("loaf"), per="reward", earned=True),
    )
    till.use("a")
    till.use("b")
    assert [v.state for v in till.owner.state().vouchers if v.reward == "loaf"] == ["open", "open"]
    till.take_back("a")
    assert [v.state for v in till.owner.state().vouchers if v.reward == "loaf"] == ["withdrawn", "open"]
    till.use("c")
    assert [v.state for v in till.owner.state().vouchers if v.reward == "loaf"] == ["open", "open"]


def test_an_amount_is_taken_off_at_most_the_receipt_and_its_rest_is_lost():
    till = Till(Reward("five", {"nl": "vijf"}, worth=FIVE, cost=500))
    assert till.use("a")["status"] == 422, "without a total nobody knows what it takes off"
    answer = till.use("b", 320, "till1:7")
    assert (answer["status"], answer["discount"], answer.get("rest"), till.state) == (200, 320, None, "redeemed")
    [line] = [line for line in till.told if line.became == "redeemed"]
    assert (line.used_on, line.discount, line.cost, line.total) == ("till1:7", 320, 320, 320)
    assert till.shown()["used"] == [{"receipt": "till1:7", "discount_minor": 320, "total_minor": 320}]


def test_a_rest_that_is_kept_is_used_on_the_next_receipt():
    till = Till(Reward("five", {"nl": "vijf"}, worth=KEPT, cost=500))
    first, again, last = till.use("a", 320), till.use("a", 320), till.use("b", 1_000)
    assert (first["discount"], first["rest"], again["discount"]) == (320, 180, 320)
    assert (last["discount"], last["rest"], till.state) == (180, 0, "redeemed")
    till.take_back("a")
    assert (till.state, till.shown()["rest_minor"]) == ("open", 320)


@pytest.mark.parametrize(("total", "discount"), [(995, 100), (994, 99), (1, 0), (5, 1), (10_000, 200)])
def test_a_share_is_rounded_to_the_nearest_cent_and_bounded(total, discount):
    till = Till(Reward("tenth", {"nl": "korting"}, worth=TENTH))
    assert till.use("a", total)["discount"] == discount


def test_a_receipt_of_too_little_uses_nothing_up():
    till = Till(Reward("five", {"nl": "vijf"}, worth=FIVE, least=1_500))
    refused = till.use("a", 1_499)
    assert (refused["status"], till.state) == (409, "open")
    assert "15.00 EUR" in refused["detail"]
    assert till.use("b", 1_500)["discount"] == 500


def test_what_a_voucher_promised_stays_when_its_reward_is_edited():
    till = Till(Reward("five", {"nl": "vijf"}, worth=FIVE))
    till.owner.bundle = bundle(
        program(rewards={"five": Reward("five", {"nl": "vijf"}, worth=Worth(amount=100))}), number=2
    )
    assert till.use("a", 900)["discount"] == 500


def test_a_refund_of_what_earned_it_takes_what_is_left_of_it():
    till = Till(Reward("five", {"nl": "vijf"}, worth=KEPT))
    till.use("a", 320)
    till.apply(taken_back(bought("first", T0), till.at()))
    assert (till.state, till.use("b", 900)["status"]) == ("withdrawn", 409)
    till.take_back("a")
    assert till.state == "withdrawn", "it is not open again because a use of it was taken back"


def test_a_receipt_that_is_refunded_whole_gives_back_what_was_taken_off_it_and_no_thing():
    till = Till(Reward("five", {"nl": "vijf"}, worth=FIVE))
    till.apply(bought("second", till.at()))
    till.use("a", 900, "second")
    till.apply(taken_back(bought("second", T0 + MINUTE), till.at()))
    assert (till.state, [line.became for line in till.told][-1]) == ("open", "taken_back")
    assert till.use("b", 900)["discount"] == 500
    thing = Till(Reward("coffee", {"nl": "koffie"}))
    thing.apply(bought("second", thing.at()))
    thing.use("a", 900, "second")
    thing.apply(taken_back(bought("second", T0 + MINUTE), thing.at()))
    assert (thing.state, thing.shown()["used"][0]["receipt"]) == ("redeemed", "second")


def test_a_receipt_that_is_refunded_after_the_voucher_ended_opens_nothing():
    till = Till(Reward("five", {"nl": "vijf"}, worth=FIVE, valid_for=DAY))
    till.apply(bought("second", till.at()))
    till.use("a", 900, "second")
    till.apply(taken_back(bought("second", T0 + MINUTE), T0 + 9 * DAY))
    assert till.state == "expired"


def test_a_refunded_receipt_finds_vouchers_that_are_kept_apart():
    till = Till(
        Reward("five", {"nl": "vijf"}, worth=FIVE), rule("more", "purchase", Give("loaf"), per="purchase", earned=True)
    )
    till.apply(bought("second", till.at()))
    till.use("a", 900, "second")
    for number in range(30):
        till.apply(bought(f"t{number}", T0 + HOUR + number * MINUTE))
    assert till.code not in {v.code for v in till.owner.state().vouchers}
    till.apply(taken_back(bought("second", T0 + MINUTE), T0 + 2 * HOUR))
    [found] = [v for v in till.owner.whole().vouchers if v.code == till.code]
    assert found.state == "open"


_OPS = st.lists(
    st.tuples(st.sampled_from(["use", "use", "back"]), st.integers(0, 5), st.integers(1, 900)), min_size=1, max_size=14
)


@given(_OPS, st.sampled_from([FIVE, KEPT, TENTH, None]), st.integers(1, 3))
def test_nobody_ever_gets_more_than_was_promised(steps, worth, uses):
    uses = 1 if worth is KEPT else uses
    till = Till(Reward("it", {"nl": "iets"}, worth=worth, uses=uses))
    used: dict[str, int] = {}
    dead: set[str] = set()
    for what, which, total in steps:
        request = f"r{which}"
        if what == "back":
            till.take_back(request)
            used.pop(request, None)
            dead.add(request)
            continue
        answer = till.use(request, total)
        if request in dead:
            assert answer["status"] == 409
        elif request in used:
            assert (answer["status"], answer.get("discount", 0)) == (200, used[request])
        else:
            rest = 500 - sum(used.values()) if worth is KEPT else 500
            room = rest > 0 if worth is KEPT else len(used) < uses
            assert answer["status"] == (200 if room else 409)
            if room:
                expected = {None: 0, TENTH: min((total + 5) // 10, 200)}.get(worth, min(rest, total))
                assert answer.get("discount", 0) == expected
                used[request] = expected
    worth_told = sum(
        (line.cost or 0) * (1 if line.became == "redeemed" else -1) for line in till.told if line.discount is not None
    )
    assert worth_told == sum(used.values())
    exhausted = sum(used.values()) == 500 if worth is KEPT else len(used) == uses
    assert till.state == ("redeemed" if exhausted else "open")
    assert till.counters.get("reward|it|redeemed", 0) == int(exhausted)
