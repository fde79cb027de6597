"""What a merchant's rules earned and what the shop owes: a document made of the counters and the programme in force."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from stamgast.domain import recommendations
from stamgast.domain.brought import friends_of
from stamgast.domain.budgets import Booked, Budget, told
from stamgast.domain.counters import BETWEEN, Counter, Tally, counter
from stamgast.domain.currencies import format_money
from stamgast.domain.draw_figures import draws_of
from stamgast.domain.measuring import HELD_OUT, Sum, arm_of
from stamgast.domain.program import Program
from stamgast.domain.units import Minor
from stamgast.domain.uplift import Side, Uplift, together, uplift
from stamgast.domain.vocabulary import VoucherState

Totals = Mapping[str, int]
"""Counter, without its merchant -> what it is over all partitions."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
NOT_PRICED: Final = "not known (no `prices:` in program.yaml)"
_OWED: Final = (Counter.REWARD, Counter.CARD)


def report(
    totals: Totals,
    program: Program,
    rules: Iterable[str],
    budgets: Mapping[str, Budget] = _NOTHING,
    campaigns: Mapping[str, Collection[str]] = _NOTHING,
    *,
    full_cards: Mapping[str, Collection[str]] = _NOTHING,
) -> dict[str, Any]:
    """The document. What is handed in is in force (`campaigns` with their rules, `full_cards` with the rewards that
    rules give for them); rules with sums are told too.
    """
    measured: dict[str, set[str]] = {rule: set() for rule in rules}
    begins = arm_of("?").rstrip("?")
    for name in totals:
        words = name.split(BETWEEN)
        if words[0] == Counter.MEASURE:
            variants = measured.setdefault(words[1], set())
            if words[2].startswith(begins):
                variants.add(words[2].removeprefix(begins))
    return {
        "merchant": program.merchant,
        "currency": program.currency,
        "window_ms": program.measure_window,
        "rules": {rule: _of_rule(totals, rule, sorted(variants)) for rule, variants in sorted(measured.items())},
        "campaigns": {name: sorted(each) for name, each in campaigns.items()},
        "budgets": {name: _of_budget(totals, name, budget) for name, budget in budgets.items()},
        "liability": _liability(totals, program, full_cards),
        "referral": None if program.referral is None else friends_of(totals),
        "draws": draws_of(totals, program.draws),
        "recommendations": recommendations.report_of(program.goods),
        "prices_known": program.prices_known,
    }


def narrowed(document: Mapping[str, Any], rules: Collection[str]) -> dict[str, Any]:
    """The document of these rules alone, and, of several, what they came to together."""
    chosen = {rule: figures for rule, figures in document["rules"].items() if rule in rules}
    found = {**document, "rules": chosen}
    return found | ({"together": _together(chosen.values())} if len(chosen) > 1 else {})


def _together(rules: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums. A purchase is attributed to one rule, so nothing counts twice; people may be in several comparisons, so
    they are not added up, and what was changed is, as money: of the rules of which that can be said.
    """
    counted = ("decided", "sent", "delivered", "read", "replied", "redeemed", "opted_out")
    lifts = [(each["uplift"]["per_customer_minor"], each["arms"]["treated"]["people"]) for each in rules]
    changed = [lift * people for lift, people in lifts if lift is not None]
    cost = _added(each["cost"] for each in rules)
    return {
        **_added({name: each[name] for name in counted} for each in rules),
        "attributed": _added(each["attributed"] for each in rules),
        "cost": cost,
        "uplift_minor": round(sum(changed)) if changed else None,
        "return": round(sum(changed) / sum(cost.values()), 2) if changed and sum(cost.values()) else None,
    }


def _added(figures: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in figures:
        for name, value in each.items():
            found[name] = found.get(name, 0) + value
    return found


def quiet_rules(document: Mapping[str, Any]) -> list[str]:
    """Rules of the document that decided nothing: all of their figures are 0."""
    told = ("decided", "reached", "sent", "redeemed")
    return [
        rule
        for rule, figures in document["rules"].items()
        if not any(figures[name] for name in told) and not figures["attributed"]["purchases"]
    ]


def messages_cost(document: Mapping[str, Any], minor: Minor) -> str:
    """What messages cost, in words; what no price is known of is not free."""
    if not minor and not document["prices_known"]:
        return NOT_PRICED
    return format_money(minor, document["currency"])


def owed(totals: Totals) -> dict[str, int]:
    """Those of the counters that say what the shop owes."""
    return {name: count for name, count in totals.items() if name.partition(BETWEEN)[0] in _OWED}


def _of_rule(totals: Totals, rule: str, variants: Sequence[str]) -> dict[str, Any]:
    def of(what: Sum) -> int:
        """With those of its variants."""
        told = (counter(Counter.MEASURE, rule, arm_of(each), what) for each in variants)
        return totals.get(counter(Counter.MEASURE, rule, what), 0) + sum(totals.get(name, 0) for name in told)

    held_out = _side(totals, rule, HELD_OUT)
    sides = {each: _side(totals, rule, arm_of(each)) for each in ("", *variants)}
    treated = together(sides.values())
    messages, rewards = round(of(Sum.MESSAGES) / 1000), of(Sum.REWARDS)
    found, cost = uplift(treated, held_out), messages + rewards
    earned = None if found.per_customer is None else found.per_customer * treated.people
    return {
        "decided": totals.get(counter(Counter.RULE, rule, Tally.FIRED), 0),
        "reached": of(Sum.REACHED),
        "sent": of(Sum.SENT),
        "delivered": of(Sum.DELIVERED),
        "read": of(Sum.READ),
        "replied": of(Sum.REPLIED),
        "redeemed": of(Sum.REDEEMED),
        "redeemed_on_minor": of(Sum.BASKETS),
        "opted_out": of(Sum.OPTED_OUT),
        "held_out": held_out.people,
        "arms": {"treated": _told(treated), "held_out": _told(held_out)},
        "attributed": {
            "purchases": of(Sum.PURCHASES),
            "revenue_minor": of(Sum.REVENUE),
            "profit_minor": of(Sum.PROFIT),
        },
        "uplift": _in_cents(found),
        "cost": {"messages_minor": messages, "rewards_minor": rewards},
        "return": None if earned is None or not cost else round(earned / cost, 2),
        "variants": {each: _of_variant(totals, rule, each, sides[each], held_out) for each in variants},
    }


def _of_variant(totals: Totals, rule: str, variant: str, side: Side, held_out: Side) -> dict[str, Any]:
    def of(what: Sum) -> int:
        return totals.get(counter(Counter.MEASURE, rule, arm_of(variant), what), 0)

    return {
        "sent": of(Sum.SENT),
        "delivered": of(Sum.DELIVERED),
        "read": of(Sum.READ),
        "replied": of(Sum.REPLIED),
        "opted_out": of(Sum.OPTED_OUT),
        **_told(side),
        "attributed": {
            "purchases": of(Sum.PURCHASES),
            "revenue_minor": of(Sum.REVENUE),
            "profit_minor": of(Sum.PROFIT),
        },
        "uplift": _in_cents(uplift(side, held_out)),
        "cost": {"messages_minor": round(of(Sum.MESSAGES) / 1000)},
    }


def uplift_of(totals: Totals, rule: str) -> Uplift:
    """What a rule changed, all of its variants together."""
    begins = counter(Counter.MEASURE, rule, arm_of(""))
    arms = {name.split(BETWEEN)[2] for name in totals if name.startswith(begins) and name.count(BETWEEN) > 2}
    return uplift(together(_side(totals, rule, arm) for arm in sorted(arms)), _side(totals, rule, HELD_OUT))


def _in_cents(found: Uplift) -> dict[str, Any]:
    return {
        "per_customer_minor": _to_cent(found.per_customer),
        "low": _to_cent(found.low),
        "high": _to_cent(found.high),
        "verdict": found.verdict,
    }


def _of_budget(totals: Totals, name: str, budget: Budget) -> dict[str, Any]:
    begins, ends = counter(Counter.BUDGET, name, ""), counter("", Booked.SPENT)
    times = {
        each.removeprefix(begins).removesuffix(ends): told(mills)
        for each, mills in sorted(totals.items())
        if each.startswith(begins) and each.endswith(ends)
    }
    return {
        "amount_minor": budget.amount,
        "per": budget.per.value,
        "when_spent": budget.when_spent.value,
        "spent_minor": times,
    }


def _side(totals: Totals, rule: str, arm: str) -> Side:
    people, converted, net, squares = (
        totals.get(counter(Counter.MEASURE, rule, arm, each), 0)
        for each in (Sum.PEOPLE, Sum.CONVERTED, Sum.NET, Sum.SQUARES)
    )
    return Side(people, converted, net / 1000, squares / 1_000_000)


def _told(side: Side) -> dict[str, Any]:
    return {"people": side.people, "converted": side.converted, "profit_minor": round(side.total)}


def _to_cent(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 2)


def _liability(totals: Totals, program: Program, full_cards: Mapping[str, Collection[str]]) -> dict[str, Any]:
    vouchers = sum(_open(totals, reward) * each.promised for reward, each in program.rewards.items())
    owing = ran_out = 0.0
    for card, each in program.cards.items():
        promised = [
            program.rewards.get(name)
            for name in (each.reward or "", *(reward for _, reward in each.levels), *full_cards.get(card, ()))
        ]
        cost = sum(reward.promised for reward in promised if reward is not None) / each.stamps_required
        owing += max(0, totals.get(counter(Counter.CARD, card, Sum.STAMPS), 0)) * cost
        ran_out += totals.get(counter(Counter.CARD, card, Tally.RAN_OUT), 0) * cost
    used, ended = (
        sum(totals.get(counter(Counter.REWARD, reward, state), 0) for reward in program.rewards)
        for state in (VoucherState.REDEEMED, VoucherState.EXPIRED)
    )
    return {
        "vouchers_minor": vouchers,
        "stamps_minor": round(owing),
        "ran_out_minor": round(ran_out),
        "expected_redemption": round(used / (used + ended), 3) if used + ended else None,
        "without_cost": sorted(name for name, each in program.rewards.items() if each.cost is None),
    }


def _open(totals: Totals, reward: str) -> int:
    ended = (VoucherState.REDEEMED, VoucherState.WITHDRAWN, VoucherState.EXPIRED, VoucherState.VOIDED)
    gone = sum(totals.get(counter(Counter.REWARD, reward, state), 0) for state in ended)
    return totals.get(counter(Counter.REWARD, reward, Tally.ISSUED), 0) - gone
