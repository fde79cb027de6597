"""Vouchers that do not fit into a state: nothing is lost of them, and the state stays small."""

import json
from typing import Any

import msgspec

from rules.actions import Give
from stamgast.domain import apart
from stamgast.domain.apart import AT_HAND
from stamgast.domain.customer import Charge, encode_customer
from stamgast.domain.events import (
    PurchaseChanged,
    TimerDue,
)
from stamgast.domain.program import Reward
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.domain.voucher_terms import Terms
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, card, program, rule, taken_back
from tests.fakes.in_memory import Owner

GIVING = rule("each", "purchase", Give("coffee"), earned=True)


def with_purchases(count: int, every: Millis = MINUTE) -> tuple[Owner, list[PurchaseChanged]]:
    """A loaf and a coffee for each of so many purchases."""
    owner = Owner(bundle(program(card(stamps=1, reward="loaf")), GIVING))
    events = [bought(f"t{number}", T0 + number * every) for number in range(count)]
    for event in events:
        owner.apply(event)
    return owner, events


def redeem(owner: Owner, code: str, when: Millis, request: str = "q1") -> dict[str, Any]:
    event = VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=when, id=request, code=code)
    answer: dict[str, Any] = json.loads(owner.apply(event).answers[request])
    return answer


def take_redemption_back(owner: Owner, code: str, when: Millis, request: str = "q1") -> None:
    event = RedemptionTakenBack(
        merchant=MERCHANT, customer=ANNA, at=when, id=f"{request}-back", code=code, redemption=request
    )
    owner.apply(event)


def codes(owner: Owner, reward: str) -> list[str]:
    """In the order of what they were given for."""
    found = [v for v in owner.whole().vouchers if v.reward == reward]
    return [v.code for v in sorted(found, key=lambda v: (v.issued_at, len(v.cause), v.cause))]


def states_of(owner: Owner) -> dict[str, str]:
    return {voucher.code: voucher.state for voucher in owner.whole().vouchers}


def total(owner: Owner, counter: str) -> int:
    return sum(change.counters.get(counter, 0) for change in owner.changes)


def test_the_state_of_somebody_with_thousands_of_open_vouchers_is_as_small_as_that_of_a_regular():
    owner, events = with_purchases(3_000)
    regular, _ = with_purchases(AT_HAND)
    assert len(owner.state().vouchers) == AT_HAND
    assert len(owner.states[ANNA]) - len(regular.states[ANNA]) < 200
    assert set(states_of(owner).values()) == {"open"}
    assert len(states_of(owner)) == 2 * len(events)
    assert sum(apart.still_open(owner.state().apart).values()) == 2 * len(events) - AT_HAND
    assert max(len(value or b"") for change in owner.changes for value in change.ledger.values()) < 300


def test_what_is_at_hand_ends_first_and_has_not_ended():
    owner, _ = with_purchases(50)
    ends = sorted(voucher.expires_at for voucher in owner.whole().vouchers)
    assert sorted(voucher.expires_at for voucher in owner.state().vouchers) == ends[:AT_HAND]
    code = owner.state().vouchers[0].code
    redeem(owner, code, T0 + DAY)
    owner.apply(bought("another", T0 + DAY))
    assert code not in {voucher.code for voucher in owner.state().vouchers}, "it makes room"


def test_a_voucher_kept_apart_is_redeemed_once_and_the_same_request_gets_the_same_answer():
    owner, _ = with_purchases(50)
    code = codes(owner, "coffee")[-1]
    assert code not in {voucher.code for voucher in owner.state().vouchers}
    assert redeem(owner, code, T0 + DAY)["status"] == 200
    assert redeem(owner, code, T0 + DAY + MINUTE)["status"] == 200
    assert redeem(owner, code, T0 + DAY + HOUR, "q2")["status"] == 409
    assert redeem(owner, "3-NOBODY", T0 + DAY + HOUR, "q3")["status"] == 404
    assert total(owner, "reward|coffee|redeemed") == 1


def test_one_kept_apart_ends_to_the_millisecond_at_the_till_and_is_counted_once_at_the_end_of_its_day():
    owner, _ = with_purchases(50)
    early, late = codes(owner, "loaf")[-2:]
    ends = next(v.expires_at for v in owner.whole().vouchers if v.code == early)
    assert redeem(owner, late, ends - 1, "q2")["status"] == 200
    assert redeem(owner, early, ends)["detail"] == "This voucher is expired."
    assert total(owner, "reward|loaf|expired") == 1
    for due in sorted({v.expires_at for v in owner.state().vouchers} | {owner.state().timers["vouchers"]}):
        owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due, due=due))
    assert total(owner, "reward|loaf|expired") == 49
    assert total(owner, "reward|coffee|expired") == 50
    assert "vouchers" not in owner.state().timers


def test_a_refund_takes_back_what_a_purchase_of_long_ago_gave_and_its_return_gives_it_again():
    owner, events = with_purchases(50)
    last = codes(owner, "loaf")[-1]
    first = next(v.code for v in owner.whole().vouchers if (v.cause, v.reward) == ("t30", "coffee"))
    back = taken_back(events[30], T0 + 2 * HOUR)
    change = owner.apply(back)
    assert {v.code for v in change.withdrawn} == {first, last}, "its own coffee, and the loaf of the newest card"
    again = PurchaseChanged(
        merchant=MERCHANT, customer=ANNA, at=T0 + 3 * HOUR, transaction="t30", before=None, after=events[30].after
    )
    owner.apply(again)
    assert states_of(owner)[last] == "open"
    assert len(states_of(owner)) == 100


def test_a_figure_that_is_reached_again_gives_nothing_twice_however_long_its_voucher_is_kept_apart():
    reached = rule("ten", "visits_changed", Give("coffee"), fires=lambda fact: fact.before < 10 <= fact.after)
    owner = Owner(bundle(program(card(stamps=1, reward="loaf")), reached))
    events = [bought(f"t{number}", T0 + number * DAY) for number in range(60)]
    for event in events[:12]:
        owner.apply(event)
    [ten] = [v for v in owner.whole().vouchers if v.rule == "ten"]
    redeem(owner, ten.code, T0 + 11 * DAY + HOUR)
    for event in events[12:]:
        owner.apply(event)
    for event in later_sales():
        owner.apply(event)
    assert ten.code not in {v.code for v in owner.state().vouchers}
    for number, event in enumerate(events[:-5] + later_sales()):
        owner.apply(taken_back(event, T0 + 131 * DAY + number))
    for number in range(200, 220):
        owner.apply(bought(f"t{number}", T0 + number * DAY))
    assert [v.state for v in owner.whole().vouchers if v.rule == "ten"] == ["redeemed"]


def later_sales() -> list[PurchaseChanged]:
    return [bought(f"t{number}", T0 + number * DAY) for number in range(100, 130)]


def test_of_a_card_whose_loaf_was_eaten_another_ones_is_taken_though_all_are_kept_apart():
    owner, events = with_purchases(60)
    before, newest = codes(owner, "loaf")[-2:]
    redeem(owner, newest, T0 + 2 * HOUR)
    for number in range(60, 100):
        owner.apply(bought(f"t{number}", T0 + 3 * HOUR + number))
    for number in range(60, 100):
        owner.apply(taken_back(bought(f"t{number}", T0 + 3 * HOUR + number), T0 + 4 * HOUR + number))
    assert newest not in {voucher.code for voucher in owner.state().vouchers}
    owner.apply(taken_back(events[0], T0 + 5 * HOUR))
    paper = owner.state().cards["bread"]
    assert (paper.completed, paper.balance, paper.gaps) == (59, 0, [[59, 1]])
    assert (states_of(owner)[newest], states_of(owner)[before]) == ("redeemed", "withdrawn")
    take_redemption_back(owner, newest, T0 + 6 * HOUR)
    paper = owner.state().cards["bread"]
    assert (paper.completed, paper.balance) == (59, 0), "nothing is owed"
    assert (states_of(owner)[newest], states_of(owner)[before]) == ("open", "withdrawn")


def test_an_older_card_that_was_used_is_known_once_the_newest_ones_redemption_is_taken_back():
    owner, events = with_purchases(60)
    older, newest = codes(owner, "loaf")[40], codes(owner, "loaf")[59]
    redeem(owner, older, T0 + 2 * HOUR, "q1")
    redeem(owner, newest, T0 + 2 * HOUR, "q2")
    for number in range(60, 100):
        owner.apply(bought(f"t{number}", T0 + 3 * HOUR + number))
    take_redemption_back(owner, newest, T0 + 4 * HOUR, "q2")
    sales = events + [bought(f"t{number}", T0 + 3 * HOUR + number) for number in range(60, 100)]
    for number, event in enumerate(reversed(sales)):
        owner.apply(taken_back(event, T0 + 5 * HOUR + number))
    paper = owner.state().cards["bread"]
    assert (paper.completed, paper.balance, paper.gaps) == (1, -1, [[1, 40]]), "number 41 was eaten"


def test_vouchers_of_the_distant_past_are_forgotten_when_they_have_doubled():
    shop = program(card(stamps=1, reward="loaf"), rewards={"loaf": Reward("loaf", {"nl": "loaf"}, 5 * DAY)})
    owner = Owner(bundle(shop))
    most = 0
    for week in range(1_040):
        when = T0 + week * 7 * DAY
        for due in sorted(d for d in owner.state().timers.values() if d <= when) if owner.states else ():
            owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due, due=due))
        owner.apply(bought(f"t{week}", when))
        known = owner.state().apart
        most = max(most, known.count if known else 0)
    assert most < 130, "twenty years of loaves are some thousand"
    assert sum(look is None for look in owner.looks) < 25, "and all of them are seldom read"


def test_what_was_written_before_vouchers_were_kept_apart_is_put_apart_by_the_next_event():
    owner, _ = with_purchases(30)
    before = owner.whole()
    old = Owner(owner.bundle)
    old.states[ANNA] = encode_customer(before)
    old.ledgers[ANNA] = {field: value for field, value in owner.ledgers[ANNA].items() if len(field) == 8}
    old.apply(bought("t30", T0 + HOUR))
    owner.apply(bought("t30", T0 + HOUR))
    assert len(old.state().vouchers) == AT_HAND
    assert states_of(old) == states_of(owner)


def test_what_budgets_paid_for_is_read_as_it_was_stored_before_vouchers_had_terms():
    charge = Charge(["shop@2026-11"], 500)
    code = "3-AAAAAAAAAAAAAAAA"
    stored = [code, "coffee", "open", T0, T0 + DAY, "t1", "each", "", [], False, ""]
    value = msgspec.msgpack.encode([[*stored, charge], [*stored, None]])
    before = apart.decode_apart(value)
    assert [(voucher.code, voucher.occasion, voucher.terms) for voucher in before] == [(code, "", None)] * 2
    assert apart.charges_of(value) == {code: charge}
    before[0].terms = Terms(uses=2)
    again = apart.encode_apart(before[:1], {code: charge})
    assert apart.decode_apart(again)[0].terms == Terms(uses=2)
    assert apart.charges_of(again) == {code: charge}
