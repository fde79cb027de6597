"""A few rules that ask about several things: one look a thing decides for all of them, and none that decides nothing.

What has been seen so far leads from node to node; nodes are made when somebody first comes there. At a leaf stands what
the rules say that were turned down, and which rules are left.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from rules.engine import CompiledRule
from rules.probes import Probe, See, Sight
from stamgast.domain.rule_answers import UNKNOWN, Refusals

MOST_NODES: Final = 2_048
"""That are remembered."""
MOST_TREES: Final = 4
"""So often it is begun anew once it has that many; then it helps nobody, and the rules are asked one by one."""

Place = tuple[int, CompiledRule]
Answers = tuple[Sequence[CompiledRule], Sequence[Refusals]]
"""The rules that have to be asked one by one, in order, and what the others say, which are turned down."""
_Question = tuple[Hashable, Probe, tuple[str, int]]
"""What is asked about; the question; the counter of those it turns down, and what then stands among the answers."""
_Node = tuple[See | None, Any]
"""What to look at, and where what is seen leads to; or None, and the answers."""


class _Way(NamedTuple):
    """What is known at a node: what was seen of what, and where each rule that is undecided stands in its `if`."""

    seen: Mapping[Hashable, Hashable]
    undecided: tuple[tuple[int, int], ...]
    left: tuple[int, ...]
    refused: tuple[tuple[str, int], ...]


class _Ways(dict[Hashable, _Node]):
    """Where what is seen leads to; what was not seen before is learnt."""

    __slots__ = ("_about", "_tree", "_way")

    def __init__(self, tree: "Tree", way: _Way, about: Hashable) -> None:
        super().__init__()
        self._tree, self._way, self._about = tree, way, about

    def __missing__(self, key: Hashable) -> _Node:
        found = self[key] = self._tree.node(self._way._replace(seen={**self._way.seen, self._about: key}))
        return found


class Tree:
    """The rules of `asked` (their place among `rules`) are decided by looks; `rest` are places that are always left."""

    __slots__ = ("_asked", "_begun", "_count", "_made", "_rest", "_root", "_rules", "_sights")

    def __init__(self, rules: Sequence[CompiledRule], asked: Sequence[Place], rest: Sequence[int]) -> None:
        self._rules = tuple(rules)
        self._asked = {place: _questions(rule) for place, rule in asked}
        self._rest = tuple(rest)
        alike: dict[Hashable, list[Probe]] = {}
        for questions in self._asked.values():
            for name, probe, _ in questions:
                alike.setdefault(name, []).append(probe)
        self._sights = {name: Sight(probes) for name, probes in alike.items()}
        self._made: dict[tuple[tuple[str, int], ...], tuple[Refusals]] = {}
        self._count = self._begun = 0
        self._root: _Node | None = None

    def answers(self, view: Any) -> Answers:
        """Look as often as it takes. Raises what the rules' own questions would."""
        see, ways = self._root or self._begin()
        while see is not None:
            see, ways = ways[see(view)]
        answers: Answers = ways
        return answers

    def _begin(self) -> _Node:
        self._begun += 1
        self._made.clear()
        self._count = 0
        if self._begun > MOST_TREES:
            self._root = None, (self._rules, ())
        else:
            self._root = self.node(_Way({}, tuple((place, 0) for place in self._asked), self._rest, ()))
        return self._root

    def node(self, way: _Way) -> _Node:
        """What is to be looked at next, of all that is undecided; or what came out."""
        self._count += 1
        if self._count > MOST_NODES:
            self._root = None  # those who stand on it walk on
        undecided, left, refused = [], [*way.left], [*way.refused]
        for place, number in way.undecided:
            questions = self._asked[place]
            reached, more = self._go_on(questions, number, way.seen)
            if more is not None:
                name, answer = questions[reached][2]
                refused.append((name, answer + more))
            elif reached < len(questions):
                undecided.append((place, reached))
            else:
                left.append(place)
        if not undecided:
            return None, self._outcome(sorted(left), tuple(sorted(refused)))
        next_ones: dict[Hashable, int] = {}
        for place, number in undecided:
            name_of_it = self._asked[place][number][0]
            next_ones[name_of_it] = next_ones.get(name_of_it, 0) + 1
        most = max(next_ones, key=next_ones.__getitem__)
        return self._sights[most].see, _Ways(self, _Way(way.seen, tuple(undecided), tuple(left), tuple(refused)), most)

    def _go_on(
        self, questions: Sequence[_Question], number: int, seen: Mapping[Hashable, Hashable]
    ) -> tuple[int, int | None]:
        """How far they are met by what was seen; and what is added to the answer where a rule is turned down there."""
        while number < len(questions):
            name, probe, _ = questions[number]
            if name not in seen:
                break
            if seen[name] is None:
                return number, UNKNOWN
            if not self._sights[name].is_met(probe, seen[name]):
                return number, 0
            number += 1
        return number, None

    def _outcome(self, left: Sequence[int], refused: tuple[tuple[str, int], ...]) -> Answers:
        if not refused:
            return tuple([self._rules[place] for place in left]), ()
        made = self._made.get(refused)
        if made is None:
            names, answers = zip(*refused, strict=True)
            made = self._made[refused] = (Refusals(names, answers),)
        return tuple([self._rules[place] for place in left]), made


def about(probe: Probe) -> Hashable:
    """What a probe asks about, and in which way."""
    return type(probe), probe.about


def _questions(rule: CompiledRule) -> tuple[_Question, ...]:
    """Those of its `if`, from the first one on, that can be asked together with those of others."""
    found: list[_Question] = []
    for part, (_, counter, answer) in zip(rule.parts, rule.checks, strict=True):
        if part.probe is None:
            break
        found.append((about(part.probe), part.probe, (counter, answer)))
    return tuple(found)
