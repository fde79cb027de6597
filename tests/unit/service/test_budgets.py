"""Rules that have to stay within a budget: what counts, what comes back, and what becomes of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from stamgast.domain.budget_events import BudgetAnswered
from stamgast.domain.budgets import MILLS, Booked, Per, next_period, period_of
from stamgast.domain.counters import Counter, counter
from stamgast.domain.earned import report
from stamgast.domain.events import (
    ActivationOutcome,
    OptedOut,
    PurchaseChanged,
)
from stamgast.domain.purses import decode_ask, share_of
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.domain.vocabulary import Happened
from stamgast.fold import Fold
from stamgast.people.why import explain_customer
from stamgast.simulate import Simulation
from tests.budgeted_shop import COSTS, NOON, WELCOME, comes, shop
from tests.builders import at
from tests.unit.rules.small_shop import bought


def done(simulation: Simulation) -> list[tuple[str, str, str]]:
    return [
        (each.customer, each.kind.value, each.reason if each.kind is Happened.WITHHELD else each.what)
        for each in simulation.happened
    ]


def spent(
    simulation: Simulation, budget: str = "rule:example/total", period: str = "total", what: str = "spent"
) -> float:
    """In minor units."""
    return simulation.counters.get(f"shop|{counter(Counter.BUDGET, budget, period, what)}", 0) / MILLS


def test_a_budget_pays_the_message_and_the_gift_and_then_stops_the_rule() -> None:
    simulation = shop(WELCOME % "2.40 EUR")
    for customer in ("anna", "bert", "carl"):
        comes(simulation, customer)
    went = [("send", "hello"), ("give", "coffee")]
    assert done(simulation) == [
        *(("anna", *each) for each in went),
        *(("bert", *each) for each in went),
        ("carl", "withheld", "budget"),
    ]
    assert spent(simulation) == 220, "of each twenty cents that were put by for the message ten came back"
    assert spent(simulation, what=Booked.BACK) == 20
    state = simulation.state(("shop", "carl"))
    assert state is not None
    assert state.vouchers == []
    assert state.charges == {}
    assert state.timers.keys() <= {"risk", "lapse", "lapsed"}
    [told] = explain_customer(state, simulation.bundle, NOON)
    assert "its budget is spent" in str(told)


def test_what_was_not_used_comes_back_and_pays_for_the_next() -> None:
    simulation = shop(WELCOME % "1.40 EUR")
    comes(simulation, "anna")
    comes(simulation, "bert")
    assert ("bert", "withheld", "budget") in done(simulation)
    simulation.advance(NOON + 40 * DAY)
    assert spent(simulation) == 10, "the coffee ended unused; the message had gone"
    comes(simulation, "carl", NOON + 40 * DAY)
    assert ("carl", "give", "coffee") in done(simulation)


def test_a_gift_that_was_used_stays_spent() -> None:
    simulation = shop(WELCOME % "1.40 EUR")
    comes(simulation, "anna")
    state = simulation.state(("shop", "anna"))
    assert state is not None
    code = state.vouchers[0].code
    simulation.feed([VoucherRedeemed(merchant="shop", customer="anna", at=NOON + HOUR, id="q", code=code)])
    simulation.advance(NOON + 60 * DAY)
    assert spent(simulation) == 110


def test_a_refund_takes_the_gift_back_and_gives_its_money_to_others() -> None:
    simulation = shop(WELCOME % "1.40 EUR")
    comes(simulation, "anna")
    name, before = f"anna:{NOON}", bought("dok-noord", NOON, category="bread")
    gone: dict[str, Any] = {"merchant": "shop", "customer": "anna", "transaction": name}
    simulation.feed([PurchaseChanged(**gone, at=NOON + HOUR, before=before, after=None)])
    assert ("anna", "withdraw", "coffee") in done(simulation)
    comes(simulation, "bert", NOON + 2 * HOUR)
    assert ("bert", "give", "coffee") in done(simulation)
    simulation.feed([PurchaseChanged(**gone, at=NOON + 3 * HOUR, before=None, after=before)])
    assert spent(simulation) == 120, "its money is somebody else's by now, so it does not open again"
    assert simulation.counters["shop|reward|coffee|issued"] == 2


def test_what_was_earned_is_given_whatever_is_left_and_only_its_message_waits_for_money() -> None:
    rule = """
rule: example
status: live
when: purchase
once_per: purchase
earned: true
then: [{give: free_loaf}, {send: hello}]
limits: {budget: 0.30 EUR per day}
"""
    simulation = shop(rule)
    for customer in ("anna", "bert", "carl"):
        comes(simulation, customer)
    assert [each for each in done(simulation) if each[1] == "give"] == [
        ("anna", "give", "free_loaf"), ("bert", "give", "free_loaf"), ("carl", "give", "free_loaf")
    ]  # fmt: skip
    assert spent(simulation, "rule:example/day", "2026-10-05") == 20, "a loaf that was earned is owed, not budgeted"
    assert [each for each in done(simulation) if each[1] == "send"] == [
        ("anna", "send", "hello"), ("bert", "send", "hello")
    ]  # fmt: skip
    simulation.advance(NOON + DAY)
    assert ("carl", "send", "hello") in done(simulation), "the next day has money of its own"


def test_a_budget_that_only_warns_holds_nothing_back_and_is_counted() -> None:
    simulation = shop(WELCOME % "{amount: 1 EUR, when_spent: warn}")
    for customer in ("anna", "bert", "carl"):
        comes(simulation, customer)
    assert [kind for _, kind, _ in done(simulation)] == ["send", "give"] * 3
    assert spent(simulation) == 330
    assert simulation.asks == {}


def test_a_budget_that_shrinks_reaches_fewer_and_always_the_same_ones() -> None:
    assert [share_of(left) for left in (1000, 500, 250, 50, 0, -1)] == [100, 100, 50, 10, 0, 0]

    def reached(amount: str) -> list[str]:
        simulation = shop(WELCOME.replace("once_per: purchase", "once_per: customer") % amount)
        for number in range(60):
            comes(simulation, f"customer-{number}", NOON + number * HOUR)
        return [who for who, kind, _ in done(simulation) if kind == "give"]

    shrinks, stops = reached("{amount: 40 EUR, when_spent: shrink}"), reached("40 EUR")
    assert stops == [f"customer-{number}" for number in range(36)]
    assert shrinks[:18] == stops[:18], "while there is plenty nobody is left out"
    assert len(shrinks) < len(stops)
    assert any(int(who.partition("-")[2]) > 40 for who in shrinks), "and so some is left for those who come late"
    assert reached("{amount: 40 EUR, when_spent: shrink}") == shrinks


def test_a_rule_stays_within_its_own_its_campaigns_and_the_shops_budget() -> None:
    program = (
        COSTS
        + "campaigns: {autumn: {rules: [example], budget: 2.50 EUR, ends: 2026-10-31}}\nbudget: 50 EUR per month\n"
    )
    simulation = shop(WELCOME % "100 EUR per year", program)
    for customer in ("anna", "bert", "carl"):
        comes(simulation, customer)
    assert [each for each in done(simulation) if each[1] == "withheld"] == [("carl", "withheld", "budget")]
    assert spent(simulation, "campaign:autumn/total") == 220
    assert spent(simulation, "shop/month", "2026-10") == 220
    assert spent(simulation, "rule:example/year", "2026") == 220
    comes(simulation, "dora", at("2026-11-02 10:00"))
    assert not any(who == "dora" for who, _, _ in done(simulation)), "the campaign is over, and its rules with it"


def test_periods_are_those_of_the_shops_own_calendar() -> None:
    new_year = at("2026-12-31 23:30")
    assert period_of(Per.DAY, new_year, "Europe/Amsterdam") == "2027-01-01"
    assert [period_of(per, new_year, "UTC") for per in Per] == ["2026-12-31", "2026-W53", "2026-12", "2026", "total"]
    assert next_period(Per.MONTH, new_year, "Europe/Amsterdam") == at("2027-01-31 23:00")
    assert next_period(Per.WEEK, new_year, "UTC") == at("2027-01-04 00:00")
    assert next_period(Per.YEAR, new_year, "UTC") == at("2027-01-01 00:00")
    assert next_period(Per.TOTAL, new_year, "UTC") is None


class Unanswered(Simulation):
    """A shop whose owner does not answer what is asked of budgets."""

    def _answer(self, ask: Any) -> None:
        """Say nothing."""

    def say(self, *, given: bool, when: Millis) -> None:
        [ask] = map(decode_ask, self.asks.values())
        self.feed([
            BudgetAnswered(
                merchant="shop", customer=ask.customer, at=when, activation=ask.activation, given=given,
                to=tuple(ask.to), amount=ask.amount,
            )
        ])  # fmt: skip


def unanswered(rule: str = WELCOME % "5 EUR") -> Unanswered:
    asked = shop(rule)
    simulation = Unanswered(asked.bundle, mind_holdout=False)
    comes(simulation, "anna")
    assert done(simulation) == []
    return simulation


def test_it_waits_for_the_answer_and_is_given_up_if_none_comes() -> None:
    simulation = unanswered()
    state = simulation.state(("shop", "anna"))
    assert state is not None
    assert [(each.state, each.reason) for each in state.activations] == [("held", "budget")]
    simulation.advance(NOON + 3 * DAY)
    assert done(simulation) == [("anna", "withheld", "gave_up")]
    assert simulation.asks == {}
    assert spent(simulation) == 0


@pytest.mark.parametrize("twice", [False, True])
def test_money_for_what_waits_no_more_goes_back(twice: bool) -> None:
    simulation = unanswered()
    [ask] = map(decode_ask, simulation.asks.values())
    if twice:
        simulation.say(given=True, when=NOON + 1)
    else:
        simulation.feed([OptedOut(merchant="shop", customer="anna", at=NOON + 1)])
    simulation.feed([
        BudgetAnswered(
            merchant="shop", customer="anna", at=NOON + 2, activation=ask.activation, given=True,
            to=tuple(ask.to), amount=ask.amount,
        )
    ])  # fmt: skip
    assert spent(simulation) == (110 if twice else 0)
    assert spent(simulation, what=Booked.BACK) == (130 if twice else 120), "what was taken from the purse twice"
    assert len([each for each in done(simulation) if each[1] == "send"]) == int(twice)


def test_an_edit_that_drops_the_rule_while_it_waits_ends_it_and_keeps_the_money() -> None:
    simulation = unanswered()
    bundle = shop(WELCOME.replace("status: live", "status: paused") % "5 EUR").bundle
    simulation.bring_into_force(bundle, NOON + 1)
    simulation.say(given=True, when=NOON + 2)
    assert done(simulation) == [("anna", "withheld", "rule_not_live")]
    assert spent(simulation) == 0


def test_each_message_of_a_rule_is_paid_and_all_speak_of_what_it_gave() -> None:
    rule = """
rule: example
status: live
when: purchase
once_per: purchase
offered: true
then: [{give: coffee}, {send: hello}, {send: bye, after: 2 days}]
limits: {budget: 1.50 EUR}
"""
    program = COSTS.replace("  hello: {}\n", "  hello: {}\n  bye: {}\n")
    simulation = shop(rule, program, {"templates/nl/bye.j2": "Code {{ voucher.code }}. Stop? Antwoord STOP"})
    comes(simulation, "anna")
    comes(simulation, "bert")
    simulation.advance(NOON + 4 * DAY)
    mine = [each for each in done(simulation) if each[0] == "anna"]
    assert mine == [("anna", "send", "hello"), ("anna", "give", "coffee"), ("anna", "send", "bye")]
    assert [reason for who, kind, reason in done(simulation) if (who, kind) == ("bert", "withheld")] == [
        "budget",
        "no_longer_true",
    ], "there is nothing to tell of what was not given"
    assert spent(simulation) == 120


@pytest.mark.parametrize(("what", "later"), [("earned: true", HOUR), ("", 0)])
def test_a_message_that_there_is_no_room_for_holds_no_money_until_there_is(what: str, later: Millis) -> None:
    """An offer waits for room where another one took it at the very same moment, as while a clock stands still."""
    rule = f"""
rule: example
status: live
when: purchase
once_per: purchase
{what}
then: [{{send: hello}}]
limits: {{budget: 0.30 EUR}}
timing: {{give_up_after: 3 days}}
"""
    if what:
        rule = rule.replace("then: [", "then: [{give: free_loaf}, ")
    program = COSTS.replace("messaging: {", "messaging: {caps: {marketing: [1 per day]}, ")
    simulation = shop(rule, program)
    comes(simulation, "anna")
    after = bought("dok-noord", NOON + later, category="bread")
    simulation.feed(
        [PurchaseChanged(merchant="shop", customer="anna", at=NOON + later, transaction="second", after=after)]
    )
    state = simulation.state(("shop", "anna"))
    assert state is not None
    assert state.charges == {}
    assert spent(simulation) == 10, "the second asks for nothing as long as it has to wait"
    comes(simulation, "bert", NOON + 2 * HOUR)
    assert ("bert", "send", "hello") in done(simulation), "the second would have held his twenty cents"
    simulation.advance(NOON + 2 * DAY)
    assert [each for each in done(simulation) if each[0] == "anna"][-1] == ("anna", "withheld", "budget")


def test_a_message_that_failed_costs_nothing_and_its_other_channel_asks_anew() -> None:
    rule = """
rule: example
status: live
when: purchase
once_per: purchase
then: [{send: free_loaf, by: [whatsapp, sms]}]
limits: {budget: 5 EUR}
"""
    program = COSTS.replace("prices: {sms", "prices: {whatsapp: {NL: 0.05 EUR}, sms").replace(
        'variables: {"1": voucher.code}}', 'variables: {"1": merchant.name}}'
    )

    class Refusing(Simulation):
        """WhatsApp does not reach anybody."""

        def _deliver(self, submission: Any) -> None:
            if submission.channel == "sms":
                super()._deliver(submission)
                return
            self._run(
                ActivationOutcome(
                    merchant="shop", customer=submission.customer, at=self.now, activation=submission.activation,
                    status="failed", rank=20, channel="whatsapp", reason="not_on_channel", treatment="fallback",
                )
            )  # fmt: skip

    more = {"templates/nl/free_loaf.j2": "Hallo! Stop? Antwoord STOP"}
    simulation = Refusing(shop(rule, program, more).bundle, mind_holdout=False)
    comes(simulation, "anna")
    assert [each.data for each in simulation.happened if each.kind is Happened.SEND]
    assert spent(simulation) == 10
    assert spent(simulation, what=Booked.BACK) == 15, "five of the first, ten of the twenty that were put by"


def test_who_has_no_budget_has_nothing_of_it_in_their_state() -> None:
    simulation = shop(WELCOME.replace("limits: {budget: %s}", ""))
    comes(simulation, "anna")
    assert isinstance(simulation, Fold)
    assert not any("budget" in name for name in simulation.counters)
    state = simulation.state(("shop", "anna"))
    assert state is not None
    assert state.charges == {}


def test_the_report_tells_what_each_budget_has_spent_in_each_of_its_times() -> None:
    simulation = shop(WELCOME % "200 EUR per month")
    comes(simulation, "anna")
    comes(simulation, "bert", at("2026-11-02 10:00"))
    totals = {name.removeprefix("shop|"): by for name, by in simulation.counters.items()}
    rules = simulation.bundle.rules
    document = report(totals, simulation.bundle.program, rules.by_id, rules.budgets)
    assert document["budgets"] == {
        "rule:example/month": {
            "amount_minor": 20_000,
            "per": "month",
            "when_spent": "stop",
            "spent_minor": {"2026-10": 110, "2026-11": 110},
        }
    }


def test_a_step_that_an_edit_took_away_while_it_waits_for_money_is_not_done() -> None:
    rule = WELCOME.replace("[{give: coffee}, {send: hello}]", "[{wait: 1 day}, {give: coffee}, {send: hello}]")
    simulation = Unanswered(shop(rule % "5 EUR").bundle, mind_holdout=False)
    comes(simulation, "anna")
    simulation.advance(NOON + DAY)
    assert simulation.asks
    simulation.bring_into_force(shop(WELCOME % "5 EUR").bundle, NOON + DAY + 1)
    simulation.say(given=True, when=NOON + DAY + 2)
    assert done(simulation) == [("anna", "withheld", "rule_changed")]
    assert spent(simulation) == 0


def test_both_branches_of_a_rule_and_gifts_without_a_message_are_paid() -> None:
    rule = """
rule: example
status: live
when: purchase
once_per: purchase
offered: true
if: [{store: korenmarkt}]
then: [{send: hello}]
otherwise: [{give: coffee}, {tag: seen}]
limits: {budget: 1.90 EUR}
"""
    simulation = shop(rule)
    comes(simulation, "anna")
    comes(simulation, "bert")
    assert [each for each in done(simulation) if each[0] == "anna"] == [
        ("anna", "give", "coffee"),
        ("anna", "tag", "seen"),
    ]
    assert [each for each in done(simulation) if each[0] == "bert"] == [("bert", "withheld", "budget")]
    assert spent(simulation) == 100
    state = simulation.state(("shop", "anna"))
    assert state is not None
    assert state.activations == []
