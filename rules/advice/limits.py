"""Advice on whom rules reach, how often, and whether anybody tried them."""

from collections.abc import Sequence
from typing import Final

from rules.advice.rule_text import Advisor, RuleText
from rules.yaml.nodes import MapNode
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import OncePer

_OFTEN: Final = frozenset({OncePer.PURCHASE, OncePer.DAY, OncePer.WEEK})
EVERYBODY: Final = 100


class NobodyLeft(Advisor):
    """A hold-out of everybody."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """The share that is held out gets nothing."""
        if text.rule.hold_out >= EVERYBODY:
            limits = text.place("limits")
            at = (limits.get("hold_out") if isinstance(limits, MapNode) else None) or limits
            hint = "10% is usual: enough to see what the rule brings."
            text.warn(at, "`hold_out: 100%` holds everybody out: nobody gets a message", hint)


class MissingStatus(Advisor):
    """A rule that does not say whether it runs."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Without one it is a draft."""
        if text.root.get("status") is None:
            hint = "Write `status: live`, `status: shadow` to only count, or `status: draft`."
            text.warn(text.root, "this rule has no `status`, and so is a draft: it does nothing", hint)


class NoCap(Advisor):
    """Messages that only the house's caps hold back."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """What can happen every few days should have a limit of its own."""
        rule = text.rule
        sends = bool(rule.sends)
        if sends and rule.once_per in _OFTEN and not rule.cool_down and not rule.per_day:
            hint = "Add `limits: {cool_down: 30 days}`, or a longer `once_per`."
            text.warn(text.place("then"), f"nothing of its own limits these messages: once per {rule.once_per}", hint)


class NoTest(Advisor):
    """A rule that nobody tried."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """One test that it fires and one that it does not are few lines."""
        if not text.tests and text.runs:
            hint = "Add `tests`: one purchase that sets it off, and one that does not."
            text.warn(text.place("rule"), f"{text.rule.id} runs and has no tests", hint)
