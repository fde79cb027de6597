"""Scores by the combined model: it is learnt from the same purchases, for the horizon that is asked for."""

from __future__ import annotations

import hashlib

import msgspec

from stamgast.clv.combined import COMBINED, Combination, combine, fit_models
from stamgast.clv.fitting import fit_spend
from stamgast.clv.pool_scores import PoolScores
from stamgast.clv.purchase_file import Purchases
from stamgast.clv.sample import Sample
from stamgast.clv.scores import scores_of
from stamgast.clv.scoring import Asked, Score, Source, listed
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.spend import Orders, Spend


def score_combined(purchases: Purchases, sample: Sample, asked: Asked, orders: Orders) -> list[Score] | None:
    """Score every customer of `sample`, which is made of `purchases`; None: there is too little to learn from.

    The correction is of what comes within the horizon: `p_buy`, `expected_purchases` and `expected_spend`. `p_alive`,
    `next_lapse` and `predicted`, which looks ahead further, are those of the pool of models without it.
    """
    combination = combine(purchases, fit_models(sample), round(asked.horizon * WEEK_DAYS))
    if combination is None:
        return None
    members = [scores_of(each) for each in combination.members.values()]
    found = fit_spend(*sample.spend(orders), orders)
    spend = None if found is None else found.spend
    source = Source(COMBINED, _version(combination, spend), spend)
    forecast = combination.forecast(sample, asked.horizon)
    return listed(sample, source, PoolScores(members, combination.weights), forecast, asked)


def _version(combination: Combination, spend: Spend | None) -> str:
    """Return 12 hex digits that follow from all that was learnt, and from nothing else."""
    members = {name: repr(model) for name, model in combination.members.items()}
    content = msgspec.json.encode([members, combination.parameters, spend])
    return hashlib.sha256(content).hexdigest()[:12]
