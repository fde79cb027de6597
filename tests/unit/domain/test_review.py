"""Purchases that nobody can have meant: they wait, a person decides, and a correction counts at once."""

import json
from typing import Any

import pytest

from stamgast.domain.events import Line, PurchaseChanged, PurchaseReviewed
from stamgast.domain.program import ReviewAbove
from stamgast.domain.review import decode_waiting
from stamgast.domain.stamps import MOST_COMPLETED
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from tests.builders import (
    ANNA,
    MERCHANT,
    T0,
    bought,
    bundle,
    card,
    card_rule,
    changed,
    consent,
    hello_rule,
    program,
    taken_back,
)
from tests.fakes.in_memory import Owner

BARCODE = "96385074"


def shop(**more: Any) -> Owner:
    cards = [card("bread", 7, per="item", reward="loaf"), card("spend", 5, per="amount", amount=1000, reward="coffee")]
    owner = Owner(bundle(program(*cards, **more), hello_rule(), card_rule()))
    owner.apply(consent())
    return owner


def sale(name: str, pieces: int = 1, gross: int = 350, when: Millis = T0, **more: Any) -> PurchaseChanged:
    return bought(name, when, spend=gross, lines=(Line("1", gross, pieces * 1000, category="bread"),), **more)


def decide(owner: Owner, name: str, verdict: str, when: Millis = T0 + MINUTE, seen: str = "") -> dict[str, Any]:
    held = owner.reviews.get(name)
    event = PurchaseReviewed(
        merchant=MERCHANT, customer=ANNA, at=when, id="v1", transaction=name, verdict=verdict,  # type: ignore[arg-type]
        seen=seen or (decode_waiting(held).seen if held else "0"),
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(owner.apply(event).answers["v1"])
    return answer


def figures(owner: Owner) -> tuple[Any, ...]:
    state = owner.whole()
    stamps = {name: (paper.balance, paper.completed) for name, paper in state.cards.items()}
    return state.purchases, state.visits, state.spend, state.profit, state.stage, stamps, len(state.vouchers)


ABSURD = {
    "a barcode in the quantity": sale("t2", int(BARCODE)),
    "a price": sale("t2", gross=100_000_000),
    "a higher price": sale("t2", gross=500_000_000),
    "the cost of a line": bought("t2", T0, lines=(Line("1", 350, cost=-(10**12)),)),
    "a return that is as absurd": bought("t2", T0, spend=-(10**12), lines=(Line("1", -(10**12), -1000),)),
    "more than twenty loaves": sale("t2", 141),
}


@pytest.mark.parametrize("what", ABSURD)
def test_what_nobody_can_have_meant_counts_for_nothing_and_gives_nothing_until_somebody_has_looked(what: str):
    owner = shop()
    owner.apply(sale("t1"))
    before = figures(owner)
    change = owner.apply(ABSURD[what])
    assert figures(owner) == before
    assert (change.submissions, change.notes) == ([], [])
    assert list(owner.reviews) == ["t2"]
    owner.apply(sale("t3"))
    assert owner.state().purchases == 2, "and what comes after it counts"


def test_the_list_says_what_waits_and_why():
    owner = shop()
    owner.apply(sale("t1", int(BARCODE), when=T0, recorded=T0 + HOUR))
    waiting = decode_waiting(owner.reviews["t1"])
    assert (waiting.since, waiting.occurred_at, waiting.pieces, waiting.spend) == (T0 + HOUR, T0, int(BARCODE), 350)
    assert waiting.why.in_words(waiting.why_currency) == "96,385,074 pieces in one line are more than 1,000"


def twelve_a_day() -> Owner:
    return shop(review_above=ReviewAbove(per_day=12))


def test_the_purchases_of_a_day_beyond_so_many_wait_for_a_person_and_those_of_the_next_day_count():
    owner = twelve_a_day()
    for number in range(40):
        owner.apply(sale(f"t{number}", when=T0 + number * MINUTE))
    assert (owner.state().purchases, len(owner.reviews)) == (12, 28)
    waiting = decode_waiting(owner.reviews["t12"])
    assert waiting.why.in_words("EUR") == "13 purchases of one customer on one day are more than 12"
    owner.apply(sale("next", when=T0 + DAY))
    assert owner.state().purchases == 13


def test_one_that_waits_for_its_day_counts_once_it_is_confirmed_and_stays_so_when_it_is_edited():
    owner = twelve_a_day()
    for number in range(13):
        owner.apply(sale(f"t{number}"))
    last = sale("t12")
    assert decide(owner, "t12", "confirm")["status"] == 200
    assert (owner.state().purchases, owner.reviews) == (13, {})
    owner.apply(changed(last, T0 + HOUR, sale("t12", gross=300).after))
    assert (owner.state().purchases, owner.state().spend, owner.reviews) == (13, 12 * 350 + 300, {})


def test_an_edit_or_a_refund_of_one_that_counts_is_no_purchase_more():
    owner = twelve_a_day()
    for number in range(12):
        owner.apply(sale(f"t{number}"))
    owner.apply(changed(sale("t3"), T0 + HOUR, sale("t3", gross=300).after))
    owner.apply(taken_back(sale("t4"), T0 + HOUR))
    assert (owner.state().purchases, owner.reviews) == (11, {})
    owner.apply(sale("t12"))
    assert owner.state().purchases == 12, "there is room again"


def test_a_list_of_what_was_before_is_not_looked_through_by_its_days():
    owner = twelve_a_day()
    for number in range(300):
        owner.apply(sale(f"t{number}", history=True))
    assert (owner.state().purchases, owner.reviews) == (300, {})


def test_a_day_is_counted_right_beyond_what_one_byte_holds():
    owner = shop(review_above=ReviewAbove(per_day=200))
    for number in range(250):
        owner.apply(sale(f"t{number}"))
    assert (owner.state().purchases, len(owner.reviews)) == (200, 50)
    owner.apply(sale("late", when=T0 - DAY))
    assert owner.state().purchases == 201, "the day before has its own count"


def test_what_brings_no_more_than_a_card_may_counts_at_once():
    owner = shop()
    owner.apply(sale("t1", 6))
    owner.apply(sale("t2", 140))
    assert owner.reviews == {}
    assert owner.state().cards["bread"].completed == 20
    assert len(owner.whole().vouchers) == 40, "the card's own and the rule's"


def test_a_confirmed_purchase_counts_as_if_it_came_now():
    owner = shop()
    owner.apply(sale("t1", 700))
    answer = decide(owner, "t1", "confirm")
    assert (answer["status"], answer["customer"]) == (200, ANNA)
    state = owner.whole()
    assert (state.purchases, state.spend, state.cards["bread"].completed, len(state.vouchers)) == (1, 350, 100, 200)
    assert owner.reviews == {}
    assert len(owner.changes[-1].submissions) == 1, "and the next one waits for it"
    assert decide(owner, "t1", "confirm", seen="0")["status"] == 404, "once is enough"
    assert owner.whole() == state


def test_a_purchase_that_is_confirmed_late_is_old_news_and_sends_nothing():
    owner = shop()
    owner.apply(sale("t1", 700))
    assert "old news" in decide(owner, "t1", "confirm", T0 + 3 * HOUR)["detail"]
    assert owner.state().cards["bread"].completed == 100
    assert owner.changes[-1].submissions == []


def test_a_void_purchase_counts_for_nothing_unless_its_till_corrects_it():
    owner = shop()
    event = sale("t1", int(BARCODE))
    owner.apply(event)
    assert decide(owner, "t1", "void")["status"] == 200
    assert (owner.reviews, owner.state().purchases) == ({}, 0)
    assert decide(owner, "t1", "confirm", seen="0")["status"] == 404
    owner.apply(changed(event, T0 + HOUR, sale("t1", 2).after))
    assert (owner.state().purchases, owner.state().cards["bread"].balance) == (1, 2)


def test_a_correction_counts_at_once_and_leaves_the_list():
    owner = shop()
    event = sale("t1", int(BARCODE))
    owner.apply(event)
    change = owner.apply(changed(event, T0 + MINUTE, sale("t1", 2).after))
    assert (owner.reviews, owner.state().purchases) == ({}, 1)
    assert [each.template for each in change.submissions] == ["hello"], "it is news"


def test_a_refund_or_another_customer_takes_it_off_the_list():
    for after in (taken_back(sale("t1", int(BARCODE)), T0 + MINUTE).after, None):
        owner = shop()
        event = sale("t1", int(BARCODE))
        owner.apply(event)
        owner.apply(changed(event, T0 + MINUTE, after))
        state = owner.whole()
        assert (owner.reviews, state.purchases, state.spend, state.vouchers) == ({}, 0, 0, [])


def test_an_edit_that_nobody_can_have_meant_takes_back_what_the_sale_gave_until_somebody_has_looked():
    owner = shop()
    event = sale("t1", 7)
    owner.apply(event)
    assert owner.state().cards["bread"].completed == 1
    owner.apply(changed(event, T0 + MINUTE, sale("t1", int(BARCODE)).after))
    state = owner.whole()
    assert (state.purchases, state.cards["bread"].completed) == (0, 0)
    assert {voucher.state for voucher in state.vouchers} == {"withdrawn"}


def test_a_verdict_on_what_the_till_has_changed_meanwhile_is_none():
    owner = shop()
    event = sale("t1", 700)
    owner.apply(event)
    seen = decode_waiting(owner.reviews["t1"]).seen
    owner.apply(changed(event, T0 + MINUTE, sale("t1", 1400).after))
    assert decide(owner, "t1", "confirm", seen=seen)["status"] == 409
    assert (list(owner.reviews), owner.state().purchases) == (["t1"], 0)


def test_what_was_confirmed_is_not_asked_about_again_unless_it_grows():
    owner = shop()
    event = sale("t1", 700)
    owner.apply(event)
    decide(owner, "t1", "confirm")
    less = changed(event, T0 + HOUR, sale("t1", 600).after)
    owner.apply(less)
    assert (owner.reviews, owner.state().cards["bread"].completed) == ({}, 85)
    owner.apply(changed(less, T0 + HOUR, sale("t1", 701).after))
    assert (list(owner.reviews), owner.state().cards["bread"].completed) == (["t1"], 0)


def test_even_a_confirmed_purchase_brings_no_more_than_one_event_may():
    owner = shop()
    owner.apply(sale("t1", 7 * MOST_COMPLETED))
    owner.apply(sale("t2", 7 * MOST_COMPLETED + 1))
    answer = decide(owner, "t2", "confirm")
    assert (answer["status"], list(owner.reviews)) == (422, ["t1", "t2"])
    assert "201 rewards; 200 are the most" in answer["detail"]
    assert decide(owner, "t1", "confirm")["status"] == 200
    assert owner.state().cards["bread"].completed == MOST_COMPLETED


def test_the_programme_says_what_is_much():
    wide = program(card("bread", 1, per="item"), most_rewards=3)
    owner = Owner(bundle(wide))
    owner.apply(sale("t1", 3))
    owner.apply(sale("t2", 4))
    assert list(owner.reviews) == ["t2"]
    owner = Owner(bundle(program(card("bread", 1, per="item", most_rewards=4), most_rewards=3)))
    owner.apply(sale("t2", 4))
    assert owner.reviews == {}


def test_what_counts_already_is_not_asked_about_when_the_programme_has_become_stricter_and_a_part_goes_back():
    owner = Owner(bundle(program(card("bread", 10, per="item"))))
    event = sale("t1", 200)
    owner.apply(event)
    owner.bundle = bundle(program(card("bread", 10, per="item"), most_rewards=5))
    less = changed(event, T0 + HOUR, sale("t1", 190).after)
    owner.apply(less)
    assert (owner.reviews, owner.state().cards["bread"].completed) == ({}, 19)
    owner.apply(changed(less, T0 + HOUR, sale("t1", 180).after))
    assert (owner.reviews, owner.state().cards["bread"].completed) == ({}, 18)
    owner.apply(changed(less, T0 + HOUR, sale("t1", 201).after))
    assert (list(owner.reviews), owner.state().cards["bread"].completed) == (["t1"], 0)


def test_a_card_that_keeps_what_was_refunded_is_judged_by_what_it_keeps():
    owner = Owner(bundle(program(card("bread", 7, per="item", on_refund="never", reward="loaf"))))
    event = sale("t1", int(BARCODE))
    owner.apply(event)
    owner.apply(taken_back(event, T0 + HOUR))
    assert (list(owner.reviews), owner.state().vouchers) == (["t1"], [])


def test_a_customer_of_a_capped_card_is_reviewed_with_the_whole_ledger():
    owner = Owner(bundle(program(card("bread", 1, per="item", max_per_day=2))))
    owner.apply(sale("t1", 1001))
    owner.apply(sale("t2", 1, when=T0 + DAY))
    assert decide(owner, "t1", "confirm", T0 + 2 * DAY)["status"] == 200
    assert owner.state().cards["bread"].completed == 3
