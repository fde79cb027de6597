"""Conditions on the past, on what a customer has and on who they are: met, unmet and unknown."""

from collections.abc import Callable

import pytest

from rules.engine import View
from rules.lint import MOST_AWAITED
from stamgast.domain.awaited import Awaited, due_of
from stamgast.domain.calendar import at_local
from stamgast.domain.customer import Apart, Bought, Card, Customer, Spending, TierHeld, Voucher
from stamgast.domain.days import encode_days
from stamgast.domain.events import Line, Purchase
from stamgast.domain.facts import Fact
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.vocabulary import TimerKind
from tests.unit.rules.small_shop import PROGRAM, RULE

AMSTERDAM = "Europe/Amsterdam"
TODAY = 20_454  # Thursday 1 January 2026
NOON = at_local(TODAY, 720, AMSTERDAM)
BOUGHT = Fact("purchase", "till:1", purchase=Purchase(NOON, "dok-noord", "EUR", 2_500, lines=(Line("1", 2_500),)))
SILENT = Fact("lapsing", "quiet:1")
OFTEN = Customer(
    purchases=4, visits=3, first_day=TODAY - 200, last_day=TODAY, days=encode_days([(TODAY - 200, 1), (TODAY - 40, 2), (TODAY, 1)]),
)  # fmt: skip
SPENT = Customer(purchases=2, spend=9_900, spending=Spending(372, [TODAY - 370, 5_000, 370, 4_900]))
OPEN = Voucher("3-A", "free_loaf", "open", NOON - DAY, NOON + DAY, "card:bread:1", "")


def answer(
    rule: Callable, view: Callable, condition: str, customer: Customer, fact: Fact = SILENT, at: int = NOON
) -> bool | None:
    when = {"purchase": "purchase", "lapsing": "lapsing"}[fact.name]
    compiled = rule(f"rule: example\nwhen: {when}\nif: [{{{condition}}}]\nthen: [{{tag: seen}}]\n")
    assert compiled.condition is not None
    seen = view(fact, customer, at)
    seen.customer_id = "c" + "a" * 24
    met: bool | None = compiled.condition.test(seen)
    assert compiled.explain(seen)
    return met


@pytest.mark.parametrize(
    ("condition", "customer", "met"),
    [
        ("visits: {at_least: 2, in: 90 days}", OFTEN, True),
        ("visits: {at_least: 3, in: 90 days}", OFTEN, False),
        ("visits: {at_least: 3, in: 12 months}", OFTEN, True),
        ("visits: {at_most: 0, in: 1 day}", OFTEN, False),
        ("spend: {at_least: 50 EUR, in: 12 months}", SPENT, False),
        ("spend: {at_least: 49 EUR, in: 12 months}", SPENT, True),
        ("spend: {at_least: 99 EUR, in: 371 days}", SPENT, True),
        ("spend: {at_least: 1 EUR, in: 12 months}", Customer(purchases=3, spend=900), None),
        ("spend: {at_most: 1 EUR, in: 12 months}", Customer(), True),
        ("last_visit: {at_most: 0 days}", OFTEN, True),
        ("last_visit: {at_least: 1 day}", OFTEN, False),
        ("last_visit: {at_least: 1 day}", Customer(), None),
        ("age: {at_least: 200 days}", OFTEN, True),
        ("age: {more_than: 200 days}", OFTEN, False),
        ("age: {at_least: 300 days}", Customer(joined_at=NOON - 300 * DAY), True),
        ("age: {at_least: 1 day}", Customer(), None),
        ("joined: true", Customer(joined_at=NOON), True),
        ("joined: false", OFTEN, True),
        ("joined: {less_than: 7 days}", Customer(joined_at=NOON - 6 * DAY), True),
        ("joined: {less_than: 7 days}", OFTEN, None),
        ('hour: "12:00-13:00"', Customer(), True),
        ('hour: "11:00-12:00"', Customer(), False),
        ('hour: ["08:00-09:00", "22:00-12:01"]', Customer(), True),
        ('hour: "22:00-06:00"', Customer(), False),
        ("date: 2026-01-01", Customer(), True),
        ("date: [2026-01-02, 2025-12-31]", Customer(), False),
        ('date: "2025-12-20 to 2026-01-01"', Customer(), True),
        ("tier: [silver, gold]", Customer(tier=TierHeld("gold", 1)), True),
        ("tier: silver", Customer(tier=TierHeld("gold", 1)), False),
        ("tier: none", Customer(), True),
        ("stamps: {bread: {at_least: 3}}", Customer(cards={"bread": Card(3)}), True),
        ("stamps: {bread: {at_least: 3}}", Customer(), False),
        ("stamps: {bread: {less_than: 1}}", Customer(), True),
        ("has_reward: free_loaf", Customer(vouchers=[OPEN]), True),
        ("has_reward: coffee", Customer(vouchers=[OPEN]), False),
        ("has_reward: true", Customer(), False),
        ("has_reward: false", Customer(), True),
        ("has_reward: coffee", Customer(apart=Apart(1, open={TODAY + 9: {"coffee": 1}})), True),
        ("tag: [regular, vip]", Customer(tags=["vip"]), True),
        ("tag: regular", Customer(), False),
        ("language: nl", Customer(), True),
        ("language: nl", Customer(language="fr"), False),
        ("source: flyer", Customer(source="flyer"), True),
        ("source: [flyer, friend]", Customer(), False),
        ("consent: marketing", Customer(consents={"marketing:sms": 1}), True),
        ("consent: marketing", Customer(consents={"utility:sms": 1}), False),
        ("consent: marketing", Customer(consents={"marketing:sms": 1}, stopped_at=1), False),
        ("consent: {purpose: marketing, channel: whatsapp}", Customer(consents={"marketing:sms": 1}), False),
        ("last_message: {at_least: 30 days}", Customer(contacts={"marketing:x": [NOON - 30 * DAY]}), True),
        ("last_message: {at_least: 30 days}", Customer(contacts={"marketing:x": [NOON - 30 * DAY + 1]}), False),
        ("last_message: {at_most: 2 hours}", Customer(contacts={"marketing:x": [NOON - DAY, DAY - HOUR]}), True),
        ("last_message: {at_least: 30 days}", Customer(), True),
        ("last_message: {at_most: 30 days}", Customer(), False),
        ("last_message: {rule: example, at_most: 1 day}", Customer(contacts={"marketing:x": [NOON]}), False),
        ("last_message: {rule: example, at_most: 1 day}", Customer(contacts={"marketing:example": [NOON]}), True),
    ],
)  # fmt: skip
def test_conditions(rule, view, condition: str, customer: Customer, met: bool | None):
    assert answer(rule, view, condition, customer) is met


@pytest.mark.parametrize(
    ("condition", "customer", "met"),
    [
        ("basket_total: {at_least: 25 EUR}", Customer(), True),
        ("basket_total: {more_than: 25 EUR}", Customer(), False),
        ("last_visit: {at_least: 40 days, at_most: 40 days}", OFTEN, True),
        ("last_visit: {at_least: 1 day}", Customer(visits=1, first_day=TODAY, last_day=TODAY, days=encode_days([(TODAY, 1)])), None),
    ],
)  # fmt: skip
def test_conditions_beside_a_purchase(rule, view, condition: str, customer: Customer, met: bool | None):
    assert answer(rule, view, condition, customer, BOUGHT) is met


@pytest.mark.parametrize(("condition", "met"), [
    ("bought: {category: bread}", True),
    ("bought: {category: bread, at_least: 4}", False),
    ("bought: {category: bread, at_most: 3, within: 5 days}", True),
    ("bought: {category: bread, within: 4 days}", False),
    ("bought: {product: RYE-800}", False),
    ("bought: {product: RYE-800, at_most: 0}", True),
    ("none: [{bought: {category: bread}}]", False),
])  # fmt: skip
def test_what_was_bought_so_far(load, view, condition: str, met: bool):
    customer = Customer(bought={"category:bread": Bought(TODAY - 5, 3)})
    loaded = load(f"rule: example\nwhen: lapsing\nif: [{{{condition}}}]\nthen: [{{tag: seen}}]\n")
    assert {problem.severity for problem in loaded.problems} == {"warning"}, (
        "what was before is not known, and it is said"
    )
    [rule] = loaded.rules.all
    assert rule.condition.test(view(SILENT, customer, NOON)) is met
    assert loaded.program.kept.categories >= {"bread"} or loaded.program.kept.products >= {"RYE-800"}


def test_a_basket_without_a_purchase_is_unknown(rule, view):
    compiled = rule("rule: example\nwhen: purchase\nif: [{basket_total: {at_least: 1 EUR}}]\nthen: [{tag: seen}]\n")
    assert compiled.condition.test(view(SILENT)) is None


class Veiled:
    """Everything is turned round behind it."""

    def birthday(self, stored: str) -> str:
        return stored[:0:-1]

    def source(self, name: str) -> str:
        return f"~{name[::-1]}"


def test_a_source_and_a_birthday_are_read_through_the_veil(rule, program):
    behind = program.behind(Veiled())
    compiled = rule("rule: example\nwhen: lapsing\nif: [{source: flyer}]\nthen: [{tag: seen}]\n")
    for source, met, found in (("~reylf", True, "flyer"), ("~dneirf", False, "another one"), ("flyer", True, "flyer")):
        seen = View(Customer(source=source), behind, NOON, SILENT)
        assert compiled.condition.test(seen) is met
        assert compiled.explain(seen)[0][2] == found
    waits = Awaited(TimerKind.BIRTHDAY, 0)
    assert due_of(waits, Customer(birthday="~20-10"), behind, NOON, None) == at_local(TODAY + 1, 0, AMSTERDAM)
    assert due_of(waits, Customer(birthday="~20-10"), program, NOON, None) is None


def test_a_share_is_the_same_for_ever_and_another_one_for_another_rule(load, view):
    def chosen(rule_id: str) -> set[int]:
        text = f"rule: {rule_id}\nwhen: lapsing\nif: [{{percent: 20%}}]\nthen: [{{tag: seen}}]\n"
        [rule] = load(text).rules.all
        found = set()
        for number in range(2_000):
            seen = view(SILENT)
            seen.customer_id = f"c{number}"
            if rule.condition.test(seen):
                found.add(number)
        return found

    first, again, other = chosen("first"), chosen("first"), chosen("other")
    assert first == again
    assert 340 < len(first) < 460
    assert 40 < len(first & other) < 125, "independent of each other: about 80 are in both"


MISTAKES = {
    "a span that is none": ("spend: {at_least: 1 EUR, in: a year}", '"a year" is not a span of time'),
    "a span in Dutch": ("visits: {at_least: 1, in: 12 maanden}", 'Did you mean "12 months"?'),
    "a span in French": ("visits: {at_least: 1, in: 1 an}", 'Did you mean "1 year"?'),
    "a span without end": ("visits: {at_least: 1, in: 9 years}", "longer than two years"),
    "hours that are none": ('hour: "9-5"', '"9-5" is not a range of hours'),
    "no such date": ("date: 2026-02-30", '"2026-02-30" is not a date'),
    "dates backwards": ('date: "2026-02-03 to 2026-02-01"', "ends before it begins"),
    "half days": ("last_visit: {at_least: 36 hours}", "not a number of whole days"),
    "unknown tier": ("tier: glod", 'Did you mean "gold"?'),
    "unknown card": ("stamps: {braed: {at_least: 1}}", 'Did you mean "bread"?'),
    "unknown reward": ("has_reward: free_laof", 'Did you mean "free_loaf"?'),
    "unknown language": ("language: de", 'unknown language "de"'),
    "unknown purpose": ("consent: {purpose: marketting}", 'Did you mean "marketing"?'),
    "unknown channel": ("consent: {purpose: marketing, channel: sns}", 'Did you mean "sms"?'),
    "unknown rule": ("last_message: {rule: exmaple, at_least: 1 day}", 'Did you mean "example"?'),
    "everybody": ("percent: 100%", "100% is everybody"),
    "a product that nobody watches": ("bought: {product: RYE-801}", 'Did you mean "RYE-800"?'),
    "a product that looks like none": ("bought: {product: XYZ}", "watch: [XYZ]"),
    "nothing bought": ("bought: {at_least: 1}", "is about a category or a product"),
    "bounds that nothing meets": ("basket_total: {at_least: 9 EUR, at_most: 8 EUR}", "no number is within both bounds"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_conditions_are_told_with_their_remedy(load, mistake: str):
    condition, told = MISTAKES[mistake]
    loaded = load(f"rule: example\nwhen: purchase\nif: [{{{condition}}}]\nthen: [{{tag: seen}}]\n")
    assert told in "\n".join(problem.render() for problem in loaded.problems)


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("{not_seen_for: 36 hours}", "not a number of whole days"),
        ("{not_seen_for: 0 days}", "from 1 day"),
        ("{birthday: {befor: 3 days}}", 'Did you mean "before"?'),
        ("{birthday: {before: 200 days}}", "at most 180 days"),
        ("{birthday: 3 days}", "Write it as {before: 3 days}"),
        ("{anniversary: {of: birth}}", "Allowed here: first_visit, joined"),
        ("{reward_given: free_laof}", 'Did you mean "free_loaf"?'),
        ("{reward_expires_in: 0 days}", "`reward_expired`"),
        ("{reward_expires_in: 40 days}", "valid no longer than that"),
        ("{reward_expires_in: {reward: coffee}}", "needs `in`"),
        ("{spend_reached: 0 EUR}", "above zero"),
        ("{spend_reached: {amount: 5 EUR, in: 12 moons}}", '"12 moons" is not a span of time'),
        ("{bought: {category: bread, time: never}}", "`first` or a number"),
        ("{bought: {category: bread, product: RYE-800}}", "is about a category or a product, not both"),
        ("{bought: {product: LOAF, time: first}}", "watch: [LOAF]"),
        ("{tier_changed: {to: glod}}", 'Did you mean "gold"?'),
        ("{replied: {keyword: stop}}", "STOP sets off no rule"),
    ],
)
def test_mistakes_in_triggers_are_told_with_their_remedy(load, when: str, told: str):
    loaded = load(f"rule: example\nwhen: {when}\nthen: [{{tag: seen}}]\n")
    assert told in "\n".join(problem.render() for problem in loaded.problems)


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_rules_of_a_shop_wait_for_so_many_moments(load, beyond: int):
    text = "rule: r{0}\nwhen: {{birthday: {{before: {0} days}}}}\nthen: [{{tag: seen}}]\n"
    more = {f"rules/r{number}.yaml": text.format(number) for number in range(1, MOST_AWAITED + beyond + 1)}
    more |= {f"rules/again{number}.yaml": text.format(number).replace("rule: r", "rule: s") for number in range(1, 9)}
    problems = load("rule: example\nwhen: purchase\nthen: [{tag: seen}]\n", more=more).problems
    assert [problem.message for problem in problems] == [
        "rules of this programme wait for more than 40 different moments"
    ] * beyond


def test_a_shop_without_tiers_is_told_how_to_have_some(load):
    text = "rule: example\nwhen: purchase\nif: [{tier: gold}]\nthen: [{tag: seen}]\n"
    without = "\n".join(line for line in PROGRAM.splitlines() if not line.startswith("tiers:"))
    told = "\n".join(problem.render() for problem in load(text, without).problems)
    assert "program.yaml has no tiers" in told


@pytest.mark.parametrize(
    ("tiers", "told"),
    [
        ("{levels: {}}", "names no level"),
        ("{levels: {gold: 500 EUR, silver: 250 EUR}}", "takes no more than the level before it"),
        ("{levels: {none: 5 EUR}}", "Give this level another name"),
        ("{levels: {gold: 0 EUR}}", "everybody would have it"),
        ("{levels: {gold: 500}}", "names no currency"),
        ("{by: visits, levels: {gold: 10 EUR}}", "must be a whole number"),
        ("{by: points, levels: {gold: 10 EUR}}", 'unknown word "points"'),
        ("{levels: {gold: 10 EUR}, grace: 30 days}", "nobody loses a tier by time"),
        ("{levels: {gold: 10 EUR}, downgrade: one-step}", 'Did you mean "one_step"?'),
    ],
)
def test_mistakes_in_tiers_are_told_with_their_remedy(load, tiers: str, told: str):
    lines = [f"tiers: {tiers}" if line.startswith("tiers:") else line for line in PROGRAM.splitlines()]
    assert told in "\n".join(problem.render() for problem in load(RULE, "\n".join(lines)).problems)
