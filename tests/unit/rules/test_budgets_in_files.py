"""Budgets and campaigns as they are written: what they mean, what is advised, how they are read back and tested."""

from __future__ import annotations

from datetime import date

import pytest

from rules.advice import advise
from rules.advice.rule_text import rule_texts
from rules.loader import LoadedMerchant
from rules.read_back import read_back
from stamgast.domain.budgets import Budget, Per, WhenSpent
from stamgast.programs.rule_tests import run_tests
from tests.budgeted_shop import COSTS, WELCOME
from tests.unit.rules.small_shop import PROGRAM, load

AUTUMN = "campaigns: {autumn: {budget: 500 EUR, starts: 2026-10-01, ends: 2026-11-30}}\n"


def loaded(budget: str, program: str = COSTS, more: str = "") -> LoadedMerchant:
    found = load(WELCOME % budget + more, program)
    assert found.ok, found.problems
    return found


def advice(found: LoadedMerchant) -> list[str]:
    return [each.message for each in (*found.problems, *advise(found)) if "budget" in each.message]


@pytest.mark.parametrize(
    ("written", "budget"),
    [
        ("200 EUR", Budget(20_000)),
        ('"€ 12,50 per week"', Budget(1_250, Per.WEEK)),
        ("1 EUR per total", Budget(100)),
        ("{amount: 200 EUR, per: month, when_spent: shrink}", Budget(20_000, Per.MONTH, WhenSpent.SHRINK)),
    ],
)
def test_a_budget_is_written_in_one_line_or_in_words_of_its_own(written: str, budget: Budget) -> None:
    [(name, found)] = loaded(written).rules.by_id["example"].budgets
    assert (name, found) == (f"rule:example/{budget.per}", budget)


def test_a_rule_is_in_a_campaign_that_it_names_or_that_names_it_and_keeps_to_its_days() -> None:
    names_it = loaded("9 EUR", COSTS + AUTUMN, "campaign: autumn\nends: 2026-11-15\n").rules.by_id["example"]
    named = loaded("9 EUR", COSTS + AUTUMN.replace("{budget", "{rules: [example], budget")).rules.by_id["example"]
    assert names_it.campaign == named.campaign == "autumn"
    assert [name for name, _ in named.budgets] == ["rule:example/total", "campaign:autumn/total"]
    epoch = date(1970, 1, 1)
    assert (names_it.starts, names_it.ends) == ((date(2026, 10, 1) - epoch).days, (date(2026, 11, 15) - epoch).days)
    assert named.ends == (date(2026, 11, 30) - epoch).days


def test_a_rule_cannot_have_more_than_what_stands_above_it() -> None:
    assert advice(loaded("600 EUR", COSTS + AUTUMN, "campaign: autumn\n")) == [
        "this budget is more than its campaign autumn has: that holds as well"
    ]
    assert advice(loaded("9 EUR per day", COSTS + "budget: 5 EUR per day\n")) == [
        "this budget is more than the shop has: that holds as well"
    ]
    assert advice(loaded("600 EUR per month", COSTS + AUTUMN, "campaign: autumn\n")) == [], "of another time"


def test_a_budget_that_cannot_pay_once_or_that_nothing_draws_on_is_told() -> None:
    assert advice(loaded("1.19 EUR")) == [
        "its budget is 1.19 EUR, and one message with what it gives may cost 1.2000 EUR: nothing would go"
    ]
    assert advice(loaded("1.20 EUR")) == []
    assert advice(loaded("1.19 EUR", COSTS.replace("{cost: 1 EUR, ", "{"))) == []
    assert advice(loaded("5 EUR", PROGRAM)) == [
        "it has a budget, and nothing that it does has a price: nothing is held back"
    ]
    earned = load((WELCOME % "5 EUR").replace("offered", "earned"), COSTS)
    assert advice(earned) == [
        "what this rule gives was earned: it is given whatever its budget has left, and not counted there"
    ]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", "met de campagne autumn voor hoogstens 500.00 EUR in totaal"),
        ("fr", "avec la campagne autumn pour au plus 500.00 EUR en tout"),
        ("de", "mit der Kampagne autumn für höchstens 500.00 EUR insgesamt"),
        ("en", "with the campaign autumn for at most 500.00 EUR in all"),
    ],
)
def test_it_is_read_back_in_the_shops_language(language: str, said: str) -> None:
    program = (
        (COSTS + AUTUMN).replace("languages: [nl]", f"languages: [{language}]").replace("{nl: ", f"{{{language}: ")
    )
    found = load(
        WELCOME % "9 EUR per month" + "campaign: autumn\n", program, {f"templates/{language}/hello.j2": "Stop?"}
    )
    [text] = rule_texts(found, "")
    sentence = read_back(text.root, text.rule, found.program)
    assert said in sentence
    assert "9.00 EUR" in sentence


TESTS = """
tests:
  - name: there is money
    given: 1 purchase of bread on 2026-10-01 10:00
    expect: [{give: coffee}, {send: hello}]
  - name: there is not enough left
    given: 1 purchase of bread on 2026-10-01 10:00
    budget_left: 1.19 EUR
    expect: [{withheld: hello, because: budget}]
"""


def test_a_rules_test_says_what_its_budget_has_left() -> None:
    results = run_tests(loaded("500 EUR per month", more=TESTS))
    assert [(each.passed, each.missing, each.unexpected) for each in results] == [(True, (), ()), (True, (), ())]
    assert "withheld hello with coffee (budget)" in str(results[1].happened)
