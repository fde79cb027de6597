"""Vouchers that were used or have ended leave the state, and are there when a till or a refund asks for them."""

import json
from typing import Any

from stamgast.domain.apart import ENDED_AT_HAND
from stamgast.domain.events import TimerDue
from stamgast.domain.till_events import RedemptionTakenBack, VoidReason, VoucherRedeemed, VoucherVoided
from stamgast.domain.units import DAY, Millis
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, card, program, taken_back
from tests.fakes.in_memory import Owner

SHOP = program(card("bread", 1, reward="loaf", reward_valid_for=3 * DAY))
EVERY = 10 * DAY


def come_due(owner: Owner, until: Millis) -> None:
    while soon := [due for due in owner.state().timers.values() if due <= until]:
        owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=min(soon), due=min(soon)))


def regular(purchases: int) -> Owner:
    """A loaf for each purchase; none is used in time."""
    owner = Owner(bundle(SHOP))
    for number in range(purchases):
        owner.apply(bought(f"t{number}", T0 + number * EVERY))
        come_due(owner, T0 + number * EVERY + EVERY - 1)
    return owner


def redeem(owner: Owner, code: str, when: Millis, request: str = "q1") -> dict[str, Any]:
    event = VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=when, id=request, code=code)
    answer: dict[str, Any] = json.loads(owner.apply(event).answers[request])
    return answer


def test_few_that_are_over_stay_at_hand_and_none_is_lost():
    owner = regular(12)
    assert [each.state for each in owner.state().vouchers] == ["expired"] * ENDED_AT_HAND
    assert [each.cause for each in owner.state().vouchers][-1] == "card:bread:12"
    assert {each.cause for each in owner.whole().vouchers} == {f"card:bread:{number}" for number in range(1, 13)}


def test_the_next_card_needs_no_look_at_what_is_apart():
    assert regular(12).looks == []


def test_of_a_state_of_before_it_is_looked_up_whether_a_card_has_given_something():
    owner = regular(12)
    state = owner.state()
    assert state.apart is not None
    state.apart.numbers = None
    owner.put(state)
    codes = {each.code for each in owner.whole().vouchers}
    owner.apply(bought("next", T0 + 12 * EVERY))
    assert len(owner.looks) == 1
    assert codes < {each.code for each in owner.whole().vouchers}


def test_a_till_is_told_the_same_of_one_that_left_the_state():
    owner = regular(12)
    first = next(each for each in owner.whole().vouchers if each.cause == "card:bread:1")
    assert first.code not in {each.code for each in owner.state().vouchers}
    assert redeem(owner, first.code, T0 + 12 * EVERY)["detail"] == "This voucher is expired."


def test_a_request_that_is_repeated_has_the_same_answer_and_can_be_taken_back_long_after():
    owner = Owner(bundle(program(card("bread", 1, reward="loaf", reward_valid_for=300 * DAY))))
    for number in range(12):
        owner.apply(bought(f"t{number}", T0 + number * EVERY))
        mine = owner.state().vouchers[-1]
        answer = redeem(owner, mine.code, T0 + number * EVERY + 1, f"q{number}")
    used = next(each for each in owner.whole().vouchers if each.cause == "card:bread:2")
    assert used.code not in {each.code for each in owner.state().vouchers}
    again = redeem(owner, used.code, T0 + 12 * EVERY, "q1")
    assert (again["status"], again["detail"]) == (200, answer["detail"])
    owner.apply(
        RedemptionTakenBack(
            merchant=MERCHANT, customer=ANNA, at=T0 + 12 * EVERY, id="q1-back", code=used.code, redemption="q1"
        )
    )
    assert [each.state for each in owner.whole().vouchers if each.code == used.code] == ["open"]


def test_a_card_that_is_taken_back_and_filled_again_gives_no_second_reward_for_one_that_ended():
    owner = regular(12)
    before = {each.code: each.state for each in owner.whole().vouchers}
    last = bought("t11", T0 + 11 * EVERY)
    for number in range(3):
        owner.apply(taken_back(last, T0 + 12 * EVERY + 2 * number))
        last = bought(f"again{number}", T0 + 12 * EVERY + 2 * number + 1)
        owner.apply(last)
    assert {each.code: each.state for each in owner.whole().vouchers} == before


def test_a_till_that_asks_for_the_former_code_of_one_that_left_the_state_is_told_that_it_has_another():
    owner = Owner(bundle(SHOP))
    owner.apply(bought("t1", T0 + EVERY))
    former = owner.state().vouchers[-1].code
    owner.apply(
        VoucherVoided(
            merchant=MERCHANT,
            customer=ANNA,
            at=T0 + EVERY + 1,
            id="v",
            code=former,
            reissue=True,
            reason=VoidReason.LOST,
        )
    )
    assert owner.state().vouchers[-1].code != former
    come_due(owner, T0 + 2 * EVERY)
    for number in range(2, 10):
        owner.apply(bought(f"t{number}", T0 + number * EVERY))
        come_due(owner, T0 + number * EVERY + EVERY - 1)
    assert former not in str(owner.state().vouchers)
    assert redeem(owner, former, T0 + 12 * EVERY)["detail"] == "This voucher has another code now."
