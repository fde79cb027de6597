"""STOP must be heard in four languages, and never heard where nobody said it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.keywords import read_keyword
from channels.model import Keyword

STOP = [
    # Dutch
    "STOP", "stop", " Stop! ", "stop.", "Stop 🙏", "🛑 STOP", "STOP\n", "stop aub", "Stop met sms graag", "AFMELDEN",
    "afmelden graag", "uitschrijven", "stoppen", "Graag afmelden", "Ik wil me afmelden", "ik wil mij graag uitschrijven",
    "Stop met berichten sturen alsjeblieft", "STOP-SMS", "STOP STOP", "stop stop stop stop stop", "afmelden svp",
    "Geen berichten meer graag", "stuur me geen sms meer", "Stop met mij lastig vallen met die berichten", "stop nu!!!",
    "Graag stoppen met deze sms", "afmelding", "opzeggen", "stopzetten aub", "ik wil stoppen", "stop whatsapp",
    # French
    "Arrêt", "arrêter svp", "Arrêtez svp", "Désabonner", "DÉSINSCRIRE", "résilier", "Désinscription",
    "je veux me désabonner", "Arrêtez de m'envoyer des messages", "stop s'il vous plaît", "stop sms merci",
    "Je souhaite me désinscrire", "plus de messages svp, ne m'envoyez plus de sms", "désabonnement", "stop pub",
    "désinscrivez-moi", "Désinscrivez moi svp", "je voudrais arrêter",
    # German
    "abmelden", "Stopp!", "Austragen bitte", "bitte abmelden", "Ich möchte mich abmelden", "abbestellen",
    "Bitte keine Nachrichten mehr", "keine SMS mehr bitte", "Stopp bitte keine Werbung", "Abmeldung", "kündigen",
    "Bitte stoppen", "stop bitte", "Stoppt die Nachrichten bitte", "ich will keine Werbung mehr",
    # English
    "unsubscribe", "STOPALL", "opt-out", "Opt out", "optout", "cancel", "END", "quit.", "Please stop", "please stop now",
    "STOP please don't text me", "stop sending me messages", "Stop texting me please", "I want to unsubscribe",
    "No more texts please", "don't text me again", "Please unsubscribe me", "just stop", "stop it", "stop now thanks",
    "Unsubscribe me from your messages", "stop all messages", "Revoke", "please do not send me more messages",
    # without any of the usual words, or with them broken up
    "Kunt u mij uitschrijven?", "Kunt u mij afmelden aub", "Wilt u me uitschrijven", "Meld me af",
    "Meld mij maar af aub", "Schrijf me uit", "Schrijf me a.u.b. uit", "Stuur me niks meer",
    "Stuur mij niets meer alstublieft", "Ik wil niets meer ontvangen", "Ik wil geen berichten meer ontvangen",
    "Ik wil geen sms'jes meer krijgen", "Geen reclame aub", "Verwijder mijn nummer", "Verwijder mij uit jullie lijst",
    "Haal me van de lijst", "Laat me met rust", "Hou op", "Hou op met die berichten", "Hou hier mee op",
    "Niet meer sturen", "Niet meer appen", "S.T.O.P.", "S T O P", "Je ne veux plus recevoir de messages",
    "Je ne veux plus recevoir vos sms", "Ne m'envoyez plus rien", "Ne m'écrivez plus", "Laissez-moi tranquille",
    "Supprimez mon numéro", "Retirez-moi de votre liste", "Plus de pub svp", "Merci de me désinscrire",
    "Merci de ne plus m'écrire", "Cessez de m'envoyer des messages", "Veuillez me désabonner", "Melden Sie mich ab",
    "Melde mich bitte ab", "Bitte schicken Sie mir nichts mehr", "Ich möchte keine Nachrichten mehr erhalten",
    "Ich möchte nichts mehr bekommen", "Lassen Sie mich in Ruhe", "Hören Sie auf", "Hör auf mir zu schreiben",
    "Löschen Sie meine Nummer", "Bitte nehmen Sie mich aus der Liste", "Können Sie mich abmelden?", "Remove me",
    "Remove me from your list", "Take me off your list", "Take me off this list please", "Please remove my number",
    "Delete my number", "Leave me alone", "I don't want to receive any more messages",
    "I no longer want these messages", "Do not contact me", "Don't message me", "Can you unsubscribe me?",
    "Opt me out", "I want to opt out",
    "STOP\n\nVerstuurd vanaf mijn iPhone", "stop\n-- \nNoor de Vries", "Please do not contact me", "geen spam",
    # odd letters
    "\uff33\uff34\uff2f\uff30", "st\u00adop",
]  # fmt: skip
NO_STOP = [
    # Dutch
    "", "   ", "🎉", "Ik stop niet met jullie brood eten hoor", "nonstop lekker", "stoplicht", "Tot het einde", "bedankt!",
    "Wanneer kan ik stoppen met sparen voor brood?", "Ik wil me niet afmelden", "Waar kan ik stoppen met de auto?",
    "bij de bushalte stop ik even", "aanmelden voor de workshop", "Ik kom morgen het brood halen", "stop langs morgen?",
    "Hebben jullie geen brood meer?", "geen krentenbollen meer vandaag?", "Ik kan niet meer komen vandaag",
    "Ons kind stopt nooit met praten over de taart", "mijn afspraak afmelden van morgen, ik kom donderdag",
    # French
    "Je n'arrête pas de manger votre pain", "l'arrêt de bus est devant chez vous", "Merci beaucoup!",
    "à quelle heure fermez-vous?", "il n'y a plus de pain?", "reprendre un café demain", "non stop délicieux",
    "vous êtes ouverts à l'arrêt Louise?", "Je ne veux pas me désabonner", "plus de pain pour samedi?",
    # German
    "endlich", "Gibt es keine Brötchen mehr?", "Ich will mich nicht abmelden", "Wo ist die Bushaltestelle?",
    "ohne Stopp durch die Stadt", "Danke, bis morgen", "Mein Kind kann nicht stoppen zu essen", "anmelden zum Kurs",
    "Haben Sie morgen nicht offen?", "Ich melde mich morgen",
    # English
    "bus stop", "please don't stop", "cancel my order", "end of the week", "quit smoking today", "stop by tomorrow?",
    "stop in later?", "where is the nearest stop", "I can't stop eating your bread", "non-stop service", "no more bread?",
    "is there no more coffee", "the end is near", "unstoppable", "what time do you stop serving lunch",
    "start of the season menu?", "I would like more bread", "Do you send bread by mail?", "we stopped at your shop",
    "no thanks", "not today", "don't forget my order", "opting for cheese",
    # with words of a wish to stop
    "Meld je af voor de workshop?", "Kunt u mijn afspraak afmelden", "Hoe laat houden jullie op?",
    "Laat me weten hoe laat", "Verwijder de noten uit mijn bestelling", "Mijn nummer is 0612345678",
    "Zet mij op de lijst", "Ik heb niks meer gehoord", "Stuur mij het recept", "Kunnen jullie mij het recept sturen",
    "Is er niks meer over?", "Je ne peux pas venir", "Recevez-vous du pain demain?",
    "Ich melde mich ab morgen wieder", "Rufen Sie mich an",
    "Can you take me off the waiting list for saturday, and put me on sunday", "Remove the nuts please",
    "I would like to receive messages", "Ik wil graag berichten ontvangen", "Ik wil meer berichten ontvangen",
    "Leave it at the door", "Stuur me meer berichten", "stuur mij graag meer reclame", "Can you send me my number",
    "Ik heb geen bericht ontvangen", "Zet mijn nummer op de lijst",
]  # fmt: skip


@pytest.mark.parametrize("text", STOP)
def test_a_wish_to_stop_is_heard(text):
    assert read_keyword(text) is Keyword.STOP


@pytest.mark.parametrize("text", NO_STOP)
def test_what_is_no_wish_to_stop_is_left_alone(text):
    assert read_keyword(text) is Keyword.NONE


@pytest.mark.parametrize(
    "text",
    [
        "Aanmelden voor de workshop", "start of the week", "Start maar vast zonder mij", "reprendre demain", "unstop me",
        "Anmelden bitte", "can I start?", "aanmelden graag", "START STOP", "niet aanmelden",
    ],
)  # fmt: skip
def test_a_start_in_a_sentence_lifts_no_stop(text):
    assert read_keyword(text) is not Keyword.START


@pytest.mark.parametrize("text", ["START", "unstop", "aanmelden", "Reprendre", "ANMELDEN!"])
def test_start_is_heard(text):
    assert read_keyword(text) is Keyword.START


@pytest.mark.parametrize("text", ["help", "INFO", "hulp?", "aide", "Hilfe!"])
def test_help_is_heard(text):
    assert read_keyword(text) is Keyword.HELP


CARD = [
    "KAART", "kaart", "Kaart!", "mijn kaart", "Mijn kaart aub", "kaart a.u.b.", "klantenkaart", "stempelkaart", "KAART 🙂",
    "CARTE", "ma carte svp", "carte s'il vous plaît", "Karte", "Meine Karte bitte", "Stempelkarte", "card", "my card please",
    "\u202bKAART\u202c", "\uff2b\uff21\uff21\uff32\uff34",
]  # fmt: skip
NO_CARD = [
    "kaart kwijt", "ik ben mijn kaart kwijt", "menukaart", "Kan ik met de kaart betalen?", "kaart kaart", "carte bancaire",
    "la carte du restaurant", "Postkarte", "business card", "do you take cards", "mijn", "my", "graag", "kaart!" * 1_000,
]  # fmt: skip


@pytest.mark.parametrize("text", CARD)
def test_who_asks_for_the_card_is_heard(text):
    assert read_keyword(text) is Keyword.CARD


@pytest.mark.parametrize("text", NO_CARD)
def test_a_card_in_a_sentence_asks_for_none(text):
    assert read_keyword(text) is Keyword.NONE


def test_a_stop_beside_a_card_is_a_stop():
    assert read_keyword("stop kaart") is Keyword.STOP


def test_what_the_carrier_recognised_wins_over_the_text():
    assert read_keyword("bedankt", "STOP") is Keyword.STOP
    assert read_keyword("stop", "START") is Keyword.START
    assert read_keyword("stop", "SOMETHING_NEW") is Keyword.STOP


@given(st.text(max_size=200))
def test_any_text_has_a_reading(text):
    assert read_keyword(text) in Keyword


@given(st.lists(st.sampled_from(["stop", "brood", "afmelden", "graag", "nu"]), min_size=5, max_size=20))
def test_a_longer_message_about_something_else_is_never_taken_for_a_keyword(words):
    assert read_keyword(" ".join([*words, "brood"])) is Keyword.NONE
