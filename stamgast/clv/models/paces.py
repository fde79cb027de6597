"""Scores of many customers whose time to come runs at paces of their own (`stamgast.domain.feedback`)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from stamgast.clv.data.rows import Floats, Rows, collapse
from stamgast.clv.models.scores import Scores, discounted_purchases
from stamgast.domain.residual_value import Discounting


def at_paces(rows: Rows, paces: Floats, told: Callable[[Rows, float], Floats]) -> Floats:
    """Return `told(rows, pace)` for the rows of each pace, one entry a row (the last index), equal rows told once."""
    parts = []
    order = np.argsort(paces, kind="stable")
    for pace in np.unique(paces):
        some, back = collapse(rows[np.flatnonzero(paces == pace)])
        parts.append(told(some, float(pace))[..., back])
    if not parts:
        return np.zeros(len(rows))
    found = np.concatenate(parts, axis=-1)
    placed = np.empty_like(found)
    placed[..., order] = found
    return placed


def worth_at_paces(model: Scores, rows: Rows, paces: Floats, discounting: Discounting) -> Floats:
    """Return what a unit of spend on each purchase to come is worth, one a row."""

    def told(some: Rows, pace: float) -> Floats:
        return discounted_purchases(model, some, replace(discounting, open_share=discounting.open_share * pace))

    return at_paces(rows, paces, told)
