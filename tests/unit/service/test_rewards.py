"""Cards, rewards, timers and the parts of a life that are easier told than drawn."""

import json
from dataclasses import replace
from typing import Any

from rules.actions import Give
from stamgast.domain.apart import AT_HAND
from stamgast.domain.customer import Customer
from stamgast.domain.events import (
    ActivationOutcome,
    TimerDue,
)
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.people.view import show_customer
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
    program,
    reach_rule,
    rule,
    taken_back,
)
from tests.fakes.in_memory import Owner


def redeem(owner: Owner, code: str, when: Millis, request: str = "q1") -> dict[str, object]:
    event = VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=when, id=request, code=code)
    answer: dict[str, object] = json.loads(owner.apply(event).answers[request])
    return answer


def due(owner: Owner, when: Millis) -> None:
    while soon := [d for d in owner.state().timers.values() if d <= when]:
        owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=when, due=min(soon)))


def full_card(stamps: int = 2, **more: Any) -> Owner:
    owner = Owner(bundle(program(card(stamps=stamps, reward="loaf", **more))))
    for number in range(stamps):
        owner.apply(bought(f"t{number}", T0 + number * DAY))
    return owner


def vouchers(owner: Owner) -> list[tuple[str, str]]:
    return [(v.reward, v.state) for v in owner.state().vouchers]


def test_a_voucher_is_redeemed_once_and_the_same_request_gets_the_same_answer():
    owner = full_card()
    code = owner.state().vouchers[0].code
    assert code.startswith("3-"), "a code begins with its partition"
    assert redeem(owner, code, T0 + 2 * DAY)["status"] == 200
    assert redeem(owner, code, T0 + 2 * DAY)["status"] == 200
    assert redeem(owner, code, T0 + 2 * DAY, "q2")["status"] == 409
    assert redeem(owner, "3-NOSUCHCODE", T0 + 2 * DAY, "q3")["status"] == 404
    assert f"voucher:{code}" not in owner.state().timers


def test_a_voucher_expires_by_itself_and_at_the_till_to_the_millisecond():
    owner = full_card()
    code, ends = owner.state().vouchers[0].code, at("2026-11-01 23:00") - 1
    assert owner.state().timers[f"voucher:{code}"] == ends
    due(owner, ends)
    assert vouchers(owner) == [("loaf", "expired")]
    owner = full_card()
    assert redeem(owner, code, ends - 1)["status"] == 200
    owner = full_card()
    assert redeem(owner, code, ends)["status"] == 409


def test_a_refund_after_the_reward_was_used_leaves_stamps_owed():
    owner = full_card()
    redeem(owner, owner.state().vouchers[0].code, T0 + 2 * DAY)
    owner.apply(taken_back(bought("t0", T0), T0 + 3 * DAY))
    card_ = owner.state().cards["bread"]
    assert (card_.balance, card_.completed) == (-1, 1)
    shop, definition = owner.bundle.program, owner.bundle.program.cards["bread"]
    patient = replace(shop, cards={"bread": replace(definition, on_refund="next_stamps")})
    shown = [show_customer(ANNA, owner.state(), each, T0)["stamps"] for each in (shop, patient)]
    assert shown == [{"bread": -1}, {"bread": 0}]
    for number in range(2):
        owner.apply(bought(f"u{number}", T0 + (4 + number) * DAY))
    assert (owner.state().cards["bread"].balance, owner.state().cards["bread"].completed) == (1, 1)


def test_a_refund_reopens_the_newest_card_and_takes_its_unused_reward():
    owner = full_card()
    owner.apply(taken_back(bought("t0", T0), T0 + 3 * DAY))
    card_ = owner.state().cards["bread"]
    assert (card_.balance, card_.completed) == (1, 0)
    assert vouchers(owner) == [("loaf", "withdrawn")]
    assert [name for name in owner.state().timers if name.startswith("voucher:")] == []


def test_a_card_that_gets_larger_or_smaller_keeps_its_stamps():
    owner = Owner(bundle(program(card(stamps=7))))
    for number in range(5):
        owner.apply(bought(f"t{number}", T0 + number * DAY))
    owner.bundle = bundle(program(card(stamps=10)), number=2)
    assert owner.state().cards["bread"].balance == 5
    owner.apply(bought("t5", T0 + 5 * DAY))
    assert owner.state().cards["bread"].balance == 6
    owner.bundle = bundle(program(card(stamps=4)), number=3)
    owner.apply(bought("t6", T0 + 6 * DAY))
    card_ = owner.state().cards["bread"]
    assert (card_.balance, card_.completed) == (3, 1)


def test_a_reopened_card_gives_back_what_it_took_when_it_was_that_size():
    owner = full_card(stamps=2)
    owner.bundle = bundle(program(card(stamps=9, reward="loaf")), number=2)
    owner.apply(taken_back(bought("t1", T0 + DAY), T0 + 2 * DAY))
    card_ = owner.state().cards["bread"]
    assert (card_.balance, card_.completed) == (1, 0)


def test_a_reward_for_reaching_so_many_stamps_goes_when_they_are_taken_back():
    owner = Owner(bundle(program(card(stamps=4)), reach_rule("half", "bread", 2)))
    for number in range(2):
        owner.apply(bought(f"t{number}", T0 + number * HOUR))
    assert vouchers(owner) == [("coffee", "open")]
    owner.apply(taken_back(bought("t0", T0), T0 + 3 * HOUR))
    assert vouchers(owner) == [("coffee", "withdrawn")]
    owner.apply(bought("t2", T0 + 4 * HOUR))
    assert vouchers(owner) == [("coffee", "open")]


def test_a_reward_for_reaching_half_a_card_stays_when_only_the_full_card_is_undone():
    owner = Owner(bundle(program(card(stamps=3, reward="loaf")), reach_rule("half", "bread", 2)))
    for number in range(3):
        owner.apply(bought(f"t{number}", T0 + number * HOUR))
    assert sorted(vouchers(owner)) == [("coffee", "open"), ("loaf", "open")]
    owner.apply(taken_back(bought("t0", T0), T0 + 4 * HOUR))
    assert owner.state().cards["bread"].balance == 2
    assert sorted(vouchers(owner)) == [("coffee", "open"), ("loaf", "withdrawn")]


def test_a_message_that_changed_channel_and_was_taken_back_goes_again():
    owner = Owner(bundle(program(card(stamps=1)), card_rule(by=("whatsapp", "sms"))))
    for channel in ("whatsapp", "sms"):
        owner.apply(consent(channel=channel))
    (first,) = owner.apply(bought("t1", T0)).submissions
    (second,) = owner.apply(answer(first.activation, "failed", 20, "other_channel")).submissions
    assert owner.apply(taken_back(bought("t1", T0), T0 + MINUTE)).cancels == [second.activation]
    owner.apply(answer(second.activation, "suppressed", 50, "taken_back"))
    (third,) = owner.apply(bought("t2", T0 + HOUR)).submissions
    assert third.activation not in (first.activation, second.activation)


def answer(activation: str, status: str, rank: int, reason: str = "") -> ActivationOutcome:
    return ActivationOutcome(
        merchant=MERCHANT, customer=ANNA, at=T0, activation=activation, status=status, rank=rank, reason=reason
    )


def take_back(owner: Owner, code: str, when: Millis, request: str = "q1") -> dict[str, object]:
    event = RedemptionTakenBack(
        merchant=MERCHANT, customer=ANNA, at=when, id=f"{request}-back", code=code, redemption=request
    )
    change = owner.apply(event)
    if request in change.answers:
        assert json.loads(change.answers[request])["status"] == 409, "whoever repeats the request is told"
    answer: dict[str, object] = json.loads(change.answers[f"{request}-back"])
    return answer


def test_a_redemption_that_is_taken_back_leaves_a_voucher_that_another_request_can_use():
    owner = full_card()
    code, expires_at = owner.state().vouchers[0].code, owner.state().vouchers[0].expires_at
    redeem(owner, code, T0 + 2 * DAY)
    for _ in range(2):
        answer = take_back(owner, code, T0 + 2 * DAY)
        assert (answer["status"], answer["voucher"]) == (200, "open")
    assert owner.state().timers[f"voucher:{code}"] == expires_at
    assert redeem(owner, code, T0 + 2 * DAY)["status"] == 409
    assert redeem(owner, code, T0 + 2 * DAY, "q2")["status"] == 200
    assert (take_back(owner, code, T0 + 3 * DAY)["voucher"], vouchers(owner)) == ("redeemed", [("loaf", "redeemed")])


def test_a_request_that_was_taken_back_redeems_nothing_however_many_others_were_since():
    owner = full_card()
    code = owner.state().vouchers[0].code
    requests = [f"q{number}" for number in range(9)]
    for request in requests:
        assert take_back(owner, code, T0 + DAY, request)["voucher"] == "open"
    for request in requests:
        assert redeem(owner, code, T0 + 2 * DAY, request)["detail"] == "This request was taken back."
    assert redeem(owner, code, T0 + 2 * DAY, "another")["status"] == 200
    assert redeem(owner, code, T0 + 2 * DAY, "another")["status"] == 200, "the same request again"


def test_a_request_that_comes_after_it_was_taken_back_redeems_nothing():
    owner = full_card()
    code = owner.state().vouchers[0].code
    assert take_back(owner, code, T0 + 2 * DAY)["voucher"] == "open"
    assert redeem(owner, code, T0 + 2 * DAY)["detail"] == "This request was taken back."
    assert vouchers(owner) == [("loaf", "open")]
    assert take_back(owner, "3-NOSUCHCODE", T0 + 2 * DAY)["status"] == 404


def test_a_redemption_taken_back_after_the_end_of_its_voucher_leaves_an_expired_one():
    owner = full_card()
    code, ends = owner.state().vouchers[0].code, owner.state().vouchers[0].expires_at
    redeem(owner, code, ends - 1)
    assert take_back(owner, code, ends)["voucher"] == "expired"
    assert f"voucher:{code}" not in owner.state().timers


def test_a_redemption_taken_back_after_a_refund_leaves_what_the_refund_alone_would_have_left():
    owner, other = full_card(), full_card()
    code = owner.state().vouchers[0].code
    redeem(owner, code, T0 + 2 * DAY)
    refund = taken_back(bought("t0", T0), T0 + 3 * DAY)
    owner.apply(refund)
    other.apply(refund)
    assert take_back(owner, code, T0 + 4 * DAY)["voucher"] == "withdrawn"
    assert owner.state().cards == other.state().cards
    assert vouchers(owner) == vouchers(other) == [("loaf", "withdrawn")]


def test_a_reward_for_a_purchase_that_was_refunded_after_its_use_does_not_come_back():
    owner = Owner(bundle(program(), rule("gift", "purchase", Give("loaf"), earned=True)))
    sale = bought("t0", T0)
    owner.apply(sale)
    code = owner.state().vouchers[0].code
    redeem(owner, code, T0 + DAY)
    owner.apply(taken_back(sale, T0 + 2 * DAY))
    assert take_back(owner, code, T0 + 3 * DAY)["voucher"] == "withdrawn"


def test_what_rules_made_of_a_redemption_goes_with_it():
    owner = Owner(
        bundle(program(card(stamps=1, reward="loaf")), rule("extra", "reward_redeemed", Give("coffee"), earned=True))
    )
    owner.apply(bought("t0", T0))
    redeem(owner, owner.state().vouchers[0].code, T0 + DAY)
    assert vouchers(owner) == [("loaf", "redeemed"), ("coffee", "open")]
    take_back(owner, owner.state().vouchers[0].code, T0 + DAY)
    assert vouchers(owner) == [("loaf", "open"), ("coffee", "withdrawn")]


def test_the_vouchers_of_a_regular_do_not_pile_up_for_ever():
    """Every other week's loaf is eaten, the others expire; nothing of ten years ago can still change."""
    owner = Owner(bundle(program(card(stamps=1, reward="loaf"))))
    for week in range(520):
        when = T0 + week * 7 * DAY
        last = bought(f"t{week}", when)
        owner.apply(last)
        due(owner, when)
        if week % 2:
            redeem(owner, owner.state().vouchers[-1].code, when + HOUR, f"q{week}")
    assert len(owner.state().vouchers) <= AT_HAND
    assert len(owner.whole().vouchers) <= 2 * (400 + 30) // 7 + AT_HAND
    owner.apply(taken_back(last, T0 + 519 * 7 * DAY + 2 * HOUR))
    paper = owner.state().cards["bread"]
    assert (paper.completed, paper.balance) == (519, 0), "its loaf was eaten, and the one before waits to be"
    states = {v.cause: v.state for v in owner.whole().vouchers}
    assert (states["card:bread:520"], states["card:bread:519"]) == ("redeemed", "withdrawn")


def test_a_reward_for_a_figure_is_remembered_however_long_ago_it_was():
    """It may be reached again, and is given once."""
    regular = rule("regular", "visits_changed", Give("coffee"), fires=lambda fact: fact.before < 2 <= fact.after)
    owner = Owner(bundle(program(card(stamps=1, reward="loaf")), regular))
    for week in range(200):
        owner.apply(bought(f"t{week}", T0 + week * 7 * DAY))
        due(owner, T0 + week * 7 * DAY + HOUR)
    assert [v.state for v in owner.whole().vouchers if v.rule == "regular"] == ["expired"]


def two_cards_of_which_the_second_was_used() -> Owner:
    owner = Owner(bundle(program(card(stamps=5, reward="loaf"))))
    for number in range(10):
        owner.apply(bought(f"t{number}", T0 + number * HOUR))
    assert redeem(owner, owner.state().vouchers[1].code, T0 + DAY)["status"] == 200
    return owner


def test_a_refund_takes_a_voucher_that_nobody_used_before_stamps_are_owed_for_one_that_was():
    owner = two_cards_of_which_the_second_was_used()
    for number in range(6):
        owner.apply(taken_back(bought(f"t{number}", T0 + number * HOUR), T0 + 2 * DAY + number))
    card_ = owner.state().cards["bread"]
    assert (card_.balance, card_.completed) == (-1, 1)
    assert vouchers(owner) == [("loaf", "withdrawn"), ("loaf", "redeemed")]


def test_whoever_pays_for_it_again_gets_the_same_voucher_back_and_then_a_third_card():
    owner = two_cards_of_which_the_second_was_used()
    codes = [voucher.code for voucher in owner.state().vouchers]
    for number in range(6):
        owner.apply(taken_back(bought(f"t{number}", T0 + number * HOUR), T0 + 2 * DAY + number))
    for number in range(11):
        owner.apply(bought(f"u{number}", T0 + 3 * DAY + number))
    state = owner.state()
    assert (state.cards["bread"].balance, state.cards["bread"].completed, state.cards["bread"].gaps) == (0, 3, [])
    assert vouchers(owner) == [("loaf", "open"), ("loaf", "redeemed"), ("loaf", "open")]
    assert [voucher.code for voucher in state.vouchers][:2] == codes


def test_in_whatever_order_purchases_are_voided_and_made_the_same_cards_are_full():
    def after(order: list[int]) -> Customer:
        owner = two_cards_of_which_the_second_was_used()
        steps = [taken_back(bought(f"t{n}", T0 + n * HOUR), T0 + 2 * DAY) for n in range(7)]
        steps += [bought(f"u{n}", T0 + DAY + n, recorded=T0 + 2 * DAY) for n in range(4)]
        for place in order:
            owner.apply(steps[place])
        return owner.state()

    orders = [list(range(11)), list(reversed(range(11))), [0, 7, 1, 8, 2, 9, 3, 10, 4, 5, 6]]
    found = [after(order) for order in orders]
    assert [state.cards for state in found] == [found[0].cards] * 3
    assert (found[0].cards["bread"].balance, found[0].cards["bread"].completed) == (2, 1)
    assert [[v.state for v in state.vouchers] for state in found] == [["withdrawn", "redeemed"]] * 3
