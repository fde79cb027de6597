"""Every word that a marketer was promised: it loads, does what it says, and stands in the schema, the pages and the sentence.

The names are those of the tables here and of nothing else: a word that is renamed, or that comes to nothing, is missed here.
"""

from pathlib import Path

import pytest

from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.triggers import TRIGGERS
from rules.loader import LoadedMerchant, load_bundle
from rules.program.loader import SECTIONS
from rules.program_keys.program import PROGRAM as KEYS
from rules.read_back import read_back
from rules.schema import rule_schema
from rules.yaml.source import Source, read_yaml
from stamgast.programs.rule_tests import run_tests
from tests.schemas import validate
from tests.unit.rules import small_shop
from tests.unit.rules.plain_data import data_of

PAGE = (Path(__file__).parents[4] / "docs/rules.md").read_text()
SEEN, NOTHING = "[{tag: seen}]", "[{nothing: true}]"
THREE, ONE = "3 purchases of bread, one per day from 2026-10-01 12:30", "a purchase of bread on 2026-10-01 12:30"

TRIGGERED = {
    "purchase": ("purchase", ONE),
    "refunded": ("refunded", f"{ONE}, then a refund of the last"),
    "joined": ("joined", "the customer joins on 2026-10-01 09:00"),
    "visits_reached": ("{visits_reached: 3}", THREE),
    "spend_reached": ("{spend_reached: {amount: 25 EUR, in: 12 months}}", THREE),
    "clv_passed": ("{clv_passed: 15 EUR}", THREE),
    "not_seen_for": ("{not_seen_for: 30 days}", f"{ONE}, then 40 days pass"),
    "became_at_risk": ("became_at_risk", f"{THREE}, then 400 days pass"),
    "lapsing": ("lapsing", f"{THREE}, then 400 days pass"),
    "lapsed": ("lapsed", f"{THREE}, then 400 days pass"),
    "won_back": ("won_back", f"{THREE}, then 400 days pass, then a purchase"),
    "birthday": ("{birthday: {before: 1 week}}", "the customer's birthday is 03-01, then 90 days pass"),
    "anniversary": ("{anniversary: {before: 2 days}}", "the customer joins on 2026-03-01, then 370 days pass"),
    "stamp_card_completed": (
        "{stamp_card_completed: bread}",
        "7 purchases of bread, one per day from 2026-10-01 12:30",
    ),
    "stamp_card_reaches": ("{stamp_card_reaches: {bread: 3}}", THREE),
    "stamps_expiring": ("{stamps_expiring: slow}", f"{THREE}, then 340 days pass"),
    "reward_given": ("{reward_given: free_loaf}", "a free_loaf is given"),
    "reward_expires_in": ("{reward_expires_in: 3 days}", "a free_loaf is given, then 31 days pass"),
    "reward_redeemed": ("reward_redeemed", "a free_loaf is given, then the last voucher is redeemed after 2 hours"),
    "reward_expired": ("reward_expired", "a free_loaf is given, then 40 days pass"),
    "bought": ("{bought: {product: RYE-800, time: first}}", "a purchase of RYE-800"),
    "tier_changed": ("{tier_changed: {to: silver}}", "a purchase of 300 EUR"),
    "entered": ("{entered: regulars}", THREE),
    "left": ("{left: regulars}", f"{THREE}, then a refund of the last"),
    "replied": ("{replied: {keyword: help}}", "a reply of help"),
    "event": ("{event: workshop}", "an event workshop"),
    "answered": (
        "{answered: {question: visit, score: {at_least: 9}}}",
        "a purchase, then the customer is asked visit, then the customer replies '9!'",
    ),
    "referred": ("referred", "a friend buys for 20 EUR"),
    "every": ("{every: {week: monday}}\nonce_per: customer", "a purchase on 2026-10-01 12:30, then 9 days pass"),
    "campaign": ("{campaign: {spread: 3 hours}}", f"{ONE}, then the campaign starts, then 1 day passes"),
    "drawn": ("{drawn: {draw: december, won: true}}", "the customer wins coffee in december on 2026-12-27 12:00"),
    "on": ("{on: 2026-10-05 10:00}", "a purchase on 2026-10-01 12:30, then 9 days pass"),
}
"""Trigger -> how a rule begins with it, and what makes it fire."""

ASKED = {
    "last_visit": (
        "{last_visit: {at_least: 30 days}}",
        "replied",
        f"{ONE}, then 40 days pass, then a reply",
        f"{ONE}, then a reply",
    ),
    "hour": ('{hour: "12:00-13:00"}', "", ONE, "a purchase on 2026-10-01 15:30"),
    "date": ("{date: 2026-10-01}", "", ONE, "a purchase on 2026-10-02 12:30"),
    "weekday": ("{weekday: thursday}", "", ONE, "a purchase on 2026-10-02 12:30"),
    "basket_total": ("{basket_total: {at_least: 25 EUR}}", "", "a purchase of 30 EUR", "a purchase of 20 EUR"),
    "basket_has": ("{basket_has: {category: bread}}", "", ONE, "a purchase of cheese"),
    "store": ("{store: korenmarkt}", "", "a purchase at korenmarkt", "a purchase at dok-noord"),
    "bought": ("{bought: {category: bread, within: 30 days}}", "", ONE, "a purchase of cheese"),
    "spend": ("{spend: {at_least: 100 EUR, in: 12 months}}", "", "a purchase of 120 EUR", "a purchase of 20 EUR"),
    "visits": ("{visits: {at_least: 3, in: 90 days}}", "", THREE, ONE),
    "stage": ("{stage: won_back}", "", f"{THREE}, then 400 days pass, then a purchase", ONE),
    "tier": ("{tier: [silver, gold]}", "", "2 purchases of 300 EUR, one per day from 2026-10-01 12:30", ONE),
    "stamps": ("{stamps: {bread: {at_least: 3}}}", "", THREE, ONE),
    "has_reward": ("{has_reward: free_loaf}", "", "a free_loaf is given, then a purchase", ONE),
    "tag": ("{tag: seen}", "", "", ONE),
    "language": ("{language: nl}", "", ONE, ""),
    "source": ("{source: flyer}", "", "the customer joins from flyer on 2026-10-01 09:00, then a purchase", ONE),
    "age": ("{age: {at_least: 90 days}}", "", f"{ONE}, then 200 days pass, then a purchase", ONE),
    "joined": (
        "{joined: {at_least: 30 days}}",
        "",
        "the customer joins on 2026-10-01 09:00, then 40 days pass, then a purchase",
        "the customer joins on 2026-10-01 09:00, then a purchase",
    ),
    "consent": ("{consent: marketing}", "", ONE, ""),
    "clv": ("{clv: {at_least: 15 EUR}}", "", THREE, ONE),
    "segment": ("{segment: regulars}", "", THREE, ONE),
    "last_message": ("{last_message: {at_least: 60 days}}", "", "", ""),
    "percent": ("{percent: 50%}", "", "", ""),
    "churn_probability": ("{churn_probability: {at_least: 0%}}", "", "", ONE),
    "feed": ("{feed: healthy}", "", ONE, "the feed is stale, then a purchase"),
    "feedback": (
        "{feedback: {question: visit, at_most: 6, within: 30 days}}",
        "replied",
        "a purchase, then the customer is asked visit, then the customer replies '3'",
        "a purchase, then the customer is asked visit, then the customer replies '7'",
    ),
    "referrals": (
        "{referrals: {at_least: 2}}",
        "",
        "2 friends buy, then a purchase",
        "a friend buys, then a purchase",
    ),
    "has_entered": (
        "{has_entered: december}",
        "replied",
        "the customer wins nothing in december on 2026-12-27 12:00, then a reply",
        f"{ONE}, then a reply",
    ),
    "event_has": ("{event_has: {topic: bread}}", "{event: workshop}", "", "an event workshop"),
}
"""Condition -> how it is written, beside which trigger (purchase where nothing is said), when it holds, when it does not.

What no rule's test can say (nothing stands there) is in test_condition_words.py.
"""

DONE = {
    "send": ("[{send: hello}]", "[{send: hello}]"),
    "give": ("[{give: coffee}]", "[{give: coffee}]"),
    "add_stamps": ("[{add_stamps: {rewarded: 2}}]", "[{add_stamps: rewarded}]"),
    "tag": (SEEN, SEEN),
    "set_tier": ("[{set_tier: gold, for: 1 year}]", "[{set_tier: gold}]"),
    "notify": ("[{notify: call_back, to: anna}]", "[{notify: call_back}]"),
    "recommend": ("[{recommend: next_product, instead: best_seller}]", "[{withheld: next_product}]"),
    "ask": ("[{ask: visit}]", "[{send: hello}]"),
    "enter_draw": ("[{enter_draw: december, entries: 2}]", "[{enter_draw: december}]"),
    "instant_win": ("[{instant_win: wheel}]", "[{enter_draw: wheel}]"),
    "wait": ("[{wait: 3 days}, {tag: seen}]", "[{tag: seen, on: 2026-10-04}]"),
}
"""Action -> what a rule does, and what its test expects then."""
QUESTIONS = "feed: {stale_after: 2 days}\nquestions: {visit: {template: hello, answer: score}}\nreferral: true\n"
SECTIONS_PROMISED = (
    "draws",
    "questions",
    "topics",
    "join",
    "recommend",
    "referral",
    "segments",
    "tiers",
    "prices",
    "staff",
    "audiences",
    "campaigns",
    "budget",
    "events",
    "watch",
    "launch",
    "measure",
)


def load(when: str, then: str = SEEN, more: str = "", tests: str = "") -> LoadedMerchant:
    rule = f"rule: example\nstatus: live\nwhen: {when}\n{more}then: {then}\n{tests}"
    program = small_shop.WITH_STAFF.replace(
        "cards: {", "cards: {slow: {stamps: 12, expires: {after: 1 year, warned: 30 days}}, "
    )
    program = program.replace("  hello: {}\n", "  hello: {}\n  next_product: {}\n") + small_shop.DRAWS
    files = small_shop.files_of(rule, program + QUESTIONS, **small_shop.CALL_BACK, **small_shop.NEXT_PRODUCT)
    loaded = load_bundle(files)
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    validate(data_of(rule), rule_schema())
    return loaded


def played(when: str, given: str, expect: str, then: str = SEEN, more: str = "") -> tuple[str, ...]:
    """What is missing of what is expected, and what happened beyond it."""
    test = f'tests: [{{name: x, given: "{given}", expect: {expect}}}]\n'
    [result] = run_tests(load(when, then, more, test))
    return (*result.missing, *result.unexpected)


def aloud(loaded: LoadedMerchant) -> str:
    root = read_yaml(Source("rule", loaded.files["rules/example.yaml"]))
    return read_back(root, loaded.rules.all[0], loaded.program)  # type: ignore[arg-type]


def test_no_trigger_condition_or_action_is_left_out_here():
    assert set(TRIGGERED) == set(TRIGGERS.words)
    assert set(ASKED) == set(CONDITIONS.words)
    assert set(DONE) == set(ACTIONS.words)


@pytest.mark.parametrize("word", TRIGGERED)
def test_a_trigger_fires(word: str):
    when, given = TRIGGERED[word]
    assert word in when
    missing = played(when, given, "[{tag: seen}]", more="" if "once_per" in when else "once_per: customer\n")
    assert missing == ()


@pytest.mark.parametrize(("word", "holds"), [(word, holds) for word in ASKED for holds in (True, False)])
def test_a_condition_tells_apart(word: str, holds: bool):
    condition, when, yes, no = ASKED[word]
    given = yes if holds else no
    more = f"once_per: customer\nif: [{condition}]\n"
    if not given:
        assert load(when or "purchase", more=more).ok
    else:
        assert played(when or "purchase", given, SEEN if holds else NOTHING, more=more) == ()


@pytest.mark.parametrize("word", DONE)
def test_an_action_is_done(word: str):
    then, expect = DONE[word]
    given = f"{ONE}, then 5 days pass"
    assert played("purchase", given, expect, then, "once_per: customer\n") == ()


@pytest.mark.parametrize("word", [*TRIGGERED, *ASKED, *DONE])
def test_a_word_is_documented_and_read_aloud(word: str):
    assert f"### {word}\n" in PAGE
    for registry, table in ((TRIGGERS, TRIGGERED), (CONDITIONS, ASKED), (ACTIONS, DONE)):
        if word in table:
            assert all(registry.words[word].says[language] for language in ("nl", "fr", "de", "en"))
    if word in DONE:
        assert aloud(load("purchase", DONE[word][0]))


GROUPS = {
    "any": ("{any: [{visits: {at_least: 9}}, {hour: '12:00-13:00'}]}", True),
    "all": ("{all: [{visits: {at_least: 9}}, {hour: '12:00-13:00'}]}", False),
    "none": ("{none: [{visits: {at_least: 9}}, {hour: '12:00-13:00'}]}", False),
}


@pytest.mark.parametrize("group", GROUPS)
def test_conditions_are_combined(group: str):
    condition, holds = GROUPS[group]
    assert played("purchase", ONE, SEEN if holds else NOTHING, more=f"if: [{condition}]\n") == ()


def test_a_rule_does_otherwise_several_things_later_and_to_some():
    more = "once_per: customer\nif: [{visits: {at_least: 9}}]\notherwise: [{tag: newcomer}]\n"
    assert played("purchase", ONE, "[{tag: newcomer}]", more=more) == ()
    then = "[{send: hello, by: [sms], after: 2 days, unless: purchase}, {tag: seen}]"
    assert (
        played("purchase", f"{ONE}, then 5 days pass", "[{tag: seen}, {send: hello}]", then, "once_per: customer\n")
        == ()
    )
    assert load("purchase", "[{send: {a: hello, b: hello}}]").rules.all[0].actions[0].ways  # type: ignore[union-attr]


@pytest.mark.parametrize("section", SECTIONS_PROMISED)
def test_a_section_of_program_yaml_is_read_and_documented(section: str):
    assert section in SECTIONS
    assert section in KEYS
    assert f"### `{section}`\n" in PAGE
