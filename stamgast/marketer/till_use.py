"""What was done by hand at the tills in a week, beside what is usual there and what others do: who gives too much.

Counted by `stamgast.service.handed` in the owner's commit, by till, operator and week; nothing is looked for among
customers. Nothing here accuses: a shop that takes over cards of paper gives hundreds. What stands out is shown to
somebody who knows why.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from stamgast.domain.counters import BETWEEN, AtTill, Counter

USUAL_WEEKS: Final = 8
_LEAST: Final = 5
"""So few are nothing to look at."""
_SPREAD: Final = 3.0
"""Above what is expected by so many times the square root of that: where chance alone hardly ever goes."""
_TOLD: Final = (AtTill.STAMPS, AtTill.REDEEMED)
_WORDS: Final = 5

Key = tuple[str, str]
"""Till and operator, as ids."""
Weeks = Mapping[Key, Mapping[str, Mapping[AtTill, int]]]


class Beside(StrEnum):
    """Beside what something is unusual."""

    USUAL = "usual"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a week. `usual` is a week's average before, None where nothing was before; `others` that of others
    in the same week, None where there are none.
    """

    now: int
    usual: float | None
    others: float | None
    unusual: Sequence[Beside] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """Somebody at a till."""

    till: str
    till_name: str
    operator: str
    operator_name: str
    stamps: Figure
    redeemed: Figure
    handed: int
    """How often stamps were given."""

    @property
    def unusual(self) -> bool:
        """Say whether there is anything to look at."""
        return bool(self.stamps.unusual or self.redeemed.unusual)


@dataclass(frozen=True, slots=True)
class TillUse:
    """A week at the tills: what stands out first."""

    week: str
    begins: str
    """Its Monday."""
    before: str
    after: str
    """The next week; empty in this one."""
    rows: Sequence[Use]


def till_use(
    totals: Mapping[str, int], monday: date, today: date, names: tuple[Mapping[str, str], Mapping[str, str]]
) -> TillUse:
    """A merchant's tills in the week that begins on `monday`; `names` are of tills and of operators, by id."""
    weeks, week = _read(totals), week_of(monday)
    before = [week_of(monday - timedelta(weeks=back)) for back in range(USUAL_WEEKS, 0, -1)]
    keys = [key for key, done in weeks.items() if any(each in done for each in (week, *before))]
    rows = [_use(weeks, key, keys, (week, before), names) for key in keys]
    rows.sort(key=lambda each: (not each.unusual, -each.stamps.now - each.redeemed.now, each.till, each.operator))
    after = monday + timedelta(weeks=1)
    return TillUse(
        week, monday.isoformat(), week_of(monday - timedelta(weeks=1)), week_of(after) if after <= today else "", rows
    )


def week_of(day: date) -> str:
    """As counters name it: 2026-W48."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _read(totals: Mapping[str, int]) -> Weeks:
    found: dict[Key, dict[str, dict[AtTill, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for name, count in totals.items():
        words = name.split(BETWEEN)
        if words[0] == Counter.TILL and len(words) == _WORDS and count:
            _, till, operator, week, what = words
            found[till, operator][week][AtTill(what)] += count
    return found


def _use(
    weeks: Weeks,
    key: Key,
    keys: Iterable[Key],
    when: tuple[str, Sequence[str]],
    names: tuple[Mapping[str, str], Mapping[str, str]],
) -> Use:
    week, before = when
    others = [each for each in keys if each != key]
    figures = {}
    for what in _TOLD:
        now = _count(weeks, key, week, what)
        known = [each for each in before if each in weeks[key]]
        since = before[before.index(known[0]) :] if known else []
        usual = _mean([_count(weeks, key, each, what) for each in since])
        beside = _mean([_count(weeks, each, week, what) for each in others])
        figures[what] = Figure(now, usual, beside, _unusual(now, usual, beside))
    till, operator = key
    return Use(
        till=till,
        till_name=names[0].get(till, till),
        operator=operator,
        operator_name=names[1].get(operator, operator),
        stamps=figures[AtTill.STAMPS],
        redeemed=figures[AtTill.REDEEMED],
        handed=_count(weeks, key, week, AtTill.HANDED),
    )


def _unusual(now: int, usual: float | None, others: float | None) -> list[Beside]:
    found = {Beside.USUAL: usual, Beside.OTHERS: others}
    return [beside for beside, expected in found.items() if expected is not None and _stands_out(now, expected)]


def _stands_out(now: int, expected: float) -> bool:
    return now >= _LEAST and now > expected + _SPREAD * math.sqrt(max(expected, 1.0))


def _count(weeks: Weeks, key: Key, week: str, what: AtTill) -> int:
    return weeks[key].get(week, {}).get(what, 0)


def _mean(counts: Sequence[int]) -> float | None:
    return sum(counts) / len(counts) if counts else None
