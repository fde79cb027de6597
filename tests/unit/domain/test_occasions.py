"""A rule speaks once of an occasion, however many of them one purchase brings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.actions import Send
from stamgast.domain.activation import RANKS
from stamgast.domain.events import ActivationOutcome, Line
from stamgast.domain.occasions import REMEMBERED, is_among, with_one_more
from stamgast.domain.units import DAY, MINUTE
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, card, card_rule, changed, consent, program, taken_back
from tests.fakes.in_memory import Owner


def test_no_card_is_spoken_of_twice_though_twenty_are_filled_at_once_taken_back_and_filled_again():
    owner = Owner(bundle(program(card("bread", 7, per="item")), card_rule(actions=(Send("loaf", ("sms",)),))))
    owner.apply(consent())
    sale = bought("t1", T0, lines=(Line("1", 350, 140_000),))
    sent: list[str] = []

    def deliver(when: int) -> None:
        while waiting := [a for a in owner.state().activations if a.state == "submitted"]:
            sent.append(waiting[0].id)
            outcome = ActivationOutcome(
                merchant=MERCHANT, customer=ANNA, at=when, activation=waiting[0].id, status="delivered",
                rank=RANKS["delivered"],
            )  # fmt: skip
            owner.apply(outcome)

    owner.apply(sale)
    deliver(T0)
    back = taken_back(sale, T0 + MINUTE)
    owner.apply(back)
    owner.apply(changed(back, T0 + 2 * MINUTE, sale.after))
    deliver(T0 + DAY)
    assert len(sent) == len(set(sent)) == 20
    assert owner.state().fired == {"free-loaf": ["card:bread:1-20"]}


@given(st.lists(st.integers(1, 30), unique=True, max_size=REMEMBERED))
def test_cards_in_any_order_are_remembered_each(numbers: list[int]):
    remembered: list[str] = []
    for number in numbers:
        remembered, _ = with_one_more(remembered, f"card:bread-2:{number}", "card")
    assert {n for n in range(40) if is_among(f"card:bread-2:{n}", remembered)} == set(numbers)
    assert not is_among("card:bread:1", remembered)


@pytest.mark.parametrize(
    ("once_per", "begins"), [("card", "card:old-bread:"), ("quiet_spell", "expiring:bread:"), ("quiet_spell", "quiet:")]
)
def test_what_comes_apart_for_years_is_remembered_without_growing(once_per: str, begins: str):
    remembered: list[str] = []
    for number in range(1, 200, 3):
        assert not is_among(f"{begins}{number}", remembered)
        remembered, fallen = with_one_more(remembered, f"{begins}{number}", once_per)
        assert fallen == ""
    assert len(remembered) == REMEMBERED
    assert all(is_among(f"{begins}{number}", remembered) for number in range(1, 200, 3))


def test_of_transactions_a_state_shows_the_newest_and_their_entries_remember_all():
    remembered: list[str] = ["customer"]
    for number in range(30):
        remembered, fallen = with_one_more(remembered, f"t{number}", "purchase")
        assert fallen == ""
    assert remembered == ["customer", "t27", "t28", "t29"]
