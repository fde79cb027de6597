"""A rule's page says what became of it, and why it did not speak, as its counters do."""

from typing import Any

import pytest

from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.measuring import HELD_OUT, TREATED, Sum
from stamgast.domain.uplift import Judgement
from stamgast.domain.vocabulary import Reason
from stamgast.marketer.overview import Seen
from stamgast.marketer.rules import RulePage, WhyNot, rule_page, rules_page
from stamgast.programs.launches import Launch
from stamgast.programs.told_rules import ToldRule
from tests.builders import MERCHANT, T0, program

TOLD = ToldRule(MERCHANT, "treat", "live", "At every purchase a treat.")


def measured(*words: str) -> str:
    return counter(Counter.MEASURE, "treat", *words)


def page(totals: dict[str, int], **more: Any) -> RulePage:
    return rule_page(Seen(program=program(), totals=totals, now=T0, **more), TOLD, "rule: treat")


def side(arm: str, people: int, net: int, squares: int) -> dict[str, int]:
    """`net` and `squares` as counters have them: thousandths, and millionths."""
    values = {Sum.PEOPLE: people, Sum.NET: net, Sum.SQUARES: squares}
    return {measured(arm, what): by for what, by in values.items()}


def test_whom_it_reached_and_what_followed_are_told() -> None:
    figures = page(
        {
            counter(Counter.RULE, "treat", Tally.FIRED): 9, measured(Sum.REACHED): 8, measured(Sum.SENT): 7,
            measured(Sum.DELIVERED): 6, measured(Sum.READ): 5, measured(Sum.REDEEMED): 2, measured(Sum.PROFIT): 900,
            measured(Sum.MESSAGES): 7_500,
        }
    ).figures  # fmt: skip
    assert (figures.decided, figures.reached, figures.sent, figures.delivered, figures.read) == (9, 8, 7, 6, 5)
    assert (figures.redeemed, figures.attributed_profit, figures.messages) == (2, 900, 8)


@pytest.mark.parametrize(
    ("held_out", "judgement"),
    [(100_000, Judgement.EARNS), (900_000, Judgement.COSTS), (500_000, Judgement.NO_DIFFERENCE)],
)
def test_what_it_changed_is_judged_by_its_interval(held_out: int, judgement: Judgement) -> None:
    people, spread = 1_000, 40_000
    treated = side(TREATED, people, 500_000 * people, people * (500_000**2 + spread**2))
    found = page(
        treated | side(HELD_OUT, people, held_out * people, people * (held_out**2 + spread**2))
    ).figures.changed
    assert found.judgement is judgement
    assert found.per_customer == pytest.approx((500_000 - held_out) / 1_000)


def test_a_rule_that_holds_nobody_out_or_has_decided_little_says_nothing_of_what_it_changed() -> None:
    assert page({}).figures.changed.judgement is Judgement.NOTHING
    few = page(side(TREATED, 40, 0, 0) | side(HELD_OUT, 3, 0, 0)).figures.changed
    assert (few.judgement, few.people, few.needed) == (Judgement.TOO_FEW, 3, 30)


def test_why_it_did_not_speak_is_told_with_the_most_frequent_first() -> None:
    why_not = page(
        {
            counter(Counter.RULE, "treat", Tally.NOT_MET, "at least 3 visits"): 40,
            counter(Counter.RULE, "treat", Tally.WITHHELD, Reason.NO_CONSENT): 70,
            counter(Counter.RULE, "treat", Tally.SHADOW): 5,
            counter(Counter.RULE, "other", Tally.SHADOW): 500,
        }
    ).why_not
    assert why_not == [
        WhyNot("withheld", "no_consent", 70), WhyNot("not_met", "at least 3 visits", 40), WhyNot("shadow", "", 5)
    ]  # fmt: skip


def test_the_status_is_that_of_its_launch() -> None:
    launches = {"treat": Launch("canary 5%", "draft", at=T0)}
    [figures] = rules_page(Seen(program=program(), totals={}, now=T0, launches=launches), [TOLD]).rules
    assert (figures.status, figures.speaks_since, figures.broke) == ("canary 5%", T0, False)
    tripped = {"treat": Launch("paused", "live", tripped="6 of 50 said STOP")}
    [figures] = rules_page(Seen(program=program(), totals={}, now=T0, launches=tripped, broken={"treat"}), [TOLD]).rules
    assert (figures.status, figures.tripped, figures.broke) == ("paused", "6 of 50 said STOP", True)
