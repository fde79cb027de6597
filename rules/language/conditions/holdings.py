"""Conditions on what a customer has: stamps on a card, rewards, a tier."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.figures import BOUNDS, bounded, of_view, read_bounds
from rules.language.conditions.moments import listed
from rules.language.registry import Context, Schema
from rules.language.schema_parts import COUNT, TEXT, bounds, one_or_more
from rules.language.tier_names import has_tiers, read_tier
from rules.probes import Among
from rules.yaml.nodes import MapNode, Node, ScalarNode
from stamgast.domain.apart import still_open
from stamgast.domain.tiers import standing
from stamgast.domain.vocabulary import VoucherState


@CONDITIONS.add
class StampsCondition(ConditionWord):
    """How many stamps are on a card now. A card that has just become full is empty again.

    Example::

        if:
          - stamps: {bread: {at_least: 3}}
    """

    name = "stamps"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de kaart {key} {value} stempels heeft",
        "fr": "la carte {key} a {value} tampons",
        "de": "die Karte {key} {value} Stempel hat",
        "en": "the {key} card has {value} stamps",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One card's id and bounds in stamps."""
        reader = context.reader
        entries = reader.entries(node, self.name)
        if len(entries) != 1:
            if isinstance(node, MapNode):
                reader.problem(node, f"`{self.name}` needs one card and a bound", "Write it as {bread: {at_least: 3}}.")
            return None
        key, value = entries[0]
        if key.text in BOUNDS and key.text not in context.program.cards:
            of, bound = next(iter(context.program.cards), "bread"), value.text if isinstance(value, ScalarNode) else 3
            hint = f"Write it as {{{of}: {{{key.text}: {bound}}}}}."
            reader.problem(node, f"`{self.name}` says first of which card", hint)
            return None
        card = reader.known(key, self.name, context.program.cards, "stamp card")
        where = f"{self.name}: {key.text}"
        found = read_bounds(value, where, context, lambda node, where: reader.integer(node, where, 0, 1000))
        if card is None or found is None:
            return None

        def on_it(view: View) -> int:
            held = view.customer.cards.get(card)
            return 0 if held is None else held.balance

        return of_view(bounded(f"stamps on {card}", found, str), on_it, found, str, (self.name, card))

    def schema(self) -> Schema:
        """One card's id -> bounds."""
        return {"type": "object", "additionalProperties": bounds(COUNT), "minProperties": 1, "maxProperties": 1}


@CONDITIONS.add
class HasRewardCondition(ConditionWord):
    """The customer has a voucher that can be used: for one of these rewards, for any (`true`) or for none (`false`).

    Example::

        if:
          - has_reward: free_loaf
    """

    name = "has_reward"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant {value} nog heeft",
        "fr": "le client a encore {value}",
        "de": "der Kunde {value} noch hat",
        "en": "the customer still has {value}",
    }
    says_whether: ClassVar[Mapping[bool, Mapping[str, str]]] = {
        True: {
            "nl": "de klant nog een beloning heeft",
            "fr": "le client a encore une récompense",
            "de": "der Kunde noch eine Belohnung hat",
            "en": "the customer still has a reward",
        },
        False: {
            "nl": "de klant geen beloning meer heeft",
            "fr": "le client n'a plus de récompense",
            "de": "der Kunde keine Belohnung mehr hat",
            "en": "the customer has no reward left",
        },
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """A reward, several, true or false."""
        reader = context.reader
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            wanted = node.value
            text = "has a reward" if wanted else "has no reward"
            return Condition(text, lambda view: bool(_rewards(view)) is wanted, _found)
        found = [
            reader.known(item, self.name, context.program.rewards, "reward") for item in reader.items(node, self.name)
        ]
        rewards = tuple(dict.fromkeys(each for each in found if each is not None))
        if not rewards or None in found:
            return None
        these = frozenset(rewards)
        return Condition(f"has {listed(rewards)}", lambda view: not these.isdisjoint(_rewards(view)), _found)

    def schema(self) -> Schema:
        """Rewards' ids, true or false."""
        return {"anyOf": [{"type": "boolean"}, *one_or_more(TEXT)["anyOf"]]}


def _rewards(view: View) -> set[str]:
    """Rewards of which a voucher is open; of those kept apart it is known to the day."""
    held = view.customer.vouchers
    found = {each.reward for each in held if each.state == VoucherState.OPEN and each.expires_at > view.at}
    return found | set(still_open(view.customer.apart)) if view.customer.apart is not None else found


def _found(view: View) -> str:
    return ", ".join(sorted(_rewards(view))) or "none"


@CONDITIONS.add
class TierCondition(ConditionWord):
    """The tier that the customer is on; `none` for who is on none.

    Example::

        if:
          - tier: [silver, gold]
    """

    name = "tier"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het niveau {value} is",
        "fr": "le niveau est {value}",
        "de": "die Stufe {value} ist",
        "en": "the tier is {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One tier or several of program.yaml."""
        reader, program = context.reader, context.program
        if not has_tiers(reader, node, program):
            return None
        found = [read_tier(reader, item, self.name, program) for item in reader.items(node, self.name)]
        tiers = tuple(dict.fromkeys(each for each in found if each is not None))
        if not tiers or None in found:
            return None
        wanted = frozenset(tiers)
        probe = Among(self.name, _tier, wanted)
        return Condition(f"tier is {listed(tiers)}", lambda view: _tier(view) in wanted, _tier, probe=probe)

    def schema(self) -> Schema:
        """One tier, or a list of them."""
        return one_or_more(TEXT)


def _tier(view: View) -> str:
    return standing(view.customer, view.program.tiers).name
