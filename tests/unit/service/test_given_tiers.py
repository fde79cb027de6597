"""A tier that a rule gives stands beside the one that purchases earn, for a time or until they have earned it."""

import pytest

from rules.actions import Give, Send, SetTier, Wait
from rules.engine import CompiledRule
from stamgast.domain.delays import Delay
from stamgast.domain.events import AnyEvent, Enrolled
from stamgast.domain.kept import Kept
from stamgast.domain.program import Tiers
from stamgast.domain.spans import Span
from stamgast.domain.tiers import NO_TIER, standing
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.people.view import show_customer
from stamgast.service.given_tiers import MOST
from stamgast.simulate import Simulation
from tests.builders import ANNA, MERCHANT, T0, at, bought, bundle, program, rule, tag_rule, taken_back

JOINS = Enrolled(merchant=MERCHANT, customer=ANNA, at=T0 - DAY)
TIERS = Tiers((("silver", 1_000), ("gold", 2_000)), span=Span(months=12), grace=30 * DAY)
YEAR = Span(months=12)


def gives(tier: str, span: Span | None = None, fact: str = "joined", per: str = "customer") -> CompiledRule:
    return rule(f"gives-{tier}", fact, SetTier(tier, span), per=per)


def shop(*rules: CompiledRule, tiers: Tiers | None = TIERS) -> Simulation:
    return Simulation(bundle(program(tiers=tiers, kept=Kept(spend_days=YEAR.longest)), *rules))


def feed(of: Simulation, *events: AnyEvent) -> Simulation:
    of.feed(events)
    return of


def tier(of: Simulation) -> str:
    state = of.state((MERCHANT, ANNA))
    assert state is not None
    return standing(state, of.bundle.program.tiers).name


def did(of: Simulation, kind: str = "") -> list[tuple[str, str]]:
    return [(each.kind, each.what) for each in of.happened if not kind or each.kind == kind]


def spends(transaction: str, euros: int, when: Millis) -> AnyEvent:
    return bought(transaction, when, spend=euros * 100)


def test_a_tier_for_a_year_is_over_after_a_year():
    played = feed(shop(gives("gold", YEAR)), JOINS)
    assert tier(played) == "gold"
    played.advance(at("2027-09-29 21:00"))
    assert tier(played) == "gold", "the last day of the year"
    played.advance(at("2027-09-29 22:00"))
    assert tier(played) == NO_TIER
    assert did(played) == [("set_tier", "gold")]


def test_nobody_falls_by_a_tier_that_is_given():
    played = feed(shop(gives("silver", YEAR, "visits_changed")), spends("t1", 25, T0))
    assert did(played) == [("set_tier", "silver")]
    assert tier(played) == "gold"


def test_when_its_time_is_over_what_purchases_earned_counts_again():
    played = feed(shop(gives("gold", Span(days=10))), JOINS, spends("t1", 12, T0))
    assert tier(played) == "gold"
    played.advance(T0 + 20 * DAY)
    assert tier(played) == "silver"
    played.advance(T0 + 500 * DAY)
    assert tier(played) == NO_TIER


def test_one_without_a_time_lasts_until_it_was_earned_and_then_falls_like_any_other():
    played = feed(shop(gives("gold")), JOINS)
    played.advance(T0 + 800 * DAY)
    assert tier(played) == "gold", "nobody earned it yet"
    feed(played, spends("t1", 25, T0 + 801 * DAY))
    played.advance(T0 + 1_300 * DAY)
    assert tier(played) == NO_TIER


def test_earning_what_one_was_given_is_no_news_and_a_refund_leaves_what_was_given():
    played = feed(shop(gives("gold"), tag_rule("greeted", "tier_changed", "greeted", per="tier")), JOINS)
    assert did(played) == [("set_tier", "gold"), ("tag", "greeted")]
    feed(played, spends("t1", 25, T0))
    assert played.counters[f"{MERCHANT}|rule|greeted|fired"] == 1
    feed(played, taken_back(bought("t1", T0, spend=2_500), T0 + DAY))
    assert tier(played) == "gold"
    assert played.counters[f"{MERCHANT}|rule|greeted|fired"] == 1


def test_a_refund_takes_what_a_purchase_gave_and_what_coming_to_it_brought():
    greets = rule(
        "greets", "tier_changed", Give("loaf"), fires=lambda fact: fact.after > fact.before, per="tier", earned=True
    )
    played = feed(shop(gives("gold", YEAR, "purchase", "purchase"), greets), bought("t1", T0, spend=100))
    feed(played, taken_back(bought("t1", T0, spend=100), T0 + HOUR))
    assert sorted(did(played)[-2:]) == [("take_tier", "gold"), ("withdraw", "loaf")]


def test_it_comes_back_with_the_sale_that_was_taken_back():
    played = feed(shop(gives("gold", YEAR, "purchase", "purchase")), bought("t1", T0, spend=100))
    back = taken_back(bought("t1", T0, spend=100), T0 + HOUR)
    feed(played, back)
    assert tier(played) == NO_TIER
    feed(played, bought("t1", T0, recorded=T0 + 2 * HOUR, spend=100))
    assert tier(played) == "gold"
    assert did(played) == [("set_tier", "gold"), ("take_tier", "gold"), ("set_tier", "gold")]


def test_the_higher_of_two_that_were_given_counts_and_then_the_other():
    played = feed(shop(gives("gold", Span(days=10)), gives("silver", YEAR)), JOINS)
    assert tier(played) == "gold"
    played.advance(T0 + 20 * DAY)
    assert tier(played) == "silver"


def test_rules_hear_of_it_once_all_others_have_spoken_and_two_that_answer_each_other_come_to_an_end():
    up = rule("up", "tier_changed", SetTier("gold", YEAR), per="tier")
    down = rule("down", "tier_changed", SetTier("silver", YEAR), per="tier")
    played = feed(shop(gives("silver"), up, down), JOINS)
    assert tier(played) == "gold"
    assert len(did(played)) < 10


def test_it_waits_like_anything_else():
    played = feed(shop(rule("later", "joined", Wait(Delay(days=3)), SetTier("gold", YEAR), per="customer")), JOINS)
    assert tier(played) == NO_TIER
    played.advance(T0 + 3 * DAY)
    assert tier(played) == "gold"


def test_who_is_held_out_gets_no_tier_that_is_an_offer():
    offer = rule("offer", "joined", SetTier("gold", YEAR), Send("hello", ("sms",)), per="customer", hold_out=100)
    assert tier(feed(shop(offer), JOINS)) == NO_TIER


@pytest.mark.parametrize("tiers", [None, Tiers((("bronze", 1_000),))])
def test_a_tier_that_program_yaml_has_no_more_is_gone(tiers: Tiers | None):
    played = feed(shop(gives("gold")), JOINS)
    played.bring_into_force(bundle(program(tiers=tiers), number=2), T0)
    assert tier(feed(played, spends("t1", 1, T0))) == NO_TIER
    state = played.state((MERCHANT, ANNA))
    assert state is not None
    assert state.given_tiers == []


def test_of_many_the_highest_are_kept():
    played = feed(shop(gives("silver", YEAR, "purchase", "purchase"), gives("gold", YEAR)), JOINS)
    feed(played, *(spends(f"t{number}", 1, T0 + number * HOUR) for number in range(MOST + 3)))
    state = played.state((MERCHANT, ANNA))
    assert state is not None
    assert (len(state.given_tiers), tier(played)) == (MOST, "gold")
    assert played.counters[f"{MERCHANT}|tier|silver|too_many"] == 4


def test_it_is_told_with_the_rule_that_gave_it_and_shown_as_the_customers():
    played = shop(gives("gold", YEAR))
    told = [as_line(each) for each in played.apply(JOINS, played.bundle).told if each.kind == "tier"]
    assert [(line.became, line.was, line.rule) for line in told] == [("gold", NO_TIER, "gives-gold")]
    state = played.state((MERCHANT, ANNA))
    assert state is not None
    assert show_customer(ANNA, state, played.bundle.program, T0)["tier"] == "gold"
