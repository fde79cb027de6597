"""Words that are looked for and not there, and words of other languages."""

import re

import pytest

from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.triggers import TRIGGERS
from rules.language.wished import ACTION, CONDITION, TRIGGER, WISHED, instead_of, refusal
from rules.yaml.abroad import WORDS, in_english
from rules.yaml.problems import nearest
from stamgast.domain.vocabulary import OncePer

REAL = {TRIGGER: TRIGGERS.words, CONDITION: CONDITIONS.words, ACTION: ACTIONS.words}
RULES = {
    TRIGGER: "rule: example\nwhen: {{{word}: 3}}\nthen: [{{tag: seen}}]\n",
    CONDITION: "rule: example\nwhen: purchase\nif: [{{{word}: 3}}]\nthen: [{{tag: seen}}]\n",
    ACTION: "rule: example\nwhen: purchase\nthen: [{{{word}: 3}}]\n",
}
EVERY = [(kind, word) for kind, words in WISHED.items() for word in words]


@pytest.mark.parametrize(("kind", "word"), EVERY)
def test_a_word_that_is_not_there_is_said_to_be_missing_and_never_taken_for_another(load, kind: str, word: str):
    if word in REAL[kind]:
        pytest.skip("it has become real")
    [told] = [p for p in load(RULES[kind].format(word=word)).problems if word in p.quoted and p.severity == "error"]
    assert told.message.startswith(f'there is no "{word}"'), told.render()
    assert "Did you mean" not in told.hint
    assert told.hint == WISHED[kind][word]


@pytest.mark.parametrize(("kind", "word"), [(kind, word) for kind, words in REAL.items() for word in words])
def test_a_word_that_is_there_is_never_called_missing(load, kind: str, word: str):
    assert instead_of(kind, word, REAL[kind]) == ""
    assert refusal(kind, word, REAL[kind], "when") == ("", "")
    assert not [p for p in load(RULES[kind].format(word=word)).problems if "there is no" in p.message]


@pytest.mark.parametrize(("kind", "word"), EVERY)
def test_what_is_written_instead_is_made_of_words_that_are_there(kind: str, word: str):
    written = " ".join(re.findall(r"`([^`]+)`", WISHED[kind][word]))
    for name in re.findall(r"when: \{?([a-z_]+)", written):
        assert name in TRIGGERS.words
    for name in re.findall(r"if: \[\{([a-z_]+)", written):
        assert name in CONDITIONS.words


@pytest.mark.parametrize(
    ("word", "kind", "english"),
    [
        ("aankoop", TRIGGER, "purchase"),
        ("achat", TRIGGER, "purchase"),
        ("Einkauf", TRIGGER, "purchase"),
        ("stempelkaart-vol", TRIGGER, "stamp_card_completed"),
        ("terugbetaald", TRIGGER, "refunded"),
        ("bezoeken", CONDITION, "visits"),
        ("visites", CONDITION, "visits"),
        ("Besuche", CONDITION, "visits"),
        ("bezoekn", CONDITION, "visits"),
        ("winkel", CONDITION, "store"),
        ("magasin", CONDITION, "store"),
        ("weekdag", CONDITION, "weekday"),
        ("klantwaarde", CONDITION, "clv"),
        ("stuur", ACTION, "send"),
        ("envoyer", ACTION, "send"),
        ("geef", ACTION, "give"),
        ("Gutschein", ACTION, "give"),
        ("donner", ACTION, "give"),
    ],
)
def test_words_in_dutch_french_and_german_find_the_one_that_was_meant(load, word: str, kind: str, english: str):
    [told] = [p for p in load(RULES[kind].format(word=word)).problems if word in p.quoted and p.severity == "error"]
    assert f'Did you mean "{english}"?' in told.hint


@pytest.mark.parametrize(
    ("word", "english"),
    [("wanneer", "when"), ("quand", "when"), ("wenn", "if"), ("als", "if"), ("dan", "then"), ("alors", "then")],
)
def test_so_do_the_words_that_a_rule_is_made_of(load, word: str, english: str):
    text = f"rule: example\nwhen: purchase\nthen: [{{tag: seen}}]\n{word}: purchase\n"
    [told] = load(text).problems
    assert f'Did you mean "{english}"?' in told.hint


def test_a_customer_is_what_a_rule_can_be_once_per_of():
    assert nearest("klant", OncePer) == "customer"
    assert in_english("klant", ["visits"]) == ""


def test_no_word_of_rules_is_taken_for_another_one():
    for word in WORDS:
        assert in_english(word, [word]) in {"", word}
        assert nearest(word, WORDS) == word
