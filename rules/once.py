"""What a rule fires once per, as closures over a fact: which occasion it is, and whether it is one at all."""

from collections.abc import Callable, Mapping
from typing import Final

from rules.engine import CompiledTrigger, Occasion
from stamgast.domain.calendar import date_of
from stamgast.domain.dated import is_within
from stamgast.domain.occasions import BY_FACT
from stamgast.domain.units import Day
from stamgast.domain.vocabulary import OncePer


def once_per(word: str, trigger: CompiledTrigger) -> Occasion:
    """The closure that says whether the trigger fires, and for which occasion."""
    fires = trigger.fires
    if word in BY_FACT:
        return lambda fact, view: fact.occasion if fires(fact) else None  # noqa: ARG005
    if word == OncePer.CUSTOMER:
        key = f"customer:{trigger.threshold}" if trigger.threshold else "customer"
        return lambda fact, view: key if fires(fact) else None  # noqa: ARG005
    key_of_day = _PERIODS[word]
    return lambda fact, view: key_of_day(view.local.day) if fires(fact) else None


def between(first: Day | None, last: Day | None, occasion: Occasion) -> Occasion:
    """The same within some days; rules without any stay as fast as they are."""
    if first is None and last is None:
        return occasion
    return lambda fact, view: occasion(fact, view) if is_within(view.local.day, first, last) else None


def _week(day: Day) -> str:
    year, week, _ = date_of(day).isocalendar()
    return f"week:{year:04}-W{week:02}"


_PERIODS: Final[Mapping[str, Callable[[Day], str]]] = {
    OncePer.DAY: lambda day: f"day:{day}",
    OncePer.WEEK: _week,
    OncePer.MONTH: lambda day: f"month:{date_of(day):%Y-%m}",
    OncePer.YEAR: lambda day: f"year:{date_of(day):%Y}",
}
