"""Triggers from the event to what comes of it, as a marketer would test them: sentences and steps through the engine."""

from pathlib import Path

import pytest

from rules.loader import LoadedMerchant, load_bundle
from rules.testing.cases import RuleTest
from rules.testing.givens import Wait
from stamgast.programs.rule_tests import run_tests
from tests.unit.rules import small_shop


def load(rule: str) -> LoadedMerchant:
    return load_bundle(small_shop.files_of(rule, small_shop.PROGRAM))


def outcome(when: str, given: str, expect: str, then: str = "[{tag: seen}]", more: str = "") -> tuple[str, ...]:
    """What is missing of what a rule's test expects."""
    rule = f"rule: example\nwhen: {when}\n{more}then: {then}\ntests: [{{name: x, given: {given}, expect: {expect}}}]\n"
    loaded = load(rule)
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    [result] = run_tests(loaded)
    return (*result.missing, *result.unexpected)


SEEN, NOTHING = "{tag: seen}", "{nothing: true}"
CASES = {
    "who joins is welcomed": ("joined", '"the customer joins on 2026-10-01 09:00"', SEEN),
    "a welcome goes out to who agreed while joining": (
        "joined", '"the customer joins on 2026-10-01 09:00"', '{send: hello, at: "2026-10-01 09:00"}',
    ),
    "who answers is heard": ("replied", '"a reply"', SEEN),
    "a keyword that they wrote": ("{replied: {keyword: help}}", '"a reply of HELP"', SEEN),
    "another keyword": ("{replied: {keyword: help}}", '"a reply"', NOTHING),
    "an answer that is no keyword": ("{replied: {keyword: none}}", '"a reply of help"', NOTHING),
    "an answer on a channel": ("{replied: {channel: whatsapp}}", '"a reply by whatsapp"', SEEN),
    "an answer on another channel": ("{replied: {channel: whatsapp}}", '"a reply by sms"', NOTHING),
    "a voucher that is used": (
        "reward_redeemed", '"a free_loaf is given, then the last voucher is redeemed after 2 hours"', SEEN,
    ),
    "a voucher that is not there cannot be used": ("reward_redeemed", '"the last voucher is redeemed"', NOTHING),
    "a voucher that is given": ("{reward_given: free_loaf}", '"a free_loaf is given"', SEEN),
    "a voucher that a card gives": ("reward_given", '"3 purchases of cheese"', "[{give: free_loaf}, {tag: seen}]"),
    "a voucher that ends unused": ("reward_expired", '"a free_loaf is given, then 31 days pass"', SEEN),
    "a voucher that was used does not end": (
        "reward_expired", '"a free_loaf is given, then the last voucher is redeemed, then 31 days pass"', NOTHING,
    ),
    "a voucher that is about to end": (
        "{reward_expires_in: 3 days}",
        "[{give: free_loaf}, {pass: 28 days}]",
        '{send: hello, at: "2026-02-02 09:00"}',
    ),
    "a voucher that was used is not about to end": (
        "{reward_expires_in: 3 days}", "[{give: free_loaf}, {pass: 5 days}, {redeem: last}, {pass: 28 days}]", NOTHING,
    ),
    "who comes into a segment": (
        "{entered: regulars}", '"3 purchases of bread"', '{send: hello, at: "2026-01-07 10:00"}',
    ),
    "who is not in it yet": ("{entered: regulars}", '"2 purchases of bread"', NOTHING),
    "who leaves a segment": (
        "{left: regulars}", '"3 purchases of bread, then a refund of the last"', '{send: hello, at: "2026-01-07 11:00"}',
    ),
    "who never was in it does not leave it": ("{left: regulars}", '"2 purchases of bread"', NOTHING),
    "every week": (
        '{every: {week: wednesday, at: "11:00"}}', '"a purchase, then 9 days pass"', '[{send: hello, at: "2026-01-07 11:00"}]',
        "if: [{visits: {at_least: 1}}]\nlimits: {cool_down: 10 days}\n",
    ),
    "every third day, for those who match": (
        "{every: 3 days}", '"a purchase, then 9 days pass"', NOTHING, "if: [{visits: {at_least: 2}}]\n",
    ),
    "the last of a month": (
        '{every: {month: last, at: "12:30"}}', '"a purchase, then 30 days pass"', '{send: hello, at: "2026-01-31 12:30"}',
    ),
    "one date": ("{on: 2026-01-20 10:30}", '"a purchase, then 30 days pass"', '{send: hello, at: "2026-01-20 10:30"}'),
    "one date before anything happened": ("{on: 2026-01-04 10:30}", '"a purchase, then 30 days pass"', NOTHING),
    "an event": ("{event: workshop}", '"an event workshop"', SEEN),
    "an event that carries what is asked": (
        "{event: workshop}", "[{event: {workshop: {topic: cake, score: 5}}}]", SEEN,
        "if: [{event_has: {topic: [cake, bread], score: {at_least: 4}}}]\n",
    ),
    "an event that carries something else": (
        "{event: workshop}", "[{event: {workshop: {topic: cake, score: 3}}}]", NOTHING,
        "if: [{event_has: {topic: cake, score: {at_least: 4}}}]\n",
    ),
    "an event that does not tell what is asked": (
        "{event: workshop}", "[{event: {workshop: {topic: cake}}}]", NOTHING, "if: [{event_has: {first_time: true}}]\n",
    ),
    "an event on a date, for an amount, for the first time": (
        "{event: workshop}", '[{event: {workshop: {held_on: "2026-12-05", paid: 1250, first_time: true}}}]', SEEN,
        'if: [{event_has: {held_on: "2026-12-01 to 2026-12-31", paid: {less_than: 20 EUR}, first_time: true}}]\n',
    ),
    "a birthday": (
        "birthday",
        '"the customer\'s birthday is 03-01, then 90 days pass"',
        '{send: hello, at: "2026-03-01 09:00"}',
    ),
    "a week before a birthday": (
        "{birthday: {before: 1 week}}",
        '"the customer\'s birthday is 03-01, then 90 days pass"',
        '{send: hello, at: "2026-02-22 09:00"}',
    ),
    "a birthday that is corrected": (
        "birthday",
        "[{birthday: 03-01}, {pass: 10 days}, {birthday: 02-10}, {pass: 90 days}]",
        '[{send: hello, at: "2026-02-10 09:00"}]',
    ),
    "a birthday on 29 February": (
        "birthday", '"the customer\'s birthday is 02-29, then 90 days pass"', '{send: hello, at: "2026-02-28 09:00"}',
    ),
    "a birthday comes every year": (
        "birthday",
        '"the customer\'s birthday is 02-29, then 850 days pass"',
        "[" + ", ".join(f'{{send: hello, at: "{day} 09:00"}}' for day in ("2026-02-28", "2027-02-28", "2028-02-29")) + "]",
    ),
    "a birthday that nobody told": ("birthday", '"400 days pass"', NOTHING),
    "an anniversary of joining": (
        "anniversary",
        '"the customer joins on 2026-03-01, then 370 days pass"',
        '{send: hello, at: "2027-03-01 09:00"}',
    ),
    "an anniversary of the first visit": (
        "{anniversary: {of: first_visit, before: 2 days}}",
        '"a purchase on 2026-03-01, then 370 days pass"',
        '{send: hello, at: "2027-02-27 09:00"}',
    ),
    "no visit, no anniversary of it": ("{anniversary: {of: first_visit}}", '"400 days pass"', NOTHING),
    "who is not seen for thirty days": (
        "{not_seen_for: 30 days}",
        '"2 purchases, one per week from 2026-03-01, then 60 days pass"',
        '[{send: hello, at: "2026-04-07 09:00"}]',
    ),
    "who comes on the thirtieth day": (
        "{not_seen_for: 30 days}", '"2 purchases, every 29 days from 2026-03-01, then 20 days pass"', NOTHING,
    ),
    "who never came": ("{not_seen_for: 30 days}", '"60 days pass"', NOTHING),
    "spend that is reached": ("{spend_reached: 25 EUR}", '"3 purchases"', "{tag: seen}"),
    "spend that is not reached": ("{spend_reached: 25 EUR}", '"2 purchases"', NOTHING),
    "spend within a month": ("{spend_reached: {amount: 25 EUR, in: 1 month}}", '"3 purchases"', SEEN),
    "spend that took longer than a month": (
        "{spend_reached: {amount: 25 EUR, in: 1 month}}", '"9 purchases, every 20 days"', NOTHING,
    ),
    "a thing that is bought": ("{bought: {category: bread}}", '"a purchase of bread"', SEEN),
    "something else that is bought": ("{bought: {category: bread}}", '"a purchase of cheese"', NOTHING),
    "a product": ("{bought: {product: RYE-800}}", '"a purchase of RYE-800"', SEEN),
    "the first time": (
        "{bought: {product: RYE-800, time: first}}", '"a purchase of bread, then a purchase of RYE-800"', SEEN,
    ),
    "the second time": ("{bought: {category: bread, time: 2}}", '"a purchase of bread"', NOTHING),
    "the second time, at last": ("{bought: {category: bread, time: 2}}", '"2 purchases of bread"', SEEN),
    "a tier that is reached": ("{tier_changed: {to: silver}}", '"25 purchases"', SEEN),
    "a tier that is not reached": ("tier_changed", '"24 purchases"', NOTHING),
    "a tier that is lost": (
        "{tier_changed: {to: none, way: down}}",
        '"a purchase of 250 EUR on 2026-03-01, then 400 days pass"',
        '[{send: hello, at: "2027-03-31 09:00"}]',
    ),
    "a tier within its grace": ("{tier_changed: {way: down}}", '"a purchase of 300 EUR, then 390 days pass"', NOTHING),
    "a tier that is earned again within its grace": (
        "{tier_changed: {way: down}}",
        '"a purchase of 300 EUR, then 380 days pass, then a purchase of 260 EUR, then 300 days pass"',
        NOTHING,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_triggers(case: str):
    when, given, expect, *more = CASES[case]
    then = "[{send: hello}]" if "send:" in expect else "[{tag: seen}]"
    assert outcome(when, given, expect, then, *more) == ()


REFUNDED = {
    "spend": ("{spend_reached: 25 EUR}", "3 purchases"),
    "spend within a span": ("{spend_reached: {amount: 25 EUR, in: 12 months}}", "3 purchases"),
    "a thing": ("{bought: {category: bread}}", "a purchase of bread"),
    "a first thing": ("{bought: {category: bread, time: first}}", "a purchase of bread"),
    "a tier": ("{tier_changed: {to: silver}}", "a purchase of 260 EUR"),
    "coming into a segment": ("{entered: regulars}", "3 purchases"),
    "a reward that a card gave": ("{reward_given: free_loaf}", "3 purchases of cheese"),
}


@pytest.mark.parametrize("case", REFUNDED)
def test_a_refund_takes_back_what_it_brought(case: str):
    when, given = REFUNDED[case]
    missing = outcome(
        when, f'"{given}, then a refund of the last"', "[{give: coffee}, {withdraw: coffee}]", "[{give: coffee}]"
    )
    assert missing == ()


def test_the_loops_that_rewards_could_make_end():
    """What is given for having been given something sets off nothing more."""
    rule = "rule: example\nwhen: reward_given\nthen: [{give: coffee}]\n"
    loaded = load(
        rule + "tests: [{name: x, given: a free_loaf is given, expect: [{give: free_loaf}, {give: coffee}]}]\n"
    )
    [result] = run_tests(loaded)
    assert result.missing == ()
    assert sum(line.startswith("give") for line in result.happened) == 2


PAGE = (
    (Path(__file__).parents[4] / "docs/rules.md")
    .read_text()
    .partition("## What a test is given")[2]
    .partition("\n## ")[0]
)


ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
FIRST = {"the friend": "a friend buys", "a refund": "a purchase", "the last voucher": "a free_loaf is given"}
FIRST_STEP = {
    "a friend buys": "{friend: buys}",
    "a purchase": "{purchase: bread}",
    "a free_loaf is given": "{give: free_loaf}",
}


@pytest.mark.parametrize(("sentence", "step"), ROWS, ids=[sentence for sentence, _ in ROWS])
def test_each_sentence_of_the_documentation_says_what_the_step_beside_it_says(sentence: str, step: str):
    told, listed = sentence.strip("`"), step.strip("`")
    first = next((words for begin, words in FIRST.items() if told.startswith(begin)), "")
    program = (
        small_shop.PROGRAM.replace("  hello: {}\n", "  hello: {}\n  goodbye: {}\n")
        + "feed: {stale_after: 2 days}\nquestions: {visit: {template: hello, answer: score}}\nreferral: true\n"
    )
    goodbye = {"templates/nl/goodbye.j2": small_shop.HELLO}
    cases = []
    for given in (
        f'"{first}{", then " if first else ""}{told}"',
        f"[{FIRST_STEP.get(first, '')}{', ' if first else ''}{listed}]",
    ):
        rule = (
            "rule: example\nwhen: purchase\nthen: [{send: {a: hello, b: goodbye}}]\nlimits: {hold_out: 10%}\n"
            f"tests: [{{name: x, given: {given}, expect: {{tag: seen}}}}]\n"
        )
        loaded = load_bundle(small_shop.files_of(rule, program, **goodbye))
        assert [each.render() for each in loaded.problems if each.severity == "error"] == [], given
        cases.append(loaded.tests[0])
    assert cases[0].held_out_of == cases[1].held_out_of
    assert cases[0].variant == cases[1].variant
    assert _kinds(cases[0]) == _kinds(cases[1])


def _kinds(case: RuleTest) -> list[tuple[object, ...]]:
    """What happens, without when, how often, and what only the sentence or only the step says."""
    told = ("given", "purposes", "channels", "channel", "keyword", "agrees", "source", "birthday", "event", "reward")
    found = [(type(each), *(getattr(each, name, None) for name in told)) for each in case.steps]
    return [each for each in dict.fromkeys(found) if each[0] is not Wait]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("the customer's birthday is 02-30", '"02-30" is not a birthday'),
        ("a purchase, then the customer joins", "the customer has joined already"),
        ("a reply of hlep", 'unknown keyword "hlep"'),
        ("a reply by smoke", 'unknown channel "smoke"'),
        ("a free_laof is given", 'unknown reward "free_laof"'),
    ],
)
def test_what_a_test_cannot_be_given_is_said(given: str, problem: str):
    loaded = load(
        f'rule: example\nwhen: purchase\nthen: [{{tag: seen}}]\ntests: [{{name: x, given: "{given}", expect: {{tag: seen}}}}]\n'
    )
    assert problem in "\n".join(each.render() for each in loaded.problems)
