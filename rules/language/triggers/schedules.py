"""Triggers by the calendar, `every` and `on`, and by hand: `campaign`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from rules.buyers import FARTHEST
from rules.engine import Audience, CompiledTrigger, Fires
from rules.language.conditions.moments import listed
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DURATION, TEXT, choice, one_or_more
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.problems import nearest, suggest
from rules.yaml.reader import Reader
from rules.yaml.words import WEEKDAYS, WordError, parse_duration, parse_moment, parse_time
from stamgast.domain.calendar import date_of
from stamgast.domain.facts import Fact
from stamgast.domain.schedules import BY_HAND, LAST_DAY, Each, Schedule
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import FactName, OncePer

USUAL_MINUTE: Final = 600
LAST: Final = "last"
LATEST_DAY: Final = 84_006
"""31 December 2199."""
MOST: Final = {Each.DAY: 365, Each.WEEK: 52, Each.MONTH: 12}
"""Of these between two occasions: a year at most."""
_EACH: Final = re.compile(r"(?:([0-9]{1,3}) )?(day|week|month)s?")
_WORDS: Final = ("day", "week", "month", "each", "at", "spread", "audience")
_SHAPES: Final = 'Write `every: week`, `every: 3 weeks`, or {week: monday, at: "10:00"}; also day and month.'


@dataclass(frozen=True, slots=True)
class _Said:
    """What there is, and how it is read aloud."""

    schedule: Schedule
    text: str
    audience: Audience | None = None


class _CalendarTrigger(Trigger):
    """What all three have in common."""

    facts = (FactName.SCHEDULED,)

    def _compiled(self, said: _Said, context: Context) -> CompiledTrigger:
        return CompiledTrigger(
            self.name,
            said.text,
            self.facts,
            _of(context.rule),
            OncePer.OCCASION,
            (OncePer.OCCASION, *PERIODS),
            has_purchase=False,
            schedule=said.schedule,
            audience=said.audience,
        )


@TRIGGERS.add
class EveryTrigger(_CalendarTrigger):
    """It comes again and again by the shop's own clock, and asks `if` of every customer. Once per occasion.

    `every: day`, `week` or `month`, also `3 weeks`, or with a mapping: `week` names weekdays, `month` a day of the
    month or `last`, `each` is for `3 weeks` there, `at` is the time of day (10:00), and `spread: 3 hours` lets the
    customers' turns come one after another over that time. Every third week counts from the week of the rule's
    `starts`. An occasion that is late by more than `freshness` for timers allows is passed over; those
    before the rule came into force give nothing. `audience` names one of program.yaml's `audiences`: then only they
    are asked, at each occasion those who meet its conditions or have bought it by then; a list (`file`) is put in with
    `stamgast campaign audience`, and holds until the next one is.

    Example::

        when:
          every: {week: monday, at: "10:00"}
    """

    name = "every"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het volgens de kalender weer tijd is",
        "fr": "le calendrier le dit de nouveau",
        "de": "es nach dem Kalender wieder Zeit ist",
        "en": "it is time again by the calendar",
    }

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A span of time, or when within it."""
        said = _read_every(node, context)
        return None if said is None else self._compiled(said, context)

    def schema(self) -> Schema:
        """A span of time, or when within it."""
        span: Schema = {"type": "string", "pattern": "^([0-9]{1,3} )?(day|week|month)s?$"}
        words: Schema = {
            "day": {"const": True},
            "week": one_or_more(choice(WEEKDAYS)),
            "month": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 31}, {"const": LAST}]},
            "each": span,
            "at": {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"},
            "spread": DURATION,
            "audience": TEXT,
        }
        return {"anyOf": [span, {"type": "object", "properties": words, "additionalProperties": False}]}


@TRIGGERS.add
class OnTrigger(_CalendarTrigger):
    """It comes once, on that date by the shop's own clock, and asks `if` of every customer.

    With `spread`, as in `{at: 2026-12-05 10:00, spread: 3 hours}`, the customers' turns come one after another over
    that time. `audience` is as with `every`: a list is put in before the date, with `stamgast campaign audience`, which
    also fixes before it who meets the conditions of another one, or has bought it.

    Example::

        when:
          on: 2026-12-05 10:00
    """

    name = "on"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "die dag er is",
        "fr": "ce jour est venu",
        "de": "dieser Tag da ist",
        "en": "that day has come",
    }

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A date with the time of day."""
        reader, spread, audience = context.reader, 0, None
        if isinstance(node, MapNode):
            found = reader.mapping(node, self.name, ("at", "spread", "audience"), ("at",))
            if "at" not in found or len(found) < len(node.entries):
                return None
            spread = _spread(reader, found.get("spread"))
            audience = _described(context, found.get("audience"))
            node = found["at"]
        moment = reader.word(node, self.name, parse_moment)
        if moment is None:
            return None
        day, minute = moment
        if not 0 <= day <= LATEST_DAY:
            reader.problem(node, f"`{self.name}` is a date from 1970 to 2199", "Such as `on: 2026-12-05 10:00`.")
            return None
        if audience is not None and audience.bought is not None and audience.bought.is_too_far_back(day):
            what = f'"{audience.name}" is about purchases more than {FARTHEST} days before that date'
            reader.problem(node, what, f"Write from: {date_of(day - FARTHEST)} there, or later.")
            return None
        schedule = Schedule(Each.DAY, minute=minute, once=day, spread=spread)
        return self._compiled(_Said(schedule, f"{date_of(day)} {_clock(minute)}", audience), context)

    def schema(self) -> Schema:
        """A date with the time of day."""
        words: Schema = {"at": TEXT, "spread": DURATION, "audience": TEXT}
        full: Schema = {"type": "object", "properties": words, "required": ["at"], "additionalProperties": False}
        return {"anyOf": [TEXT, full]}


@TRIGGERS.add
class CampaignTrigger(_CalendarTrigger):
    """A person starts it, with `stamgast campaign start`, and it asks `if` of everybody whom it is for.

    `audience` names one of program.yaml's `audiences`; without it, it is for all customers, unless another one is
    named at the start. `spread: 3 hours` lets the customers' turns come one after another over that time. It happens
    once per start.

    Example::

        when:
          campaign: {spread: 3 hours}
    """

    name = "campaign"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "iemand de campagne start",
        "fr": "quelqu'un lance la campagne",
        "de": "jemand die Kampagne startet",
        "en": "somebody starts the campaign",
    }

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Nothing, or for whom and over which time."""
        reader, found = context.reader, {}
        if not (isinstance(node, ScalarNode) and node.value is None) and not (
            isinstance(node, MapNode) and not node.entries
        ):
            found = reader.mapping(node, self.name, ("audience", "spread"))
            if not isinstance(node, MapNode) or len(found) < len(node.entries):
                return None
        audience = _described(context, found.get("audience"))
        if "audience" in found and audience is None:
            return None
        schedule = Schedule(Each.DAY, once=BY_HAND, spread=_spread(reader, found.get("spread")))
        return self._compiled(_Said(schedule, "campaign", audience), context)

    def schema(self) -> Schema:
        """Nothing, or for whom and over which time."""
        words: Schema = {"audience": TEXT, "spread": DURATION}
        return {"anyOf": [{"type": "null"}, {"type": "object", "properties": words, "additionalProperties": False}]}


def _of(rule: str) -> Fires:
    def fires(fact: Fact) -> bool:
        return bool(fact.data["rule"] == rule)

    return fires


def parse_each(text: str) -> tuple[Each, int]:
    """`week`, `3 weeks`. Raises `WordError`."""
    match = _EACH.fullmatch(text)
    number = int(match[1] or 1) if match else 0
    if match is None or not number:
        day = nearest(text, WEEKDAYS)
        if day is not None:
            raise WordError(f'"{text}" is not something that comes again', f"Write `every: {{week: {day}}}`.")
        meant = suggest(text, Each) if " " not in text else ""
        raise WordError(f'"{text}" is not something that comes again', f"{meant} {_SHAPES}".strip())
    each = Each(match[2])
    if number > MOST[each]:
        raise WordError(f'"{text}" is longer than a year', f"Write {MOST[each]} {each}s at most.")
    return each, number


def _read_every(node: Node, context: Context) -> _Said | None:
    reader = context.reader
    if isinstance(node, ScalarNode):
        span = reader.word(node, "every", parse_each)
        return None if span is None else _said(Schedule(*span))
    if not isinstance(node, MapNode):
        reader.problem(node, "`every` is a span of time, or when within it", _SHAPES)
        return None
    found = reader.mapping(node, "every", _WORDS)
    kinds = [word for word in ("day", "week", "month", "each") if word in found]
    if len(kinds) != 1 or len(found) < len(node.entries):
        if len(found) == len(node.entries):
            reader.problem(node, "`every` needs one of day, week, month and each", _SHAPES)
        return None
    schedule = _read_kind(kinds[0], found[kinds[0]], reader)
    minute = reader.word(found["at"], "at", parse_time) if "at" in found else USUAL_MINUTE
    if schedule is None or minute is None:
        return None
    if minute == DAY // 60_000:
        reader.problem(found["at"], "`at`: 24:00 is the next day", 'Write "00:00".')
        return None
    schedule = schedule._replace(minute=minute, spread=_spread(reader, found.get("spread")))
    return _said(schedule, _described(context, found.get("audience")))


def _read_kind(word: str, node: Node, reader: Reader) -> Schedule | None:
    if word == "each":
        span = reader.word(node, word, parse_each)
        return None if span is None else Schedule(*span)
    if word == "day":
        return Schedule(Each.DAY) if reader.truth(node, word) else None
    if word == "week":
        days = reader.some_of(node, word, WEEKDAYS, thing="weekday")
        return Schedule(Each.WEEK, weekdays=tuple(sorted(map(WEEKDAYS.index, days)))) if days else None
    if isinstance(node, ScalarNode) and node.text == LAST:
        return Schedule(Each.MONTH, day=LAST_DAY)
    day = reader.integer(node, word, 1, 31)
    return None if day is None else Schedule(Each.MONTH, day=day)


def _spread(reader: Reader, node: Node | None) -> Millis:
    spread = reader.word(node, "spread", parse_duration) if node is not None else None
    if spread is not None and node is not None and spread > DAY:
        reader.problem(node, "`spread` is a day at most", "Write it as 3 hours.")
    return spread or 0


def _described(context: Context, node: Node | None) -> Audience | None:
    """One of program.yaml's audiences."""
    name = context.reader.known(node, "audience", context.audiences, "audience") if node is not None else None
    return None if name is None else context.audiences[name]


def _said(schedule: Schedule, audience: Audience | None = None) -> _Said:
    each = schedule.each if schedule.number == 1 else f"{schedule.number} {schedule.each}s"
    when = ""
    if schedule.each is Each.WEEK:
        when = f" on {listed(tuple(WEEKDAYS[day] for day in schedule.weekdays))}"
    elif schedule.each is Each.MONTH:
        when = " on its last day" if schedule.day == LAST_DAY else f" on day {schedule.day}"
    return _Said(schedule, f"every {each}{when} at {_clock(schedule.minute)}", audience)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
