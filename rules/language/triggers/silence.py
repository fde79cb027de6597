"""Triggers about customers who stay away, and about their coming back."""

from collections.abc import Mapping
from typing import ClassVar, Final

from rules.engine import CompiledTrigger, always
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DAYS
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.language.triggers.customers import crosses
from rules.language.triggers.purchases import SETTING_FREE, takes_nothing
from rules.yaml.nodes import Node
from rules.yaml.words import parse_days
from stamgast.domain.awaited import Awaited
from stamgast.domain.vocabulary import FactName, OncePer, TimerKind


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


MOST_DAYS: Final = 1_830
"""Five years of silence."""


@TRIGGERS.add
class NotSeenForTrigger(Trigger):
    """So many days have passed since the customer's last visit. Once per quiet spell unless the rule says otherwise.

    It comes at the beginning of that day on the shop's clock, and a message waits for its hours. Who has been away for
    longer when the rule comes into force is not told of: they are `lapsed`, or a campaign's.

    Example::

        when:
          not_seen_for: 30 days
    """

    name = "not_seen_for"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant {value} niet is geweest",
        "fr": "un client n'est pas venu pendant {value}",
        "de": "ein Kunde {value} nicht da war",
        "en": "a customer has not come for {value}",
    }
    facts = (FactName.NOT_SEEN,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A number of days."""
        days = context.reader.word(node, self.name, parse_days)
        if days is None:
            return None
        if not 1 <= days <= MOST_DAYS:
            context.reader.problem(node, f"`{self.name}` is from 1 day to {MOST_DAYS} days")
            return None
        return CompiledTrigger(
            self.name,
            f"not having been seen for {days} days",
            self.facts,
            crosses(days),
            OncePer.QUIET_SPELL,
            (OncePer.QUIET_SPELL, *PERIODS),
            has_purchase=False,
            crosses=days,
            absence=True,
            awaited=Awaited(TimerKind.UNSEEN, days),
        )

    def schema(self) -> Schema:
        """A number of days."""
        return DAYS


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
