"""Figures on hand-made cases that can be reckoned in one's head."""

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from benchmarks.scene import ROOT
from stamgast.clv.selection import metrics
from stamgast.clv.selection.resampling import interval_of_mean


class Sure:
    """Foretells counts without any doubt."""

    def __init__(self, *counts: int) -> None:
        self._counts = np.array(counts)
        self.purchases = self._counts.astype(float)
        self.p_buy = (self._counts > 0).astype(float)

    def at_least(self, n):
        return (self._counts >= n).astype(float)

    def some(self, which):
        return Sure(*self._counts[which])


def test_of_a_forecast_without_doubt_the_crps_is_the_absolute_error():
    assert metrics.crps(Sure(0, 3, 70), np.array([0, 1, 64])) == pytest.approx((0 + 2 + 6) / 3)


def test_a_tie_in_rank_counts_half():
    assert metrics.auc(np.array([0.1, 0.5, 0.5, 0.9]), np.array([0, 0, 1, 2])) == pytest.approx(3.5 / 4)
    assert metrics.auc(np.array([0.1, 0.5]), np.array([1, 1])) is None


def test_ranks_among_many_equals_are_those_of_everybody_elses_arithmetic():
    rng = np.random.default_rng(5)
    foretold, came = rng.integers(0, 40, 5_000) / 7, rng.poisson(0.4, 5_000)
    buyers = int((came > 0).sum())
    ranks = stats.rankdata(foretold)[came > 0].sum()
    assert metrics.auc(foretold, came) == (ranks - buyers * (buyers + 1) / 2) / (buyers * (5_000 - buyers))


def test_a_fit_leaves_out_of_memory_what_it_needs_only_for_ranks():
    code = "import sys, stamgast.programs.refit; sys.exit('scipy.stats' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_bias_is_what_was_foretold_in_all_over_what_came():
    assert metrics.bias(np.array([1.0, 0.5]), np.array([2, 0])) == pytest.approx(-0.25)
    assert metrics.bias(np.array([1.0]), np.array([0])) is None


def test_who_was_expected_never_to_come_and_came_leaves_no_deviance():
    assert metrics.poisson_deviance(np.array([0.0, 1.0]), np.array([1, 1])) is None
    assert metrics.poisson_deviance(np.array([0.0, 1.0]), np.array([0, 1])) == pytest.approx(0)
    assert metrics.poisson_deviance(np.array([1.0]), np.array([2])) == pytest.approx(2 * (2 * math.log(2) - 1))


def test_the_slope_is_below_one_where_differences_are_exaggerated():
    actual = np.array([0, 1, 2, 3])
    assert metrics.slope(2.0 * actual, actual) == pytest.approx(0.5)
    assert metrics.slope(np.ones(4), actual) is None


def test_the_top_tenth_is_of_customers_and_its_share_of_spend():
    worth = np.arange(20.0)
    spent = np.where(worth >= 18, 30.0, 1.0)
    assert metrics.top_share(worth, spent) == pytest.approx(60 / 78)
    assert metrics.top_share(worth, np.zeros(20)) is None


def test_a_chance_of_a_half_costs_a_quarter():
    assert metrics.brier_scores(np.array([0.5, 0.5, 1.0]), np.array([0, 4, 1])).tolist() == [0.25, 0.25, 0.0]


def test_an_interval_is_the_same_each_time_and_wraps_the_mean():
    differences = np.random.default_rng(3).normal(0.1, 1.0, 1_000)
    low, high = interval_of_mean(differences)
    assert (low, high) == interval_of_mean(differences)
    assert high - low == pytest.approx(2 * 1.96 / 1_000**0.5, rel=0.1)
    assert low < differences.mean() < high
