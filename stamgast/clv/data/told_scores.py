"""Scores from 0 to 10 in a file of purchases: how customers said that it was, and on which day.

A score stands in the line of a purchase, or in a line of its own without an amount. Of several on one day the lowest
counts, so that the order of lines does not matter, and a receipt of many lines says it once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stamgast.clv.data.rows import Integers
from stamgast.domain.counting import so_many
from stamgast.domain.feedback import Said
from stamgast.domain.questions import HIGHEST_SCORE, Question, read_answer
from stamgast.domain.units import Day

NO_SCORE: Final = -1
"""What stands for a line that tells none."""
_WRITTEN: Final = re.compile(r"([0-9]{1,2})(?:[.,]0*)?")
"""Where some cells are empty, tables write 9 as 9.0."""
_STARS: Final = 5
_MANY: Final = 20
"""Scores of which none is above `_STARS`, from which on it is asked whether they are stars."""
_NUMBER: Final = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?")
_QUESTION: Final = Question("score", "")
_OF_A_HUNDRED: Final = range(2 * HIGHEST_SCORE + 1, 101)


class ToldScores:
    """Takes scores in as lines tell them."""

    def __init__(self) -> None:
        self._given: dict[str, dict[Day, int]] = {}

    def note(self, customer: str, day: Day, score: int) -> None:
        """Note what somebody said on a day."""
        days = self._given.setdefault(customer, {})
        days[day] = min(days.get(day, score), score)

    def of(self, customers: Iterable[str]) -> dict[str, Said]:
        """Return what these customers said, of those who said anything."""
        return {name: sorted(self._given[name].items()) for name in customers if name in self._given}

    def unknown(self, customers: Mapping[str, object]) -> int:
        """Return how many said something and are not among these."""
        return sum(name not in customers for name in self._given)


def scores_by_customer(
    names: list[str], owner: Integers, day: NDArray[np.integer], score: NDArray[np.integer]
) -> dict[str, Said]:
    """Return the same from columns: whose each line is (a place among `names`), its day and what it tells."""
    told = score != NO_SCORE
    owner, day, score = owner[told], day[told], score[told]
    order = np.lexsort((score, day, owner))
    found: dict[str, dict[Day, int]] = {}
    for who, when, said in zip(*(each[order].tolist() for each in (owner, day, score)), strict=True):
        found.setdefault(names[who], {}).setdefault(when, said)  # the lowest of a day comes first
    return {name: list(days.items()) for name, days in found.items()}


def read_score(text: str) -> int | None:
    """Return the score that a text is, None if it is none."""
    match = _WRITTEN.fullmatch(text)
    score = int(match[1]) if match else HIGHEST_SCORE + 1
    return score if score <= HIGHEST_SCORE else None


def meant_score(text: str) -> str:
    """Say what a text that is no score should be, and which one was meant."""
    allowed = f"; it is a whole number from 0 to {HIGHEST_SCORE}, or nothing where none was given"
    if (meant := read_answer(_QUESTION, text)) is not None:
        return f"{allowed}; is that {meant}?"
    match = _NUMBER.match(text)
    if match is None:
        return allowed
    number = float(match[0].replace(",", "."))
    if number in _OF_A_HUNDRED:
        return f"{allowed}; is that {round(number / 10)}? of a hundred, a tenth of each is meant"
    if 0 < number < HIGHEST_SCORE:
        return f"{allowed}; is that {int(number)} or {int(number) + 1}?"
    return f"{allowed}; is that {0 if number <= 0 else HIGHEST_SCORE}?"


def doubt_about_scores(said: Mapping[str, Said]) -> str:
    """Say so where scores look like stars, of which five are the most."""
    scores = [score for each in said.values() for _, score in each]
    if len(scores) < _MANY or max(scores) > _STARS:
        return ""
    return (
        f"none of {so_many(len(scores), 'score')} is above {_STARS}: 0 to 6 count alike, so if they are stars of "
        f"{_STARS}, double them"
    )


def known_by(said: Mapping[str, Said], cut: Day) -> dict[str, Said]:
    """Return what was known at the end of a day of what customers said."""
    found = {name: [(day, score) for day, score in each if day <= cut] for name, each in said.items()}
    return {name: each for name, each in found.items() if each}
