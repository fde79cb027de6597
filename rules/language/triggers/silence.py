"""Triggers about customers who stay away, and about their coming back."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, always
from rules.language.registry import Context, Schema
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.language.triggers.purchases import SETTING_FREE, takes_nothing
from rules.yaml.nodes import Node
from stamgast.domain.vocabulary import FactName, OncePer


class _QuietTrigger(Trigger):
    """Happens once per quiet spell and takes no settings."""

    text: ClassVar[str]
    is_back: ClassVar[bool] = False

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Takes no settings."""
        if not takes_nothing(node, self.name, context):
            return None
        may = (OncePer.QUIET_SPELL, *PERIODS)
        return CompiledTrigger(
            self.name,
            self.text,
            self.facts,
            always,
            OncePer.QUIET_SPELL,
            may,
            has_purchase=self.is_back,
            absence=not self.is_back,
        )

    def schema(self) -> Schema:
        """Nothing stands after it."""
        return SETTING_FREE


@TRIGGERS.add
class BecameAtRiskTrigger(_QuietTrigger):
    """Most who come back would have been back by now. Once per quiet spell; `lapsing` comes later.

    Example::

        when: became_at_risk
    """

    name = "became_at_risk"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant later is dan anders",
        "fr": "un client tarde plus que d'habitude",
        "de": "ein Kunde später kommt als sonst",
        "en": "a customer is later than usual",
    }
    facts = (FactName.AT_RISK,)
    text = "being later than usual"


@TRIGGERS.add
class LapsingTrigger(_QuietTrigger):
    """The customer stays away longer than is usual for this customer. Once per quiet spell.

    Example::

        when: lapsing
    """

    name = "lapsing"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant langer wegblijft dan anders",
        "fr": "un client s'éloigne plus longtemps que d'habitude",
        "de": "ein Kunde länger wegbleibt als sonst",
        "en": "a customer stays away for longer than usual",
    }
    facts = (FactName.LAPSING,)
    text = "staying away longer than usual"


@TRIGGERS.add
class LapsedTrigger(_QuietTrigger):
    """The customer has stayed away so long that nobody counts on them any more. Once per quiet spell.

    Example::

        when: lapsed
    """

    name = "lapsed"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant voorgoed lijkt weggebleven",
        "fr": "un client semble parti pour de bon",
        "de": "ein Kunde wohl nicht mehr kommt",
        "en": "a customer seems to have left for good",
    }
    facts = (FactName.LAPSED,)
    text = "having stayed away for good, it seems"


@TRIGGERS.add
class WonBackTrigger(_QuietTrigger):
    """A customer who was lapsing or lapsed came back. Once per quiet spell.

    Example::

        when: won_back
    """

    name = "won_back"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een weggebleven klant terugkomt",
        "fr": "un client perdu revient",
        "de": "ein weggebliebener Kunde zurückkommt",
        "en": "a customer who had stayed away comes back",
    }
    facts = (FactName.WON_BACK,)
    text = "coming back after a long silence"
    is_back = True
