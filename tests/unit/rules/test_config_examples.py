"""The merchants and the words that we ship with are right themselves."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from channels.render import render_text, render_variables
from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.registry import Word
from rules.language.triggers import TRIGGERS
from rules.loader import load_bundle, load_merchant
from rules.schema import rule_schema
from stamgast.domain.message_words import WORDS, message_variables
from stamgast.domain.sms_parts import as_sent, count_parts
from stamgast.domain.units import DAY
from stamgast.domain.vocabulary import Letters
from stamgast.programs.rule_tests import run_tests
from tests.schemas import validate
from tests.unit.rules.plain_data import data_of
from tests.unit.rules.small_shop import (
    CALL_BACK,
    NEXT_PRODUCT,
    WITH_EXPIRY,
    WITH_FRIENDS,
    WITH_GOODS,
    WITH_QUESTION,
    WITH_STAFF,
    files_of,
)

MERCHANTS = sorted((Path(__file__).parents[3] / "config/merchants").iterdir())
RULES = [path for merchant in MERCHANTS for path in sorted((merchant / "rules").iterdir())]
KEPT_WORDS = Path(__file__).parents[2] / "golden/state/conditions.json"
WORD_CLASSES: list[Word[Any]] = [
    word for registry in (TRIGGERS, CONDITIONS, ACTIONS) for word in registry.words.values()
]


@pytest.mark.parametrize("merchant", MERCHANTS, ids=lambda path: path.name)
def test_a_merchant_we_ship_has_nothing_wrong_with_it(merchant: Path):
    loaded = load_merchant(merchant)
    assert [problem.render() for problem in loaded.problems] == []
    assert loaded.ok


@pytest.mark.parametrize("merchant", MERCHANTS, ids=lambda path: path.name)
def test_every_rule_we_ship_has_tests_and_passes_them(merchant: Path):
    loaded = load_merchant(merchant)
    results = run_tests(loaded)
    assert [(each.case.rule, each.case.name, each.missing) for each in results if not each.passed] == []
    assert {each.case.rule for each in results} == set(loaded.rules.by_id)


@pytest.mark.parametrize("path", RULES, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_the_schema_for_editors_takes_what_we_ship(path: Path):
    validate(data_of(path.read_text()), rule_schema())


def test_the_schema_itself_is_one():
    jsonschema.Draft202012Validator.check_schema(rule_schema())


@pytest.mark.parametrize(
    "text",
    [
        "rule: a\nwhen: purchase\nthen: [{tag: x}]\nstatsu: live",
        "rule: a\nwhen: purchased\nthen: [{tag: x}]",
        "rule: a\nwhen: {stamp_card_reaches: bread}\nthen: [{tag: x}]",
        "rule: a\nwhen: purchase\nthen: [{sned: x}]",
        "rule: a\nwhen: purchase\nthen: [{tag: x}]\nif: [{visits: 3}]",
        "rule: a\nwhen: purchase\nthen: [{tag: x}]\nlimits: {budget: 3 euros a month}",
        "rule: a\nwhen: purchase",
    ],
)
def test_the_schema_underlines_what_check_refuses(text: str):
    with pytest.raises(jsonschema.ValidationError):
        validate(data_of(text), rule_schema())


@pytest.mark.parametrize("word", WORD_CLASSES, ids=lambda word: word.name)
def test_the_example_in_each_words_documentation_is_right(word: Word[Any]):
    assert word.meaning().endswith(".")
    assert "Example" not in word.meaning()
    example = word.example()
    assert word.name in example
    rule = "rule: example\n" + ("" if "when:" in example else "when: purchase\n") + example + "\n"
    rule += "" if "then:" in example else "then: [{tag: seen}]\n"
    if word.name == "send":
        rule += "  - give: free_loaf\n"
        rule = rule.replace("[whatsapp, sms]", "[whatsapp]")
    if word.name == "ask":
        rule = rule.replace("[whatsapp, sms]", "[sms]")
    if word.name == "recommend":
        rule = rule.replace("[whatsapp, sms]", "[sms]")
    shops = {
        "notify": (WITH_STAFF, CALL_BACK),
        "recommend": (WITH_GOODS, NEXT_PRODUCT),
        "referred": (WITH_FRIENDS, {}),
        "stamps_expiring": (WITH_EXPIRY, {}),
    }
    program, texts = shops.get(word.name, (WITH_QUESTION, {}))
    loaded = load_bundle(files_of(rule, program, **texts))
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    validate(data_of(rule), rule_schema())


def test_what_a_condition_is_called_in_counters_stays_as_it_is():
    """Who words one otherwise makes `verify` find every shop unequal that has counted under the old words."""
    said = {}
    for name, word in CONDITIONS.words.items():
        example = word.example()
        when = "" if "when:" in example else "when: purchase\n"
        rule = f"rule: example\n{when}{example}\nthen: [{{tag: seen}}]\n"
        loaded = load_bundle(files_of(rule, WITH_QUESTION))
        said[name] = list(loaded.rules.by_id["example"].said)
    if os.environ.get("STAMGAST_GOLDEN") == "write":
        KEPT_WORDS.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    assert said == json.loads(KEPT_WORDS.read_text()), (
        "a new condition: STAMGAST_GOLDEN=write; another wording: not at all"
    )


@pytest.mark.parametrize("merchant", MERCHANTS, ids=lambda path: path.name)
@pytest.mark.parametrize("first_name", ["", "Noor"])
def test_every_template_we_ship_can_be_filled_and_fits_the_shop(merchant: Path, first_name: str):
    program = load_merchant(merchant).program
    card = next(iter(program.cards))
    reward = next(iter(program.rewards))
    data = {"code": "3-ABCDEFGH23456722", "reward": reward, "valid_until": 400 * DAY, "card": card, "stamps": {card: 5}}
    for template in program.templates.values():
        for language in program.languages:
            words = message_variables(program, data, language, first_name=first_name)
            if template.whatsapp:
                values = render_variables(
                    template.variables, words, template=template.id, locale=language, longest=1_600
                )
                assert all(values.values())
            text = render_text(template.sms[language], words, template=template.id, locale=language, longest=1_600)
            assert text.startswith(program.name)
            assert "STOP" in text
            assert first_name in text
            assert "  " not in text
            assert count_parts(text).count == 1, "the shipped texts cost one part"


@pytest.mark.parametrize("merchant", MERCHANTS, ids=lambda path: path.name)
@pytest.mark.parametrize("name", ["Zoë", "Łukasz", "François", "Noor"])
def test_every_text_we_ship_costs_one_part_whatever_people_are_called(merchant: Path, name: str):
    program = load_merchant(merchant).program
    card, reward = next(iter(program.cards)), next(iter(program.rewards))
    data = {"code": "3-ABCDEFGH23456722", "reward": reward, "valid_until": 400 * DAY, "card": card, "stamps": {card: 5}}
    for template in program.templates.values():
        for language, source in template.sms.items():
            words = message_variables(program, data, language, first_name=name)
            text = render_text(source, words, template=template.id, locale=language, longest=1_600)
            assert as_sent(text, Letters.PLAIN)[1].count == 1


def test_messages_speak_of_nothing_they_do_not_have():
    program = load_merchant(MERCHANTS[0]).program
    assert message_variables(program, {}, "nl", card_link="") == {
        "customer": {"first_name": "", "name": ""},
        "merchant": {"name": program.name},
    }


def test_every_word_of_messages_can_be_filled():
    program = load_merchant(MERCHANTS[0]).program
    data = {"code": "X", "reward": "free_loaf", "valid_until": 0, "card": "bread", "stamps": {"bread": 5}}
    data |= {"expires_on": 364}
    data |= {"staff": "eva", "customer": "c1"}
    data |= {"alert": "rule_paused", "about": "win-back", "how": "failed", "mark": "1", "found": 30, "of": 100}
    data |= {"recommended": ["BUTTER-250", "Butter"], "referral": "05K7P-M4XQ9"}
    words = message_variables(program, data, "fr", first_name="Noor", name="Noor de Wit")
    assert {thing: tuple(found) for thing, found in words.items()} == dict(WORDS)
    assert words["voucher"] == {"code": "X", "long_code": "X", "name": "Un pain gratuit", "valid_until": "1/1/1970"}
    assert words["card"] == {"stamps": "5", "size": "7", "missing": "2", "name": "Bread", "expires_on": "31/12/1970"}
