"""Which rules give what was earned, and which make offers."""

import pytest

from tests.unit.rules import small_shop

GIVING = "rule: example\nstatus: live\nwhen: {when}\nthen: [{{give: free_loaf}}]\n{more}"


@pytest.mark.parametrize(
    ("when", "earned"),
    [
        ("{stamp_card_completed: bread}", True),
        ("{stamp_card_reaches: {bread: 5}}", True),
        ("{visits_reached: 10}", True),
        ("{clv_passed: 150 EUR}", True),
        ("purchase", False),
        ("refunded", False),
        ("became_at_risk", False),
        ("lapsing", False),
        ("lapsed", False),
        ("won_back", False),
    ],
)
def test_a_card_and_a_threshold_are_earned_and_everything_else_is_offered(rule, when: str, earned: bool):
    assert rule(GIVING.format(when=when, more="")).earned is earned
    for said, meant in (("earned: true", True), ("offered: true", False), ("offered: false", True)):
        assert rule(GIVING.format(when=when, more=said)).earned is meant


@pytest.mark.parametrize(
    ("more", "line", "message"),
    [
        ("earned: true\noffered: true", 6, "a rule says `earned` or `offered`, not both"),
        ("earned: free_loaf", 5, '`earned` must be true or false, not "free_loaf"'),
    ],
)
def test_what_cannot_be_meant_is_said(load, more: str, line: int, message: str):
    (problem,) = load(GIVING.format(when="purchase", more=more)).problems
    assert (problem.line, problem.message) == (line, message)


@pytest.mark.parametrize(
    "more",
    [
        "limits: {messages: 100 per day}",
        "earned: true\nlimits: {cool_down: 7 days}",
        "earned: true\nlimits: {hold_out: 10%}",
    ],
)
def test_a_limit_that_limits_nothing_where_no_message_is_sent_is_warned_of(load, more: str):
    loaded = load(GIVING.format(when="purchase", more=more))
    assert loaded.ok
    assert ["limits nothing" in problem.message for problem in loaded.problems] == [True]


@pytest.mark.parametrize(("status", "owed"), [("live", True), ("paused", True), ("draft", False), ("shadow", False)])
def test_a_rule_that_gives_for_a_full_card_is_known_as_what_its_stamps_promise(status: str, owed: bool):
    rule = f"rule: example\nstatus: {status}\nwhen: {{stamp_card_completed: bread}}\nthen: [{{give: coffee}}]\n"
    assert small_shop.load(rule).rules.full_cards == ({"bread": ("coffee",)} if owed else {})
    assert not small_shop.load(rule + "offered: true\n").rules.full_cards
