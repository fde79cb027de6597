"""In a rule's test the customer joins by writing JOIN, as they would from a poster or by a friend's code."""

import json

import pytest

from stamgast.programs.rule_tests import TestResult, run_tests
from tests.unit.rules import small_shop

POSTER = "rule: example\nstatus: live\nwhen: joined\nif: [{source: bread}]\nthen: [{tag: seen}]\n"
WELCOME = "rule: example\nstatus: live\nwhen: joined\nthen: [{send: hello, by: [sms]}]\n"
BUYS = "rule: example\nstatus: live\nwhen: purchase\nthen: [{tag: seen}]\n"
FRIENDS = small_shop.PROGRAM + "referral: {reward: free_loaf, friend_reward: coffee, join: plain}\n"
SEEN, NOTHING = "[{tag: seen}]", "[{nothing: true}]"


def played(rule: str, given: str, expect: str, program: str = small_shop.PROGRAM) -> TestResult:
    test = f"tests: [{{name: x, given: {given if given[0] == '[' else json.dumps(given)}, expect: {expect}}}]\n"
    loaded = small_shop.load(rule + test, program)
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    [result] = run_tests(loaded)
    return result


@pytest.mark.parametrize(
    ("given", "expect"),
    {
        "by a code": ("the customer writes 'JOIN BREAD'", SEEN),
        "as a step": ("[{reply: {text: meedoen bread aub}, at: 2026-10-01 09:00}]", SEEN),
        "by another code": ("the customer writes 'JOIN plain', then the customer writes 'ja'", NOTHING),
        "by no code of the shop's": ("the customer writes 'JOIN bred'", NOTHING),
        "a second time": ("the customer replies 'JOIN BREAD', then the customer replies 'JOIN BREAD'", SEEN),
        "who had joined": ("the customer joins from flyer, then the customer writes 'JOIN BREAD'", NOTHING),
        "who had bought": ("2 purchases, then the customer writes 'JOIN BREAD'", SEEN),
    }.values(),
)
def test_who_writes_join_joins_from_its_source(given: str, expect: str):
    result = played(POSTER, given, expect)
    assert result.passed, (result.missing, result.unexpected, result.happened)


def test_what_is_to_be_confirmed_wants_a_yes():
    asked = "the customer writes 'JOIN PLAIN'"
    assert played(WELCOME, asked, NOTHING).passed
    assert played(WELCOME, f"{asked}, then the customer writes 'nee', then the customer writes 'ja'", NOTHING).passed
    assert played(WELCOME, f"{asked}, then the customer writes 'Ja graag'", "[{send: hello}]").passed


def test_they_agree_to_what_stands_beside_the_code_over_the_channel_on_which_they_wrote():
    over_whatsapp = "the customer writes 'JOIN BREAD' by whatsapp"
    assert played(WELCOME, over_whatsapp, "[{withheld: hello, because: no_consent}]").passed
    assert played(WELCOME, "the customer writes 'JOIN BREAD' by sms", "[{send: hello}]").passed


def test_by_a_friends_code_they_are_given_what_a_friend_is_given():
    given = "the customer writes 'JOIN 05K7P-M4XQ9', then the customer writes 'ja', then a purchase"
    result = played(BUYS, given, "[{tag: seen}, {give: coffee}]", FRIENDS)
    assert result.passed, (result.missing, result.unexpected)
    assert played(BUYS, given, SEEN).passed, "no friends without `referral`"
