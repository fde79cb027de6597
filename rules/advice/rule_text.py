"""A rule as it stands in its file, beside what it was compiled to: what advice is given on."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.engine import RUNNING, CompiledRule, Group
from rules.loader import LoadedMerchant
from rules.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from rules.yaml.source import Source, read_yaml
from rules.yaml.words import WordError, parse_margin, parse_money
from stamgast.domain.program import Program

_LEAST, _MOST = -(10**18), 10**18
_BOUNDS = ("at_least", "at_most", "more_than", "less_than")
_ONE_AT_A_TIME = frozenset({"stage", "weekday", "store", "tier", "language", "source", "feed"})
"""Conditions on what can be only one thing at once; of tags, segments and rewards a customer has several."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule's file and what it means."""

    rule: CompiledRule
    root: MapNode
    source: Source
    tests: int

    @property
    def runs(self) -> bool:
        """Whether it is live, or on trial."""
        return self.rule.status in RUNNING

    def place(self, word: str) -> Node:
        """Where a word stands; the rule as a whole where it does not."""
        return self.root.get(word) or self.root

    def conditions(self) -> "list[Said]":
        """What all has to hold, one after the other; groups are left out but `all`."""
        node = self.root.get("if")
        return list(_said(node)) if node is not None else []

    def when(self, trigger: str) -> Node | None:
        """What stands after the trigger, if it is this one."""
        node = self.root.get("when")
        return node.get(trigger) if isinstance(node, MapNode) else None

    def words(self) -> "Iterator[tuple[ScalarNode, Node]]":
        """Every word of trigger, conditions and actions, in groups too, with what stands after it."""
        for part in ("when", "if", "then", "otherwise"):
            node = self.root.get(part)
            if node is not None:
                yield from words_within(node)

    def warn(self, at: Node, message: str, hint: str) -> None:
        """Give advice at a place."""
        self.source.problem(at.mark, message, hint, warning=True)


@dataclass(frozen=True, slots=True)
class Said:
    """One condition: its word, and what stands after it."""

    word: str
    key: ScalarNode
    node: Node

    @property
    def among(self) -> frozenset[str] | None:
        """The words one of which has to be it; None for a condition of another kind."""
        items = self.node.items if isinstance(self.node, ListNode) else (self.node,)
        words = [item.text for item in items if isinstance(item, ScalarNode)]
        return frozenset(words) if words and len(words) == len(items) else None

    @property
    def span(self) -> tuple[int, int] | None:
        """The lowest and the highest whole number that is within its bounds; None for one without bounds."""
        if not isinstance(self.node, MapNode):
            return None
        bounds = {key.text: _number(value) for key, value in self.node.entries}
        if not bounds or any(key not in _BOUNDS or value is None for key, value in bounds.items()):
            return None
        found = {key: value for key, value in bounds.items() if value is not None}
        low = max(found.get("at_least", _LEAST), found.get("more_than", _LEAST) + 1)
        return low, min(found.get("at_most", _MOST), found.get("less_than", _MOST) - 1)

    def excludes(self, other: "Said") -> bool:
        """Whether both of them can never hold at once."""
        if self.word != other.word:
            return False
        if self.span is not None and other.span is not None:
            return self.span[0] > other.span[1] or other.span[0] > self.span[1]
        if self.word not in _ONE_AT_A_TIME:
            return False
        return self.among is not None and other.among is not None and not self.among & other.among


def _number(node: Node) -> int | None:
    if not isinstance(node, ScalarNode):
        return None
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value
    for parse in (lambda text: parse_money(text).minor, parse_margin):
        try:
            return parse(node.text)
        except WordError:
            continue
    return None


def _said(node: Node) -> Iterator[Said]:
    for item in node.items if isinstance(node, ListNode) else (node,):
        for key, value in item.entries if isinstance(item, MapNode) else ():
            if key.text == Group.ALL:
                yield from _said(value)
            elif key.text not in tuple(Group):
                yield Said(key.text, key, value)


def words_within(node: Node) -> Iterator[tuple[ScalarNode, Node]]:
    """Every word of a part of a file, however deep, with what stands after it."""
    for item in node.items if isinstance(node, ListNode) else (node,):
        for key, value in item.entries if isinstance(item, MapNode) else ():
            yield key, value
            yield from words_within(value)


class Advisor(ABC):
    """Looks for one thing that is right and perhaps not meant."""

    @abstractmethod
    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:
        """Give advice on one rule; `others` are all of the merchant's, this one included."""


def rule_texts(loaded: LoadedMerchant, folder: str) -> list[RuleText]:
    """Every rule with its file, in the order of the files."""
    found = []
    for name, content in sorted(loaded.files.items()):
        source = Source(f"{folder}{name}", content)
        root = read_yaml(source) if name.startswith("rules/") else None
        id_ = root.get("rule") if isinstance(root, MapNode) else None
        rule = loaded.rules.by_id.get(id_.text) if isinstance(id_, ScalarNode) else None
        if rule is not None and isinstance(root, MapNode):
            tests = sum(test.rule == rule.id for test in loaded.tests)
            found.append(RuleText(rule, root, source, tests))
    return found
