"""How an alert reads, in the languages of the house: what it is about, and why. A shop may write the rest itself."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stamgast.domain.alerts import REFUSED, STALE, STORE_STALE, AlertKind, Broken, Codes, Fails, Stopped
from stamgast.domain.budgets import Of, Per, WhenSpent
from stamgast.domain.calendar import date_of, local_time
from stamgast.domain.currencies import format_money
from stamgast.domain.program import Program
from stamgast.domain.templates import Template
from stamgast.domain.trip_wires import Watched
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel, Purpose

MOST_PARTS: Final = 3
"""SMS parts that one in our own words may take: a shop's name and a rule's id may be long."""
_OTHERWISE: Final = "en"
_OURS: Final = "staff/"
"""No template of a shop's begins so."""
_TEXTS: Final[Mapping[AlertKind, Mapping[str, str]]] = {
    AlertKind.RULE_PAUSED: {
        "nl": "{{ merchant.name }}: regel {{ alert.about }} staat op pauze. {{ alert.why }}.",
        "fr": "{{ merchant.name }} : la règle {{ alert.about }} est en pause. {{ alert.why }}.",
        "de": "{{ merchant.name }}: Regel {{ alert.about }} pausiert. {{ alert.why }}.",
        "en": "{{ merchant.name }}: rule {{ alert.about }} is paused. {{ alert.why }}.",
    },
    AlertKind.BUDGET_SPENT: {
        "nl": "{{ merchant.name }}: budget op, {{ alert.about }}. {{ alert.why }}.",
        "fr": "{{ merchant.name }} : budget épuisé, {{ alert.about }}. {{ alert.why }}.",
        "de": "{{ merchant.name }}: Budget verbraucht, {{ alert.about }}. {{ alert.why }}.",
        "en": "{{ merchant.name }}: budget spent, {{ alert.about }}. {{ alert.why }}.",
    },
    AlertKind.SEGMENT_FELL: {
        "nl": "{{ merchant.name }}: klanten van {{ alert.about }}. {{ alert.why }}.",
        "fr": "{{ merchant.name }} : clients de {{ alert.about }}. {{ alert.why }}.",
        "de": "{{ merchant.name }}: Kunden aus {{ alert.about }}. {{ alert.why }}.",
        "en": "{{ merchant.name }}: customers from {{ alert.about }}. {{ alert.why }}.",
    },
    AlertKind.FEED_STALE: {
        "nl": "{{ merchant.name }}: de kassa meldt geen aankopen meer. {{ alert.why }}.",
        "fr": "{{ merchant.name }} : la caisse n'annonce plus d'achats. {{ alert.why }}.",
        "de": "{{ merchant.name }}: Die Kasse meldet keine Einkäufe mehr. {{ alert.why }}.",
        "en": "{{ merchant.name }}: the till tells of no purchases any more. {{ alert.why }}.",
    },
    AlertKind.CONNECTION_FAILS: {
        "nl": "{{ merchant.name }}: koppeling {{ alert.about }}. {{ alert.why }}.",
        "fr": "{{ merchant.name }} : connexion {{ alert.about }}. {{ alert.why }}.",
        "de": "{{ merchant.name }}: Anbindung {{ alert.about }}. {{ alert.why }}.",
        "en": "{{ merchant.name }}: connection {{ alert.about }}. {{ alert.why }}.",
    },
    AlertKind.FEED_DOWN: {
        "nl": "{{ merchant.name }}: doorgeven aan {{ alert.about }} stokt. {{ alert.why }}.",
        "fr": "{{ merchant.name }} : envoi interrompu vers {{ alert.about }}. {{ alert.why }}.",
        "de": "{{ merchant.name }}: Weitergabe an {{ alert.about }} stockt. {{ alert.why }}.",
        "en": "{{ merchant.name }}: sending to {{ alert.about }} has stopped. {{ alert.why }}.",
    },
    AlertKind.CODES_LOW: {
        "nl": "{{ merchant.name }}: codes voor {{ alert.about }}. {{ alert.why }}.",
        "fr": "{{ merchant.name }} : codes pour {{ alert.about }}. {{ alert.why }}.",
        "de": "{{ merchant.name }}: Codes für {{ alert.about }}. {{ alert.why }}.",
        "en": "{{ merchant.name }}: codes for {{ alert.about }}. {{ alert.why }}.",
    },
    AlertKind.SENDER_REFUSED: {
        "nl": "{{ merchant.name }}: {{ alert.about }} bleef liggen. {{ alert.why }}.",
        "fr": "{{ merchant.name }} : {{ alert.about }} en panne. {{ alert.why }}.",
        "de": "{{ merchant.name }}: {{ alert.about }} blieb liegen. {{ alert.why }}.",
        "en": "{{ merchant.name }}: {{ alert.about }} was held up. {{ alert.why }}.",
    },
}
_HELD: Final = {
    "nl": "{0} van {1} uitgegeven; wat meer kost, wacht of vervalt",
    "fr": "{0} dépensés sur {1} ; le reste attend ou tombe",
    "de": "{0} von {1} ausgegeben; was mehr kostet, wartet oder entfällt",
    "en": "{0} of {1} spent; what costs more waits or is dropped",
}
_WORTH: Final = {
    "nl": "Nog {0} keer waard wat hun werving kostte (was {1}); 3 is gezond",
    "fr": "Ils ne valent plus que {0} fois le prix de leur recrutement ({1} avant) ; 3 est sain",
    "de": "Nur noch {0} mal so viel wert wie ihre Werbekosten (zuvor {1}); gesund ist 3",
    "en": "Worth {0} times what winning them cost (was {1}); 3 is healthy",
}
_WHY: Final[Mapping[str, Mapping[str, str]]] = {
    Watched.OPTED_OUT: {
        "nl": "{0} van {1} zeiden STOP",
        "fr": "{0} sur {1} ont dit STOP",
        "de": "{0} von {1} sagten STOP",
        "en": "{0} of {1} said STOP",
    },
    Watched.FAILED: {
        "nl": "{0} van {1} berichten mislukten",
        "fr": "{0} messages sur {1} ont échoué",
        "de": "{0} von {1} Nachrichten scheiterten",
        "en": "{0} of {1} messages failed",
    },
    Watched.DAY: {
        "nl": "{0} berichten op een dag, hoogstens {1} verwacht",
        "fr": "{0} messages en un jour, {1} attendus au plus",
        "de": "{0} Nachrichten an einem Tag, höchstens {1} erwartet",
        "en": "{0} messages in a day, at most {1} expected",
    },
    Watched.COST: {
        "nl": "Berichten kostten {0}, hoogstens {1} mag",
        "fr": "Ses messages reviennent à {0}, {1} au plus",
        "de": "Nachrichten kosteten {0}, höchstens {1} sind erlaubt",
        "en": "Messages cost {0}, at most {1} is allowed",
    },
    Broken.RAISED: {
        "nl": "Er zit een fout in; laat iemand kijken die regels schrijft",
        "fr": "Elle contient une erreur ; demandez qui écrit les règles",
        "de": "Sie hat einen Fehler; wer Regeln schreibt, soll nachsehen",
        "en": "It has a fault; ask whoever writes the rules",
    },
    Broken.COSTLY: {
        "nl": "Een bericht ervan is te zwaar om in te vullen",
        "fr": "Un de ses messages est trop lourd à remplir",
        "de": "Eine ihrer Nachrichten ist zu aufwendig",
        "en": "A message of it takes too long to fill in",
    },
    WhenSpent.STOP: _HELD,
    WhenSpent.SHRINK: _HELD,
    WhenSpent.WARN: {
        "nl": "{0} van {1} uitgegeven; er wordt niets tegengehouden",
        "fr": "{0} dépensés sur {1} ; rien n'est retenu",
        "de": "{0} von {1} ausgegeben; nichts wird zurückgehalten",
        "en": "{0} of {1} spent; nothing is held back",
    },
    Codes.LOW: {
        "nl": "Nog {0} over van {1}; laad er nieuwe in",
        "fr": "Il en reste {0} sur {1} ; importez-en d'autres",
        "de": "Noch {0} von {1} übrig; bitte neue einlesen",
        "en": "{0} left of {1}; bring in more",
    },
    Codes.OUT: {
        "nl": "Alle {1} zijn op; aanbiedingen ermee gaan niet uit",
        "fr": "Les {1} sont épuisés ; les offres avec code sont retenues",
        "de": "Alle {1} sind vergeben; Angebote damit gehen nicht hinaus",
        "en": "All {1} are gone; offers with them are withheld",
    },
    STALE: {
        "nl": "De laatste kwam {0}; tot de volgende geldt niemand als weggebleven",
        "fr": "Le dernier date du {0} ; d'ici au prochain, nul ne passe pour absent",
        "de": "Der letzte kam {0}; bis zum nächsten gilt niemand als fern",
        "en": "The last one came {0}; until the next nobody counts as absent",
    },
    STORE_STALE: {
        "nl": "Winkel {1}: de laatste kwam {0}, lang geleden voor daar; niemand geldt als weggebleven",
        "fr": "Magasin {1} : le dernier date du {0}, trop vieux pour lui ; nul ne passe pour absent",
        "de": "Filiale {1}: Der letzte kam {0}, lange her für sie; niemand gilt als fern",
        "en": "Store {1}: the last one came {0}, long ago for it; nobody counts as absent",
    },
    Fails.LOST: {
        "nl": "Sinds {0} meldt de kassa verkopen niet meer zelf; herstellen lukt niet, ze komen een uur later",
        "fr": "Depuis le {0} la caisse n'annonce plus ses ventes ; sans réparation, elles arrivent en une heure",
        "de": "Seit {0} meldet die Kasse Verkäufe nicht mehr selbst; sie kommen eine Stunde später",
        "en": "Since {0} the till tells of sales no more by itself; that could not be mended, they come an hour later",
    },
    Fails.RENEWED: {
        "nl": "De kassa meldde verkopen niet meer zelf; {0} is dat hersteld, u hoeft niets te doen",
        "fr": "La caisse n'a plus annoncé ses ventes ; rétabli le {0}, rien à faire",
        "de": "Die Kasse meldete Verkäufe nicht mehr selbst; {0} behoben, es ist nichts zu tun",
        "en": "The till told of sales no more by itself; mended {0}, nothing is to be done",
    },
    Fails.UNPOLLED: {
        "nl": "Sinds {0} antwoordt de kassa niet op onze vragen; er kunnen verkopen ontbreken",
        "fr": "Depuis le {0} la caisse ne répond plus ; des ventes peuvent manquer",
        "de": "Seit {0} antwortet die Kasse nicht mehr; Verkäufe können fehlen",
        "en": "Since {0} the till answers none of our questions; sales may be missing",
    },
    Stopped.DOWN: {
        "nl": "Sinds {0} neemt het niets aan; alles blijft bewaard en volgt later",
        "fr": "Rien n'est accepté depuis le {0} ; tout est gardé et suivra",
        "de": "Seit {0} nimmt es nichts an; alles bleibt erhalten und folgt",
        "en": "Since {0} it takes nothing; what happens is kept and follows",
    },
    Stopped.GONE: {
        "nl": "Het wil niets meer krijgen; vraag wie het heeft aangesloten, feeds resume hervat het",
        "fr": "Il ne veut plus rien recevoir ; demandez qui l'a branché, feeds resume le relance",
        "de": "Es will nichts mehr; fragen Sie, wer es angeschlossen hat, feeds resume setzt fort",
        "en": "It wants nothing more; ask whoever connected it, feeds resume goes on",
    },
    Stopped.UNUSABLE: {
        "nl": "Het adres of het geheim ervan is niet bruikbaar; vraag wie het heeft aangesloten",
        "fr": "Son adresse ou son secret est inutilisable ; demandez qui l'a branché",
        "de": "Adresse oder Geheimnis sind unbrauchbar; fragen Sie, wer es angeschlossen hat",
        "en": "Its address or its secret cannot be used; ask whoever connected it",
    },
    REFUSED: {
        "nl": "De provider weigerde {0} onze afzender (fout {1}); berichten wachten tot dat hersteld is",
        "fr": "L'opérateur a refusé notre expéditeur {0} (erreur {1}) ; tout attend la réparation",
        "de": "Der Anbieter wies {0} unseren Absender ab (Fehler {1}); alles wartet, bis das behoben ist",
        "en": "The carrier refused our sender {0} (error {1}); messages wait until that is mended",
    },
    "tag": _WORTH,
    "source": _WORTH,
}
_SINCE: Final = frozenset({AlertKind.FEED_STALE, AlertKind.CONNECTION_FAILS, AlertKind.FEED_DOWN})
"""What is found of them is a moment."""
_WHOLE_SHOP: Final = {
    "nl": "de hele winkel",
    "fr": "tout le magasin",
    "de": "das ganze Geschäft",
    "en": "the whole shop",
}
_CHANNELS: Final[Mapping[str, str]] = {Channel.SMS: "SMS", Channel.WHATSAPP: "WhatsApp"}
_HUNDREDTHS: Final = 100


def own_template(kind: AlertKind) -> Template:
    """What an alert is told by where the shop has written nothing."""
    return Template(_OURS + kind, purpose=Purpose.UTILITY, sms=_TEXTS[kind])


_OWN: Final = {_OURS + kind: own_template(kind) for kind in AlertKind}


def own_template_named(name: str) -> Template | None:
    """One of them, as outbox entries name it."""
    return _OWN.get(name)


def languages_of(program: Program, language: str) -> Sequence[str]:
    """In which order to look for the words of one of ours: a shop may speak none of them."""
    return (language, *program.languages, _OTHERWISE)


def alert_variables(program: Program, data: Mapping[str, Any], language: str) -> dict[str, str]:
    """`about` and `why` of an alert, in a language; `data` is as `stamgast.service.alerts` makes it."""
    spoken = language[:2] if language[:2] in _WHOLE_SHOP else _OTHERWISE
    kind, how = AlertKind(data["alert"]), str(data["how"])
    found, of = (_figure(program, kind, how, int(data[name]), spoken) for name in ("found", "of"))
    about = str(data["about"])
    if kind is AlertKind.BUDGET_SPENT:
        about = _budget(about, str(data["mark"]), spoken)
    elif kind is AlertKind.CODES_LOW:
        reward = program.rewards.get(about)
        about = about if reward is None else reward.names.get(language, about)
    elif how == STORE_STALE:
        of = about
    elif kind is AlertKind.SENDER_REFUSED:
        about, found, of = _CHANNELS.get(about, about), _moment(program, int(data["found"])), str(data["of"])
    return {"about": about, "why": _WHY[how][spoken].format(found, of)}


def _budget(name: str, mark: str, language: str) -> str:
    """`rule:win-back/month`, spent in `2026-11`: win-back (2026-11)."""
    whose, _, per = name.rpartition("/")
    of, _, which = whose.partition(":")
    called = _WHOLE_SHOP[language] if of == Of.SHOP else which
    period = mark.partition("/")[0]
    return called if per == Per.TOTAL else f"{called} ({period})"


def _figure(program: Program, kind: AlertKind, how: str, value: int, language: str) -> str:
    if kind is AlertKind.SEGMENT_FELL:
        text = f"{value / _HUNDREDTHS:.2f}"
        return text if language == _OTHERWISE else text.replace(".", ",")
    if kind in _SINCE:
        return _moment(program, value)
    if kind is AlertKind.BUDGET_SPENT or how == Watched.COST:
        return format_money(value, program.currency)
    return str(value)


def _moment(program: Program, at: Millis) -> str:
    local = local_time(at, program.time_zone)
    return f"{date_of(local.day)} {local.minute // 60:02}:{local.minute % 60:02}"
