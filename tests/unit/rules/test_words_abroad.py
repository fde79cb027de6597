"""Words as they come to mind in a shop's own language: the right one is found, wherever the wrong one stands."""

import pytest

from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.triggers import TRIGGERS
from rules.program.loader import SECTIONS
from rules.rule_reader import LIMITS, TIMING
from rules.rule_reader import WORDS as RULE_WORDS
from rules.testing.cases import KINDS
from rules.testing.steps import STEPS
from rules.yaml.abroad import WORDS
from stamgast.domain.vocabulary import OncePer, RuleStatus, Stage
from tests.unit.rules import small_shop

BASE = "rule: example\nwhen: purchase\nthen: [{tag: seen}]\n"
RULES = {
    "rule": BASE + "WORD: 3\n",
    "when": "rule: example\nwhen: {WORD: 3}\nthen: [{tag: seen}]\n",
    "if": BASE + "if: [{WORD: 3}]\n",
    "then": "rule: example\nwhen: purchase\nthen: [{WORD: 3}]\n",
    "send": "rule: example\nwhen: purchase\nthen: [{send: hello, WORD: sms}]\n",
    "once_per": BASE + "once_per: WORD\n",
    "stage": BASE + "if: [{stage: WORD}]\n",
    "weekday": BASE + "if: [{weekday: WORD}]\n",
    "bounds": BASE + "if: [{visits: {WORD: 3}}]\n",
    "status": BASE + "status: WORD\n",
    "limits": BASE + "limits: {WORD: 3}\n",
    "timing": BASE + "timing: {WORD: 3}\n",
    "expect": BASE + "tests: [{name: x, given: a purchase, expect: [{WORD: seen}]}]\n",
    "given": BASE + "tests: [{name: x, given: [{WORD: bread}], expect: [{tag: seen}]}]\n",
    "tests": BASE + "tests: [{name: x, given: a purchase, expect: [{tag: seen}], WORD: other}]\n",
}
DUTCH = """
rule:wanneer=when rule:als=if rule:dan=then rule:grenzen=limits rule:proeven=tests rule:anders=otherwise rule:begint=starts
when:aankoop=purchase when:verjaardag=birthday when:geantwoord=replied when:gekocht=bought when:beloning_verloopt_over=reward_expires_in
when:niet_gezien=not_seen_for when:elke=every when:binnengekomen=entered when:niveau_veranderd=tier_changed when:lid_geworden=joined
if:leeftijd=age if:bonbedrag=basket_total if:laatste_bezoek=last_visit if:toestemming=consent if:doelgroep=segment if:herkomst=source
then:stuur=send then:geef=give then:stempels_toevoegen=add_stamps then:wachten=wait send:tenzij=unless send:later=after
once_per:klant=customer once_per:maand=month stage:verloren=lapsed weekday:dinsdag=tuesday bounds:minstens=at_least status:actief=live
limits:afkoelperiode=cool_down limits:controlegroep=hold_out timing:buiten_tijd=if_outside expect:stuur=send expect:tegengehouden=withheld
given:aankoop=purchase given:inwisselen=redeem given:toestemming=consent tests:samen_met=with
"""
FRENCH = """
rule:quand=when rule:si=if rule:alors=then rule:limites=limits rule:essais=tests rule:sinon=otherwise rule:jusqu_au=ends
when:achat=purchase when:anniversaire=birthday when:répondu=replied when:acheté=bought when:récompense_expire_dans=reward_expires_in
when:absent_depuis=not_seen_for when:chaque=every when:entre_dans=entered when:changement_de_niveau=tier_changed when:inscrit=joined
if:âge=age if:montant_du_panier=basket_total if:dernière_visite=last_visit if:consentement=consent if:groupe_de_clients=segment if:provenance=source
then:envoyer=send then:donner=give then:ajouter_tampons=add_stamps then:attendre=wait send:sauf_si=unless send:après=after
once_per:client=customer once_per:mois=month stage:perdu=lapsed weekday:mardi=tuesday bounds:au_moins=at_least status:actif=live
limits:pause=cool_down limits:groupe_témoin=hold_out timing:en_dehors=if_outside expect:envoyer=send expect:retenu=withheld
given:achat=purchase given:encaisser=redeem given:consentement=consent tests:avec=with
"""
GERMAN = """
rule:wenn=if rule:wann=when rule:dann=then rule:grenzen=limits rule:prüfungen=tests rule:sonst=otherwise rule:endet=ends
when:kauf=purchase when:geburtstag=birthday when:geantwortet=replied when:gekauft=bought when:gutschein_läuft_ab=reward_expires_in
when:nicht_gesehen=not_seen_for when:jede=every when:betritt=entered when:stufe_gewechselt=tier_changed when:angemeldet=joined
if:alter=age if:warenkorbwert=basket_total if:letzter_besuch=last_visit if:einwilligung=consent if:zielgruppe=segment if:herkunft=source
then:senden=send then:gib=give then:stempel_hinzufügen=add_stamps then:warten=wait send:es_sei_denn=unless send:später=after
once_per:kunde=customer once_per:monat=month stage:verloren=lapsed weekday:dienstag=tuesday bounds:mindestens=at_least status:aktiv=live
limits:ruhezeit=cool_down limits:kontrollgruppe=hold_out timing:außerhalb=if_outside expect:schicken=send expect:zurückgehalten=withheld
given:kauf=purchase given:einlösen=redeem given:einwilligung=consent tests:zusammen_mit=with
"""
CASES = [
    (language, where, *rest.split("="))
    for language, words in (("nl", DUTCH), ("fr", FRENCH), ("de", GERMAN))
    for where, rest in (each.split(":") for each in words.split())
]


@pytest.mark.parametrize(("_language", "where", "word", "meant"), CASES)
def test_the_word_that_was_meant_is_found(_language: str, where: str, word: str, meant: str):
    problems = small_shop.load(RULES[where].replace("WORD", word)).problems
    hints = [each.hint for each in problems if f'Did you mean "{meant}"?' in each.hint]
    assert hints, [each.render() for each in problems]


def test_there_are_more_than_thirty_of_each_language():
    for language in ("nl", "fr", "de"):
        assert sum(each[0] == language for each in CASES) >= 30


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("kaarten", "cards"), ("cartes", "cards"), ("karten", "cards"),
        ("niveaus", "tiers"), ("paliers", "tiers"), ("stufen", "tiers"),
        ("doelgroepen", "segments"), ("zielgruppen", "segments"), ("gebeurtenissen", "events"),
        ("beloningen", "rewards"), ("récompenses", "rewards"), ("belohnungen", "rewards"),
        ("kosten", "costs"), ("coûts", "costs"), ("preise", "prices"), ("talen", "languages"),
    ],
)  # fmt: skip
def test_sections_of_program_yaml_as_well(word: str, meant: str):
    problems = small_shop.load(program=small_shop.PROGRAM + f"{word}: {{}}\n").problems
    assert any(f'Did you mean "{meant}"?' in each.hint for each in problems), problems


def test_of_every_word_of_the_language_the_foreign_ones_are_known():
    """A new word brings its names in Dutch, French and German (`rules/yaml/abroad.py`)."""
    ours = {
        *TRIGGERS.words, *CONDITIONS.words, *ACTIONS.words, *(each for word in ACTIONS.words.values() for each in word.options),
        *RULE_WORDS, *TIMING, *LIMITS, *KINDS, *STEPS, *SECTIONS, *OncePer, *Stage, *RuleStatus,
    }  # fmt: skip
    assert sorted(ours - WORDS) == []
