"""Triggers about the customer as a whole: visits, value, silence."""

from rules.engine import CompiledTrigger, Fires, always
from rules.nodes import Node
from rules.registry import Context, Schema
from rules.schema_parts import MONEY, POSITIVE
from rules.triggers import PERIODS, TRIGGERS, Trigger
from rules.triggers.purchases import SETTING_FREE, takes_nothing
from rules.words import format_money
from stamgast.domain.facts import Fact


def crosses(threshold: int) -> Fires:
    """Fires when the figure goes from below the threshold to it or beyond."""

    def fires(fact: Fact) -> bool:
        return fact.before < threshold <= fact.after

    return fires


@TRIGGERS.add
class VisitsReachedTrigger(Trigger):
    """The customer came for the nth time; several purchases on one day are one visit. Once per customer.

    Example::

        when:
          visits_reached: 10
    """

    name = "visits_reached"

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A number of visits."""
        visits = context.reader.integer(node, self.name, 1, 1_000_000)
        if visits is None:
            return None
        return CompiledTrigger(
            self.name,
            f"visit number {visits}",
            ("visits_changed",),
            crosses(visits),
            "customer",
            PERIODS,
            has_purchase=True,
            threshold=f"visits:{visits}",
            crosses=visits,
        )

    def schema(self) -> Schema:
        """A number from 1."""
        return POSITIVE


@TRIGGERS.add
class ClvPassedTrigger(Trigger):
    """The profit made with the customer so far rose to that amount or beyond it. Once per customer.

    Example::

        when:
          clv_passed: 150 EUR
    """

    name = "clv_passed"

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """An amount in the programme's currency."""
        amount = context.reader.money(node, self.name, context.program.currency)
        if amount is None:
            return None
        return CompiledTrigger(
            self.name,
            f"customer lifetime value passes {format_money(amount, context.program.currency)}",
            ("clv_changed",),
            crosses(amount),
            "customer",
            PERIODS,
            has_purchase=True,
            threshold=f"clv:{amount}",
            crosses=amount,
        )

    def schema(self) -> Schema:
        """Money."""
        return MONEY


@TRIGGERS.add
class LapsingTrigger(Trigger):
    """The customer stays away longer than is usual for this customer. Once per quiet spell.

    Example::

        when: lapsing
    """

    name = "lapsing"

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Takes no settings."""
        if not takes_nothing(node, self.name, context):
            return None
        may = ("quiet_spell", *PERIODS)
        return CompiledTrigger(
            self.name, "staying away longer than usual", ("lapsing",), always, "quiet_spell", may, has_purchase=False
        )

    def schema(self) -> Schema:
        """Nothing."""
        return SETTING_FREE
