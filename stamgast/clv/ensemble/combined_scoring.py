"""Scores by the combined model: it is learnt from the same purchases, for the horizon that is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec
import numpy as np

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.rows import Floats, Rows, collapse
from stamgast.clv.data.sample import Sample
from stamgast.clv.ensemble.combined import COMBINED, Combination, combine, fit_models
from stamgast.clv.ensemble.scores import PoolScores, falls_to
from stamgast.clv.models.scores import discounted, scores_of
from stamgast.clv.scoring import Asked, Outlook, Score, Source, listed, spend_of
from stamgast.clv.selection.forecasts import CorrectedForecast
from stamgast.domain.attrition import Model
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.models.gamma_gamma import Orders, Spend


def score_combined(purchases: Purchases, sample: Sample, asked: Asked, orders: Orders) -> list[Score] | None:
    """Score every customer of `sample`, which is made of `purchases`; None: there is too little to learn from."""
    combination = combine(purchases, sample, fit_models(sample), round(asked.horizon * WEEK_DAYS))
    if combination is None:
        return None
    found = spend_of(sample, orders)
    spend = None if found is None else found.spend
    source = Source(COMBINED, _version(combination, spend), spend)
    return listed(sample, source, outlook_of(combination, sample, asked), asked)


def outlook_of(combination: Combination, sample: Sample, asked: Asked) -> Outlook:
    """Foretell all that scores say.

    The correction is of what comes within the horizon; beyond it purchases are those of the pool, so `discounted` is
    never less than what discounting makes of `purchases`. P(alive) and the lapse are those of the pool's members that
    know of leaving (`Combination.leaving`). Who will buy is alive: where the correction knows of a greater chance to
    buy within the horizon than they give to be alive, P(alive) is that chance, and falls as that does.
    """
    rows, back = collapse(sample.rows)
    pool, leaving = _scores_of(combination.members, combination.weights), _scores_of(*combination.leaving())
    forecast = combination.forecast(sample, asked.horizon)

    def expected(weeks: float) -> Floats:
        until = pool.expected_purchases(rows, weeks)[back]
        within = until if weeks <= asked.horizon else forecast.counts.purchases
        return forecast.ratio * within + (until - within)

    return Outlook(
        p_alive=np.maximum(leaving.p_alive(rows)[back], forecast.p_buy),
        lapses_at=_lapses(combination, (pool, leaving), sample, forecast, asked),
        p_buy=forecast.p_buy,
        purchases=forecast.purchases,
        discounted=discounted(expected, asked.discounting_on(sample.as_of)),
    )


def _lapses(
    combination: Combination, scores: tuple[PoolScores, PoolScores], sample: Sample, forecast: CorrectedForecast,
    asked: Asked,
) -> Floats:  # fmt: skip
    """Return the T at which P(alive) has fallen to the threshold.

    Chances to buy hardly rise without a purchase, so they are followed only of whom they are above the threshold now.
    """
    pool, leaving = scores
    rows, back = collapse(sample.rows)
    lapses = leaving.lapses_at(rows, asked.threshold)[back]
    sure = np.flatnonzero(forecast.p_buy > asked.threshold)
    if not len(sure):
        return lapses
    corrected, now = forecast.p_buy[sure], forecast.counts.p_buy[sure]

    def chance(later: Rows) -> Floats:
        return combination.chance_later(corrected, now, pool.p_buy(later, asked.horizon))

    lapses[sure] = np.maximum(lapses[sure], falls_to(chance, sample.rows[sure], asked.threshold))
    return lapses


def _scores_of(members: Mapping[str, Model], weights: Floats) -> PoolScores:
    return PoolScores([scores_of(each) for each in members.values()], weights)


def _version(combination: Combination, spend: Spend | None) -> str:
    """Return 12 hex digits that follow from all that was learnt, and from nothing else."""
    members = {name: repr(model) for name, model in combination.members.items()}
    content = msgspec.json.encode([members, combination.parameters, spend])
    return hashlib.sha256(content).hexdigest()[:12]
