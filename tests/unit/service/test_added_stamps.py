"""Stamps that a rule puts on a card: they fill it like any others, and go with what they were given for."""

from typing import Any

import pytest

from rules.actions import AddStamps, Give, Wait
from rules.engine import CompiledRule
from stamgast.domain.customer import decode_customer
from stamgast.domain.delays import Delay
from stamgast.domain.events import AnyEvent, Enrolled
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.service.left import MOST_STAMPS
from stamgast.simulate import Simulation
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, card, card_rule, program, rule, taken_back

JOINS = Enrolled(merchant=MERCHANT, customer=ANNA, at=T0 - DAY)


def two(fact: str = "joined", *, stamps: int = 2, per: str = "customer", **more: Any) -> CompiledRule:
    return rule("two", fact, AddStamps((("bread", stamps),)), per=per, **more)


def shop(*rules: CompiledRule, cards: Any = None) -> Simulation:
    return Simulation(bundle(program(*(cards or (card("bread", 3, reward="loaf"),))), *rules))


def feed(of: Simulation, *events: AnyEvent) -> Simulation:
    of.feed(events)
    return of


def anna(of: Simulation) -> tuple[int, int]:
    """Stamps on the card, and cards that were full."""
    state = of.state((MERCHANT, ANNA))
    assert state is not None
    return state.cards["bread"].balance, state.cards["bread"].completed


def did(of: Simulation) -> list[tuple[str, str]]:
    return [(each.kind, each.what) for each in of.happened]


def test_two_stamps_to_begin_with_and_the_first_purchase_fills_the_card():
    played = feed(shop(two()), JOINS)
    assert anna(played) == (2, 0)
    feed(played, bought("t1", T0))
    assert anna(played) == (0, 1)
    assert did(played) == [("add_stamps", "bread"), ("give", "loaf")]


def test_they_are_given_once():
    assert anna(feed(shop(two("purchase")), bought("t1", T0), bought("t2", T0 + HOUR))) == (1, 1)


def test_stamps_that_fill_a_card_give_its_reward_and_set_off_rules_about_it():
    played = feed(shop(two(stamps=4), card_rule(actions=(Give("coffee"),))), JOINS)
    assert anna(played) == (1, 1)
    assert sorted(did(played)) == [("add_stamps", "bread"), ("give", "coffee"), ("give", "loaf")]


def test_a_refund_takes_them_with_it_and_what_they_had_filled():
    played = feed(shop(two("purchase", per="purchase")), bought("t1", T0))
    assert anna(played) == (0, 1)
    feed(played, taken_back(bought("t1", T0), T0 + HOUR))
    assert anna(played) == (0, 0)
    assert did(played)[-2:] == [("withdraw", "loaf"), ("take_stamps", "bread")]
    feed(played, bought("t1", T0 + 2 * HOUR))
    assert anna(played) == (0, 1), "rung up anew"
    feed(played, taken_back(bought("t1", T0), T0 + 3 * HOUR), taken_back(bought("t1", T0), T0 + 4 * HOUR))
    assert anna(played) == (0, 0)


def test_a_card_that_is_emptied_again_takes_back_what_was_added_for_it():
    other = rule("other", "stamp_card_completed", AddStamps((("coffee", 1),)), per="card", earned=True)
    cards = (card("bread", 2, categories=["bread"]), card("coffee", 5, categories=["coffee"]))
    played = shop(other, rule("first", "joined", AddStamps((("bread", 1),)), per="customer"), cards=cards)
    feed(played, JOINS, bought("t1", T0))
    state = played.state((MERCHANT, ANNA))
    assert state is not None
    assert "coffee" not in state.cards, "a purchase without bread"


def test_a_rule_that_fills_the_card_it_answers_comes_to_an_end():
    endless = rule("endless", "stamp_card_completed", AddStamps((("bread", 3),)), per="card")
    played = feed(shop(endless), *(bought(f"t{n}", T0 + n * MINUTE) for n in range(3)))
    full = anna(played)[1]
    assert 1 < full <= MOST_STAMPS // 3 + 2
    assert played.counters[f"{MERCHANT}|card|bread|too_many"] == 1


def test_they_wait_like_anything_else():
    later = rule("later", "joined", Wait(Delay(days=2)), AddStamps((("bread", 2),)), per="customer")
    played = feed(shop(later, card_rule(actions=(Give("coffee"),))), JOINS)
    played.advance(T0)
    assert did(played) == []
    played.advance(T0 + 2 * DAY)
    assert anna(played) == (2, 0)


def test_a_card_that_is_over_takes_none():
    over = card("bread", 3, ends=T0 // DAY - 9)
    assert did(feed(shop(two(), cards=(over,)), JOINS)) == []


@pytest.mark.parametrize("used", [False, True])
def test_the_ledger_is_asked_only_where_stamps_were_added(used: bool):
    played = feed(shop(two("refunded")), bought("t1", T0))
    if used:
        feed(played, taken_back(bought("t1", T0), T0 + HOUR))
    assert decode_customer(played.states[MERCHANT, ANNA]).added_stamps is used
