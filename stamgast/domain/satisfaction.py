"""What customers say of a shop: scores with their interval, who answers, and what became of those who complained.

Made of counters (`answers|<question>|<by>|<which>|<said>`), so that partitions and shops add up.
"""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from stamgast.domain.counters import BETWEEN, Counter, counter
from stamgast.domain.counting import so_many
from stamgast.domain.questions import HIGHEST_SCORE
from stamgast.domain.uplift import t_quantile

PROMOTER: Final = 9
"""A score of so much or more counts for the net promoter score, one below `PASSIVE` against it."""
PASSIVE: Final = 7
LEAST: Final = 5
"""Scores below which no interval is told."""


class By(StrEnum):
    """How answers are parted."""

    ALL = "all"
    RULE = "rule"
    STORE = "store"
    MONTH = "month"


class Said(StrEnum):
    """What is counted; of scores and options, behind these the score or the option."""

    ASKED = "asked"
    ANSWERED = "answered"
    SCORE = "score"
    OPTION = "option"
    COMPLAINED = "complained"
    TOLD = "told"
    """Of those who complained: staff were told of it."""
    AGAIN = "again"
    """They have bought again since."""
    BETTER = "better"
    """They have given a score since that is no complaint."""
    STOPPED = "stopped"
    """They have said STOP since."""


_OF_COMPLAINTS: Final = (Said.COMPLAINED, Said.TOLD, Said.AGAIN, Said.BETTER, Said.STOPPED)
_NOBODY: Final = "-"


def said_counter(question: str, by: By, which: str, *said: str) -> str:
    """The name of a counter. What has no store, or no rule, stands under `-`."""
    return counter(Counter.ANSWERS, question, by, which.replace(BETWEEN, " ") or _NOBODY, *said)


def satisfaction(totals: Mapping[str, int]) -> dict[str, Any]:
    """Question -> what was said, on the whole and by rule, store and month."""
    found: dict[str, dict[str, dict[str, dict[str, int]]]] = {}
    for name, times in totals.items():
        words = name.split(BETWEEN)
        if words[0] == Counter.ANSWERS:
            _, question, by, which, *said = words
            parts = found.setdefault(question, {}).setdefault(by, {})
            parts.setdefault(which, {})[BETWEEN.join(said)] = times
    return {question: _of_question(parts) for question, parts in sorted(found.items())}


def _of_question(parts: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, Any]:
    def by(how: By) -> dict[str, Any]:
        return {which: _figures(counts) for which, counts in sorted(parts.get(how, {}).items())}

    (whole,) = by(By.ALL).values() or ({},)
    return {**whole, "by_rule": by(By.RULE), "by_store": by(By.STORE), "by_month": by(By.MONTH)}


def _figures(counts: Mapping[str, int]) -> dict[str, Any]:
    asked, answered = counts.get(Said.ASKED, 0), counts.get(Said.ANSWERED, 0)
    scores = _those(counts, Said.SCORE)
    figures: dict[str, Any] = {
        "asked": asked,
        "answered": answered,
        "answer_rate": round(answered / asked, 4) if asked else None,
        "options": _those(counts, Said.OPTION),
        "scores": {str(score): scores.get(str(score), 0) for score in range(HIGHEST_SCORE + 1)} if scores else {},
        "complaints": {each.value: counts.get(each, 0) for each in _OF_COMPLAINTS},
    }
    return figures | _mean({int(score): times for score, times in scores.items()})


def _those(counts: Mapping[str, int], what: Said) -> dict[str, int]:
    begins = what + BETWEEN
    return {name.removeprefix(begins): times for name, times in sorted(counts.items()) if name.startswith(begins)}


def _mean(scores: Mapping[int, int]) -> dict[str, float | None]:
    """Mean of the scores, between what it lies in 95 of 100 cases (Student's t), and the net promoter score.

    That is the share of 9 and 10 less the share of 0 to 6, in points of a hundred (Reichheld, 2003).
    """
    people = sum(scores.values())
    if not people:
        return {"mean": None, "low": None, "high": None, "nps": None}
    mean = sum(score * times for score, times in scores.items()) / people
    for_it = sum(times for score, times in scores.items() if score >= PROMOTER)
    against = sum(times for score, times in scores.items() if score < PASSIVE)
    low = high = None
    if people >= LEAST:
        variance = sum(times * (score - mean) ** 2 for score, times in scores.items()) / (people - 1)
        half = t_quantile(people - 1) * math.sqrt(variance / people)
        low, high = round(max(0.0, mean - half), 2), round(min(float(HIGHEST_SCORE), mean + half), 2)
    return {"mean": round(mean, 2), "low": low, "high": high, "nps": round(100 * (for_it - against) / people, 1)}


def satisfaction_in_words(document: Mapping[str, Any]) -> Iterator[str]:
    """A line for each question, and for each of its stores."""
    for question, figures in document.items():
        yield f"{question}: {_in_words(figures)}"
        if sum(figures["complaints"].values()):
            yield f"  {_complaints_in_words(figures['complaints'])}"
        for name, parts in (("rule", "by_rule"), ("store", "by_store"), ("month", "by_month")):
            if len(figures[parts]) > 1:
                for which, its in figures[parts].items():
                    yield f"  {name} {which}: {_in_words(its)}"


def _in_words(figures: Mapping[str, Any]) -> str:
    rate = "" if figures["answer_rate"] is None else f" ({figures['answer_rate']:.0%})"
    said = f"{so_many(figures['answered'], 'answer')} to {so_many(figures['asked'], 'question')}{rate}"
    if figures["mean"] is not None:
        between = "" if figures["low"] is None else f" (between {figures['low']} and {figures['high']})"
        said += f", {figures['mean']} of 10 on average{between}, net promoter score {figures['nps']:+.0f}"
    if figures["options"]:
        said += "; " + ", ".join(f"{option} {times:,}" for option, times in figures["options"].items())
    return said


def _complaints_in_words(those: Mapping[str, int]) -> str:
    return (
        f"{those['complained']:,} complained; staff were told of {those['told']:,}, {those['again']:,} have bought "
        f"again, {those['better']:,} are content since, {those['stopped']:,} said STOP"
    )
