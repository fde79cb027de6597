"""Advice on when rules fire: never, at everything, on what cannot be, on goods that nobody knows."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from rules.actions import Give, Send
from rules.advice.rule_text import Advisor, RuleText, Said
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from rules.yaml.source import Source
from rules.yaml.words import WEEKDAYS
from stamgast.domain.program import Program
from stamgast.domain.spelling import meant_by
from stamgast.domain.vocabulary import OncePer, Stage

_STAGE_AT: Final[Mapping[str, str]] = {
    "became_at_risk": Stage.AT_RISK,
    "lapsing": Stage.LAPSING,
    "lapsed": Stage.LAPSED,
}
"""What stage somebody has come to when such a trigger fires."""
_OF_GOODS: Final = frozenset({"basket_has", "bought"})


class NeverFires(Advisor):
    """A condition that the trigger itself rules out."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Compare each condition with what is known when the trigger fires."""
        trigger = text.rule.trigger
        for said in text.conditions():
            stage = _STAGE_AT.get(trigger.name)
            if said.word == "stage" and stage and said.among and stage not in said.among:
                hint = f"Write `stage: {stage}`, or leave it out."
                text.warn(said.key, f"this rule never fires: at `{trigger.name}` the stage is {stage}", hint)
            span, passed = said.span, trigger.crosses
            counts = said.word == "visits" == trigger.figure and passed is not None
            if counts and span is not None and passed is not None and span[0] > passed:
                message = f"this rule never fires: at visit number {passed} there are no {span[0]} visits yet"
                text.warn(said.key, message, f"Write `visits_reached: {span[0]}`.")
            self._look_at_tier(said, text)
            if said.word == "joined" == trigger.name and isinstance(said.node, ScalarNode) and said.node.value is False:
                message = "this rule never fires: who has just joined has joined"
                text.warn(said.key, message, "Leave it out, or write another trigger.")
        self._look_at_segment(text)

    @staticmethod
    def _look_at_tier(said: Said, text: RuleText) -> None:
        """The tier that somebody has come to is the one that they are on."""
        when = text.when("tier_changed")
        to = when.get("to") if isinstance(when, MapNode) else None
        if said.word == "tier" and said.among and isinstance(to, ScalarNode) and to.text not in said.among:
            message = f"this rule never fires: who has just moved to the tier {to.text} is on no other"
            text.warn(said.key, message, f"Write `tier: {to.text}`, or leave it out.")

    @staticmethod
    def _look_at_segment(text: RuleText) -> None:
        """Who comes into a segment is in it, and who leaves it is not."""
        left = text.when("left")
        if not isinstance(left, ScalarNode):
            return
        for said in text.conditions():
            if said.word == "segment" and said.among == frozenset([left.text]):
                message = f"this rule never fires: who has just left the segment {left.text} is not in it"
                text.warn(said.key, message, "Leave it out, or write `when: {entered: …}`.")


class AlwaysTrue(Advisor):
    """A condition that says nothing."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Look for bounds that everybody is within, and lists of everything there is."""
        for said in text.conditions():
            if self._holds_always(said, text, program):
                text.warn(said.key, f"`{said.word}` is always true here", "Leave it out, or write what you mean by it.")

    @staticmethod
    def _holds_always(said: Said, text: RuleText, program: Program) -> bool:
        trigger, span, among = text.rule.trigger, said.span, said.among or frozenset()
        if said.word == "visits" and span is not None:
            least = trigger.crosses if trigger.figure == "visits" and trigger.crosses else int(trigger.has_purchase)
            return span[0] <= least and span[1] >= 1_000_000
        everything: Mapping[str, frozenset[str]] = {
            "weekday": frozenset(WEEKDAYS),
            "stage": frozenset([_STAGE_AT[trigger.name]]) if trigger.name in _STAGE_AT else frozenset(Stage),
            "store": frozenset(program.stores),
        }
        return said.word in everything and everything[said.word] <= among


class AnswersEverything(Advisor):
    """A rule that answers every single purchase, or everybody at each occasion."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Without a condition or a longer period each purchase gives or says something."""
        rule = text.rule
        does = [action for action in rule.actions if isinstance(action, Give | Send)]
        if rule.condition is not None or not does:
            return
        schedule = rule.trigger.schedule
        if rule.trigger.name == "purchase" and rule.once_per == OncePer.PURCHASE:
            hint = "Add `if`, or `once_per: month`, unless that is what you mean."
            text.warn(text.place("when"), "this rule always fires: at each purchase of each customer", hint)
        elif schedule is not None and schedule.once is None and rule.once_per == OncePer.OCCASION:
            hint = "Add `if`, such as a segment, or `once_per: year`, unless that is what you mean."
            text.warn(text.place("when"), f"this rule always fires: {rule.trigger.text}, for each customer", hint)


class Contradiction(Advisor):
    """Two conditions that cannot both hold."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Compare every two that have to hold together."""
        for first, second in combinations(text.conditions(), 2):
            if first.excludes(second):
                line = first.key.mark.line
                message = f"this rule never fires: `{second.word}` contradicts that of line {line}"
                text.warn(second.key, message, "Put them under `any`, if one of them is enough.")


class UnknownGoods(Advisor):
    """Categories and products that nothing else speaks of."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """A till may say what it likes: so it is asked about, not refused."""
        products = frozenset().union(*(card.products for card in program.cards.values())) | program.watch
        categories = program.categories | frozenset(program.costs.vat)
        for key, node in text.words():
            if key.text not in _OF_GOODS or not isinstance(node, MapNode):
                continue
            for word, known in (("category", categories), ("product", products)):
                for item in _items(node.get(word)):
                    if known and item.text not in known and not _is_told(word, item.text, program):
                        what = f'no card and no margin is about the {word} "{item.text}": does the till call it so?'
                        text.warn(item, what, suggest(item.text, known))


def _is_told(word: str, name: str, program: Program) -> bool:
    """Whether it is misspelt, which is a warning of its own where it is read."""
    return word == "category" and bool(meant_by(name, program.categories))


def _items(node: Node | None) -> list[ScalarNode]:
    if node is None:
        return []
    return [item for item in Reader(Source("", "")).items(node, "") if isinstance(item, ScalarNode)]
