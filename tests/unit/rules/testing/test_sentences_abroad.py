"""A test told in the shop's own language: the message proposes the very same sentence in English."""

import pytest

from tests.unit.rules.small_shop import RULE, load

SENTENCES = {
    "7 aankopen van bread, één per dag vanaf 2026-10-01 08:00": "7 purchases of bread, one per day from 2026-10-01 08:00",
    "zeven aankopen van bread, elke dag vanaf 2026-10-01 om 08:00, dan gaan er 40 dagen voorbij": (
        "7 purchases of bread, one per day from 2026-10-01 at 08:00, then 40 days pass"
    ),
    "een aankoop van 12,40 EUR in korenmarkt op 2026-10-01, daarna een terugbetaling van de laatste na 2 uur": (
        "a purchase of 12,40 EUR at korenmarkt on 2026-10-01, then a refund of the last after 2 hours"
    ),
    "de klant schrijft zich in zonder toestemming": "the customer joins without consent",
    "een aankoop, dan trekt de klant": "",
    "De klant trekt zijn toestemming in voor marketing via sms": "the customer takes back consent to marketing by sms",
    "de klant zit in de controlegroep, dan een aankoop": "the customer is held out, then a purchase",
    "de klant krijgt een free_loaf, dan wordt de laatste bon ingewisseld": (
        "a free_loaf is given, then the last voucher is redeemed"
    ),
    "de verjaardag van de klant is 10-21": "the customer's birthday is 10-21",
    "un achat de 12.40 EUR à korenmarkt, puis 40 jours passent": "a purchase of 12.40 EUR at korenmarkt, then 40 days pass",
    "3 achats de bread, un par jour à partir du 2026-10-01 08:00, puis un remboursement du dernier": (
        "3 purchases of bread, one per day from 2026-10-01 08:00, then a refund of the last"
    ),
    "le client s'inscrit": "the customer joins",
    "le client retire son consentement": "the customer takes back consent",
    "un free_loaf est offert, puis le dernier bon est utilisé après 2 jours": (
        "a free_loaf is given, then the last voucher is redeemed after 2 days"
    ),
    "7 Einkäufe von bread, einer pro Tag ab 2026-10-01 08:00, dann vergehen 40 Tage": (
        "7 purchases of bread, one per day from 2026-10-01 08:00, then 40 days pass"
    ),
    "ein Einkauf, dann eine Erstattung des letzten nach 3 Stunden": (
        "a purchase, then a refund of the last after 3 hours"
    ),
    "der Kunde widerruft seine Einwilligung": "the customer takes back consent",
    "eine Antwort von STOP": "a reply of STOP",
    "der Kunde ist in der Kontrollgruppe, dann ein Kauf": "the customer is held out, then a purchase",
}
LIMITED = RULE.replace("- tag: seen", "- send: hello") + "limits: {hold_out: 10%}\n"


def problem_of(given: str) -> str:
    loaded = load(f"{LIMITED}tests:\n  - name: abroad\n    given: {given}\n    expect: [{{nothing: true}}]\n")
    return "\n".join(each.render() for each in loaded.problems if each.severity == "error")


@pytest.mark.parametrize(("said", "english"), SENTENCES.items())
def test_the_same_sentence_in_english_is_proposed_and_can_be_read(said: str, english: str) -> None:
    told = problem_of(said)
    if not english:
        assert "is not understood" in told
        assert "Write it in English" not in told, "what is only half understood is not proposed"
        return
    assert f'Write it in English: "{english}".' in told
    assert problem_of(english) == ""
