"""docs/what-happens-when.md, sentence by sentence: what is written there happens."""

import re
from pathlib import Path
from typing import Any

import pytest

from stamgast.domain.activation import RANKS
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.units import DAY, HOUR
from stamgast.people.view import show_customer
from tests.builders import (
    ANNA,
    MERCHANT,
    T0,
    bundle,
    card,
    card_rule,
    consent,
    hello_rule,
    line,
    program,
    record,
    refund,
    snapshot,
)  # fmt: skip
from tests.fakes.in_memory import InMemoryIntake, Owner

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "what-happens-when.md").read_text()


class Shop:
    """A bakery with one card of three rolls, which gives a loaf."""

    def __init__(self, *rules: Any, on_refund: Any = "below_zero", **more: Any) -> None:
        self._intake = InMemoryIntake()
        self.program = program(card("rolls", 3, per="item", reward="loaf", on_refund=on_refund), **more)
        self.owner = Owner(bundle(self.program, *rules))
        self.owner.apply(consent())
        self._at = T0

    def take(self, *deliveries: dict[str, Any]) -> None:
        for data in deliveries:
            self._at += 1
            for event in self._intake.take(*record(data, self._at)):
                self.owner.apply(event)

    def redeem(self, request: str = "q1", number: int = 0) -> None:
        code = self.owner.whole().vouchers[number].code
        self.owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=self._at, id=request, code=code))

    def take_back(self, request: str = "q1") -> None:
        code = self.owner.whole().vouchers[0].code
        self.owner.apply(
            RedemptionTakenBack(
                merchant=MERCHANT, customer=ANNA, at=self._at, id=f"{request}-back", code=code, redemption=request
            )
        )

    @property
    def rolls(self) -> tuple[int, int, list[str]]:
        """Stamps on the card, full cards, and what became of their loaves."""
        state = self.owner.whole()
        paper = state.cards["rolls"]
        return paper.balance, paper.completed, [voucher.state for voucher in state.vouchers]

    @property
    def money(self) -> tuple[int, int, int]:
        """Purchases, spend, what was given back."""
        state = self.owner.state()
        return state.purchases, state.spend, state.refunds


def rolls(name: str = "t1", pieces: int = 3, version: int = 1, **more: Any) -> dict[str, Any]:
    return snapshot(name, version, lines=[line("1", 100 * pieces, str(pieces), **more.pop("of", {}))]) | more


def back(name: str = "t1", pieces: int = 1, id_: str = "r1", **more: Any) -> dict[str, Any]:
    return refund(name, id_, 100 * pieces, T0 + HOUR, [("1", str(pieces), 100 * pieces)], **more)


# -- a refund and a card


def test_below_zero_takes_stamps_back_reopens_a_card_and_withdraws_its_unused_reward():
    shop = Shop()
    shop.take(rolls(pieces=4))
    assert shop.rolls == (1, 1, ["open"])
    shop.take(back(pieces=1))
    assert shop.rolls == (0, 1, ["open"])
    shop.take(back(pieces=1, id_="r2"))
    assert shop.rolls == (2, 0, ["withdrawn"])
    shop.take(rolls("t2", 1))
    assert shop.rolls == (0, 1, ["open"])


def test_stamps_of_a_used_reward_are_owed():
    shop = Shop()
    shop.take(rolls())
    shop.redeem()
    shop.take(back(pieces=2))
    assert shop.rolls == (-2, 1, ["redeemed"])
    shop.take(rolls("t2", 2))
    assert shop.rolls == (0, 1, ["redeemed"])


def test_a_used_reward_that_is_given_back_at_the_till_settles_what_is_owed():
    shop = Shop()
    shop.take(rolls())
    shop.redeem()
    shop.take(back(pieces=2))
    shop.take_back()
    assert shop.rolls == (1, 0, ["withdrawn"])


def test_next_stamps_is_the_same_and_shows_zero():
    shop = Shop(on_refund="next_stamps")
    shop.take(rolls())
    shop.redeem()
    shop.take(back(pieces=2))
    shown = show_customer(ANNA, shop.owner.state(), shop.program, T0)
    assert (shop.rolls[0], shown["stamps"]["rolls"]) == (-2, 0)


def test_never_keeps_what_was_bought_and_a_correction_or_a_void_still_takes_it():
    for later, left in (
        (back(pieces=3), (0, 1, ["open"])),
        (rolls(pieces=0, version=2, refund_ids=["r1"]), (0, 1, ["open"])),
        (rolls(pieces=1, version=2), (1, 0, ["withdrawn"])),
        (rolls(version=2, status="voided"), (0, 0, ["withdrawn"])),
    ):
        shop = Shop(on_refund="never")
        shop.take(rolls(), later)
        assert shop.rolls == left


# -- void, refund, edit


def test_a_void_is_no_refund():
    shop = Shop()
    shop.take(rolls(), rolls(version=2, status="voided"))
    assert shop.money == (0, 0, 0)
    shop = Shop()
    shop.take(rolls(), back(pieces=3))
    assert shop.money == (0, 0, 300)
    shop = Shop()
    shop.take(rolls(), back(pieces=1), rolls(version=2, status="voided"))
    assert shop.money == (0, 0, 0), "and it takes what was given back with it"


def test_an_edit_is_no_refund_either():
    shop = Shop()
    shop.take(rolls(), rolls(pieces=1, version=2))
    assert shop.money == (1, 100, 0)


def test_a_refund_waits_for_its_sale():
    shop = Shop()
    shop.take(back(pieces=1))
    assert shop.money == (0, 0, 0)
    shop.take(rolls())
    assert shop.money == (1, 200, 100)


def test_a_net_state_alone_says_what_is_left_and_not_what_was_given_back():
    left = rolls(pieces=2, version=2, status="partially_refunded")
    shop = Shop()
    shop.take(left)
    assert shop.money == (1, 200, 0)
    shop.take(rolls())
    assert shop.money == (1, 200, 100), "its sale came after all"
    shop = Shop()
    shop.take(rolls(version=2, status="refunded"))
    assert shop.money == (0, 0, 300), "one that is refunded as a whole says it itself"


def test_what_a_net_state_has_netted_is_not_taken_off_again():
    shop = Shop()
    shop.take(rolls(), back(pieces=1), rolls(pieces=2, version=2, refund_ids=["r1"]), back(pieces=1))
    assert shop.money == (1, 200, 100)


@pytest.mark.parametrize("names_the_refund", [True, False])
def test_a_net_state_that_does_not_name_the_refund_is_lowered_by_it_once_more(names_the_refund: bool):
    shop = Shop()
    shop.take(rolls(), rolls(pieces=2, version=2, refund_ids=["r1"] if names_the_refund else []), back(pieces=1))
    assert shop.money[1] == (200 if names_the_refund else 100)


def test_no_more_is_given_back_than_was_paid():
    shop = Shop()
    shop.take(rolls(), back(pieces=2), back(pieces=2, id_="r2"), back(pieces=2, id_="r3"))
    assert shop.money == (0, 0, 300)


# -- cost


def profit(*deliveries: dict[str, Any]) -> int:
    shop = Shop()
    shop.take(*deliveries)
    return shop.owner.state().profit


def test_cost_goes_back_with_the_pieces_and_without_pieces_in_proportion():
    sale = rolls(of={"cost_minor": 120})
    assert profit(sale) == 300 - 120
    assert profit(sale, back(pieces=1)) == 200 - 80
    assert profit(sale, refund(gross=100)) == 200 - 80
    dear = refund(gross=10, lines=[("1", "1", 10)])
    assert profit(sale, dear) == 290 - 80, "whatever was given back for the piece"
    kept = refund(gross=100, lines=[("1", "0", 100)])
    assert profit(sale, kept) == 200 - 120, "money back on a piece that the customer keeps"


# -- messages


def test_a_card_message_that_waits_is_dropped_when_its_voucher_is_used():
    for used, wanted in ((False, "loaf"), (True, None)):
        shop = Shop(hello_rule(priority=90), card_rule("free-loaf", of="rolls", priority=10))
        shop.take(rolls())
        (first,) = shop.owner.changes[-1].submissions
        assert first.template == "hello", "the card's message waits until it was delivered"
        if used:
            code = next(v.code for v in shop.owner.whole().vouchers if v.rule == "free-loaf")
            shop.owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=T0 + 9, id="q", code=code))
        change = shop.owner.apply(
            ActivationOutcome(
                merchant=MERCHANT, customer=ANNA, at=T0 + 10, activation=first.activation, status="delivered",
                rank=RANKS["delivered"],
            )
        )  # fmt: skip
        assert [each.template for each in change.submissions] == ([wanted] if wanted else [])
        reasons = [note.reason for note in change.notes if note.status == "suppressed"]
        assert reasons == (["no_longer_true"] if used else [])


def test_a_refund_stops_a_message_that_waits_and_one_that_has_left_stays():
    shop = Shop(hello_rule(priority=90), card_rule("free-loaf", of="rolls", priority=10))
    shop.take(rolls(), back(pieces=3))
    kinds = {a.template: (a.state, a.reason) for a in shop.owner.state().activations}
    assert kinds == {"hello": ("submitted", "taken_back"), "loaf": ("ended", "taken_back")}
    assert len(shop.owner.changes[-1].cancels) == 1, "in the outbox it is asked to stop, and may have left"


# -- late and again


def test_late_news_gives_rewards_and_sends_nothing():
    shop = Shop(hello_rule(), card_rule("free-loaf", of="rolls"))
    old = record(rolls(), T0 + 3 * HOUR)
    for event in InMemoryIntake().take(*old):
        change = shop.owner.apply(event)
    assert (change.submissions, shop.rolls[1]) == ([], 1)


def test_what_is_older_than_four_hundred_days_no_longer_changes():
    shop = Shop()
    shop.take(rolls())
    with pytest.raises(ValueError, match="400 count"):
        shop._intake.take(*record(back(pieces=1), T0 + 401 * DAY))


def test_every_test_that_the_page_names_is_there():
    named = re.findall(r"`(tests/[^`]+)`", PAGE)
    assert len(named) >= 5
    assert [name for name in named if not (ROOT / name).is_file()] == []
