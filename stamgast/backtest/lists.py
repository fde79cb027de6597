"""Who is on the lists that rules are for, as far as a past tells: the log has what was fixed, or a file beside it says.

Rules of an audience that is no list ask states, or who bought what; nothing of them stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from msgspec import Struct

from rules.rule_set import RuleSet
from stamgast.domain.campaign_events import AudienceListed, CampaignStarted
from stamgast.domain.events import AnyEvent
from stamgast.domain.region import Region
from stamgast.domain.units import Millis
from stamgast.identity.phones import BadPhoneError, normalise_phone

_EVERY_RULE = ""


class OnList(Struct):
    """How many a rule's list has, and how many of them are in the past."""

    size: int = 0
    found: int = 0


class GivenList(NamedTuple):
    """A file of identifiers beside a CSV, each as `written_alike` has it, or of customers beside the log.

    Without an `audience` it is every list.
    """

    file: str
    members: frozenset[str]
    audience: str = ""


class Listed(NamedTuple):
    """Those of a list who are known here, and how many it has everywhere."""

    members: AbstractSet[str]
    size: int


class Lists:
    """Of every rule whose list is known: who is on it."""

    def of(self, rule: str, audience: str) -> Listed | None:  # noqa: ARG002 - here is none
        """Who is on the list of that name; None where nobody said."""
        return None

    def counted(self, rules: RuleSet, customers: Collection[str]) -> dict[str, OnList]:
        """Rule -> how many are on its list, of those rules whose list is known."""
        named = ((rule.id, rule.trigger.audience) for rule in rules.all)
        found = (
            (rule, self.of(rule, audience.name)) for rule, audience in named if audience is not None and audience.file
        )
        return {
            rule: OnList(listed.size, sum(customer in listed.members for customer in customers))
            for rule, listed in found
            if listed is not None
        }


class ListsInLog(Lists):
    """As partitions tell them: parts first, and behind them what fixes the list or starts its campaign."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, Millis], set[str]] = {}
        self._newest: dict[tuple[str, str], CampaignStarted] = {}
        """(rule or every rule, audience) -> what was said last of it."""

    def hear(self, event: AnyEvent) -> None:
        """Take in what is about the merchant, not about one customer."""
        if isinstance(event, AudienceListed):
            self._parts.setdefault((event.rule, event.occasion), set()).update(event.customers)
        elif isinstance(event, CampaignStarted) and event.audience:
            for rule in (event.rule, _EVERY_RULE):
                before = self._newest.get((rule, event.audience))
                if before is None or before.occasion < event.occasion:
                    self._newest[rule, event.audience] = event

    def of(self, rule: str, audience: str) -> Listed | None:
        """The rule's own, newest one; else the newest of that name that was fixed for another rule."""
        said = self._newest.get((rule, audience)) or self._newest.get((_EVERY_RULE, audience))
        if said is None:
            return None
        return Listed(self._parts.get((said.rule, said.occasion), frozenset()), said.size)


class ListInFile(Lists):
    """A file's, of the customers of a past who are on it."""

    def __init__(self, given: GivenList, customers: Iterable[str], home: Region) -> None:
        members = frozenset(each for each in customers if written_alike(each, home) in given.members)
        self._listed, self._audience = Listed(members, len(given.members)), given.audience

    def of(self, rule: str, audience: str) -> Listed | None:  # noqa: ARG002 - the same for every rule
        """That one, unless it was given for another audience."""
        return self._listed if self._audience in {"", audience} else None


NO_LISTS = Lists()


def written_alike(text: str, home: Region) -> str:
    """A phone as all phones are written; anything else, also a number without 0 or + before it, as it is."""
    if text[:1] in {"+", "0"}:
        try:
            return normalise_phone(text, home)
        except BadPhoneError:
            pass
    return text
