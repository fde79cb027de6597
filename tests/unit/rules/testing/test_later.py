"""What a rule does later, otherwise, or to some, as a marketer writes and tests it."""

from typing import Any

import pytest

from stamgast.programs.rule_tests import run_tests

RULES = {
    "gold for a year": """
once_per: customer
earned: true
then:
  - set_tier: gold
    for: 1 year
tests:
  - name: it is given
    given: a purchase on 2026-10-22 10:30
    expect: [{set_tier: gold, on: 2026-10-22}]
  - name: a refund takes it
    given: a purchase on 2026-10-22 10:30, then a refund of the last
    expect: [{set_tier: gold}, {take_tier: gold}]
""",
    "a tip three days on": """
then:
  - send: hello
    after: 3 days
    by: [sms]
tests:
  - name: it goes at the hour of the purchase
    given: a purchase on 2026-10-22 10:30
    expect: [{send: hello, at: "2026-10-25 10:30"}]
  - name: a refund ends it
    given: a purchase on 2026-10-22 10:30, then a refund of the last
    expect: [{nothing: true}]
""",
    "a tip unless they are back": """
once_per: customer
then:
  - send: hello
    after: 3 days
    unless: [purchase, reward_redeemed]
    by: [sms]
tests:
  - name: they stay away
    given: a purchase on 2026-10-01 10:30
    expect: [{send: hello, at: "2026-10-04 10:30"}]
  - name: they are back
    given: a purchase on 2026-10-01 10:30, then 2 days pass, then a purchase
    expect: [{nothing: true}]
  - name: they are back too late
    given: a purchase on 2026-10-01 10:30, then 4 days pass, then a purchase
    expect: [{send: hello, on: 2026-10-04}]
""",
    "unless they come ten times": """
once_per: customer
then:
  - send: hello
    after: 2 weeks
    unless: {visits_reached: 3}
    by: [sms]
tests:
  - name: the third visit calls it off
    given: 3 purchases, one per day from 2026-10-01 10:30
    expect: [{nothing: true}]
  - name: two do not
    given: 2 purchases, one per day from 2026-10-01 10:30
    expect: [{send: hello, on: 2026-10-15}]
""",
    "unless nobody has seen them": """
once_per: customer
then:
  - send: hello
    after: 6 weeks
    unless: {not_seen_for: 30 days}
    by: [sms]
tests:
  - name: whoever stays away gets none
    given: a purchase on 2026-10-01 10:30
    expect: [{nothing: true}]
""",
    "a present after a week": """
then:
  - tag: seen
  - wait: 1 week
    unless: refunded
  - give: free_loaf
  - send: free_loaf
    by: [whatsapp]
tests:
  - name: first the tag, then the loaf
    given: a purchase on 2026-10-01 10:30
    expect:
      - {tag: seen, on: 2026-10-01}
      - {give: free_loaf, at: "2026-10-08 10:30"}
      - {send: free_loaf, at: "2026-10-08 10:30"}
""",
    "one or the other": """
if:
  - basket_has: {category: bread}
then:
  - tag: baker
otherwise:
  - send: hello
    by: [sms]
tests:
  - name: bread
    given: a purchase of bread
    expect: [{tag: baker}]
  - name: something else
    given: a purchase
    expect: [{send: hello}]
""",
}


@pytest.mark.parametrize("text", RULES.values(), ids=RULES)
def test_its_own_tests_say_when_it_happens(load: Any, text: str):
    loaded = load(f"rule: example\nstatus: live\nwhen: purchase\n{text}")
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    results = run_tests(loaded)
    assert results
    assert [(each.case.name, each.missing, each.unexpected) for each in results if not each.passed] == []


def test_what_it_would_do_later_is_missed_where_it_is_not_expected(load: Any):
    text = "then: [{wait: 30 days}, {tag: old}]\ntests: [{name: x, given: a purchase, expect: [{nothing: true}]}]\n"
    [result] = run_tests(load(f"rule: example\nstatus: live\nwhen: purchase\n{text}"))
    assert "happened, and is not expected: tag old" in result.unexpected[0]
