"""The trigger on friends whom a customer brought."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, always
from rules.language.registry import Context, Schema
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.language.triggers.purchases import SETTING_FREE, takes_nothing
from rules.yaml.nodes import Node
from stamgast.domain.vocabulary import FactName, OncePer


@TRIGGERS.add
class ReferredTrigger(Trigger):
    """A friend who joined by this customer's code made a purchase that counts: see `referral` of program.yaml.

    Once per friend. It comes about on the stream of whoever invited, whatever partition either is in; `give` with
    `to: friend` gives the friend something. The friend's refund takes back what both were given.

    Example::

        when: referred
        then:
          - give: free_loaf
          - give: coffee
            to: friend
    """

    name = "referred"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een vriend die de klant meebracht voor het eerst koopt",
        "fr": "un ami que le client a amené fait son premier achat",
        "de": "ein Freund, den der Kunde mitgebracht hat, zum ersten Mal kauft",
        "en": "a friend whom the customer brought buys for the first time",
    }
    facts = (FactName.FRIEND_BOUGHT,)
    earned = True

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Takes no settings."""
        if not takes_nothing(node, self.name, context):
            return None
        if context.program.referral is None:
            hint = "Write `referral: {reward: …, friend_reward: …}`, or `referral: true`."
            context.reader.problem(node, "program.yaml has no `referral`: nobody has a code to bring friends by", hint)
            return None
        may = (OncePer.FRIEND, *PERIODS)
        return CompiledTrigger(
            self.name, "a friend's first purchase", self.facts, always, OncePer.FRIEND, may, has_purchase=False
        )

    def schema(self) -> Schema:
        """Nothing stands after it."""
        return SETTING_FREE
