"""Each rule read back as one sentence in the shop's language."""

from pathlib import Path

import pytest

from rules.advice.rule_text import rule_texts
from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.spoken import LANGUAGES
from rules.language.triggers import TRIGGERS
from rules.loader import load_merchant
from rules.read_back import ONCE, SAID, read_back
from rules.yaml.nodes import Mark, ScalarNode
from stamgast.domain.vocabulary import OncePer
from tests.unit.rules import small_shop

WORDS = [*TRIGGERS.words.values(), *CONDITIONS.words.values(), *ACTIONS.words.values()]
ROOT = Path(__file__).parents[3]


def said(rule: str, language: str = "nl") -> str:
    program = small_shop.PROGRAM.replace("languages: [nl]", f"languages: [{language}]").replace(
        "{nl: ", f"{{{language}: "
    )
    loaded = small_shop.load(rule, program, {f"templates/{language}/hello.j2": small_shop.HELLO})
    [text] = rule_texts(loaded, "")
    return read_back(text.root, text.rule, loaded.program)


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_each_word_has_its_part_of_a_sentence_in_all_four_languages(word):
    assert set(word.says) == set(LANGUAGES)
    assert all(part.strip() for part in word.says.values())
    for language in LANGUAGES:
        assert "x" in word.read_back(ScalarNode("x", "x", Mark(1, 1)), language) or "{value}" not in word.says[language]


def test_so_has_what_is_said_beside_the_words():
    assert all(set(part) == set(LANGUAGES) for part in SAID)
    assert set(ONCE) == set(OncePer)


RULE = """
rule: example
status: canary 5%
when: {stamp_card_reaches: {bread: 5}}
once_per: card
if: [{visits: {at_least: 3}}, {any: [{store: dok-noord}, {weekday: [tuesday, wednesday]}]}, {none: [{stage: lapsed}]}]
then: [{give: free_loaf}, {tag: {add: regular, remove: newcomer}}]
limits: {cool_down: 7 days, messages: 500 per day, hold_out: 10%}
"""


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "nl",
            (
                "Zodra de kaart bread 5 stempels heeft, en als de klant minstens 3 keer kwam, (het in dok-noord was of het "
                "dinsdag of woensdag is) en niet geldt dat de klant weggebleven is: geef Een brood en geef het label regular "
                "en neem het label newcomer weg; eens per kaart, voor 5% van de klanten, hoogstens een bericht per 7 dagen, "
                "samen hoogstens 500 berichten per dag, 10% krijgt ter vergelijking geen bericht."
            ),
        ),
        (
            "fr",
            (
                "Dès que la carte bread a 5 tampons, et si le client est venu au moins 3 fois, (c'était à dok-noord ou c'est "
                "mardi ou mercredi) et il n'est pas vrai que le client est perdu : donner Een brood et donner l'étiquette "
                "regular et retirer l'étiquette newcomer; une fois par carte, pour 5% des clients, au plus un message par "
                "7 jours, au plus 500 messages par jour en tout, 10% ne reçoivent rien, pour comparer."
            ),
        ),
        (
            "de",
            (
                "Sobald die Karte bread 5 Stempel hat, und wenn der Kunde mindestens 3 Mal da war, (das in dok-noord war oder "
                "es Dienstag oder Mittwoch ist) und nicht gilt, dass der Kunde weggeblieben ist: Een brood geben und das "
                "Etikett regular geben und das Etikett newcomer wegnehmen; einmal pro Karte, für 5% der Kunden, höchstens "
                "eine Nachricht pro 7 Tage, zusammen höchstens 500 Nachrichten pro Tag, 10% bekommen zum Vergleich keine "
                "Nachricht."
            ),
        ),
        (
            "en",
            (
                "As soon as the bread card has 5 stamps, and if the customer came at least 3 times, (it was at dok-noord or "
                "it is tuesday or wednesday) and it is not so that the customer is lapsed: give Een brood and give the tag "
                "regular and take the tag newcomer away; once per card, for 5% of the customers, at most one message per "
                "7 days, at most 500 messages a day in all, 10% get no message, for comparison."
            ),
        ),
    ],
)
def test_a_rule_is_read_back_in_the_language_of_the_shop(language: str, sentence: str):
    assert said(RULE, language) == sentence


def test_a_shop_of_another_language_hears_english():
    assert said(small_shop.RULE, "pl").startswith("As soon as a customer buys something: give the tag seen")


def test_every_rule_we_ship_is_read_back():
    for folder in sorted((ROOT / "config" / "merchants").iterdir()):
        loaded = load_merchant(folder)
        sentences = [read_back(text.root, text.rule, loaded.program) for text in rule_texts(loaded, "")]
        assert len(sentences) == len(loaded.rules.all)
        assert all(each.startswith("Zodra ") and "{" not in each for each in sentences)


LATER = """
rule: example
status: live
when: purchase
if: [{visits: {at_least: 3}}]
then: [{send: hello, after: 3 days, unless: [purchase, refunded]}, {wait: 1 week}, {tag: seen}]
otherwise: [{send: {a: hello, b: hello}}]
"""


def test_what_comes_later_or_otherwise_is_read_back_too():
    assert said(LATER, "en") == (
        "As soon as a customer buys something, and if the customer came at least 3 times: send the message hello 3 days "
        "later (not if meanwhile a customer buys something or a customer gets money back), then wait 1 week and give the "
        "tag seen; otherwise send the message hello or hello; once per purchase."
    )


@pytest.mark.parametrize(
    ("when", "condition", "part"),
    [
        ("purchase", "visits: {at_least: 3, in: 90 days}", "en als de klant minstens 3 keer kwam (in 90 dagen):"),
        ("purchase", "spend: {at_least: 9 EUR, in: 1 year}", "en als de klant minstens 9 EUR besteedde (in 1 jaar):"),
        ("purchase", "joined: true", "en als de klant zich heeft aangemeld:"),
        ("purchase", "joined: false", "en als de klant zich niet heeft aangemeld:"),
        ("purchase", "has_reward: true", "en als de klant nog een beloning heeft:"),
        ("purchase", "has_reward: false", "en als de klant geen beloning meer heeft:"),
        ("purchase", "date: 2026-12-20 to 2027-01-02", "en als het 2026-12-20 t/m 2027-01-02 is:"),
        ("{event: workshop}", "event_has: {first_time: true}", "(first_time ja)"),
        (
            "{tier_changed: {to: gold, way: up}}",
            "visits: {at_least: 2}",
            "van niveau verandert (naar gold, alleen omhoog)",
        ),
        ("{bought: {category: bread, time: first}}", "visits: {at_least: 2}", "(categorie bread, keer: de eerste)"),
        ("{anniversary: {of: first_visit}}", "visits: {at_least: 2}", "(sinds het eerste bezoek)"),
        ("{reward_expires_in: {in: 3 days, reward: coffee}}", "visits: {at_least: 2}", "(in 3 dagen, beloning coffee)"),
    ],
)
def test_words_that_stand_after_a_word_are_said_in_the_language_too(when: str, condition: str, part: str):
    assert part in said(f"rule: example\nwhen: {when}\nif: [{{{condition}}}]\nthen: [{{tag: seen}}]\n")
