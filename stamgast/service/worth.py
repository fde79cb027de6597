"""Lifetime value by the methods that look ahead, around a purchase: worked out only if a rule waits for it to pass.

Both values are of the same moment, so what is compared is what the purchase changed, and not that time has passed.
"""

from typing import Final

from stamgast.domain.clv import clv_by
from stamgast.domain.events import Purchase
from stamgast.domain.facts import OF_CLV, Fact
from stamgast.domain.units import Minor
from stamgast.domain.vocabulary import ClvMethod, FactName
from stamgast.service.case import Case

FACTS: Final[dict[ClvMethod, FactName]] = {
    method: fact for method, fact in OF_CLV.items() if method is not ClvMethod.HISTORIC
}
"""Method -> the fact that its value changed."""

Worth = dict[ClvMethod, Minor | None]


def worth(case: Case) -> Worth:
    """What the customer is worth now by each method that a rule waits for."""
    heard = case.context.bundle.rules.heard
    return {
        method: clv_by(method, case.customer, case.program, case.at) for method, fact in FACTS.items() if fact in heard
    }


def worth_facts(case: Case, before: Worth, purchase: Purchase | None) -> list[Fact]:
    """What changed since `before`; who was worth nothing known counts as worth 0."""
    facts = []
    for method, was in before.items():
        now = clv_by(method, case.customer, case.program, case.at)
        if now is not None and now != (was or 0):
            facts.append(Fact(FACTS[method], f"{method}_clv", was or 0, now, purchase=purchase))
    return facts
