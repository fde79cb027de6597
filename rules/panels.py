"""The rules that one kind of fact asks, put together so that those it turns down need not be asked one by one.

A rule's first question may be one that many rules ask, each with an answer of its own in mind: a figure's bounds, a
store, a product. Many such rules form a group: it looks once, and for what it sees it remembers which rules go on and
what the others say. The few that are left over form a tree (`rules.tree`). An event that most rules turn down so costs
a look a thing, not a question a rule.
"""

from collections.abc import Hashable, Sequence
from operator import attrgetter
from typing import Final

from rules.engine import CompiledRule, View, always
from rules.probes import Probe, Sight
from rules.tree import Answers, Tree, about
from stamgast.domain.occasions import BY_FACT, PERIODS
from stamgast.domain.rule_answers import UNKNOWN, Refusals
from stamgast.domain.vocabulary import OncePer

FEWEST: Final = 8
"""Rules for which a group is worth its look."""
FEWEST_TOGETHER: Final = 2
"""Rules that are worth being asked together at all."""
_REMEMBERED: Final = 256
"""Ways of being turned down that a group remembers; of a thousand rules that is 4 MB."""
_SIGHTS: Final = 4_096
"""Sights of which it remembers which way they lead to."""
_NO_REFUSALS: Final[tuple[Refusals, ...]] = ()
_Outcome = tuple[Refusals, tuple[int, ...]]
"""What the rules that are turned down say; the places of those that are not."""
_Places = Sequence[tuple[int, CompiledRule, Probe]]


class _Group:
    """Rules whose first question is about one thing."""

    __slots__ = ("_made", "_outcomes", "_places", "_sight", "see")

    def __init__(self, places: _Places) -> None:
        self._places = places
        self._sight = Sight([probe for _, _, probe in places])
        self.see = self._sight.see
        self._outcomes: dict[Hashable, _Outcome] = {}
        self._made: dict[tuple[bool, tuple[int, ...]], _Outcome] = {}

    def outcome(self, view: View) -> _Outcome:
        """Look once. Raises what the rules' own questions would."""
        key = self.see(view)
        return self._outcomes.get(key) or self._learn(key)

    def _learn(self, key: Hashable) -> _Outcome:
        known, met = key is not None, self._sight.is_met
        left = tuple([place for place, _, probe in self._places if met(probe, key)]) if known else ()
        if len(self._outcomes) >= _SIGHTS or len(self._made) >= _REMEMBERED:
            self._outcomes.clear()
            self._made.clear()
        found = self._outcomes[key] = self._made.get((known, left)) or self._make(left, known=known)
        return found

    def _make(self, left: tuple[int, ...], *, known: bool) -> _Outcome:
        goes_on, more = frozenset(left), 0 if known else UNKNOWN
        checks = [rule.checks[0] for place, rule, _ in self._places if place not in goes_on]
        refusals = Refusals(tuple([name for _, name, _ in checks]), tuple([answer + more for _, _, answer in checks]))
        made = self._made[known, left] = refusals, left
        return made


class Panel:
    """Rules that are asked together, in order; how is found out when they are first asked.

    Many that begin alike are a group; the others that can be, a tree.
    """

    __slots__ = ("_groups", "_needs_day", "_places", "_tree", "rules")

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self.rules = tuple(rules)
        self._places = {rule.id: place for place, rule in enumerate(self.rules)}
        self._groups: list[_Group] | None = None if len(self.rules) >= FEWEST_TOGETHER else []
        self._tree: Tree | None = None

    def left(self, view: View) -> Answers:
        """The rules that have to be asked one by one, and what the others say, which are turned down."""
        groups = self._groups
        if groups is None:
            groups = self._groups = self._grouped()
        if self._tree is None:
            return self.rules, _NO_REFUSALS
        try:
            if self._needs_day:
                _day_of(view)
            alone = self._tree.answers(view)
            if not groups:
                return alone
            found = [group.outcome(view) for group in groups]
        except Exception:  # noqa: BLE001 - each rule asks for itself then, and fails or not for itself
            return self.rules, _NO_REFUSALS
        refused = [*alone[1], *(refusals for refusals, _ in found if refusals.answers)]
        on = [place for _, places in found for place in places]
        if not on:
            return alone[0], refused
        on += [self._places[rule.id] for rule in alone[0]]
        return [self.rules[place] for place in sorted(on)], refused

    def _grouped(self) -> list[_Group]:
        """What one rule says comes before or after what another does only where both have one mark."""
        marks: dict[int, int] = {}
        for rule in self.rules:
            marks[rule.key] = marks.get(rule.key, 0) + 1
        alike: dict[Hashable, list[tuple[int, CompiledRule, Probe]]] = {}
        for place, rule in enumerate(self.rules):
            probe = rule.parts[0].probe if rule.parts else None
            if probe is not None and marks[rule.key] == 1 and _always_asks(rule):
                alike.setdefault(about(probe), []).append((place, rule, probe))
        large = [places for places in alike.values() if len(places) >= FEWEST]
        others = [(place, rule) for places in alike.values() if len(places) < FEWEST for place, rule, _ in places]
        together = {place: rule for places in large for place, rule, _ in places} | dict(others)
        if len(together) >= FEWEST_TOGETHER:
            rest = [place for place in range(len(self.rules)) if place not in together]
            self._tree = Tree(self.rules, sorted(others, key=lambda each: each[0]), rest)
        self._needs_day = any(rule.once_per in PERIODS for rule in together.values())
        return [_Group(places) for places in large]


_day_of: Final = attrgetter("local.day")


def _always_asks(rule: CompiledRule) -> bool:
    """Whether each of its facts asks it its `if`, and nothing but that comes of a no."""
    once = rule.once_per in BY_FACT or rule.once_per in PERIODS or rule.once_per == OncePer.CUSTOMER
    return once and rule.trigger.fires is always and not rule.dated and not rule.otherwise
