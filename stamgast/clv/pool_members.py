"""Which models are in the combined model's pool: three always, MBG/CNBD-k where earlier days show that it belongs.

MBG/CNBD-k is the odd one out. It has the likelihood of every gap in it, which its order k can win by far, and then
takes a long pause for leaving sooner than the others do: over a horizon longer than those of the cuts it can be
ruinous. So a better likelihood is not enough, nor is a weight that a pool would give it for being different. It is
in where, out of time, it was clearly better than the best of the others; and then those that were clearly worse
than it are out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from stamgast.clv.forecasts import LEAST_CHANCE
from stamgast.clv.rows import Floats
from stamgast.domain.attrition import MBG_CNBD_K

_Z95: Final = 1.959964


@dataclass(frozen=True)
class Lesson:
    """What a model each (column of `chances`) gave the customers `names` (rows) for what they did after one cut."""

    names: Sequence[str]
    chances: Floats


def admitted(names: Sequence[str], lessons: Sequence[Lesson]) -> list[str]:
    """Return those of the models `names`, the columns of every lesson, that are in the pool, in their order."""
    others = [name for name in names if name != MBG_CNBD_K]
    if len(others) == len(names):
        return others
    surprises = dict(zip(names, _surprises(lessons).T, strict=True))
    odd = surprises[MBG_CNBD_K]
    best = min((surprises[name] for name in others), key=lambda each: float(each.sum()))
    if not _clearly_less(odd, best):
        return others
    return [name for name in names if not _clearly_less(odd, surprises[name])]


def _surprises(lessons: Sequence[Lesson]) -> Floats:
    """Return -ln of each customer's (row) chances by each model (column), averaged over the cuts."""
    names = np.concatenate([np.asarray(lesson.names) for lesson in lessons])
    _, place = np.unique(names, return_inverse=True)
    each = -np.log(np.vstack([np.maximum(lesson.chances, LEAST_CHANCE) for lesson in lessons])) / len(lessons)
    return np.column_stack([np.bincount(place, column) for column in each.T])


def _clearly_less(one: Floats, other: Floats) -> bool:
    """Whether the paired 95 % interval of the mean difference lies below 0."""
    difference = one - other
    return bool(difference.mean() + _Z95 * difference.std() / np.sqrt(len(difference)) < 0)
