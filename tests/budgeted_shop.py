"""A small shop with prices, a rule with a budget, and customers who come."""

from __future__ import annotations

from typing import Any

from stamgast.domain.events import ConsentChanged, Enrolled, PurchaseChanged
from stamgast.domain.units import HOUR, Millis
from stamgast.service import Bundle
from stamgast.simulate import Simulation
from tests.builders import at
from tests.unit.rules.small_shop import PROGRAM, bought, load

COSTS = (
    PROGRAM.replace("campaigns: {spring: {budget: 500 EUR}}\n", "")
    .replace("coffee: {names", "coffee: {cost: 1 EUR, names")
    .replace("free_loaf: {names", "free_loaf: {cost: 2 EUR, names")
    + "prices: {sms: {NL: 0.10 EUR, BE: 0.20 EUR}}\n"
)
"""A message is reckoned at the dearest, 20 cents, and costs 10 once it went; coffee costs 1 euro, a loaf 2."""
WELCOME = """
rule: example
status: live
when: purchase
once_per: purchase
offered: true
then: [{give: coffee}, {send: hello}]
limits: {budget: %s}
"""
NOON = at("2026-10-05 10:00")


def shop(rule: str, program: str = COSTS, more: dict[str, str] | None = None) -> Simulation:
    loaded = load(rule, program, more)
    assert loaded.ok, loaded.problems
    return Simulation(Bundle(0, "", loaded.program, loaded.rules), mind_holdout=False)


def comes(simulation: Simulation, customer: str, when: Millis = NOON, **more: Any) -> None:
    """A customer agrees, and buys bread."""
    who: dict[str, Any] = {"merchant": "shop", "customer": customer}
    if simulation.state(("shop", customer)) is None:
        simulation.feed(
            ConsentChanged(**who, at=when - HOUR, purpose="marketing", channel=channel, granted=True)
            for channel in ("sms", "whatsapp")
        )
        simulation.feed([Enrolled(**who, at=when - HOUR, language="nl")])
    name = f"{customer}:{when}"
    after = bought("dok-noord", when, category="bread")
    simulation.feed([PurchaseChanged(**who, at=when, transaction=name, after=after, happened_at=when, **more)])
