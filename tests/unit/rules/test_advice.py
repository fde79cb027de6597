"""What is right and perhaps not meant."""

from pathlib import Path

import pytest

from rules.advice import ADVISORS, advise
from rules.loader import load_merchant
from tests.unit.rules import small_shop

GOOD = """
rule: example
status: live
when: {stamp_card_completed: bread}
then: [{give: free_loaf}, {send: free_loaf}]
limits: {cool_down: 7 days}
tests: [{name: a, given: 7 purchases of bread, expect: [{give: free_loaf}, {send: free_loaf}]}]
"""
ROOT = Path(__file__).parents[3]


def told(rule: str, other: str = "") -> list[str]:
    more = {"rules/other.yaml": other} if other else {}
    loaded = small_shop.load(rule, more=more)
    assert loaded.ok, [problem.render() for problem in loaded.problems]
    return [f"{p.file}:{p.line} {p.message} | {p.hint}" for p in advise(loaded)]


def with_(words: str, rule: str = GOOD) -> str:
    return f"{rule}{words}\n"


ASKED = GOOD.replace("when: {stamp_card_completed: bread}", "when: purchase\nonce_per: month")


def test_there_is_no_advice_on_a_good_rule():
    assert told(GOOD) == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (GOOD.replace("status: live\n", ""), "this rule has no `status`, and so is a draft: it does nothing"),
        (GOOD.replace("cool_down: 7 days", "hold_out: 100%"), "`hold_out: 100%` holds everybody out"),
        (GOOD[: GOOD.index("tests")], "example runs and has no tests"),
        (
            GOOD.replace(
                "when: {stamp_card_completed: bread}", "when: purchase\nif: [{visits: {at_least: 5}}]"
            ).replace("limits: {cool_down: 7 days}\n", ""),
            "nothing of its own limits these messages: once per purchase",
        ),
        (ASKED.replace("\nonce_per: month", ""), "this rule always fires: at each purchase of each customer"),
        (with_("if: [{visits: {at_least: 5}}, {visits: {at_most: 3}}]", ASKED), "`visits` contradicts that of line 9"),
        (with_("if: [{stage: new}, {stage: [lapsed]}]", ASKED), "`stage` contradicts that of line 9"),
        (with_("if: [{weekday: monday}, {weekday: [tuesday, friday]}]", ASKED), "`weekday` contradicts that of line 9"),
        (
            with_("if: [{spend: {at_least: 50 EUR}}, {all: [{spend: {less_than: 20 EUR}}]}]", ASKED),
            "`spend` contradicts",
        ),
        (with_("if: [{visits: {at_least: 1}}]", ASKED), "`visits` is always true here"),
        (with_("if: [{store: [dok-noord, korenmarkt]}]", ASKED), "`store` is always true here"),
        (
            with_("if: [{weekday: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]}]", ASKED),
            "always true",
        ),
        (
            with_("if: [{stage: new}]").replace("stamp_card_completed: bread", "lapsing: {}"),
            "at `lapsing` the stage is lapsing",
        ),
        (
            with_("if: [{stage: lapsed}]").replace("stamp_card_completed: bread", "lapsed: {}"),
            "`stage` is always true here",
        ),
        (
            with_("if: [{visits: {at_least: 12}}]").replace("stamp_card_completed: bread", "visits_reached: 10"),
            "at visit number 10 there are no 12 visits yet",
        ),
        (
            with_("if: [{basket_has: {category: flowers}}]", ASKED),
            'about the category "flowers": does the till call it so?',
        ),
    ],
)
def test_what_is_perhaps_not_meant_is_told_once(rule: str, said: str):
    [found] = [each for each in told(rule) if said in each]
    assert found.split(" | ")[1], "there is something to do about it"


def test_two_rules_that_say_the_same_are_told_at_the_later_one():
    [found] = told(GOOD, GOOD.replace("rule: example", "rule: other").replace("description", "x"))
    assert found.startswith("rules/other.yaml:2 other is the same rule as example: both fire, and both give")


def test_two_rules_that_write_to_the_same_customers_are_told_with_which_goes_first():
    other = GOOD.replace("rule: example", "rule: other").replace(
        "{send: free_loaf}]\n", "{send: hello}]\npriority: 90\n"
    )
    other = other.replace("{send: free_loaf}]}]", "{send: hello}]}]")
    [found] = told(GOOD, other)
    assert "other and example write to the same customers on the same occasion" in found
    assert "other goes first, example waits." in found


def test_rules_whose_conditions_keep_them_apart_do_not_overlap():
    other = GOOD.replace("rule: example", "rule: other").replace("{send: free_loaf}]\n", "{send: hello}]\n")
    assert told(with_("if: [{visits: {less_than: 20}}]"), with_("if: [{visits: {at_least: 20}}]", other)) == []


def test_each_advisor_says_what_it_looks_for():
    assert all(advisor.__doc__ and len(advisor.__doc__) > 10 for advisor in ADVISORS)
    assert len({type(advisor) for advisor in ADVISORS}) == len(ADVISORS)


def test_the_rules_that_we_ship_need_no_advice():
    for folder in sorted((ROOT / "config" / "merchants").iterdir()):
        assert [problem.render() for problem in advise(load_merchant(folder))] == []


def test_files_with_mistakes_get_no_advice_before_these_are_mended():
    assert advise(small_shop.load("rule: x\nwhen: purchas\nthen: [{tag: a}]\n")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules/wrong.yaml": "rule: wrong\nwhen: purchas\nthen: [{tag: a}]\n"},
        {"templates/nl/hello.j2": "Hallo {{ nobody.name }}! Stop? Antwoord STOP"},
    ],
)
def test_a_mistake_in_one_file_keeps_no_advice_on_another_back(wrong: dict[str, str]):
    """A folder is seldom free of mistakes while somebody works in it."""
    loaded = small_shop.load(GOOD[: GOOD.index("tests")], more=wrong)
    assert not loaded.ok
    assert [each.message for each in advise(loaded)] == ["example runs and has no tests"]


def test_without_a_program_that_can_be_read_nothing_is_advised():
    assert advise(small_shop.load(GOOD[: GOOD.index("tests")], small_shop.PROGRAM + "currencie: EUR\n")) == []
