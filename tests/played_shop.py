"""A shop in virtual time with rules that do something later, otherwise, or to some."""

from typing import Any

from rules.actions import Give, Send, Unless, Variant
from rules.engine import CompiledRule, Condition
from stamgast.domain.activation import Activation
from stamgast.domain.customer import Customer
from stamgast.domain.delays import Delay
from stamgast.domain.events import AnyEvent, Reviewed
from stamgast.domain.units import Millis
from stamgast.simulate import Simulation
from tests.builders import (
    ANNA,
    MERCHANT,
    bundle,
    card,
    consent,
    program,
    rule,
)

THREE_DAYS = Delay(days=3)
BUYS = Unless("a purchase", ("purchase",), lambda _: True)
TIPS = Send("hello", ("sms",), THREE_DAYS)
LOAF = Send("loaf", ("sms",))
GIFT = Give("loaf")


class Shop:
    """A shop in virtual time, and what went to Anna."""

    def __init__(self, *rules: CompiledRule, agreed: bool = True, mind_holdout: bool = True, **more: Any) -> None:
        self.program = program(card("bread"), **more)
        self.simulation = Simulation(bundle(self.program, *rules), mind_holdout=mind_holdout)
        if agreed:
            self.hear(consent())

    def hear(self, *events: AnyEvent) -> None:
        self.simulation.feed(events)

    def pass_to(self, moment: Millis) -> None:
        self.simulation.advance(moment)

    def publish(self, *rules: CompiledRule, when: Millis) -> None:
        """The rules in force change, and the owner looks whose timers belong earlier."""
        self.simulation.bring_into_force(bundle(self.program, *rules, number=2), when)
        self.hear(Reviewed(merchant=MERCHANT, customer=ANNA, at=when))

    def sent(self) -> list[tuple[str, Millis]]:
        return [(each.what, each.at) for each in self.simulation.happened if each.kind == "send"]

    def did(self) -> list[tuple[str, str]]:
        return [(each.kind, each.reason or each.what) for each in self.simulation.happened]

    def anna(self) -> Customer:
        state = self.simulation.state((MERCHANT, ANNA))
        assert state is not None
        return state

    def waiting(self) -> list[Activation]:
        return [each for each in self.anna().activations if each.waits_for_its_time]


def tips(*actions: Any, id_: str = "tips", per: str = "purchase", **more: Any) -> CompiledRule:
    return rule(id_, "purchase", *(actions or (TIPS,)), per=per, **more)


COMPARED = Send(
    "hello", ("sms",), variants=(Variant("a", "hello", ("sms",)), Variant("b", "loaf", ("sms",)))
)  # fmt: skip


def large() -> Condition:
    return Condition("spend: at least 20", lambda view: (view.fact.purchase.spend if view.fact.purchase else 0) >= 2000)
