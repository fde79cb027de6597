"""Advice on rules that get in each other's way."""

from collections.abc import Sequence

from rules.advice.rule_text import Advisor, RuleText
from rules.yaml.nodes import ListNode, MapNode, Node
from stamgast.domain.program import Program


def _plain(node: Node | None) -> object:
    """What stands there, without where."""
    if isinstance(node, MapNode):
        return tuple(sorted(((key.text, _plain(value)) for key, value in node.entries), key=repr))
    if isinstance(node, ListNode):
        return tuple(_plain(item) for item in node.items)
    return None if node is None else node.text


def _is(text: RuleText, *words: str) -> tuple[object, ...]:
    return tuple(_plain(text.root.get(word)) for word in words)


class Identical(Advisor):
    """Two rules that say the same."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Told at the later one."""
        for other in others:
            if other is text:
                return
            if _is(text, "when", "if", "then") == _is(other, "when", "if", "then"):
                message = f"{text.rule.id} is the same rule as {other.rule.id}: both fire, and both give"
                text.warn(text.place("rule"), message, "Delete one of them.")


class Overlapping(Advisor):
    """Two rules that write to the same customer on the same occasion."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Only one message goes at a time: who has the higher priority comes first."""
        if not (text.runs and _sends(text)):
            return
        for other in others:
            if other is text:
                return
            if not (other.runs and _sends(other)) or _is(text, "when") != _is(other, "when"):
                continue
            if _is(text, "if", "then") == _is(other, "if", "then") or _exclude(text, other):
                continue
            first, second = sorted((text, other), key=lambda each: (-each.rule.priority, each.rule.id))
            message = f"{text.rule.id} and {other.rule.id} write to the same customers on the same occasion"
            hint = f"{first.rule.id} goes first, {second.rule.id} waits. `priority` says which, `if` keeps them apart."
            text.warn(text.place("when"), message, hint)


def _sends(text: RuleText) -> bool:
    return bool(text.rule.sends)


def _exclude(text: RuleText, other: RuleText) -> bool:
    return any(mine.excludes(theirs) for mine in text.conditions() for theirs in other.conditions())
