"""Advice on whom rules reach, how often, and whether anybody tried them."""

from collections.abc import Sequence
from typing import Final

from rules.advice.rule_text import Advisor, RuleText
from rules.engine import CompiledRule
from rules.yaml.nodes import MapNode
from stamgast.domain.calendar import date_of
from stamgast.domain.program import Program, Window
from stamgast.domain.schedules import Each
from stamgast.domain.units import Day
from stamgast.domain.vocabulary import OncePer, Outside, RuleStatus

_OFTEN: Final = frozenset({OncePer.PURCHASE, OncePer.DAY, OncePer.WEEK, OncePer.EVENT})
_SELDOM: Final = 28
"""Days between two occasions of a schedule from which on it needs no limit."""
EVERYBODY: Final = 100


class NobodyLeft(Advisor):
    """A hold-out of everybody, or a trial on nobody."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """The share that is held out gets nothing."""
        if text.rule.status == RuleStatus.CANARY and not text.rule.canary:
            hint = "5% is usual to begin with; to only count write `status: shadow`."
            text.warn(text.place("status"), "`canary 0%` is live for nobody", hint)
        if text.rule.hold_out >= EVERYBODY:
            limits = text.place("limits")
            at = (limits.get("hold_out") if isinstance(limits, MapNode) else None) or limits
            hint = "10% is usual: enough to see what the rule brings."
            text.warn(at, "`hold_out: 100%` holds everybody out: nobody gets a message", hint)


class Over(Advisor):
    """A rule whose days, or whose one day, lie behind us."""

    def __init__(self, today: Day) -> None:
        self._today = today

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """What is over fires no more; of a draft nobody minds."""
        rule, schedule = text.rule, text.rule.trigger.schedule
        if not text.runs:
            return
        if rule.ends is not None and rule.ends < self._today:
            ended = f"this rule never fires: its last day was {date_of(rule.ends)}"
            text.warn(text.place("ends"), ended, "Write a later day, or take the rule away.")
            return
        once = None if schedule is None or schedule.by_hand else schedule.once
        if once is not None and once < self._today:
            came = f"this rule never fires: {date_of(once)} has gone by"
            text.warn(text.place("when"), came, "Write a day that is to come, or take the rule away.")


class MissingStatus(Advisor):
    """A rule that does not say whether it runs."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Without one it is a draft."""
        if text.root.get("status") is None:
            hint = "Write `status: live`, `status: shadow` to only count, or `status: draft`."
            text.warn(text.root, "this rule has no `status`, and so is a draft: it does nothing", hint)


class NoCap(Advisor):
    """Messages that only the house's caps hold back."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """What can happen every few days should have a limit of its own."""
        rule = text.rule
        often = rule.once_per in _OFTEN or (rule.once_per == OncePer.OCCASION and _days_apart(rule) < _SELDOM)
        if rule.sends and often and not rule.cool_down and not rule.per_day:
            hint = "Add `limits: {cool_down: 30 days}`, or a longer `once_per`."
            text.warn(text.place("then"), f"nothing of its own limits these messages: once per {rule.once_per}", hint)


def _days_apart(rule: CompiledRule) -> int:
    """Days between two occasions of its schedule at least."""
    schedule = rule.trigger.schedule
    if schedule is None or schedule.once is not None or schedule.each is Each.MONTH:
        return _SELDOM
    return schedule.number * (7 if schedule.each is Each.WEEK else 1) // max(1, len(schedule.weekdays))


class AtNight(Advisor):
    """A schedule that comes while nobody is written to."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Its messages wait for the morning, or never go."""
        rule, schedule = text.rule, text.rule.trigger.schedule
        at_once = [way for step in rule.all_steps if step.delay is None and step.send for way in step.send.ways]
        if schedule is None or not at_once:
            return
        purpose = program.templates[at_once[0].template].purpose
        house = program.messaging.windows.get(purpose, Window(0, 24 * 60))
        own = rule.window or house
        opens, closes = max(house.opens, own.opens), min(house.closes, own.closes)
        if opens <= schedule.minute < closes or schedule.spread:
            return
        hours = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (opens, closes))
        if rule.if_outside == Outside.DROP:
            message = f"this rule never sends: it comes when nothing goes out, and drops what cannot go ({hours})"
        else:
            message = f"it comes while nothing goes out: its messages wait for the morning ({hours})"
        text.warn(text.place("when"), message, f'Write `at: "{opens // 60:02}:{opens % 60:02}"`, or later.')


class NoTest(Advisor):
    """A rule that nobody tried."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """One test that it fires and one that it does not are few lines."""
        if not text.tests and text.runs:
            hint = "Add `tests`: one purchase that sets it off, and one that does not."
            text.warn(text.place("rule"), f"{text.rule.id} runs and has no tests", hint)
