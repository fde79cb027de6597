"""What a reply means: STOP, START, HELP, CARD, in Dutch, French, German and English.

Case, accents, punctuation and emoji are ignored; a word never counts inside another. In doubt a reply is a STOP, and
never a START: one that is missed writes to somebody who said no, one that is heard wrongly costs a message.

- STOP: a wish to end it, in one word or several, with nothing beside it but politeness and what is meant ("Ik wil me
  graag afmelden", "schrijf me uit", "stop stop"); at the beginning of at most four words ("stop met brood"); at the
  beginning of a sentence about messages ("STOP please don't text me"); no more messages ("geen berichten meer graag");
  or any of these in the first line, above a signature.
- START: the whole message. HELP: that, or the first of at most four words. CARD: the whole message but for politeness.

What the carrier itself recognised (`OptOutType`) wins.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

from channels.model import Keyword

_MOST_WORDS: Final = 4
MOST_OF_A_SENTENCE: Final = 12


def _set(*lists: str) -> frozenset[str]:
    return frozenset(word for words in lists for word in words.split())


STOP_WORDS: Final = _set(
    "stop stoppen stopzetten afmelden afmelding uitschrijven uitschrijving opzeggen",
    "arret arrete arretez arreter desabonner desabonnez desabonnement desinscrire desinscrivez desinscription resilier",
    "stopp stoppt stoppe abmelden abmeldung abbestellen austragen kundigen",
    "stopall stopsms unsubscribe optout revoke",
)
STOP_ALONE: Final = _set("cancel end quit") | {"opt out"}
"""Ordinary words in a longer message ("end of the week"), and one keyword of two words."""
STOP_IN_WORDS: Final = tuple(
    frozenset(phrase.split())
    for line in (
        "meld af, schrijf uit, hou op, houd op, laat rust, verwijder, haal lijst, niet contacteren",
        "laissez tranquille, laisse tranquille, foutez paix, supprimez, retirez, enlevez, cessez",
        "melden ab, melde ab, tragen aus, trag aus, lassen in ruhe, lasst in ruhe, horen auf, hor auf",
        "loschen, losche, nehmen liste, streichen liste",
        "remove, delete, take off, leave alone, opt out, fuck off, piss off, get lost",
    )
    for phrase in line.split(", ")
)
"""A wish to end it that takes several words, or a word that means it beside nothing else ("verwijder mijn nummer")."""
BESIDE: Final = _set(
    "ik wil me mij graag nu aub alsjeblieft alstublieft svp even hierbij meteen direct wens zou willen kan u jullie je",
    "van voor met de het deze die dit dank bedankt mvg hoor maar gewoon toch a b s v p",
    "kunt kun kunnen wilt willen mag uit op mijn nummer gegevens lijst hier mee daarmee ook verder ermee",
    "je veux voudrais souhaite me moi mon merci de des du la le les vous nous maintenant sil plait vos n m d l s il",
    "veuillez pouvez pourriez votre liste numero listes en tout suite mes coordonnees",
    "ich mochte will mich bitte sofort danke vom von den die das euch ihr jetzt hiermit",
    "sie mir mein meine nummer aus der liste eurer ihrer konnen konnt damit einfach endlich uns zu",
    "please pls plz i want to wanna would like now thanks thank you me the this it all just from your ok okay do",
    "can could my number list lists off out us these those any kindly immediately hi hello dear data details",
)
"""What may stand beside a wish to stop."""
MESSAGES: Final = _set(
    "bericht berichten berichtje berichtjes sms smsje smsjes smsen appen app apps appjes whatsapp mail mails mailen",
    "reclame reclames sturen stuur spam ontvangen krijgen aanbiedingen nieuwsbrief lastig vallen horen",
    "message messages texto textos sms envoyer envoyez envoi pub pubs publicite publicites menvoyer mecrire ecrire",
    "ecrivez mecrivez nenvoyez recevoir offres",
    "nachricht nachrichten schicken schickt senden sendet schreiben schreibt werbung erhalten bekommen horen angebote",
    "text texts texting txt messaging send sending contact contacting marketing promotions ads notifications write",
    "receive receiving get getting message offers spam hear sms writing",
)
NO_WORDS: Final = _set(
    "geen niet niks niets",
    "pas aucun aucune ne plus rien nenvoyez",
    "keine kein keinen nicht nichts",
    "no not dont never without nothing",
)
MORE: Final = _set("meer", "plus", "mehr", "more anymore again longer")
_NEVER_WANTED: Final = _set("reclame reclames spam pub publicite werbung", "contact message text spam ads marketing")
"""With a no of its own it needs no "more": "geen reclame aub", "do not contact me"."""
_ELSEWHERE: Final = _set("by in over at there motion", "bij langs", "bei", "licht plaats")
"""After "stop" they make it a place or a visit: "stop by tomorrow?"."""
_SPELT: Final = frozenset({"stop"})
"""However it is broken up: S.T.O.P."""
START_WORDS: Final = _set("start unstop aanmelden reprendre anmelden")
_HELP: Final = _set("help info hulp aide hilfe")
_CARD: Final = _set("kaart klantenkaart spaarkaart stempelkaart carte karte stempelkarte treuekarte card stampcard")
_BESIDE_CARD: Final = _set(
    "mijn graag aub alstublieft svp a u b", "mon ma sil vous plait s v p", "meine mein bitte", "my please"
)

JOINING: Final = "-'\u2019\u2010\u2011"
"""Hyphens and apostrophes: opt-out is one word, and "désinscrivez-moi" two. Both readings are tried for a STOP."""

_BY_TYPE: Final = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}


def read_keyword(text: str, opt_out_type: str = "") -> Keyword:
    """The keyword of a reply; `opt_out_type` is what the carrier said it was, if it said so."""
    known = _BY_TYPE.get(opt_out_type.strip().upper())
    if known is not None:
        return known
    words = words_of(text, joining=JOINING)
    if not words:
        return Keyword.NONE
    if _says_stop(text) or _says_stop(text.strip().partition("\n")[0]):
        return Keyword.STOP
    if len(words) == 1 and words[0] in START_WORDS:
        return Keyword.START
    if words[0] in _CARD | _BESIDE_CARD and _asks_for_card(words):
        return Keyword.CARD
    return Keyword.HELP if len(words) <= _MOST_WORDS and words[0] in _HELP else Keyword.NONE


def _asks_for_card(words: Sequence[str]) -> bool:
    cards = sum(word in _CARD for word in words)
    return cards == 1 and len(words) <= MOST_OF_A_SENTENCE and all(w in _CARD or w in _BESIDE_CARD for w in words)


def _says_stop(text: str) -> bool:
    joined, apart = words_of(text, joining=JOINING), words_of(text, joining="")
    return "".join(apart) in _SPELT or _is_stop(joined) or _is_stop(apart)


def _is_stop(words: Sequence[str]) -> bool:
    if not words:
        return False
    if " ".join(words) in STOP_ALONE:
        return True
    if len(words) > MOST_OF_A_SENTENCE:
        return False
    others = [word for word in words if word not in STOP_WORDS]
    if len(others) < len(words) and all(word in BESIDE or word in MESSAGES for word in others):
        return True
    if words[0] in STOP_WORDS and (len(words) == 1 or words[1] not in _ELSEWHERE):
        return len(words) <= _MOST_WORDS or any(word in MESSAGES for word in others)
    return _wants_no_more(words) or _wishes_it_in_words(words)


def _wants_no_more(words: Sequence[str]) -> bool:
    said = set(words)
    if said - NO_WORDS - MORE - MESSAGES - BESIDE or not said & NO_WORDS:
        return False
    return bool(said & MORE and said & MESSAGES) or bool(said & _NEVER_WANTED)


def _wishes_it_in_words(words: Sequence[str]) -> bool:
    said = set(words)
    return any(
        phrase <= said and not said - phrase - BESIDE - MESSAGES and not (said - phrase) & NO_WORDS
        for phrase in STOP_IN_WORDS
    )


def words_of(text: str, *, joining: str = "") -> list[str]:
    """Words in plain letters and digits; what is none of these separates, unless it joins."""
    kept = []
    for character in unicodedata.normalize("NFKD", text.casefold()):
        if character.isalnum():
            kept.append(character)
        elif not (unicodedata.combining(character) or unicodedata.category(character) == "Cf" or character in joining):
            kept.append(" ")
    return "".join(kept).split()
