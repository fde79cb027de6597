"""What a rule's test may say is held back, and why; consent, control groups, and other rules beside it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rules.schema import rule_schema
from rules.testing.cases import REASONS
from stamgast.commands.rules import app
from stamgast.domain.vocabulary import Reason
from stamgast.people.why import REASONS as MEANINGS
from stamgast.programs.rule_tests import TestResult, run_tests
from tests.unit.rules import small_shop

CAPPED = small_shop.PROGRAM.replace("messaging: {", "messaging: {caps: {marketing: 1 per week}, ")
NIGHT = "timing: {send_between: 09:00-10:00, if_outside: drop}\n"
SENDS = "rule: example\nstatus: live\nwhen: purchase\nthen: [{send: hello, by: [sms]}]\n"
OFFERS = "rule: example\nstatus: live\nwhen: purchase\nthen: [{give: free_loaf}]\n"
CARD = """
rule: example
when: {stamp_card_completed: bread}
then: [{give: free_loaf}, {send: free_loaf, by: [whatsapp]}]
"""


def played(rule: str, given: str, expect: str, program: str = small_shop.PROGRAM, **more: str) -> TestResult:
    """What became of the one test of a rule."""
    others = {name: text for name, text in more.items() if "/" in name}
    beside = "".join(f", {word}: {value}" for word, value in more.items() if "/" not in word)
    test = f"tests: [{{name: x, given: {json.dumps(given) if given[0] not in '[{' else given}, expect: {expect}{beside}}}]\n"
    loaded = small_shop.load(rule + test, program, others)
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    [result] = [each for each in run_tests(loaded) if each.case.rule == "example"]
    return result


HELD_BACK = {
    "who took back consent": (SENDS, "the customer takes back consent, then a purchase", "no_consent", "hello"),
    "who never gave it": (SENDS, "the customer joins without consent, then a purchase", "no_consent", "hello"),
    "who took it back for this channel": (
        SENDS, "the customer takes back consent to marketing by sms, then a purchase", "no_consent", "hello",
    ),
    "an offer without a message": (OFFERS, "the customer takes back consent, then a purchase", "no_consent", "free_loaf"),
    "who said STOP": (SENDS, "a reply of STOP by sms, then a purchase", "opted_out", "hello"),
    "who says it": (SENDS, "the customer says STOP, then a purchase", "opted_out", "hello"),
    "who left its topic": (SENDS, "the customer replies 'stop met nieuws' by sms, then a purchase", "topic_left", "hello"),
    "who is held out": (SENDS + "limits: {hold_out: 10%}\n", "the customer is held out, then a purchase", "holdout", "hello"),
    "within the cool-down": (
        SENDS + "limits: {cool_down: 5 days}\n", "2 purchases, one per day", "cool_down", "hello",
    ),
    "at the wrong hour": (SENDS + NIGHT, "a purchase on 2026-10-01 11:00", "quiet_hours", "hello"),
    "after a refund": (
        CARD + "timing: {send_between: 18:00-19:00}\n", "7 purchases of bread, then a refund of the last", "taken_back", "free_loaf",
    ),
    "called off": (
        SENDS.replace("hello,", "hello, after: 3 days, unless: refunded,"),
        "2 purchases on the same day, then a refund of the first", "called_off", "hello",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "given", "because", "what"), HELD_BACK.values(), ids=HELD_BACK)
def test_what_must_be_held_back_is_named_with_why(rule: str, given: str, because: str, what: str):
    result = played(rule, given, f"[{{withheld: {what}, because: {because}}}]", expect_also="anything")
    assert (result.missing, result.unexpected) == ((), ()), result.happened
    wrong = next(each for each in REASONS if each != because)
    result = played(rule, given, f"[{{withheld: {what}, because: {wrong}}}]", expect_also="anything")
    [missing] = result.missing
    assert missing.startswith(f"did not happen: withheld: {what} because: {wrong}; it was withheld because: ")
    assert because in missing
    assert any(f"({because})" in line for line in result.happened), result.happened


def test_for_whatever_reason_will_do_where_none_is_named():
    assert played(SENDS, "a reply of STOP, then a purchase", "[{withheld: hello}]").passed
    assert not played(SENDS, "a purchase", "[{withheld: hello}]", expect_also="anything").passed


def test_what_is_sent_is_not_held_back_and_what_is_held_back_need_not_be_named():
    assert not played(SENDS, "a purchase", "[{withheld: hello}]").passed
    assert played(SENDS, "a reply of STOP, then a purchase", "[{nothing: true}]").passed


def test_a_reward_that_is_offered_is_held_back_with_its_message_and_one_that_was_earned_is_not():
    offer = OFFERS.replace("{give: free_loaf}", "{give: free_loaf}, {send: hello, by: [sms]}")
    stopped = "a reply of STOP, then a purchase"
    assert played(offer, stopped, "[{withheld: free_loaf, because: opted_out}]").passed
    assert played(offer, stopped, "[{withheld: hello, because: opted_out}]").passed
    earned = played(offer + "earned: true\n", stopped, "[{withheld: free_loaf}, {give: free_loaf}]")
    assert earned.missing == ("did not happen: withheld: free_loaf",)


def test_consent_that_is_given_again_and_start_after_stop_let_messages_go():
    again = "the customer takes back consent, then the customer gives consent to marketing by sms, then a purchase"
    assert played(SENDS, again, "[{send: hello}]").passed
    steps = "[{consent: taken_back}, {consent: {given: marketing, by: sms}}, {purchase: bread}]"
    assert played(SENDS, steps, "[{send: hello}]").passed
    assert played(SENDS, "a reply of STOP, then a reply of START, then a purchase", "[{send: hello}]").passed
    other = "the customer takes back consent to marketing by whatsapp, then a purchase"
    assert played(SENDS, other, "[{send: hello}]").passed


def test_consent_taken_back_while_a_message_waits_keeps_it_back():
    later = SENDS.replace("hello,", "hello, after: 3 days,")
    given = "a purchase on 2026-10-01 10:00, then the customer takes back consent on 2026-10-02 at 12:00"
    result = played(later, given, '[{withheld: hello, because: no_consent, at: "2026-10-02 12:00"}]')
    assert (result.missing, result.unexpected) == ((), ())


def test_who_is_held_out_of_one_rule_hears_from_the_others():
    rule = SENDS + "limits: {hold_out: 10%}\n"
    other = {"rules/other.yaml": "rule: other\nstatus: live\nwhen: purchase\nthen: [{tag: seen}]\n"}
    given = "the customer is held out, then a purchase"
    result = played(rule, given, "[{withheld: hello, because: holdout}, {tag: seen}]", **{"with": "other"}, **other)
    assert (result.missing, result.unexpected) == ((), ())
    steps = "[{held_out: example}, {purchase: bread}]"
    assert played(rule, steps, "[{withheld: hello, because: holdout}]").passed


COMPARED = SENDS.replace("hello", "{a: hello, b: hello_again}", 1)
AGAIN = {"templates/nl/hello_again.j2": "Nog eens hallo! Stop? Antwoord STOP"}


@pytest.mark.parametrize(("variant", "template"), [("a", "hello"), ("b", "hello_again")])
def test_each_of_several_messages_that_are_compared_can_be_tested(variant: str, template: str):
    """Else a test plays the one that falls to its customer, and nobody ever reads the other."""
    program = small_shop.PROGRAM.replace("  hello: {}\n", "  hello: {}\n  hello_again: {}\n")
    for given in (
        f"the customer gets variant {variant}, then a purchase",
        f"[{{variant: {variant}}}, {{purchase: bread}}]",
    ):
        result = played(COMPARED, given, f"[{{send: {template}}}]", program, **AGAIN)
        assert (result.missing, result.unexpected) == ((), ()), given


FIRST = {
    "rules/first.yaml": (
        "rule: first\nstatus: live\npriority: 90\nwhen: purchase\nthen: [{send: free_loaf, by: [whatsapp]}, {give: free_loaf}]\n"
        "tests: [{name: y, given: a purchase, expect: [{give: free_loaf}, {send: free_loaf}]}]\n"
    ),
    "rules/draft.yaml": "rule: draft\nstatus: draft\nwhen: purchase\nthen: [{tag: drafted}]\n",
}
BOTH = "[{give: free_loaf}, {send: free_loaf}, {withheld: hello, because: outranked}]"


@pytest.mark.parametrize("others", ["all live rules", "first", "[first]"])
def test_rules_are_played_together_and_expect_speaks_of_all_that_they_do(others: str):
    result = played(SENDS, "a purchase on 2026-10-01 10:30", BOTH, CAPPED, **{"with": others}, **FIRST)
    assert set(result.rules) == {"example", "first"}
    assert (result.missing, result.unexpected) == ((), ()), result.happened
    alone = played(SENDS, "a purchase on 2026-10-01 10:30", "[{send: hello}]", CAPPED, **FIRST)
    assert alone.passed


def test_what_another_rule_does_beyond_what_is_expected_fails_and_is_told_with_its_rule():
    result = played(SENDS, "a purchase", "[{send: hello}]", **{"with": "all live rules"}, **FIRST)
    assert any("give free_loaf of first" in line for line in result.unexpected)
    drafted = played(SENDS, "a purchase", "[{send: hello}, {tag: drafted}]", **{"with": "draft"}, **FIRST)
    assert drafted.passed


@pytest.mark.parametrize(
    ("test", "message", "hint"),
    [
        ("given: a purchase, expect: [{withheld: helo}]", 'unknown template or reward "helo"', '"hello"'),
        ("given: a purchase, expect: [{withheld: hello, because: no_concent}]", 'unknown reason "no_concent"', '"no_consent"'),
        ("given: a purchase, expect: [{withheld: hello, because: no consent}]", 'unknown reason "no consent"', '"no_consent"'),
        ("given: a purchase, expect: [{withheld: hello, because: throttled}]", "no test comes to `throttled`", "no_consent, opted_out"),
        ("given: a purchase, expect: [{send: hello, because: late}]", "why something is withheld", "Leave it out"),
        ("given: a purchase, expect: [{tag: seen}], with: frist", 'no rule "frist" to be played', '"first"'),
        ("given: a purchase, expect: [{tag: seen}], with: all rules", '"all rules" is no rule\'s id', "all live rules"),
        ("given: the customer is held out, expect: [{tag: seen}]", "the rule example holds nobody out", "hold_out: 10%"),
        ("given: the customer is held out of first, expect: [{tag: seen}]", 'rule "first" is not played', "with: first"),
        ("given: [{held_out: frist}], expect: [{tag: seen}], with: first", 'rule "frist" is not played', '"first"'),
        ("given: [{held_out: false}], expect: [{tag: seen}]", "says nothing", "Leave it out"),
        ("given: the customer gets variant c, expect: [{tag: seen}]", 'the rule example has no variant "c"', "send: {a: …, b: …}"),
        ("given: [{variant: a}, {variant: b}], expect: [{tag: seen}]", "nobody gets both a and b", "a test for each variant"),
        ("given: klant krijgt variant b, expect: [{tag: seen}]", "is not understood", "the customer gets variant b"),
        ("given: [{consent: withdrawn}], expect: [{tag: seen}]", 'unknown word "withdrawn"', "taken_back"),
        ("given: [{consent: {by: sms}}], expect: [{tag: seen}]", "either `given` or `taken_back`", "taken_back"),
        ("given: [{consent: {given: offers}}], expect: [{tag: seen}]", 'unknown purpose "offers"', "marketing, utility"),
        ("given: the customer takes back consent by mail, expect: [{tag: seen}]", 'unknown channel "mail"', "sms, whatsapp"),
        ("given: the customer takes back consent to reclame, expect: [{tag: seen}]", 'unknown purpose "reclame"', '"marketing"'),
        ("given: the customer withdraws consent, expect: [{tag: seen}]", "is not understood", "the customer takes back consent"),
        ("given: [{purchase: bread, refund: last}], expect: [{tag: seen}]", "two steps in one", "braces of its own"),
        ('given: [{pass: 3 days, at: "2026-10-01 10:00"}], expect: [{tag: seen}]', "at no moment of its own", "Leave `at` out"),
        ("given: [{join: {consent: some}}], expect: [{tag: seen}]", 'unknown word "some"', "all, none"),
        ("given: [{redeem: lats}], expect: [{tag: seen}]", '"lats" is no voucher', "last, first"),
        (
            'given: [{purchase: bread, at: "2026-10-02 10:00"}, {reply: {}, at: "2026-10-01 10:00"}], expect: [{tag: seen}]',
            "before the step that is written before it", "order",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_what_can(test: str, message: str, hint: str):
    rule = f"rule: example\nwhen: purchase\nthen: [{{tag: seen}}]\ntests: [{{name: x, {test}}}]\n"
    problems = small_shop.load(rule, more=dict(FIRST)).problems
    assert any(message in each.message and hint in each.hint for each in problems), problems


def test_a_voucher_that_was_not_there_and_a_message_that_still_waits_are_told():
    result = played(SENDS, "a purchase, then the last voucher is redeemed", "[{send: hello}]")
    assert "no voucher was there to be redeemed at 2026-01-05 10:00" in result.happened
    earned = CARD.replace("free_loaf, by: [whatsapp]", "hello, by: [sms]") + "earned: true\n"
    given = "14 purchases of bread on the same day"
    waits = played(earned, given, "[{send: hello}]", CAPPED, expect_also="anything")
    assert any(line.startswith("hello of example still waits (frequency_cap), until") for line in waits.happened)


def test_whatever_a_test_comes_to_has_a_meaning_and_each_reason_stands_in_the_house_s_order():
    assert set(REASONS) <= set(Reason)
    assert set(REASONS) <= set(MEANINGS)


def test_editors_know_every_word_of_a_test():
    test = rule_schema()["$defs"]["test"]["properties"]
    assert {"with", "expect_also"} <= set(test)
    [listed] = [each for each in test["given"]["anyOf"] if each["type"] == "array"]
    assert {"consent", "held_out", "join"} <= set(listed["items"]["properties"])


def test_the_command_tells_as_json_what_was_withheld_and_which_rules_were_played(tmp_path: Path):
    rule = SENDS + (
        "tests:\n  - {name: x, given: 'a reply of STOP, then a purchase', expect: {withheld: hello}, with: all live rules}\n"
    )
    for name, text in {**small_shop.files_of(rule), **FIRST}.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["test", str(tmp_path / "shop"), "--json"])
    told = next(each for each in json.loads(result.stdout)["cases"] if each["rule"] == "example")
    assert told["passed"]
    assert sorted(told["rules"]) == ["example", "first"]
    assert {(each["what"], each["because"], each["rule"]) for each in told["withheld"]} == {
        ("hello", "opted_out", "example"),
        ("free_loaf", "opted_out", "first"),
    }
