"""Advice on budgets: what they can pay, and what is no matter of theirs."""

from collections.abc import Sequence

from rules.actions import Give
from rules.advice.rule_text import Advisor, RuleText
from rules.yaml.nodes import MapNode, Node
from stamgast.domain.budgets import MILLS, Budget, Mills, Of
from stamgast.domain.currencies import exponent_of, format_money
from stamgast.domain.message_price import most_of
from stamgast.domain.program import Program


def _place(text: RuleText) -> Node:
    limits = text.place("limits")
    return (limits.get("budget") if isinstance(limits, MapNode) else None) or text.place("campaign")


def _whose(name: str) -> str:
    of, _, which = name.partition("/")[0].partition(":")
    return {Of.RULE: "its budget", Of.CAMPAIGN: f"the budget of its campaign {which}"}.get(Of(of), "the shop's budget")


def _once(text: RuleText, program: Program) -> tuple[Mills, Mills]:
    """The most that its dearest message costs, and what it gives beside one."""
    rule = text.rule
    message = max((most_of(program, way.template, channel) for way in rule.sends for channel in way.by), default=0)
    given = [d for s in rule.all_steps if not rule.earned for d in s.deeds if isinstance(d, Give)]
    rewards = (program.rewards[deed.reward].promised for deed in given if deed.reward in program.rewards)
    return message, sum(rewards) * MILLS


class CannotPay(Advisor):
    """A budget that cannot pay the rule a single time."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Nothing would ever happen."""
        message, rewards = _once(text, program)
        for name, budget in text.rule.budgets:
            if budget.holds and budget.mills < message + rewards:
                what = "one message with what it gives" if rewards and message else "one message"
                costs = _dear(message + rewards, program)
                told = f"{_whose(name)} is {_amount(budget, program)}, and {what if message else 'what it gives'}"
                text.warn(_place(text), f"{told} may cost {costs}: nothing would go", "Allow for more money.")


class CostsNothing(Advisor):
    """A budget for messages that nobody knows the price of."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """It would never be spent."""
        message, rewards = _once(text, program)
        if text.rule.budgets and text.rule.sends and not message + rewards:
            hint = "Add `prices: {sms: {NL: 0.0875 EUR}}` to program.yaml, and `cost` to rewards."
            text.warn(_place(text), "it has a budget, and nothing that it does has a price: nothing is held back", hint)


class IsOwed(Advisor):
    """A budget of a rule whose rewards were paid for."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """What was earned is given whatever is left."""
        rule = text.rule
        if rule.earned and rule.budgets and any(step.gives for step in rule.all_steps):
            message = "what this rule gives was earned: it is given whatever its budget has left, and not counted there"
            text.warn(_place(text), message, "Only its messages are. Write `offered: true` if it is a gift.")


def _amount(budget: Budget, program: Program) -> str:
    return format_money(budget.amount, program.currency)


def _dear(mills: Mills, program: Program) -> str:
    exponent = exponent_of(program.currency)
    return f"{mills / 10 ** (exponent + 3):.{exponent + 2}f} {program.currency}"
