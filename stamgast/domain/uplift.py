"""What a rule changed: the difference between those it spoke to and those held out, with its interval, in words.

From count, sum and sum of squares per side alone (Welch): nobody looks at customers for it.
"""

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

LEAST: Final = 30
"""People on a side below which nothing is said."""
_Z: Final = 1.959963984540054
_MOST_NEEDED: Final = 100
"""Where more than so many times as many would be needed, there is no difference to be seen."""


class Side(Struct, frozen=True):
    """One side of a comparison. `total` and `squares` are of each person's profit, net of costs, in minor units."""

    people: int = 0
    converted: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        """Of one person."""
        return self.total / self.people if self.people else 0.0

    @property
    def variance(self) -> float:
        """Between persons, without bias."""
        if self.people < 2:
            return 0.0
        return max(0.0, self.squares - self.total**2 / self.people) / (self.people - 1)


def together(sides: Iterable[Side]) -> Side:
    """Several sides as one."""
    found = list(sides)
    return Side(
        sum(each.people for each in found),
        sum(each.converted for each in found),
        sum(each.total for each in found),
        sum(each.squares for each in found),
    )


class Judgement(StrEnum):
    """What can be said of a difference; `verdict` says the same in English."""

    NOTHING = "nothing"
    """There is nothing to compare with: nobody is held out, or nothing was decided."""
    TOO_FEW = "too_few"
    EARNS = "earns"
    COSTS = "costs"
    NO_DIFFERENCE = "no_difference"


class Uplift(Struct, frozen=True):
    """The difference per person, and between what it lies in 95 of 100 cases; None where nothing can be said."""

    per_customer: float | None
    low: float | None
    high: float | None
    verdict: str
    judgement: Judgement = Judgement.NOTHING
    people: int = 0
    """On the smaller side."""
    needed: int = 0
    """So many there are about needed, where there are too few."""


def uplift(treated: Side, held_out: Side) -> Uplift:
    """Compare the sides."""
    if not held_out.people and not treated.people:
        return Uplift(None, None, None, "nothing to compare with: the rule holds nobody out, or decided nothing yet")
    fewest = min(treated.people, held_out.people)
    if fewest < 2:
        said = f"too few to tell: {fewest} of at least {LEAST} needed on each side"
        return Uplift(None, None, None, said, Judgement.TOO_FEW, fewest, LEAST)
    difference = treated.mean - held_out.mean
    parts = (treated.variance / treated.people, held_out.variance / held_out.people)
    error = math.sqrt(sum(parts))
    half = t_quantile(_freedom(parts, treated.people, held_out.people)) * error if error else 0.0
    low, high = difference - half, difference + half
    verdict, judgement, needed = _verdict(difference, half, fewest)
    return Uplift(difference, low, high, verdict, judgement, fewest, needed)


def _verdict(difference: float, half: float, fewest: int) -> tuple[str, Judgement, int]:
    """In words, by its name, and how many are needed where there are too few."""
    if fewest < LEAST:
        return f"too few to tell: {fewest} of at least {LEAST} needed on each side", Judgement.TOO_FEW, LEAST
    if difference - half > 0:
        return "it earns more than it costs", Judgement.EARNS, 0
    if difference + half < 0:
        return "it costs more than it earns", Judgement.COSTS, 0
    times = (half / difference) ** 2 if difference else math.inf
    if times > _MOST_NEEDED:
        return "no difference to be seen", Judgement.NO_DIFFERENCE, 0
    needed = _rounded(math.ceil(fewest * times))
    said = f"too few to tell: {fewest} of about {needed} needed on the smaller side"
    return said, Judgement.TOO_FEW, needed


def _rounded(number: int) -> int:
    """Two digits are as much as anybody knows of it."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return -(-number // step) * step


def _freedom(parts: tuple[float, float], *people: int) -> float:
    """Degrees of freedom by Welch and Satterthwaite."""
    below = sum(part**2 / (count - 1) for part, count in zip(parts, people, strict=True))
    return sum(parts) ** 2 / below if below else math.inf


def t_quantile(freedom: float) -> float:
    """Student's 97.5 % by Cornish and Fisher; right to a hundredth from four degrees on."""
    if freedom == math.inf:
        return _Z
    terms = (
        (_Z**3 + _Z) / 4,
        (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / 96,
        (3 * _Z**7 + 19 * _Z**5 + 17 * _Z**3 - 15 * _Z) / 384,
    )
    return _Z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))
