"""The condition on how many friends a customer brought."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.figures import bounded, highest, lowest, read_bounds
from rules.language.registry import Context, Schema
from rules.language.schema_parts import COUNT, bounds
from rules.yaml.nodes import Node

_MOST = 1_000_000


@CONDITIONS.add
class ReferralsCondition(ConditionWord):
    """How many friends the customer brought whose purchase counts; one that was given back does not.

    Example::

        if:
          - referrals: {at_least: 3}
    """

    name = "referrals"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het aantal meegebrachte vrienden past",
        "fr": "le nombre d'amis amenés convient",
        "de": "die Zahl der mitgebrachten Freunde passt",
        "en": "the number of friends whom they brought fits",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds of a number."""
        found = read_bounds(node, self.name, context, lambda value, at: context.reader.integer(value, at, 0, _MOST))
        if found is None:
            return None
        low, high = lowest(found), highest(found)
        return Condition(
            bounded("friends brought", found, str),
            lambda view: low <= _friends(view) <= high,
            lambda view: str(_friends(view)),
        )

    def schema(self) -> Schema:
        """Bounds of a number."""
        return bounds(COUNT)


def _friends(view: View) -> int:
    referral = view.customer.referral
    return 0 if referral is None else referral.friends
