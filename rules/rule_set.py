"""A merchant's rules, indexed by the fact they listen to: an event costs what listens, not what exists."""

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from rules.actions import Give, Send, Unless
from rules.engine import RUNNING, Audience, CompiledRule, CompiledTrigger
from rules.panels import Panel
from stamgast.domain.budgets import Budget
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import RuleStatus


class Listeners:
    """The rules that listen to one kind of fact; those that wait for a threshold are found by it.

    `key` is what its facts are told apart by (`card`, `thing`, …): `about` has those that listen to such a one, and
    `general` those that listen to any.
    """

    __slots__ = ("about", "all", "always", "general", "highest", "key", "panel", "thresholds", "waiting")

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self.key = ""
        self.about: Mapping[str, Listeners] = {}
        self.general = self
        waiting = [(rule.trigger.crosses, rule.id, rule) for rule in rules if rule.trigger.crosses is not None]
        waiting.sort(key=lambda each: each[:2])
        self.all = tuple(rules)
        self.always = tuple(rule for rule in rules if rule.trigger.crosses is None)
        self.panel = Panel(self.always)
        self.thresholds = [each[0] for each in waiting]
        self.highest = self.thresholds[-1] if waiting else -math.inf
        self.waiting = tuple(each[2] for each in waiting)

    @classmethod
    def told_apart(cls, rules: Sequence[CompiledRule]) -> "Listeners":
        """The same, each found by what it is about as well."""
        found = cls(rules)
        subjects = {rule.id: _subject(rule) for rule in rules}
        keys = {key for key, _ in subjects.values() if key}
        if len(keys) == 1:
            found.key = keys.pop()
            names = {name for key, name in subjects.values() if key}
            found.general = cls([rule for rule in rules if not subjects[rule.id][0]])
            groups: dict[str, list[CompiledRule]] = {name: [] for name in names}
            for rule in rules:
                for name in (subjects[rule.id][1],) if subjects[rule.id][0] else names:
                    groups[name].append(rule)
            found.about = {name: cls(group) for name, group in groups.items()}
        return found

    def asking(self, fact: Fact) -> tuple[Panel, Sequence[CompiledRule]]:
        """Those that any such fact may fire, and those whose threshold it passes."""
        heard = self.about.get(fact.data.get(self.key, ""), self.general) if self.key else self
        before = fact.before
        if heard.highest <= before:
            return heard.panel, ()
        thresholds, after = heard.thresholds, fact.after
        first = bisect_right(thresholds, before)
        if after < thresholds[first]:
            return heard.panel, ()
        return heard.panel, heard.waiting[first : bisect_right(thresholds, after, first)]


def _subject(rule: CompiledRule) -> tuple[str, str]:
    """What of a fact's data tells that the rule is not meant, and what has to stand there; nothing where none does."""
    trigger = rule.trigger
    if trigger.schedule is not None:
        return "rule", rule.id
    if trigger.segment is not None:
        return "segment", trigger.segment.name
    if trigger.span is not None:
        return "span", trigger.span.text
    found = (("card", trigger.card), ("thing", trigger.thing), ("event", trigger.event))
    return next((each for each in found if each[1]), ("", ""))


def _of_one_variant(rule: CompiledRule, name: str) -> CompiledRule:
    """The rule with that one of the messages that it compares, for everybody."""
    actions, otherwise = (
        tuple(each.only(name) if isinstance(each, Send) else each for each in branch)
        for branch in (rule.actions, rule.otherwise)
    )
    return replace(rule, actions=actions, otherwise=otherwise)


def _given_for_full_cards(rules: Iterable[CompiledRule]) -> Mapping[str, tuple[str, ...]]:
    """Of a canary's customers nobody knows who is owed it: it counts for all of them."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        if rule.status in _OWING and rule.earned and rule.trigger.fills_card:
            given = tuple(each.reward for each in rule.actions if isinstance(each, Give))
            found[rule.trigger.card] = found.get(rule.trigger.card, ()) + given
    return MappingProxyType(found)


_OWING: Final = frozenset({RuleStatus.CANARY, RuleStatus.LIVE, RuleStatus.PAUSED})
_NOBODY: Final = Listeners(())
_NONE: Final[Mapping[str, Audience]] = MappingProxyType({})


class RuleSet:
    """A merchant's rules. `all` is in the order of their ids."""

    __slots__ = (
        *(
            "_gates",
            "all",
            "audiences",
            "awaited",
            "budgets",
            "by_id",
            "calling_off",
            "campaigns",
            "heard",
        ),
        *("full_cards", "listeners", "scheduled", "segments", "spans", "things"),
    )

    def __init__(self, rules: Iterable[CompiledRule] = (), audiences: Mapping[str, Audience] = _NONE) -> None:
        self.audiences = audiences
        """Whom campaigns may be for, by name."""
        self.all: tuple[CompiledRule, ...] = tuple(sorted(rules, key=lambda rule: rule.id))
        self.by_id: Mapping[str, CompiledRule] = MappingProxyType({rule.id: rule for rule in self.all})
        listening: dict[str, list[CompiledRule]] = {}
        for rule in self.all:
            if rule.status in RUNNING:
                for name in rule.fact_names:
                    listening.setdefault(str(name), []).append(rule)
        self.listeners = {name: Listeners.told_apart(rules) for name, rules in listening.items()}
        """Name of a fact -> the running rules that listen to such."""
        unless = [each for rule in self.all if rule.status in RUNNING for each in rule.calls_off]
        self.calling_off = frozenset(name for each in unless for name in each.fact_names)
        """Names of the facts that may call off what waits."""
        gated = {} if self.calling_off else self.listeners
        self._gates = {
            name: each.thresholds for name, each in gated.items() if each.waiting and not (each.always or each.key)
        }
        """Facts that nobody hears but who waits for a threshold, and the thresholds."""
        self.heard = self.calling_off.union(listening)
        """Names of the facts that a running rule listens to."""
        triggers = [rule.trigger for rule in self.all if rule.status in RUNNING]
        calendar = ((rule, rule.trigger.schedule) for rule in self.all if rule.status in RUNNING)
        self.scheduled = tuple(rule for rule, schedule in calendar if schedule is not None and not schedule.by_hand)
        """Running rules that come by the calendar."""
        self.budgets: Mapping[str, Budget] = MappingProxyType(dict(each for rule in self.all for each in rule.budgets))
        """Those of all rules, by name."""
        named = sorted({rule.campaign for rule in self.all if rule.campaign})
        self.campaigns: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {name: tuple(rule.id for rule in self.all if rule.campaign == name) for name in named}
        )
        """Groups of rules by name: the ids of their rules."""
        self.full_cards: Mapping[str, tuple[str, ...]] = _given_for_full_cards(self.all)
        """Card -> the rewards that rules give for a full one."""
        running: list[CompiledTrigger | Unless] = [*unless, *triggers]
        self.awaited = tuple(sorted({trigger.awaited for trigger in running if trigger.awaited is not None}))
        """What running rules wait for by a timer."""
        self.segments = tuple({t.segment.name: t.segment for t in triggers if t.segment is not None}.values())
        """Segments whose coming and going they listen to."""
        self.spans = tuple(sorted({trigger.span for trigger in running if trigger.span is not None}))
        """Spans of time whose spend they listen to."""
        self.things = frozenset(trigger.thing for trigger in running if trigger.thing)
        """Categories and products that they listen to."""

    def listening(self, fact_name: str) -> Sequence[CompiledRule]:
        """The running rules (live, canary, shadow) that such a fact could fire, by id."""
        return self.listeners.get(fact_name, _NOBODY).all

    def hears(self, name: str, before: int, after: int) -> bool:
        """Whether a fact that a figure went so may set anything off.

        One that falls always may: it takes back what rising gave.
        """
        gate = self._gates.get(name)
        if gate is None:
            return name in self.heard
        return after < before or bisect_right(gate, before) < bisect_right(gate, after)

    def asked_by(self, fact: Fact) -> Sequence[CompiledRule]:
        """Those of them that this very fact may fire: not the ones that wait for a threshold it does not pass."""
        panel, passed = self.asking(fact)
        return (*panel.rules, *passed) if passed else panel.rules

    def asking(self, fact: Fact) -> tuple[Panel, Sequence[CompiledRule]]:
        """The same, told apart: those that any such fact may fire, and those whose threshold it passes."""
        listeners = self.listeners.get(fact.name)
        return (_NOBODY.panel, ()) if listeners is None else listeners.asking(fact)

    def pausing(self, rule_ids: Iterable[str]) -> "RuleSet":
        """The same rules, with these ones paused; ids that are not there are passed over."""
        paused = frozenset(rule_ids)
        return self.of(replace(rule, status=RuleStatus.PAUSED) if rule.id in paused else rule for rule in self.all)

    def of(self, rules: Iterable[CompiledRule]) -> "RuleSet":
        """Other rules, with the same audiences."""
        return RuleSet(rules, self.audiences)

    def only(self, rule_ids: Iterable[str], held_out_of: Collection[str] = (), variant: str = "") -> "RuleSet":
        """These rules alone, live, holding nobody out or everybody: what a rule's own tests run.

        Of the first one everybody gets that variant, if it is named.
        """
        first, *others = (self.by_id[rule_id] for rule_id in dict.fromkeys(rule_ids))
        chosen = (_of_one_variant(first, variant) if variant else first, *others)
        return self.of(
            replace(rule, status=RuleStatus.LIVE, canary=0, hold_out=100 if rule.id in held_out_of else 0)
            for rule in chosen
        )
