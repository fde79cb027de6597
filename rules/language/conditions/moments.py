"""Conditions on when it happened and where the customer stands: weekday, lifecycle stage."""

from collections.abc import Mapping
from operator import attrgetter
from typing import ClassVar, Final

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DATES, HOURS, choice, one_or_more
from rules.probes import Among
from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.words import WEEKDAYS, parse_any_hours, parse_dates
from stamgast.domain.calendar import date_of
from stamgast.domain.vocabulary import Stage

_weekday: Final = attrgetter("local.weekday")
_stage: Final = attrgetter("customer.stage")
_SEVERAL: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(
    ("weekend", "wochenende", "weekends"), WEEKDAYS[5:]
) | dict.fromkeys(("weekdays", "workdays", "werkdagen", "weekdagen", "joursouvrables", "werktage"), WEEKDAYS[:5])
"""Words for several days."""


def listed(words: tuple[str, ...]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


@CONDITIONS.add
class WeekdayCondition(ConditionWord):
    """The day of the week on the shop's own calendar: that of the purchase, else of the moment itself.

    Example::

        if:
          - weekday: [tuesday, wednesday]
    """

    name = "weekday"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het {value} is",
        "fr": "c'est {value}",
        "de": "es {value} ist",
        "en": "it is {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One weekday or several."""
        if isinstance(node, ScalarNode) and (meant := _SEVERAL.get(node.text.casefold().replace("-", ""))):
            hint = f"Write `weekday: [{', '.join(meant)}]`."
            context.reader.problem(node, f'"{node.text}" are several days', hint)
            return None
        days = context.reader.some_of(node, self.name, WEEKDAYS, thing="weekday")
        if not days:
            return None
        wanted = frozenset(days)

        def test(view: View) -> bool:
            return view.local.weekday in wanted

        probe = Among(self.name, _weekday, wanted, few=True)
        return Condition(f"weekday is {listed(days)}", test, _weekday, probe=probe)

    def schema(self) -> Schema:
        """One weekday in English, or a list of them."""
        return one_or_more(choice(WEEKDAYS))


@CONDITIONS.add
class HourCondition(ConditionWord):
    """The time of day on the shop's own clock: that of the purchase, else of the moment itself.

    The end is not included. Hours may pass midnight: `"22:00-02:00"`.

    Example::

        if:
          - hour: ["08:00-10:00", "16:00-18:00"]
    """

    name = "hour"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het tussen {value} is",
        "fr": "c'est entre {value}",
        "de": "es zwischen {value} ist",
        "en": "it is between {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One range of hours or several."""
        reader = context.reader
        found = [reader.word(item, self.name, parse_any_hours) for item in reader.items(node, self.name)]
        ranges = tuple(each for each in found if each is not None)
        if not ranges or len(ranges) < len(found):
            return None

        def test(view: View) -> bool:
            minute = view.local.minute
            return any(
                begins <= minute < ends if begins < ends else minute >= begins or minute < ends
                for begins, ends in ranges
            )

        said = listed(tuple(f"{_clock(begins)}-{_clock(ends)}" for begins, ends in ranges))
        return Condition(f"hour is {said}", test, lambda view: _clock(view.local.minute))

    def schema(self) -> Schema:
        """Hours of the day, or a list of them."""
        return one_or_more(HOURS)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@CONDITIONS.add
class DateCondition(ConditionWord):
    """The date on the shop's own calendar: that of the purchase, else of the moment itself. Both ends are included.

    Example::

        if:
          - date: [2026-12-05, "2026-12-20 to 2027-01-02"]
    """

    name = "date"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het {value} is",
        "fr": "c'est le {value}",
        "de": "es der {value} ist",
        "en": "it is {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One date or several, each a day or from one day to another."""
        reader = context.reader
        items = reader.items(node, self.name)
        found = [reader.word(item, self.name, parse_dates) for item in items]
        ranges = tuple(each for each in found if each is not None)
        if not ranges or len(ranges) < len(found):
            return None

        def test(view: View) -> bool:
            day = view.local.day
            return any(day in each for each in ranges)

        said = listed(tuple(_dates(each) for each in ranges))
        return Condition(f"date is {said}", test, lambda view: date_of(view.local.day).isoformat())

    def schema(self) -> Schema:
        """A date, or from one to another, or a list of these."""
        return one_or_more(DATES)


def _dates(days: range) -> str:
    first, last = date_of(days[0]).isoformat(), date_of(days[-1]).isoformat()
    return first if first == last else f"{first} to {last}"


@CONDITIONS.add
class StageCondition(ConditionWord):
    """The customer's lifecycle stage.

    Example::

        if:
          - stage: [lapsing, lapsed]
    """

    name = "stage"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant {value} is",
        "fr": "le client est {value}",
        "de": "der Kunde {value} ist",
        "en": "the customer is {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One stage or several."""
        stages = context.reader.some_of(node, self.name, Stage, thing="stage")
        if not stages:
            return None
        wanted = frozenset(stages)

        def test(view: View) -> bool:
            return view.customer.stage in wanted

        return Condition(f"stage is {listed(stages)}", test, _stage, probe=Among(self.name, _stage, wanted, few=True))

    def schema(self) -> Schema:
        """One stage, or a list of them."""
        return one_or_more(choice(Stage))
