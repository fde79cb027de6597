"""What stands after a word, said in the shop's language: bounds, lists, lengths of time, days and stages."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from rules.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from stamgast.domain.vocabulary import Stage

LANGUAGES: Final = ("nl", "fr", "de", "en")
"""The languages in which rules are read back. A shop that speaks none of them hears English."""

_OR: Final = {"nl": "of", "fr": "ou", "de": "oder", "en": "or"}
_AND: Final = {"nl": "en", "fr": "et", "de": "und", "en": "and"}
_BOUNDS: Final[Mapping[str, Mapping[str, str]]] = {
    "at_least": {"nl": "minstens {}", "fr": "au moins {}", "de": "mindestens {}", "en": "at least {}"},
    "at_most": {"nl": "hoogstens {}", "fr": "au plus {}", "de": "höchstens {}", "en": "at most {}"},
    "more_than": {"nl": "meer dan {}", "fr": "plus de {}", "de": "mehr als {}", "en": "more than {}"},
    "less_than": {"nl": "minder dan {}", "fr": "moins de {}", "de": "weniger als {}", "en": "less than {}"},
}
_UNITS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "minute": {"nl": ("minuut", "minuten"), "fr": ("minute", "minutes"), "de": ("Minute", "Minuten")},
    "hour": {"nl": ("uur", "uur"), "fr": ("heure", "heures"), "de": ("Stunde", "Stunden")},
    "day": {"nl": ("dag", "dagen"), "fr": ("jour", "jours"), "de": ("Tag", "Tage")},
    "week": {"nl": ("week", "weken"), "fr": ("semaine", "semaines"), "de": ("Woche", "Wochen")},
    "month": {"nl": ("maand", "maanden"), "fr": ("mois", "mois"), "de": ("Monat", "Monate")},
    "year": {"nl": ("jaar", "jaar"), "fr": ("an", "ans"), "de": ("Jahr", "Jahre")},
}
_DURATION: Final = re.compile(r"([0-9]+) ?(minute|hour|day|week|month|year)s?")
_DATES: Final = re.compile(r"([0-9-]{10}) to ([0-9-]{10})")
_TO: Final = {"nl": "t/m", "fr": "au", "de": "bis", "en": "to"}
_YES: Final = {"nl": "ja", "fr": "oui", "de": "ja", "en": "yes"}
_NO: Final = {"nl": "nee", "fr": "non", "de": "nein", "en": "no"}
_DAYS: Final = {
    "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
}
_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_STAGES: Final[Mapping[str, Mapping[str, str]]] = {
    Stage.NEW: {"nl": "nieuw", "fr": "nouveau", "de": "neu"},
    Stage.ACTIVE: {"nl": "vaste klant", "fr": "habitué", "de": "Stammkunde"},
    Stage.AT_RISK: {"nl": "later dan anders", "fr": "en retard", "de": "später als sonst"},
    Stage.LAPSING: {"nl": "aan het wegblijven", "fr": "en train de s'éloigner", "de": "am Wegbleiben"},
    Stage.LAPSED: {"nl": "weggebleven", "fr": "perdu", "de": "weggeblieben"},
    Stage.WON_BACK: {"nl": "teruggekomen", "fr": "revenu", "de": "zurückgekommen"},
}
_FEED: Final[Mapping[str, Mapping[str, str]]] = {
    "healthy": {
        "nl": "gewoon binnenkomen",
        "fr": "arrivent normalement",
        "de": "normal eintreffen",
        "en": "come in as usual",
    },
    "quiet": {
        "nl": "minder binnenkomen dan anders",
        "fr": "arrivent moins que d'habitude",
        "de": "seltener eintreffen als sonst",
        "en": "come in less than usual",
    },
    "stale": {"nl": "uitblijven", "fr": "n'arrivent plus", "de": "ausbleiben", "en": "have stopped coming in"},
}


_KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "within": {"nl": "binnen", "fr": "en", "de": "innerhalb von"},
    "in": {"nl": "in", "fr": "en", "de": "in"},
    "before": {"nl": "vooraf:", "fr": "avant :", "de": "vorher:"},
    "of": {"nl": "sinds", "fr": "depuis", "de": "seit"},
    "category": {"nl": "categorie", "fr": "catégorie", "de": "Kategorie"},
    "day": {"nl": "dag", "fr": "jour", "de": "Tag"},
    "week": {"nl": "week:", "fr": "semaine :", "de": "Woche:"},
    "month": {"nl": "maand:", "fr": "mois :", "de": "Monat:"},
    "each": {"nl": "elke", "fr": "tous les", "de": "alle"},
    "at": {"nl": "om", "fr": "à", "de": "um"},
    "audience": {"nl": "doelgroep", "fr": "public :", "de": "Zielgruppe"},
    "spread": {"nl": "verspreid over", "fr": "étalé sur", "de": "verteilt über"},
    "product": {"nl": "product", "fr": "produit", "de": "Produkt"},
    "amount": {"nl": "bedrag", "fr": "montant", "de": "Betrag"},
    "to": {"nl": "naar", "fr": "vers", "de": "nach"},
    "rule": {"nl": "regel", "fr": "règle", "de": "Regel"},
    "keyword": {"nl": "met", "fr": "avec", "de": "mit"},
    "channel": {"nl": "via", "fr": "par", "de": "über"},
    "purpose": {"nl": "voor", "fr": "pour", "de": "für"},
    "time": {"nl": "keer:", "fr": "fois :", "de": "Mal:"},
    "method": {"nl": "methode", "fr": "méthode", "de": "Methode"},
    "way": {"nl": "alleen", "fr": "seulement vers", "de": "nur nach"},
    "reward": {"nl": "beloning", "fr": "récompense", "de": "Belohnung"},
}
_VALUES: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "way": {
        "up": {"nl": "omhoog", "fr": "le haut", "de": "oben"},
        "down": {"nl": "omlaag", "fr": "le bas", "de": "unten"},
    },
    "time": {
        "first": {"nl": "de eerste", "fr": "la première", "de": "das erste"},
        "each": {"nl": "elke", "fr": "chacune", "de": "jedes"},
    },
    "of": {
        "first_visit": {"nl": "het eerste bezoek", "fr": "la première visite", "de": "dem ersten Besuch"},
        "joined": {"nl": "de aanmelding", "fr": "l'inscription", "de": "der Anmeldung"},
    },
    "keyword": {"none": {"nl": "geen trefwoord", "fr": "aucun mot-clé", "de": "keinem Stichwort"}},
}
"""Words that may stand after a word, and mean something only there: a shop may have a store called `up`."""


def language_of(languages: tuple[str, ...]) -> str:
    """The first of the shop's languages that rules are read back in."""
    spoken = (language.partition("-")[0] for language in languages)
    return next((language for language in spoken if language in LANGUAGES), "en")


def one_of(words: list[str], language: str) -> str:
    """`a`, `a of b`, `a, b of c`."""
    return _joined(words, _OR[language])


def all_of(words: list[str], language: str) -> str:
    """`a`, `a en b`, `a, b en c`."""
    return _joined(words, _AND[language])


def _joined(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def spoken(node: Node, language: str) -> str:
    """What stands there, as it is said. Words that are no bounds are said by their values."""
    said, beside = spoken_apart(node, language)
    return f"{said} ({beside})" if beside else said


def spoken_apart(node: Node, language: str) -> tuple[str, str]:
    """The same, and apart from it what stands beside bounds: it belongs at the end of a sentence."""
    if isinstance(node, ScalarNode):
        if isinstance(node.value, bool):
            return (_YES if node.value else _NO)[language], ""
        return spoken_word(node.text, language), ""
    if isinstance(node, ListNode):
        return one_of([spoken(item, language) for item in node.items], language), ""
    bounds = [_BOUNDS[key.text][language].format(spoken(value, language)) for key, value in _bounds(node)]
    if bounds:
        rest = MapNode(tuple((key, value) for key, value in node.entries if key.text not in _BOUNDS), node.mark)
        return all_of(bounds, language), settings(rest, language)
    return one_of([spoken(value, language) for _, value in node.entries], language), ""


def settings(node: Node, language: str) -> str:
    """What stands beside a word, one after the other: `within 30 dagen, category bread`; empty where nothing does."""
    if isinstance(node, ScalarNode):
        return "" if node.value is None or isinstance(node.value, bool) else spoken_word(node.text, language)
    if isinstance(node, ListNode):
        return spoken(node, language)
    bounds = {key.text: _BOUNDS[key.text][language].format(spoken(value, language)) for key, value in _bounds(node)}
    said = [
        bounds.get(key.text) or f"{_KEYS.get(key.text, {}).get(language, key.text)} {_value(key, value, language)}"
        for key, value in node.entries
    ]
    return ", ".join(said)


def _value(key: ScalarNode, value: Node, language: str) -> str:
    words = _VALUES.get(key.text, {}).get(value.text, {}) if isinstance(value, ScalarNode) else {}
    return words.get(language) or spoken(value, language)


def _bounds(node: MapNode) -> Iterator[tuple[ScalarNode, Node]]:
    return ((key, value) for key, value in node.entries if key.text in _BOUNDS)


def spoken_word(text: str, language: str) -> str:
    """A single word: days, stages and lengths of time are said in the language, all else as it stands."""
    if found := _DURATION.fullmatch(text):
        return duration(int(found[1]), found[2], language)
    if found := _DATES.fullmatch(text):
        return f"{found[1]} {_TO[language]} {found[2]}"
    if text in _WEEK and language in _DAYS:
        return _DAYS[language].split()[_WEEK.index(text)]
    for words in (_STAGES, _FEED):
        if text in words:
            return words[text].get(language, text.replace("_", " "))
    return text


def duration(count: int, unit: str, language: str) -> str:
    """`30 dagen`."""
    one, several = _UNITS[unit].get(language, (unit, f"{unit}s"))
    return f"{count} {one if count == 1 else several}"
