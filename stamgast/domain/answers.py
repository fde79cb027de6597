"""What the house itself answers when somebody writes a word that it knows, in its four languages.

These are no templates of a shop: they are sent inside the window that the customer's own message has opened, as free
text, so nobody has to approve of them. Whatever a customer wrote is in none of them.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from stamgast.domain.calendar import date_of
from stamgast.domain.program import Program
from stamgast.domain.templates import Template
from stamgast.domain.units import HOUR, MINUTE, Day, Millis
from stamgast.domain.validity import last_day
from stamgast.domain.voucher_codes import short_of

ANSWER: Final = "answer"
"""The word in our texts, and the purpose of these messages: they were asked for, so nobody is asked for consent."""
WELCOME: Final = "welcome"
"""In the data of an answer to JOIN: the template of the shop's whose text it is."""
REQUEST: Final = "request"
"""In the data of a code: what it is for. The code itself is made when the message is."""
RUN_OUT: Final = "run_out"
"""In the data of an answer: card -> the last day of its stamps, once somebody was warned."""
_OURS: Final = f"{ANSWER}/"
"""No template of a shop's begins so."""
LIFE: Final[Millis] = 4 * HOUR
"""Who asked is answered soon or not at all; well within the window of any channel."""
CODE_LIFE: Final[Millis] = 10 * MINUTE
"""So long a code that somebody asked for is believed."""
MOST_SHOWN: Final = 3
"""Cards, and vouchers, that one answer tells of."""
MOST_PARTS: Final = 8
"""SMS parts that an answer may take: names may be long, or in letters of their own."""
_LONGEST: Final = 40
"""Letters of a name in it."""
_OTHERWISE: Final = "en"


class Asked(StrEnum):
    """What somebody asks with a word; the values are keywords of a reply."""

    CARD = "card"
    HELP = "help"
    LEAVE = "leave"
    RETURN = "return"
    JOIN = "join"
    CODE = "code"
    """By no word, but on a page of theirs."""


ABOUT_TOPICS: Final[frozenset[str]] = frozenset({Asked.LEAVE, Asked.RETURN})
UNHEARD_BY_RULES: Final[frozenset[str]] = ABOUT_TOPICS | {Asked.JOIN}
"""What the house obeys by itself, as it does STOP and START: it is no reply that sets off a rule."""

_NAMED: Final[Mapping[str, str]] = {
    "nl": "{{ merchant.name }}: {{ answer.text }}",
    "fr": "{{ merchant.name }} : {{ answer.text }}",
    "de": "{{ merchant.name }}: {{ answer.text }}",
    "en": "{{ merchant.name }}: {{ answer.text }}",
}
_TEXTS: Final[Mapping[Asked, Mapping[str, str]]] = {
    Asked.CARD: _NAMED,
    Asked.LEAVE: _NAMED,
    Asked.RETURN: _NAMED,
    Asked.JOIN: {
        "nl": "{{ merchant.name }}: je bent erbij! Stuur KAART voor je stempels en tegoeden, STOP voor geen "
        "berichten meer.",
        "fr": "{{ merchant.name }} : c'est fait ! Envoyez CARTE pour vos tampons et vos bons, STOP pour ne plus "
        "recevoir de messages.",
        "de": "{{ merchant.name }}: Sie sind dabei! KARTE zeigt Stempel und Gutscheine, STOP beendet alle Nachrichten.",
        "en": "{{ merchant.name }}: you are in! Send CARD for your stamps and vouchers, STOP for no more messages.",
    },
    Asked.CODE: {
        "nl": "{{ merchant.name }}: {{ answer.text }} is je code. Geef hem aan niemand. Niet zelf gevraagd? Dan "
        "gebeurt er niets.",
        "fr": "{{ merchant.name }} : {{ answer.text }} est votre code. Ne le donnez à personne. Pas demandé ? Alors "
        "rien ne se passe.",
        "de": "{{ merchant.name }}: {{ answer.text }} ist Ihr Code. Geben Sie ihn niemandem. Nicht angefordert? Dann "
        "geschieht nichts.",
        "en": "{{ merchant.name }}: {{ answer.text }} is your code. Give it to nobody. Did not ask for it? Then "
        "nothing happens.",
    },
    Asked.HELP: {
        "nl": "Dit is {{ merchant.name }}. Stuur KAART voor je stempels en tegoeden, STOP voor geen berichten meer. "
        "Andere vragen? Vraag het in de winkel.",
        "fr": "Ici {{ merchant.name }}. Envoyez CARTE pour vos tampons et vos bons, STOP pour ne plus recevoir de "
        "messages. D'autres questions ? Demandez au magasin.",
        "de": "Hier ist {{ merchant.name }}. KARTE zeigt Stempel und Gutscheine, STOP beendet alle Nachrichten. "
        "Andere Fragen? Fragen Sie im Geschäft.",
        "en": "This is {{ merchant.name }}. Send CARD for your stamps and vouchers, STOP for no more messages. "
        "Anything else? Ask in the shop.",
    },
}
_OF: Final = {
    "nl": "{0} van {1} stempels voor {2}",
    "fr": "{0} tampons sur {1} pour {2}",
    "de": "{0} von {1} Stempeln für {2}",
    "en": "{0} of {1} stamps for {2}",
}
_RUN_OUT: Final = {
    "nl": "{0} (vervallen na {1})",
    "fr": "{0} (expirent après le {1})",
    "de": "{0} (verfallen nach dem {1})",
    "en": "{0} (run out after {1})",
}
_READY: Final = {"nl": "Klaar voor je", "fr": "À vous", "de": "Für dich bereit", "en": "Ready for you"}
_UNTIL: Final = {
    "nl": "{0} (code {1}, t/m {2})",
    "fr": "{0} (code {1}, jusqu'au {2})",
    "de": "{0} (Code {1}, bis {2})",
    "en": "{0} (code {1}, until {2})",
}
_LEFT: Final = {
    "nl": "je krijgt geen berichten meer over {0}. START {0} voor weer wel, STOP voor helemaal geen berichten.",
    "fr": "vous ne recevrez plus de messages sur {0}. START {0} pour en recevoir à nouveau, STOP pour tout arrêter.",
    "de": "keine Nachrichten mehr über {0}. START {0} für wieder welche, STOP für gar keine mehr.",
    "en": "no more messages about {0}. START {0} to get them again, STOP for no messages at all.",
}
_BACK: Final = {
    "nl": "je krijgt weer berichten over {0}. STOP {0} voor niet meer.",
    "fr": "vous recevrez à nouveau des messages sur {0}. STOP {0} pour les arrêter.",
    "de": "wieder Nachrichten über {0}. STOP {0} beendet sie.",
    "en": "you get messages about {0} again. STOP {0} ends them.",
}
_NOT_AGREED: Final = {
    "nl": "je hebt ons nog niet gezegd dat je berichten over {0} wilt. Vraag het in de winkel.",
    "fr": "vous n'avez pas encore demandé de messages sur {0}. Dites-le au magasin.",
    "de": "Nachrichten über {0} sind noch nicht gewünscht. Sagen Sie es im Geschäft.",
    "en": "you have not told us yet that you want messages about {0}. Ask in the shop.",
}
_MORE: Final = {"nl": "en nog {0}", "fr": "et {0} de plus", "de": "und {0} weitere", "en": "and {0} more"}
_NOTHING: Final = {
    "nl": "Je hebt nog geen stempels of tegoeden.",
    "fr": "Vous n'avez pas encore de tampons ni de bons.",
    "de": "Noch keine Stempel und keine Gutscheine.",
    "en": "You have no stamps and no vouchers yet.",
}


def template_of(asked: Asked) -> str:
    """The name under which outbox entries know the answer."""
    return _OURS + asked


def _own(asked: Asked) -> Template:
    texts = _TEXTS[asked]
    return Template(template_of(asked), purpose=ANSWER, sms=texts, parts=MOST_PARTS)


_OWN: Final = {template_of(asked): _own(asked) for asked in Asked}


def own_answer_named(name: str) -> Template | None:
    """One of them, as outbox entries name it."""
    return _OWN.get(name)


def is_answer(template: str) -> bool:
    """Whether a message is one of these."""
    return template.startswith(_OURS)


def answer_variables(program: Program, data: Mapping[str, Any], language: str) -> dict[str, str]:
    """`text` of the answer, in a language; `data` is as `stamgast.service.conversation` makes it."""
    spoken = language[:2] if language[:2] in _OF else _OTHERWISE
    if REQUEST in data:
        return {"text": program.veil.code(str(data[REQUEST]))}
    if "topics" in data:
        return {"text": _about_topics(program, data, language, spoken)}
    lines = [_cards(program, data.get("stamps", {}), data.get(RUN_OUT, {}), language, spoken)]
    lines.append(_vouchers(program, data.get("vouchers", ()), int(data.get("more", 0)), language, spoken))
    return {"text": " ".join(line for line in lines if line) or _NOTHING[spoken]}


def _about_topics(program: Program, data: Mapping[str, Any], language: str, spoken: str) -> str:
    known = [program.topics[each] for each in data["topics"] if each in program.topics]
    names = ", ".join(topic.name(language) for topic in known[:MOST_SHOWN])
    texts = _LEFT if data[ANSWER] == Asked.LEAVE else _BACK if data.get("agreed", True) else _NOT_AGREED
    return texts[spoken].format(names)


def _cards(program: Program, stamps: Mapping[str, int], ends: Mapping[str, Day], language: str, spoken: str) -> str:
    """The cards with something on them, fullest first, with the last day of stamps that run out."""
    cards = [card for card in program.cards.values() if stamps.get(card.id, 0) > 0]
    cards.sort(key=lambda card: (stamps[card.id] * -1_000 // card.stamps_required, card.id))
    told = []
    for card in cards[:MOST_SHOWN]:
        needed, reward = card.comes_next(stamps[card.id])
        words = _OF[spoken].format(stamps[card.id], needed, _reward(program, reward, language) or card.name(language))
        told.append(_RUN_OUT[spoken].format(words, _written(ends[card.id])) if card.id in ends else words)
    return f"{_with_more(told, len(cards) - MOST_SHOWN, spoken)}." if told else ""


def _vouchers(program: Program, vouchers: Sequence[Sequence[Any]], more: int, language: str, spoken: str) -> str:
    told = []
    for code, reward, ends, *own in vouchers:
        day = _written(last_day(program, int(ends)))
        name = _reward(program, str(reward), language) or str(reward)
        known = program.veil.shop_code(own[0]) if own else short_of(code)
        told.append(_UNTIL[spoken].format(name, known, day))
    return f"{_READY[spoken]}: {_with_more(told, more, spoken)}." if told else ""


def _written(day: Day) -> str:
    date = date_of(day)
    return f"{date.day}/{date.month}/{date.year}"


def _with_more(told: Sequence[str], more: int, spoken: str) -> str:
    said = ", ".join(told)
    return f"{said} {_MORE[spoken].format(more)}" if more > 0 else said


def _reward(program: Program, reward_id: str | None, language: str) -> str:
    reward = program.rewards.get(reward_id or "")
    if reward is None:
        return ""
    return (reward.names.get(language) or next(iter(reward.names.values()), reward.id))[:_LONGEST]
