"""What limits a rule holds for ever, and takes no more room the longer it does."""

from functools import cache
from itertools import pairwise

import pytest

from rules.actions import Give, Send, Tag
from rules.engine import CompiledRule
from stamgast.domain.activation import RANKS
from stamgast.domain.calendar import date_of
from stamgast.domain.contacts import count_of
from stamgast.domain.customer import encode_customer
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.units import DAY
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, consent, program, rule, taken_back
from tests.fakes.in_memory import Owner

YEARS = 10
EVERY = 5
"""Days from one purchase to the next."""

RULES: tuple[CompiledRule, ...] = (
    rule("welcome", "purchase", Give("loaf"), Send("hello", ("sms",)), per="customer", priority=90),
    rule("quiet-welcome", "purchase", Give("coffee"), Tag(add=("guest",)), per="customer"),
    rule("rare", "purchase", Send("hello", ("sms",)), cool_down=400 * DAY, priority=80),
    rule("rare-gift", "purchase", Give("loaf", 20 * DAY), cool_down=400 * DAY),
    rule("yearly", "purchase", Give("coffee", 20 * DAY), per="year"),
    rule("monthly", "purchase", Tag(add=("this-month",)), per="month"),
    rule("sorry", "refunded", Give("coffee", 20 * DAY), per="customer", earned=True),
)


@cache
def life() -> tuple[Owner, dict[str, list[int]], list[int]]:
    """A regular who buys every five days: on which days each rule did something, and the state's size by years."""
    owner = Owner(bundle(program(), *RULES))
    owner.apply(consent())
    did: dict[str, list[int]] = {each.id: [] for each in RULES}
    sizes = []
    for day in range(0, YEARS * 365, EVERY):
        when = T0 + day * DAY
        sale = bought(f"t{day}", when)
        changes = [owner.apply(sale)]
        if day % 50 == 25:
            changes.append(owner.apply(taken_back(sale, when + 1)))
        for change in changes:
            for who in {voucher.rule for voucher in change.issued}:
                did[who].append(day)
            for each in RULES:
                if each.id == "monthly":
                    did[each.id] += [day] * change.counters.get(each.fired, 0)
        waiting = [each for change in changes for each in change.submissions]
        while waiting:
            sent = waiting.pop()
            did[sent.rule] += [] if sent.rule == "welcome" else [day]
            answer = ActivationOutcome(
                merchant=MERCHANT, customer=ANNA, at=when + 2, activation=sent.activation, status="delivered",
                rank=RANKS["delivered"], channel="sms",
            )  # fmt: skip
            waiting += owner.apply(answer).submissions
        if day % 365 < EVERY:
            sizes.append(len(encode_customer(owner.state())))
    return owner, did, sizes


@pytest.mark.parametrize(
    ("rule_id", "days"),
    [
        ("welcome", [0]),
        ("quiet-welcome", [0]),
        ("sorry", [25]),
        ("rare", [0, *range(405, YEARS * 365, 400)]),  # the first one left after the welcome, two milliseconds later
        ("rare-gift", list(range(0, YEARS * 365, 400))),
    ],
)
def test_once_per_customer_is_once_in_ten_years_and_a_cool_down_of_400_days_is_as_long(rule_id: str, days: list[int]):
    assert life()[1][rule_id] == days


def test_a_year_and_a_month_bring_something_once_each():
    """A year whose purchase is refunded gets its voucher back with the next purchase, and no second one."""
    first = T0 // DAY
    owner, did, _ = life()
    codes = {voucher.code for voucher in owner.whole().vouchers if voucher.rule == "yearly"}
    assert sorted({date_of(first + day).year for day in did["yearly"]}) == list(range(2026, 2037))
    assert len(codes) == 11
    months = [f"{date_of(first + day):%Y-%m}" for day in did["monthly"]]
    assert len(months) == len(set(months)) == YEARS * 12


def test_what_is_remembered_of_limits_has_a_bound():
    owner, _, sizes = life()
    state = owner.state()
    assert count_of(state.contacts) <= len(RULES)
    assert all(len(occasions) <= 12 for occasions in state.fired.values())
    yearly = [later - earlier for earlier, later in pairwise(sizes[2:])]
    assert max(yearly) < 400, "two vouchers a year, up to twenty, and the days of 73 visits"
