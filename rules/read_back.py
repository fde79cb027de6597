"""A rule as one sentence in the shop's language: what a marketer hears before it runs.

The parts of it stand at each word's class; here they are put together, with how often and for whom.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rules.engine import CompiledRule, Condition, Group
from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.registry import Word
from rules.language.spoken import all_of, language_of, one_of, spoken_word
from rules.language.triggers import TRIGGERS
from rules.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from stamgast.domain.budgets import Budget, Of, Per
from stamgast.domain.currencies import format_money
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import OncePer, RuleStatus

_WHEN: Final = {"nl": "Zodra {}", "fr": "Dès que {}", "de": "Sobald {}", "en": "As soon as {}"}
_IF: Final = {"nl": ", en als {}", "fr": ", et si {}", "de": ", und wenn {}", "en": ", and if {}"}
_NONE: Final = {
    "nl": "niet geldt dat {}",
    "fr": "il n'est pas vrai que {}",
    "de": "nicht gilt, dass {}",
    "en": "it is not so that {}",
}
_HEADS: Final[Mapping[str, Mapping[str, str]]] = {
    Group.ANY: {"nl": "een van deze", "fr": "l'un de ceux-ci", "de": "eines davon", "en": "one of these"},
    Group.ALL: {"nl": "al deze", "fr": "tous ceux-ci", "de": "alle davon", "en": "all of these"},
    Group.NONE: {"nl": "geen van deze", "fr": "aucun de ceux-ci", "de": "keines davon", "en": "none of these"},
}
ONCE: Final[Mapping[str, Mapping[str, str]]] = {
    OncePer.CARD: {"nl": "per kaart", "fr": "par carte", "de": "pro Karte", "en": "per card"},
    OncePer.PURCHASE: {"nl": "per aankoop", "fr": "par achat", "de": "pro Einkauf", "en": "per purchase"},
    OncePer.DAY: {"nl": "per dag", "fr": "par jour", "de": "pro Tag", "en": "per day"},
    OncePer.WEEK: {"nl": "per week", "fr": "par semaine", "de": "pro Woche", "en": "per week"},
    OncePer.MONTH: {"nl": "per maand", "fr": "par mois", "de": "pro Monat", "en": "per month"},
    OncePer.YEAR: {"nl": "per jaar", "fr": "par an", "de": "pro Jahr", "en": "per year"},
    OncePer.QUIET_SPELL: {
        "nl": "per stille periode",
        "fr": "par période d'absence",
        "de": "pro Zeit des Wegbleibens",
        "en": "per quiet spell",
    },
    OncePer.TIER: {"nl": "per niveau", "fr": "par niveau", "de": "pro Stufe", "en": "per tier"},
    OncePer.REWARD: {"nl": "per beloning", "fr": "par récompense", "de": "pro Belohnung", "en": "per reward"},
    OncePer.SEGMENT: {"nl": "per verblijf", "fr": "par séjour", "de": "pro Aufenthalt", "en": "per stay"},
    OncePer.EVENT: {"nl": "per melding", "fr": "par signalement", "de": "pro Meldung", "en": "per event"},
    OncePer.OCCASION: {"nl": "per keer", "fr": "par occasion", "de": "pro Mal", "en": "per occasion"},
    OncePer.FRIEND: {"nl": "per vriend", "fr": "par ami", "de": "pro Freund", "en": "per friend"},
    OncePer.DRAW: {"nl": "per trekking", "fr": "par tirage", "de": "pro Ziehung", "en": "per draw"},
    OncePer.CUSTOMER: {"nl": "per klant", "fr": "par client", "de": "pro Kunde", "en": "per customer"},
}
_OTHERWISE: Final = {"nl": "; anders {}", "fr": " ; sinon {}", "de": "; sonst {}", "en": "; otherwise {}"}
_AFTER: Final = {"nl": "{} {} later", "fr": "{} {} plus tard", "de": "{} {} später", "en": "{} {} later"}
_FOR: Final = {"nl": "{} voor {}", "fr": "{} pour {}", "de": "{} für {}", "en": "{} for {}"}
_UNLESS: Final = {
    "nl": "{} (niet als intussen {})",
    "fr": "{} (pas si entre-temps {})",
    "de": "{} (nicht, wenn inzwischen {})",
    "en": "{} (not if meanwhile {})",
}
_AT_MOST_ONCE: Final = {"nl": "eens {}", "fr": "une fois {}", "de": "einmal {}", "en": "once {}"}
_COOL_DOWN: Final = {
    "nl": "hoogstens een bericht per {}",
    "fr": "au plus un message par {}",
    "de": "höchstens eine Nachricht pro {}",
    "en": "at most one message per {}",
}
_PER_DAY: Final = {
    "nl": "samen hoogstens {} berichten per dag",
    "fr": "au plus {} messages par jour en tout",
    "de": "zusammen höchstens {} Nachrichten pro Tag",
    "en": "at most {} messages a day in all",
}
_HOLD_OUT: Final = {
    "nl": "{}% krijgt ter vergelijking geen bericht",
    "fr": "{}% ne reçoivent rien, pour comparer",
    "de": "{}% bekommen zum Vergleich keine Nachricht",
    "en": "{}% get no message, for comparison",
}
_BUDGET: Final = {
    "nl": "voor hoogstens {} {}",
    "fr": "pour au plus {} {}",
    "de": "für höchstens {} {}",
    "en": "for at most {} {}",
}
_WARNS: Final = {
    "nl": "met een waarschuwing boven {} {}",
    "fr": "avec un avertissement au-delà de {} {}",
    "de": "mit einer Warnung über {} {}",
    "en": "with a warning above {} {}",
}
_WITH_CAMPAIGN: Final = {
    "nl": "met de campagne {} {}",
    "fr": "avec la campagne {} {}",
    "de": "mit der Kampagne {} {}",
    "en": "with the campaign {} {}",
}
_WITH_SHOP: Final = {
    "nl": "met de hele winkel {}",
    "fr": "avec tout le magasin {}",
    "de": "mit dem ganzen Laden {}",
    "en": "with the whole shop {}",
}
PER: Final[Mapping[str, Mapping[str, str]]] = {
    Per.DAY: {"nl": "per dag", "fr": "par jour", "de": "pro Tag", "en": "a day"},
    Per.WEEK: {"nl": "per week", "fr": "par semaine", "de": "pro Woche", "en": "a week"},
    Per.MONTH: {"nl": "per maand", "fr": "par mois", "de": "pro Monat", "en": "a month"},
    Per.YEAR: {"nl": "per jaar", "fr": "par an", "de": "pro Jahr", "en": "a year"},
    Per.TOTAL: {"nl": "in totaal", "fr": "en tout", "de": "insgesamt", "en": "in all"},
}
_CANARY: Final = {
    "nl": "voor {}% van de klanten",
    "fr": "pour {}% des clients",
    "de": "für {}% der Kunden",
    "en": "for {}% of the customers",
}
SAID: Final = (
    _WHEN,
    _IF,
    _NONE,
    _OTHERWISE,
    _AFTER,
    _FOR,
    _UNLESS,
    _AT_MOST_ONCE,
    _COOL_DOWN,
    _PER_DAY,
    _HOLD_OUT,
    _CANARY,
    _BUDGET,
    _WARNS,
    _WITH_CAMPAIGN,
    _WITH_SHOP,
    *_HEADS.values(),
    *PER.values(),
    *ONCE.values(),
)
"""All that is said beside the words themselves."""


def read_back(root: MapNode, rule: CompiledRule, program: Program) -> str:
    """The rule in one sentence."""
    language = language_of(program.languages)
    when = _WHEN[language].format(_trigger(root.get("when"), language))
    conditions = list(_conditions(root.get("if"), language))
    only = _IF[language].format(all_of(conditions, language)) if conditions else ""
    does = all_of(list(_actions(root.get("then"), language, program)), language)
    colon = " :" if language == "fr" else ":"
    others = list(_actions(root.get("otherwise"), language, program))
    otherwise = _OTHERWISE[language].format(all_of(others, language)) if others else ""
    said = f"{when}{only}{colon} {does}{otherwise}; {', '.join(_limits(root, rule, program))}."
    return _elided(said) if language == "fr" else said


def conditions_in(root: MapNode, rule: CompiledRule, language: str) -> dict[str, str]:
    """What `if` asks, as counters and `explain` have it (`CompiledRule.said`), and how that is said in a language."""
    items = _items(root.get("if"))
    parts = rule.parts
    found = {each: _said_whole(item, language) for each, item in zip(rule.said, items, strict=False)}
    for item, part in zip(items, parts, strict=False):
        found |= _said_within(item, part, language)
    return {each: _elided(said) if language == "fr" else said for each, said in found.items()}


def _said_whole(item: Node, language: str) -> str:
    return all_of(list(_conditions(item, language)), language)


def _said_within(item: Node, part: Condition, language: str) -> dict[str, str]:
    if not part.parts:
        return {part.text: _said_whole(item, language)}
    found = {part.text: _HEADS[str(part.group)][language]}
    within = _items(item.entries[0][1]) if isinstance(item, MapNode) and item.entries else ()
    for each, inner in zip(within, part.parts, strict=False):
        found |= _said_within(each, inner, language)
    return found


def _elided(said: str) -> str:
    """Where French leaves a vowel out."""
    return re.sub(r"\b([Qq])ue (?=[aeiouhéêàAEIOUÉ])", r"\1u'", said).replace(" si il ", " s'il ")


def _trigger(node: Node | None, language: str) -> str:
    if isinstance(node, ScalarNode):
        word = TRIGGERS.words.get(node.text)
        return node.text if word is None else word.read_back(node, language)
    return next(_words(node, TRIGGERS.words, language), "")


def _words(node: Node | None, words: Mapping[str, Word[Any]], language: str) -> Iterator[str]:
    for key, value in node.entries if isinstance(node, MapNode) else ():
        if key.text in words:
            yield words[key.text].read_back(value, language)


def _items(node: Node | None) -> tuple[Node, ...]:
    if node is None:
        return ()
    return node.items if isinstance(node, ListNode) else (node,)


def _conditions(node: Node | None, language: str) -> Iterator[str]:
    for item in _items(node):
        for key, value in item.entries if isinstance(item, MapNode) else ():
            if key.text not in tuple(Group):
                yield from _words(item, CONDITIONS.words, language)
                continue
            parts = list(_conditions(value, language))
            if key.text == Group.ALL:
                yield from parts
            else:
                some = one_of(parts, language)
                yield _NONE[language].format(some) if key.text == Group.NONE else f"({some})"


def _actions(node: Node | None, language: str, program: Program) -> Iterator[str]:
    for item in _items(node):
        for key, value in item.entries if isinstance(item, MapNode) else ():
            word = ACTIONS.words.get(key.text)
            if word is not None:
                named = _named(value, language, program) if key.text == "give" else value
                yield _in_time(word.read_back(named, language), item, language)


def _in_time(said: str, action: Node, language: str) -> str:
    """When it happens, and what calls it off."""
    after, unless = (action.get("after"), action.get("unless")) if isinstance(action, MapNode) else (None, None)
    if isinstance(after, ScalarNode):
        said = _AFTER[language].format(said, spoken_word(after.text, language))
    lasts = action.get("for") if isinstance(action, MapNode) else None
    if isinstance(lasts, ScalarNode):
        said = _FOR[language].format(said, spoken_word(lasts.text, language))
    triggers = [_trigger(each, language) for each in _items(unless)]
    return _UNLESS[language].format(said, one_of(triggers, language)) if triggers else said


def _named(node: Node, language: str, program: Program) -> Node:
    """A reward by the name that people read."""
    reward = program.rewards.get(node.text) if isinstance(node, ScalarNode) else None
    if reward is None or not isinstance(node, ScalarNode):
        return node
    name = next((name for code, name in reward.names.items() if code.startswith(language)), reward.id)
    return ScalarNode(name, name, node.mark)


def _limits(root: MapNode, rule: CompiledRule, program: Program) -> Iterator[str]:
    language = language_of(program.languages)
    yield _AT_MOST_ONCE[language].format(ONCE[rule.once_per][language])
    if rule.status == RuleStatus.CANARY:
        yield _CANARY[language].format(rule.canary)
    limits = root.get("limits")
    cool_down = limits.get("cool_down") if isinstance(limits, MapNode) else None
    if isinstance(cool_down, ScalarNode):
        yield _COOL_DOWN[language].format(spoken_word(cool_down.text, language))
    if rule.per_day:
        yield _PER_DAY[language].format(rule.per_day)
    if rule.hold_out:
        yield _HOLD_OUT[language].format(rule.hold_out)
    for name, budget in rule.budgets:
        yield _of_budget(name, budget, program, language)


def _of_budget(name: str, budget: Budget, program: Program, language: str) -> str:
    amount = format_money(budget.amount, program.currency)
    said = (_BUDGET if budget.holds else _WARNS)[language].format(amount, PER[budget.per][language])
    of, _, which = name.partition("/")[0].partition(":")
    if of == Of.CAMPAIGN:
        return _WITH_CAMPAIGN[language].format(which, said)
    return _WITH_SHOP[language].format(said) if of == Of.SHOP else said
