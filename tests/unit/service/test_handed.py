"""Stamps that a till gives by hand: once for each request, like any others on the card, and gone when it takes them back."""

import json
from typing import Any

import pytest

from stamgast.domain.till_events import HandReason, RedemptionTakenBack, StampsHanded, StampsHandedBack, VoucherRedeemed
from stamgast.domain.told import Line, decode_line, encode_line
from stamgast.domain.units import DAY, HOUR, MINUTE
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, card, card_rule, program, rule, taken_back
from tests.fakes.in_memory import Owner


def handed(number: int = 1, *, stamps: int = 2, at: int = T0, **more: Any) -> StampsHanded:
    given: dict[str, Any] = {"card": "bread", "reason": HandReason.FORGOTTEN, "happened_at": at, "till": "till-1"}
    return StampsHanded(
        merchant=MERCHANT, customer=ANNA, at=at, id=f"request-{number}", stamps=stamps, **(given | more)
    )


def back(number: int = 1, *, at: int = T0 + MINUTE) -> StampsHandedBack:
    request = f"request-{number}"
    return StampsHandedBack(
        merchant=MERCHANT, customer=ANNA, at=at, id=f"{request}-back", handing=request, till="till-1"
    )


def shop(*rules: Any, cards: Any = None, **more: Any) -> Owner:
    return Owner(bundle(program(*(cards or (card("bread", 3, reward="loaf"),)), **more), *rules))


def stands(owner: Owner) -> tuple[int, int]:
    anna = owner.state().cards["bread"]
    return anna.balance, anna.completed


def answer(owner: Owner, request: str) -> dict[str, Any]:
    found = [change.answers[request] for change in owner.changes if request in change.answers]
    return dict(json.loads(found[-1]))


def told(owner: Owner) -> list[Line]:
    lines = [decode_line(encode_line(line)) for change in owner.changes for line in change.told]
    return [line for line in lines if line.kind == "by_hand"]


def counted(owner: Owner) -> dict[str, int]:
    sums: dict[str, int] = {}
    for change in owner.changes:
        for name, by in change.counters.items():
            if name.startswith("till|"):
                sums[name] = sums.get(name, 0) + by
    return sums


def test_they_fill_the_card_and_the_till_hears_how_it_stands():
    owner = shop()
    owner.apply(handed(1))
    assert answer(owner, "request-1") == {
        "status": 200, "detail": "Done.", "card": "bread", "stamps": 2, "balance": 2,
    }  # fmt: skip
    owner.apply(bought("t1", T0 + HOUR))
    assert stands(owner) == (0, 1)
    assert [each.reward for each in owner.state().vouchers] == ["loaf"]


def test_a_request_that_comes_twice_gives_once():
    owner = shop()
    owner.apply(handed(1))
    owner.apply(handed(1, at=T0 + MINUTE))
    assert stands(owner) == (2, 0)
    assert answer(owner, "request-1")["balance"] == 2
    assert len(told(owner)) == 1
    owner.apply(handed(2, stamps=1, at=T0 + HOUR))
    assert stands(owner) == (0, 1)


def test_taken_back_they_go_with_the_reward_that_they_filled_the_card_for():
    owner = shop()
    owner.apply(bought("t1", T0 - DAY))
    owner.apply(handed(1))
    assert stands(owner) == (0, 1)
    owner.apply(back(1))
    assert stands(owner) == (1, 0)
    assert [each.state for each in owner.state().vouchers] == ["withdrawn"]
    assert answer(owner, "request-1-back")["status"] == 200
    assert answer(owner, "request-1")["status"] == 409, "a till that repeats it gives nothing"
    owner.apply(back(1, at=T0 + 2 * MINUTE))
    owner.apply(handed(1, at=T0 + 3 * MINUTE))
    assert stands(owner) == (1, 0)


def test_a_request_that_is_taken_back_before_it_comes_gives_nothing():
    owner = shop()
    owner.apply(back(1))
    owner.apply(handed(1, at=T0 + 2 * MINUTE))
    assert answer(owner, "request-1")["status"] == 409
    assert "bread" not in owner.state().cards
    assert told(owner) == []


def test_stamps_whose_reward_was_used_are_owed_when_they_are_taken_back():
    owner = shop()
    owner.apply(handed(1, stamps=3))
    [voucher] = owner.state().vouchers
    owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=T0 + MINUTE, id="r1", code=voucher.code))
    owner.apply(back(1, at=T0 + 2 * MINUTE))
    assert stands(owner) == (-3, 1)
    owner.apply(
        RedemptionTakenBack(
            merchant=MERCHANT, customer=ANNA, at=T0 + 3 * MINUTE, id="r1-back", code=voucher.code, redemption="r1"
        )
    )
    assert stands(owner) == (0, 0)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (handed(card="coffee"), 404),
        (handed(at=T0 + 40 * DAY, happened_at=T0 + 40 * DAY), 409),
    ],
)
def test_what_no_card_takes_is_answered_and_changes_nothing(event: StampsHanded, status: int):
    until = card("bread", 3, reward="loaf", ends=(T0 // DAY) + 30)
    owner = shop(cards=(until,))
    owner.apply(event)
    assert answer(owner, "request-1")["status"] == status
    assert owner.state().cards == {}
    assert counted(owner) == {}


def test_what_comes_of_old_stamps_of_a_till_that_was_offline_is_late():
    hello = rule("hello", "stamp_card_completed", *card_rule().actions, per="card")
    owner = shop(hello)
    owner.apply(handed(1, stamps=3, at=T0 + DAY, happened_at=T0))
    assert stands(owner) == (0, 1)
    assert owner.state().vouchers, "what a card promises is given all the same"
    assert not [each for change in owner.changes for each in change.submissions], "and nobody is written to about it"


def test_it_is_told_and_counted_by_till_operator_and_week():
    owner = shop()
    owner.apply(handed(1, operator_id="o-7"))
    owner.apply(handed(2, stamps=1, operator_id="o-7", at=T0 + HOUR))
    owner.apply(handed(3, stamps=1, at=T0 + 2 * HOUR))
    [voucher] = owner.state().vouchers
    owner.apply(
        VoucherRedeemed(
            merchant=MERCHANT,
            customer=ANNA,
            at=T0 + 3 * HOUR,
            id="r1",
            code=voucher.code,
            till="till-1",
            operator_id="o-7",
        )
    )
    week = next(iter(counted(owner))).split("|")[3]
    assert counted(owner) == {
        f"till|till-1|o-7|{week}|handed": 2,
        f"till|till-1|o-7|{week}|stamps": 3,
        f"till|till-1||{week}|handed": 1,
        f"till|till-1||{week}|stamps": 1,
        f"till|till-1|o-7|{week}|redeemed": 1,
    }
    assert [(each.became, each.card, each.count, each.reason, each.till, each.operator_id) for each in told(owner)] == [
        ("given", "bread", 2, "forgotten", "till-1", "o-7"),
        ("given", "bread", 1, "forgotten", "till-1", "o-7"),
        ("given", "bread", 1, "forgotten", "till-1", ""),
    ]
    owner.apply(back(3, at=T0 + 4 * HOUR))
    assert counted(owner)[f"till|till-1||{week}|stamps"] == 0


def test_a_refund_leaves_stamps_that_were_given_by_hand():
    owner = shop()
    owner.apply(bought("t1", T0))
    owner.apply(handed(1, stamps=1, at=T0 + MINUTE))
    owner.apply(taken_back(bought("t1", T0), T0 + HOUR))
    assert stands(owner) == (1, 0)


def test_what_is_taken_back_leaves_the_count_that_it_is_in_whoever_does_it_and_whenever():
    owner = shop()
    owner.apply(handed(1, operator_id="o-7"))
    week = next(iter(counted(owner))).split("|")[3]
    later = StampsHandedBack(
        merchant=MERCHANT,
        customer=ANNA,
        at=T0 + 8 * DAY,
        id="later",
        handing="request-1",
        till="till-2",
        operator_id="o-9",
    )
    owner.apply(later)
    assert counted(owner) == {f"till|till-1|o-7|{week}|handed": 0, f"till|till-1|o-7|{week}|stamps": 0}
    owner.apply(handed(2, operator_id="o-7", at=T0 + 8 * DAY, happened_at=T0 + 8 * DAY))
    by_a_key = StampsHandedBack(merchant=MERCHANT, customer=ANNA, at=T0 + 9 * DAY, id="by-key", handing="request-2")
    owner.apply(by_a_key)
    assert set(counted(owner).values()) == {0}
