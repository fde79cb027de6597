"""Why a customer got a message, or did not: what fired, what the gate said, and how each rule sees them now."""

from typing import Any

from rules.engine import CompiledRule, View
from stamgast.clock import format_time
from stamgast.domain.activation import Activation
from stamgast.domain.customer import Customer
from stamgast.domain.facts import Fact
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.service import Bundle

REASONS = {
    "no_consent": "the customer has not agreed to messages of this purpose on any of the rule's channels",
    "opted_out": "the customer said STOP",
    "holdout": "the customer is in the rule's control group",
    "cool_down": "the rule spoke to this customer within its cool-down",
    "frequency_cap": "the customer has had as many messages as the house allows",
    "quiet_hours": "it is outside the hours in which messages may go out",
    "one_in_flight": "another message to this customer is on its way",
    "gave_up": "it could not go out in time",
    "late": "the news is too old to message about",
    "no_longer_true": "the customer came back before it went out",
    "taken_back": "a refund took the occasion back",
    "erased": "the customer asked to be forgotten",
    "rule_not_live": "the rule was no longer live when its time came",
    "rule_limit": "the rule has sent as many messages today as it may",
    "expired": "it could not go out in time",
}
"""Reason of a withheld or held message -> what it means, for people."""

_IN_DOUBT = "it may or may not have arrived: the carrier never said"
_ONCE_MORE = "it went once more, for the carrier did not know the first attempt"
_BEFORE_A_CHANNEL = frozenset({"no_consent", "opted_out", "holdout", "cool_down", "frequency_cap", "late"})
"""Reasons of messages that were withheld before any of the rule's channels was chosen for them."""


def explain_customer(
    customer: Customer, bundle: Bundle, at: Millis, rule_id: str | None = None
) -> list[dict[str, Any]]:
    """Return, per rule (or for one): what it did for this customer and how its conditions stand at `at`.

    Raises KeyError for an unknown rule. Conditions about the basket show as unknown (`met` None): there is no
    purchase to look at.
    """
    rules = bundle.rules.all if rule_id is None else (bundle.rules.by_id[rule_id],)
    return [_explain(customer, bundle.program, rule, at) for rule in rules]


def _explain(customer: Customer, program: Program, rule: CompiledRule, at: Millis) -> dict[str, Any]:
    view = View(customer, program, at, Fact(rule.fact_names[0], ""))
    conditions = [{"says": says, "met": met, "found": found} for says, met, found in rule.explain(view)]
    return {
        "rule": rule.id,
        "description": rule.description,
        "status": rule.status,
        "when": rule.trigger.text,
        "fired_for": list(customer.fired.get(rule.id, ())),
        "conditions": conditions,
        "activations": [_tell(activation) for activation in customer.activations if activation.rule == rule.id],
    }


def _tell(activation: Activation) -> dict[str, Any]:
    withheld = activation.status == "suppressed"
    return {
        "activation": activation.id,
        "occasion": activation.occasion,
        "template": activation.template,
        "channel": None if withheld and activation.reason in _BEFORE_A_CHANNEL else activation.channel,
        "status": activation.status,
        "reason": activation.reason,
        "why": _why(activation),
        "decided_at": format_time(activation.decided_at),
        "changed_at": format_time(activation.changed_at),
        "release_at": format_time(activation.release_at) if activation.release_at else None,
    }


def _why(activation: Activation) -> str:
    if activation.status == "in_doubt":
        return _IN_DOUBT
    return REASONS.get(activation.reason, "") or (_ONCE_MORE if activation.unproven else "")
