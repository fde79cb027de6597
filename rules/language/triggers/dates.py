"""Triggers on dates that come every year."""

import re
from collections.abc import Mapping
from typing import ClassVar, Final

from rules.engine import CompiledTrigger, Fires
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DAYS, choice
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.language.triggers.purchases import SETTING_FREE, stands_alone
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.words import parse_days
from stamgast.domain.awaited import BEGINNINGS, JOINED, Awaited
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import FactName, OncePer, TimerKind

MOST_BEFORE: Final = 180
"""Days before the date at which it can be spoken of."""
BEFORE: Final = "before"
OF: Final = "of"


_DAYS: Final = re.compile(r"[0-9]+ (?:day|week)s?\b")


class _YearlyTrigger(Trigger):
    """Happens once per year, so many days before a date."""

    words: ClassVar[Mapping[str, Schema]]

    def settings(self, node: Node, context: Context) -> tuple[int, dict[str, Node]] | None:
        """Days before the date, and what else was set; None when problems were noted."""
        reader = context.reader
        if stands_alone(node):
            return 0, {}
        if not isinstance(node, MapNode):
            days = _DAYS.search(node.text) if isinstance(node, ScalarNode) else None
            meant = days[0] if days else "3 days"
            reader.problem(node, f"`{self.name}` takes `before`", f"Write it as {{before: {meant}}}.")
            return None
        found = reader.mapping(node, self.name, tuple(self.words))
        before = reader.word(found[BEFORE], BEFORE, parse_days) if BEFORE in found else 0
        if before is None or len(found) < len(node.entries):
            return None
        if before > MOST_BEFORE:
            hint = f'Write "{MOST_BEFORE} days", or less.'
            reader.problem(found[BEFORE], f"`{BEFORE}` is at most {MOST_BEFORE} days", hint)
            return None
        return before, found

    def compiled(self, text: str, awaited: Awaited, fires: Fires) -> CompiledTrigger:
        """The trigger itself."""
        days = "day" if awaited.by == 1 else "days"
        said = f"{awaited.by} {days} before {text}" if awaited.by else text
        return CompiledTrigger(
            self.name, said, self.facts, fires, OncePer.YEAR, PERIODS, has_purchase=False, awaited=awaited
        )

    def schema(self) -> Schema:
        """Nothing, or its words."""
        full: Schema = {"type": "object", "properties": dict(self.words), "additionalProperties": False}
        return {"anyOf": [*SETTING_FREE["anyOf"], full]}


@TRIGGERS.add
class BirthdayTrigger(_YearlyTrigger):
    """The customer's birthday, or so many days before it. Once per year.

    It comes at the beginning of that day on the shop's clock, and a message waits for its hours. Of 29 February it is
    the 28th in years without one. Who tells their birthday on the day itself, or changes it, waits for the next time
    that it comes. Nobody whose birthday is not known is asked.

    Example::

        when:
          birthday: {before: 3 days}
    """

    name = "birthday"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant jarig is",
        "fr": "c'est l'anniversaire d'un client",
        "de": "ein Kunde Geburtstag hat",
        "en": "a customer has a birthday",
    }
    facts = (FactName.BIRTHDAY,)
    words: ClassVar[Mapping[str, Schema]] = {BEFORE: DAYS}

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Nothing, or days before it."""
        settings = self.settings(node, context)
        if settings is None:
            return None
        before, _ = settings
        return self.compiled("their birthday", Awaited(TimerKind.BIRTHDAY, before), lambda fact: fact.after == before)


@TRIGGERS.add
class AnniversaryTrigger(_YearlyTrigger):
    """So many years since the customer joined, or so many days before that. Once per year.

    `of: first_visit` counts from the first purchase instead, which moves when a purchase from before it comes in, or
    when it is taken back. Of 29 February it is the 28th in years without one.

    Example::

        when:
          anniversary: {of: first_visit, before: 1 week}
    """

    name = "anniversary"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant een jaar langer klant is",
        "fr": "un client l'est depuis un an de plus",
        "de": "ein Kunde ein Jahr länger Kunde ist",
        "en": "a customer has been one for another year",
    }
    facts = (FactName.ANNIVERSARY,)
    words: ClassVar[Mapping[str, Schema]] = {OF: choice(BEGINNINGS), BEFORE: DAYS}

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Nothing, or of what, and days before it."""
        settings = self.settings(node, context)
        if settings is None:
            return None
        before, found = settings
        of = context.reader.one_of(found[OF], OF, BEGINNINGS) if OF in found else JOINED
        if of is None:
            return None

        def fires(fact: Fact) -> bool:
            return fact.after == before and fact.data[OF] == of

        text = "the anniversary of their joining" if of == JOINED else "the anniversary of their first visit"
        return self.compiled(text, Awaited(TimerKind.ANNIVERSARY, before, of), fires)
