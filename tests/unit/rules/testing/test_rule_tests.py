"""The `tests:` of a rule: what they may say, and that they run through the engine itself."""

import json
from typing import Any

import pytest

from rules.testing.givens import Buy, GiveBack, Wait
from stamgast.domain.calendar import at_local
from stamgast.domain.units import DAY, HOUR
from stamgast.programs.rule_tests import run_tests
from tests.unit.rules.small_shop import PROGRAM

AMSTERDAM = "Europe/Amsterdam"
OCTOBER = 20_727  # 2026-10-01


def case_of(load, given: str, expect: str = "{tag: seen}"):
    loaded = load(
        f"rule: example\nwhen: purchase\nthen: [{{tag: seen}}]\ntests: [{{name: x, given: {given}, expect: {expect}}}]\n"
    )
    assert [p.render() for p in loaded.problems] == []
    return loaded.tests[0]


def steps_of(load, given: str):
    return case_of(load, f'"{given}"').steps


def test_a_sentence_of_the_design(load):
    steps = steps_of(load, "7 purchases of bread, one per day from 2026-10-01 08:00")
    assert len(steps) == 7
    assert steps[0] == Buy(at_local(OCTOBER, 480, AMSTERDAM), "dok-noord", 1000, None, "bread")
    assert steps[6].at - steps[0].at == 6 * DAY


def test_a_refund_follows_an_hour_after_the_last(load):
    steps = steps_of(load, "3 purchases of bread, then a refund of the last")
    assert steps[3] == GiveBack(steps[2].at + HOUR, 2)


@pytest.mark.parametrize(("which", "index"), [("last", 2), ("first", 0), ("1st", 0), ("2nd", 1), ("3rd", 2)])
def test_any_purchase_can_be_refunded(load, which: str, index: int):
    assert steps_of(load, f"3 purchases, then a refund of the {which} after 2 hours")[-1].purchase == index


def test_amount_store_pace_and_language_in_one_sentence(load):
    case = case_of(
        load, '"2 purchases of 12.40 EUR at korenmarkt, one per week from 2026-10-01 08:00 by a customer who speaks nl"'
    )
    first, second = case.steps
    assert (first.amount, first.store, case.language) == (1240, "korenmarkt", "nl")
    assert second.at - first.at == 7 * DAY


def test_clocks_keep_their_time_over_the_change_to_winter_time(load):
    steps = steps_of(load, "2 purchases, one per day from 2026-10-24 08:00")
    assert steps[1].at - steps[0].at == 25 * HOUR


def test_time_passes_and_purchases_go_on_from_there(load):
    steps = steps_of(load, "a purchase on 2026-10-01, then 10 days pass, then a purchase of bread")
    assert steps[1] == Wait(steps[0].at + 10 * DAY)
    assert steps[2].at == steps[1].until


def test_several_on_one_day(load):
    assert len({step.at for step in steps_of(load, "3 purchases of bread on the same day")}) == 1


def test_steps_can_stand_in_a_list(load):
    given = (
        '[{language: nl}, {purchase: {of: bread, amount: 12.40 EUR, store: korenmarkt}, at: "2026-10-01 08:00"}, {purchase: bread},'
        ' {refund: first, at: "2026-10-03 09:00"}, {pass: 3 days}]'
    )
    case = case_of(load, given)
    first, second, refund, wait = case.steps
    assert first == Buy(at_local(OCTOBER, 480, AMSTERDAM), "korenmarkt", 1240, None, "bread")
    assert second.at == first.at + DAY
    assert refund == GiveBack(at_local(OCTOBER + 2, 540, AMSTERDAM), 0)
    assert wait == Wait(refund.at + 3 * DAY)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ("seven purchases", '"seven purchases" is not understood', 'Write "7 purchases"'),
        ("7 purchases of braed", 'unknown product or category "braed"', 'Did you mean "bread"?'),
        ("7 purchases at dok-nord", 'unknown store "dok-nord"', 'Did you mean "dok-noord"?'),
        ("7 purchases of 5 USD", "counts in EUR", ""),
        ("7 purchases on tuesday", '"on tuesday" is not understood', ""),
        ("7 purchases by a customer who speaks fr", '"fr" is not a language', ""),
        ("a refund of the last", "no last purchase", ""),
        ("2 purchases, then a refund of the 3rd", "no 3rd purchase", ""),
        (
            "a purchase on 2026-10-02, then a purchase on 2026-10-01",
            "before the step that is written before it",
            "order in which they happen",
        ),
        ("9999 purchases", "at most 2,000", ""),
        ("a purchase on 2026-10-01 25:00", "not a time of day", ""),
        ("a purchase, then the feed is stael", 'unknown state of a feed "stael"', 'Did you mean "stale"?'),
        ("a purchase, then the feed is stale", "nobody watches this till's feed", "stale_after: 2 days"),
    ],
)
def test_a_sentence_that_is_not_understood_says_where_it_goes_wrong(load, given: str, message: str, hint: str):
    loaded = load(
        f'rule: example\nwhen: purchase\nthen: [{{tag: seen}}]\ntests: [{{name: x, given: "{given}", expect: {{tag: seen}}}}]\n'
    )
    assert any(message in p.message and hint in p.hint for p in loaded.problems), loaded.problems


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("{sends: hello}", 'unknown word "sends"'),
        ("{send: helo}", 'unknown template "helo"'),
        ("{give: free_lof}", 'unknown reward "free_lof"'),
        ("{give: free_loaf, on: 2026-13-01}", "is not a date"),
        ("{give: free_loaf, at: 2026-10-01}", "lacks the time"),
        ("{give: free_loaf, withdraw: free_loaf}", "2 things in one"),
        ("[{nothing: true}, {tag: seen}]", "cannot stand beside"),
        ("[]", "empty list"),
    ],
)
def test_an_expectation_that_cannot_come_true_is_refused(load, expect: str, message: str):
    loaded = load(
        f"rule: example\nwhen: purchase\nthen: [{{tag: seen}}]\ntests: [{{name: x, given: a purchase, expect: {expect}}}]\n"
    )
    assert any(message in p.message for p in loaded.problems), loaded.problems


FREE_LOAF = """
rule: example
status: draft
when: {stamp_card_completed: bread}
then: [{send: free_loaf}, {give: free_loaf}]
limits: {hold_out: 100%}
tests:
"""


ADD_GIVE = 'If it should, add to `expect`: {give: free_loaf, at: "2026-10-07 08:00"}'


def outcome(load, test: str):
    loaded = load(FREE_LOAF + test)
    assert [p.render() for p in loaded.problems] == []
    (result,) = run_tests(loaded)
    return result


def test_a_draft_with_a_holdout_is_tested_as_if_it_were_live(load):
    result = outcome(
        load,
        '  - {name: x, given: "7 purchases of bread, one per day from 2026-10-01 08:00", expect: [{give: free_loaf, on: 2026-10-07}, {send: free_loaf, at: "2026-10-07 09:00"}]}',
    )
    assert result.missing == result.unexpected == ()
    assert len(result.happened) == 2


def test_a_refund_withdraws_the_reward_and_its_message(load):
    result = outcome(
        load,
        '  - {name: x, given: "7 purchases of bread, one per day from 2026-10-01 08:00, then a refund of the last after 10 minutes", expect: [{give: free_loaf}, {withdraw: free_loaf}]}',
    )
    assert result.passed
    assert not any(line.startswith("send") for line in result.happened)


@pytest.mark.parametrize(
    ("expect", "failure"),
    [
        ("{send: free_loaf, at: 2026-10-07 09:01}", "did not happen: send: free_loaf at: 2026-10-07 09:01"),
        ("{give: free_loaf, on: 2026-10-08}", "did not happen: give: free_loaf on: 2026-10-08"),
        ("{tag: seen}", "did not happen: tag: seen"),
        ("{nothing: true}", "happened, and is not expected: give free_loaf at 2026-10-07 08:00. " + ADD_GIVE),
        ("{send: free_loaf}", "happened, and is not expected: give free_loaf at 2026-10-07 08:00. " + ADD_GIVE),
        (
            "{give: free_loaf}",
            (
                "happened, and is not expected: send free_loaf at 2026-10-07 09:00. If it should, add to `expect`: "
                '{send: free_loaf, at: "2026-10-07 09:00"}'
            ),
        ),
        ("[{give: free_loaf}, {give: free_loaf}]", "did not happen: give: free_loaf"),
    ],
)
def test_a_wrong_expectation_fails_and_says_what_happened_instead(load, expect: str, failure: str):
    result = outcome(
        load, f'  - {{name: x, given: "7 purchases of bread, one per day from 2026-10-01 08:00", expect: {expect}}}'
    )
    assert not result.passed
    assert failure in (*result.missing, *result.unexpected)
    assert "give free_loaf at 2026-10-07 08:00" in result.happened


def test_a_purchase_that_would_wait_for_a_person_is_told_where_a_test_fails_for_it(load):
    loaded = load(
        "rule: example\nwhen: purchase\nthen: [{tag: seen}]\n"
        "tests: [{name: x, given: a purchase of 20000 EUR, expect: {tag: seen}}]\n"
    )
    (result,) = run_tests(loaded)
    assert not result.passed
    assert "a purchase waits for a person: 20000.00 EUR are more than 10000.00 EUR" in result.happened


def test_what_a_card_gives_by_itself_can_be_expected_and_is_no_doing_of_the_rule(load):
    given = "3 purchases of cheese, one per day from 2026-10-01 08:00"
    assert outcome(load, f'  - {{name: x, given: "{given}", expect: {{give: free_loaf, on: 2026-10-03}}}}').passed
    assert outcome(load, f'  - {{name: x, given: "{given}", expect: {{nothing: true}}}}').passed


WATCHED = PROGRAM + "feed: {stale_after: 2 days}\n"
SORRY = """
rule: example
when: refunded
if: [{feed: STATE}]
then: [{tag: seen}]
tests:
  - name: x
    given: "a purchase of bread, then the feed is stale, then 1 day passes, then a refund of the last"
    expect: EXPECTED
"""
ABSENT = """
rule: example
when: lapsing
then: [{tag: seen}]
timing: {send_late: true}
tests:
  - {name: healthy, given: "a purchase on 2026-10-01, then 150 days pass", expect: {tag: seen}}
  - name: stale
    given: "a purchase on 2026-10-01, then the feed is stale, then 150 days pass"
    expect: {nothing: true}
  - name: mended
    given: [{purchase: bread}, {feed: stale}, {pass: 150 days}, {feed: healthy}, {pass: 2 days}]
    expect: {tag: seen}
"""


@pytest.mark.parametrize(("state", "expected"), [("stale", "{tag: seen}"), ("healthy", "{nothing: true}")])
def test_a_test_can_tell_that_the_feed_is_stale(load, state: str, expected: str):
    loaded = load(SORRY.replace("STATE", state).replace("EXPECTED", expected), WATCHED)
    assert [p.render() for p in loaded.problems] == []
    assert [result.passed for result in run_tests(loaded)] == [True]


BY_STORE = PROGRAM + "feed: {by_store: true}\n"
GIVE_BACK = {"refund": "last"}
HERE = """
rule: example
when: refunded
if: [{feed: STATE}]
then: [{tag: seen}]
tests: [{name: x, given: GIVEN, expect: EXPECTED}]
"""


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ("a purchase at korenmarkt, then the feed of korenmarkt is quiet, then a refund of the last", "quiet"),
        ("a purchase at korenmarkt, then the feed of dok-noord is quiet, then a refund of the last", "healthy"),
        ("a purchase at korenmarkt, then the feed is stale, then a refund of the last", "stale"),
        (
            [{"purchase": {"store": "korenmarkt"}}, {"feed": "stale"}, {"feed": {"korenmarkt": "healthy"}}, GIVE_BACK],
            "healthy",
        ),
        ([{"purchase": {"store": "dok-noord"}}, {"feed": {"dok-noord": "stale"}}, GIVE_BACK], "stale"),
    ],
)
@pytest.mark.parametrize("asked", ["healthy", "quiet", "stale"])
def test_a_test_can_tell_how_the_feed_of_a_store_is(load, given: Any, state: str, asked: str):
    expected = "{tag: seen}" if asked == state else "{nothing: true}"
    loaded = load(
        HERE.replace("STATE", asked).replace("GIVEN", json.dumps(given)).replace("EXPECTED", expected), BY_STORE
    )
    assert [p.render() for p in loaded.problems] == []
    assert [result.passed for result in run_tests(loaded)] == [True]


@pytest.mark.parametrize(
    ("program", "given", "message", "hint"),
    [
        (WATCHED, "then the feed is quiet", "quiet by what is usual for its store", "{by_store: true}"),
        (WATCHED, "then the feed of dok-noord is stale", "is not judged by store", "{by_store: true}"),
        (BY_STORE, "then the feed of dok-nord is stale", 'unknown store "dok-nord"', 'Did you mean "dok-noord"?'),
    ],
)
def test_a_test_that_tells_more_of_feeds_than_there_is_says_so(load, program: str, given: str, message: str, hint: str):
    text = HERE.replace("STATE", "stale").replace("EXPECTED", "{tag: seen}")
    loaded = load(text.replace("GIVEN", json.dumps(f"a purchase, {given}, then a refund of the last")), program)
    [problem] = loaded.problems
    assert message in problem.message
    assert hint in problem.hint


def test_who_is_absent_is_told_once_the_feed_is_healthy_again(load):
    loaded = load(ABSENT, WATCHED)
    assert [p.render() for p in loaded.problems] == []
    results = run_tests(loaded)
    assert [(each.case.name, each.missing, each.unexpected) for each in results] == [
        (name, (), ()) for name in ("healthy", "stale", "mended")
    ]


EVERY_TIME = """
rule: example
when: purchase
earned: true
then: [{give: free_loaf}, {tag: seen}]
tests:
  - {name: x, given: "GIVEN", expect: [{give: free_loaf}, {tag: seen}]ALSO}
"""


def every_time(load, purchases: int, also: str = ""):
    loaded = load(EVERY_TIME.replace("GIVEN", f"{purchases} purchases of bread").replace("ALSO", also))
    assert [p.render() for p in loaded.problems] == []
    (result,) = run_tests(loaded)
    return result


def test_a_gift_that_nobody_thought_of_fails_the_test_and_is_told_how_to_write(load):
    """As a voucher at each of seven purchases was, where one was meant."""
    assert every_time(load, 1).passed
    result = every_time(load, 7)
    assert not result.passed
    assert result.missing == ()
    assert result.unexpected == (
        *(
            f"happened, and is not expected: give free_loaf at 2026-01-{day:02} 10:00. "
            f'If it should, add to `expect`: {{give: free_loaf, at: "2026-01-{day:02} 10:00"}}'
            for day in range(6, 11)
        ),
        "happened, and is not expected: 1 more",
        "write `expect_also: anything` beside `expect` if it does not matter what else happens",
    )


def test_what_else_happens_does_not_matter_where_the_test_says_so(load):
    assert every_time(load, 7, ", expect_also: anything").passed


def test_a_line_that_a_failure_proposes_is_what_passes(load):
    line = every_time(load, 2).unexpected[0].rpartition("add to `expect`: ")[2]
    rule = EVERY_TIME.replace("GIVEN", "2 purchases of bread").replace("{tag: seen}]ALSO", f"{{tag: seen}}, {line}]")
    loaded = load(rule)
    assert [p.render() for p in loaded.problems] == []
    (result,) = run_tests(loaded)
    assert (result.missing, result.unexpected) == ((), ())


@pytest.mark.parametrize(
    ("also", "message"),
    [
        (", expect_also: something", "unknown"),
        (", expect_also: anything", "nothing is expected, and yet `expect_also` allows for anything"),
    ],
)
def test_what_else_may_happen_is_anything_and_not_beside_nothing(load, also: str, message: str):
    loaded = load(
        f"rule: example\nwhen: purchase\nthen: [{{tag: seen}}]\n"
        f"tests: [{{name: x, given: a purchase, expect: {{nothing: true}}{also}}}]\n"
    )
    assert any(message in problem.message for problem in loaded.problems), loaded.problems
