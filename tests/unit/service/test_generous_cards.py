"""Cards that give stamps for joining and more of them in quiet hours, and vouchers that wait a while."""

import json
from typing import Any, Final

import pytest

from rules.actions import Give
from stamgast.domain.double_hours import DoubleHours
from stamgast.domain.events import Enrolled, Line
from stamgast.domain.program import Reward
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.people.view import show_voucher
from tests import builders
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, card, program, rule, taken_back
from tests.fakes.in_memory import Owner

TUESDAY_AFTERNOON = DoubleHours(3, frozenset({"tuesday"}), 14 * 60, 17 * 60)
LATE = DoubleHours(2, frozenset(), 22 * 60, 2 * 60, frozenset({"bar"}))


def at(text: str) -> Millis:
    """On the clocks of the shop, in summer."""
    return builders.at(text) - 2 * HOUR


def shop(**more: Any) -> Owner:
    return Owner(bundle(program(card(stamps=5, reward="loaf", **more))))


def join(owner: Owner, when: Millis, since: Millis = 0) -> None:
    owner.apply(Enrolled(merchant=MERCHANT, customer=ANNA, at=when, language="nl", since=since))


def balance(owner: Owner) -> int:
    return owner.state().cards["bread"].balance if "bread" in owner.state().cards else 0


def test_whoever_joins_has_stamps_at_once_and_once():
    owner = shop(welcome=2)
    join(owner, T0)
    join(owner, T0 + HOUR)
    assert balance(owner) == 2
    told = [change.stamped for change in owner.changes]
    assert told == [[("", "bread", 2)], []]
    for number in range(3):
        owner.apply(bought(f"t{number}", T0 + DAY + number * HOUR))
    assert [v.state for v in owner.state().vouchers] == ["open"]
    owner.apply(taken_back(bought("t0", T0 + DAY), T0 + 2 * DAY))
    assert (balance(owner), [v.state for v in owner.state().vouchers]) == (4, ["withdrawn"])


def test_who_joined_before_has_none_and_who_bought_first_has_them_when_they_join():
    owner = shop(welcome=2)
    join(owner, T0, since=T0 - 90 * DAY)
    assert balance(owner) == 0
    owner = shop(welcome=2)
    owner.apply(bought("t0", T0))
    join(owner, T0 + HOUR)
    assert balance(owner) == 3


@pytest.mark.parametrize(
    ("moment", "store", "stamps"),
    [
        ("2026-10-06 14:00", "shop", 3),
        ("2026-10-06 16:59", "shop", 3),
        ("2026-10-06 17:00", "shop", 1),
        ("2026-10-06 13:59", "shop", 1),
        ("2026-10-07 14:00", "shop", 1),
        ("2026-10-07 23:00", "bar", 2),
        ("2026-10-08 01:59", "bar", 2),
        ("2026-10-08 02:00", "bar", 1),
        ("2026-10-07 23:00", "shop", 1),
    ],
)
def test_a_purchase_in_its_hour_gives_more_on_the_clock_of_its_store(moment, store, stamps):
    owner = shop(double=(TUESDAY_AFTERNOON, LATE))
    sale = bought("t0", at(moment), store=store)
    owner.apply(sale)
    assert balance(owner) == stamps
    owner.apply(taken_back(sale, at(moment) + HOUR))
    assert balance(owner) == 0


def test_what_one_purchase_gives_at_most_stays_and_the_greatest_of_several_hours_counts():
    both = (TUESDAY_AFTERNOON, DoubleHours(2, frozenset({"tuesday"})))
    owner = shop(double=both, max_per_purchase=2)
    owner.apply(bought("t0", at("2026-10-06 15:00")))
    assert balance(owner) == 2
    owner = shop(double=both)
    owner.apply(bought("t0", at("2026-10-06 15:00")))
    owner.apply(bought("t1", at("2026-10-06 18:00")))
    assert owner.state().cards["bread"].completed == 1


TARTS: Final = DoubleHours(2, categories=frozenset({"tart"}))


@pytest.mark.parametrize(
    ("card_says", "stamps"),
    [
        ({"per": "purchase"}, 2),
        ({"per": "item"}, 3 + 2 + 2),
        ({"per": "amount", "amount": 500}, 1_500 // 500 + 900 // 500),
        ({"per": "item", "max_per_purchase": 4}, 4),
        ({"per": "item", "categories": ["bread"]}, 3),
    ],
)
def test_of_goods_that_give_more_each_stamp_counts_more(card_says, stamps):
    lines = (Line("1", 600, 3_000, category="bread"), Line("2", 900, 2_000, category="tart"))
    owner = Owner(bundle(program(card(stamps=50, double=(TARTS,), **card_says))))
    both = bought("t0", T0, spend=1_500, lines=lines)
    owner.apply(both)
    assert balance(owner) == stamps
    owner.apply(taken_back(both, T0 + HOUR))
    assert balance(owner) == 0


def test_without_such_goods_nothing_is_doubled():
    owner = Owner(bundle(program(card(stamps=50, double=(TARTS,)))))
    owner.apply(bought("t0", T0))
    assert balance(owner) == 1


def test_a_voucher_that_waits_is_told_and_cannot_be_used_yet():
    reward = Reward("coffee", {"nl": "koffie"}, usable_after=12 * HOUR)
    gift = rule("gift", "purchase", Give("coffee"), per="customer", earned=True)
    owner = Owner(bundle(program(rewards={"coffee": reward}), gift))
    owner.apply(bought("t0", T0))
    voucher = owner.state().vouchers[0]
    assert "usable_from" in show_voucher(voucher, owner.bundle.program)

    def use(when: Millis) -> dict[str, Any]:
        event = VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=when, id=f"q{when}", code=voucher.code)
        answer: dict[str, Any] = json.loads(owner.apply(event).answers[f"q{when}"])
        return answer

    early = use(T0 + 12 * HOUR - 1)
    assert (early["status"], early["usable_from"]) == (409, T0 + 12 * HOUR)
    assert owner.state().vouchers[0].state == "open"
    assert use(T0 + 12 * HOUR)["status"] == 200
