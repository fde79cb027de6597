"""`starts:` and `ends:` as a marketer writes them, at cards and at rules."""

import pytest

from stamgast.domain.units import Day
from tests.unit.rules.small_shop import PROGRAM

OCTOBER: Day = 20_727
RULE = "rule: example\nwhen: purchase\nthen: [{{tag: seen}}]\n{}"


def with_card(words: str) -> str:
    return PROGRAM.replace("bread: {stamps: 7,", f"bread: {{stamps: 7, {words},")


def test_a_rule_has_a_first_and_a_last_day(rule):
    read = rule(RULE.format("starts: 2026-10-01\nends: 2026-10-31"))
    assert (read.starts, read.ends) == (OCTOBER, OCTOBER + 30)
    assert not read.plain, "somebody has to ask for the day"


def test_a_card_has_them_too_and_may_count_history(load):
    card = load(program=with_card("starts: 2026-10-01, ends: 2026-10-31")).program.cards["bread"]
    assert [card.takes(day) for day in (OCTOBER - 1, OCTOBER, OCTOBER + 30, OCTOBER + 31)] == [False, True, True, False]
    card = load(program=with_card("starts: 2026-10-01, count_history: true")).program.cards["bread"]
    assert card.takes(OCTOBER - 1)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (
            "starts: 1.10.2026",
            '`starts`: "1.10.2026" is not a date',
            'Write "2026-10-01", or "2026-01-10" if the month stands first.',
        ),
        ("ends: 2026-02-30", '`ends`: "2026-02-30" is not a date', 'Write year, month and day: "2026-10-07".'),
        (
            "starts: 2026-10-02\nends: 2026-10-01",
            "this ends on 2026-10-01, before it starts on 2026-10-02",
            "Both days count: `starts` is the first and `ends` the last.",
        ),
    ],
)
def test_a_wrong_date_is_said_where_it_stands(load, words: str, message: str, hint: str):
    (problem,) = load(RULE.format(words)).problems
    assert (problem.message, problem.hint) == (message, hint)
    (problem,) = load(program=with_card(words.replace("\n", ", "))).problems
    assert (problem.message, problem.hint) == (message, hint)


def test_history_is_before_something(load):
    (problem,) = load(program=with_card("count_history: true")).problems
    assert problem.message == "`count_history` counts what was before `starts`"
