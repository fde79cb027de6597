"""Likelihoods and scores against integrals over the customers' hidden rates, with no closed form in between."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, roots_genlaguerre, roots_jacobi

from stamgast.clv.data.rows import make_rows
from stamgast.clv.models.bg_nbd import DropoutLikelihood
from stamgast.clv.models.nbd import OwnRateLikelihood
from stamgast.clv.models.pareto_nbd import ParetoLikelihood
from stamgast.clv.models.scores import count_distribution, scores_of
from stamgast.domain.attrition import make_model
from stamgast.domain.history import History
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.models.pareto_nbd import Pareto

HISTORIES = [(0, 0, 200), (1, 20, 270), (4, 100, 130), (9, 60, 260), (3, 200, 200)]
WEEKS = 26.0


def hidden_rates(r: float, alpha: float, count: int = 120):
    """Nodes and weights of a Gamma(r, alpha) rate."""
    nodes, weights = roots_genlaguerre(count, r - 1)
    return nodes / alpha, weights / math.exp(gammaln(r))


def hidden_shares(a: float, b: float, count: int = 120):
    """Nodes and weights of a Beta(a, b) chance."""
    nodes, weights = roots_jacobi(count, b - 1, a - 1)
    return (nodes + 1) / 2, weights / weights.sum()


def erlang_longer(k: int, rate, gap):
    return np.exp(-rate * gap) * sum((rate * gap) ** j / math.factorial(j) for j in range(k))


@pytest.mark.parametrize(("k", "leaves_at_once"), [(1, False), (1, True), (2, True), (3, True)])
@pytest.mark.parametrize(("x", "recency", "age"), HISTORIES)
def test_drop_out_models_are_the_integral_over_rates_and_chances(k, leaves_at_once, x, recency, age):
    r, alpha, a, b = 0.8, 5.0, 1.3, 2.2
    t_x, now = recency / 7, age / 7
    rate, rate_weight = hidden_rates(r, alpha)
    leave, leave_weight = hidden_shares(a, b)
    rate, leave = rate[:, None], leave[None, :]
    gaps = [t_x / max(x, 1)] * x
    bought = np.prod([rate**k * gap ** (k - 1) / math.factorial(k - 1) for gap in gaps], axis=0) * np.exp(-rate * t_x)
    chances_to_leave = x + leaves_at_once
    stayed = (1 - leave) ** chances_to_leave * erlang_longer(k, rate, now - t_x)
    left = leave * (1 - leave) ** (chances_to_leave - 1) if chances_to_leave else 0 * leave

    def mean(of):
        return float(rate_weight @ np.broadcast_to(of, (len(rate_weight), len(leave_weight))) @ leave_weight)

    rows = make_rows([x], [recency], [age])
    log_gaps = sum(map(math.log, gaps))
    likelihood = DropoutLikelihood(rows, k, leaves_at_once=leaves_at_once, log_gaps=log_gaps)
    whole = mean(bought * (stayed + left))
    assert likelihood.at(np.array([r, alpha, a, b]))[0] == pytest.approx(math.log(whole), abs=1e-7)
    many = scores_of(Dropout(r, alpha, a, b, k, leaves_at_once))
    assert many.p_alive(rows)[0] == pytest.approx(mean(bought * stayed) / whole, abs=1e-8)
    silent = (1 - leave) ** chances_to_leave * erlang_longer(k, rate, now - t_x + WEEKS)
    assert many.p_buy(rows, WEEKS)[0] == pytest.approx(mean(bought * (stayed - silent)) / whole, abs=1e-8)
    if k == 1:
        purchases = -np.expm1(-rate * leave * WEEKS) / leave
        assert many.expected_purchases(rows, WEEKS)[0] == pytest.approx(
            mean(bought * stayed * purchases) / whole, abs=1e-8
        )


@pytest.mark.parametrize(("x", "recency", "age"), HISTORIES)
def test_pareto_is_the_integral_over_both_rates(x, recency, age):
    r, alpha, s, beta = 0.9, 6.0, 0.8, 10.0
    t_x, now = recency / 7, age / 7

    # The trapezoidal rule in both logarithms: the integrand and all its slopes vanish at the ends.
    log = np.arange(-60, 5, 0.06)
    rate, leaving = np.exp(log)[:, None], np.exp(log)[None, :]
    density = np.exp(r * np.log(alpha * rate) - alpha * rate - gammaln(r) + s * np.log(beta * leaving) - beta * leaving)
    density *= np.exp(-gammaln(s)) * 0.06**2
    both = rate + leaving
    there = rate**x * np.exp(-both * now)
    left = rate**x * leaving / both * (np.exp(-both * t_x) - np.exp(-both * now))
    alive, whole = (density * there).sum(), (density * (there + left)).sum()
    rows = make_rows([x], [recency], [age])
    found = ParetoLikelihood(rows).at(np.array([r, alpha, s, beta]))[0]
    assert found == pytest.approx(math.log(whole), abs=1e-8)
    many = scores_of(Pareto(r, alpha, s, beta))
    assert many.p_alive(rows)[0] == pytest.approx(alive / whole, abs=1e-8)
    purchases = (density * there * rate * -np.expm1(-leaving * WEEKS) / leaving).sum() / whole
    assert many.expected_purchases(rows, WEEKS)[0] == pytest.approx(purchases, abs=1e-8)
    soon = (density * there * rate / both * -np.expm1(-both * WEEKS)).sum() / whole
    assert many.p_buy(rows, WEEKS)[0] == pytest.approx(soon, abs=1e-8)
    # Two purchases: the first at y, the second after it, before leaving.
    second = rate**2 / both**2 * (1 - np.exp(-both * WEEKS) * (1 + both * WEEKS))
    assert many.at_least(rows, WEEKS, 2)[0] == pytest.approx((density * there * second).sum() / whole, abs=1e-8)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
@pytest.mark.parametrize(("x", "recency", "age"), HISTORIES)
def test_counts_are_the_integral_over_rates_and_chances(name, x, recency, age):
    """Given both, N >= n takes n purchases of somebody who stays, and staying after each but the last."""
    r, alpha, a, b = 0.8, 5.0, 1.3, 2.2
    may = int(name == "mbg_nbd")
    rate, rate_weight = hidden_rates(r + x, alpha + age / 7)
    leave, leave_weight = hidden_shares(a, b + x + may)
    alive = scores_of(make_model(name, {"r": r, "alpha": alpha, "a": a, "b": b}))
    rows = make_rows([x], [recency], [age])
    chances = count_distribution(alive, rows, WEEKS, 12)[0]
    at_least = [1.0]
    for n in range(1, 14):
        fewer = sum(np.exp(-rate * WEEKS) * (rate * WEEKS) ** i / math.factorial(i) for i in range(n))
        stays = leave_weight @ (1 - leave) ** (n - 1)
        at_least.append(alive.p_alive(rows)[0] * (1 - rate_weight @ fewer / rate_weight.sum()) * stays)

    assert chances == pytest.approx(-np.diff(at_least), abs=1e-10)


def test_nbd_is_the_integral_over_rates():
    rate, weight = hidden_rates(0.8, 5.0)
    rows = make_rows([3], [60], [140])

    found = OwnRateLikelihood(rows).at(np.array([0.8, 5.0]))[0]

    assert found == pytest.approx(math.log(weight @ (rate**3 * np.exp(-rate * 20))), abs=1e-9)


def test_expected_spend_is_the_integral_over_scales():
    p, q, v = 6.25, 3.744, 15.44
    days, total = 3, 96.0

    def weight(scale: float) -> float:
        log = (q + p * days - 1) * math.log(scale) - (v + total) * scale + 80
        return math.exp(log)

    whole = quad(weight, 0, 3, epsabs=0, epsrel=1e-11)[0]
    mean = quad(lambda scale: p / scale * weight(scale), 1e-9, 3, epsabs=0, epsrel=1e-11)[0] / whole

    assert Spend(p, q, v).expected(days, total) == pytest.approx(mean, rel=1e-7)


@pytest.mark.parametrize("scales", [(0.2, 60.0), (5.0, 5.0), (10.6, 11.7), (60.0, 0.2)])
@pytest.mark.parametrize("shapes", [(0.05, 0.03), (0.6, 0.6), (12.0, 15.0)])
@pytest.mark.parametrize(("x", "t_x"), [(0, 0.0), (1, 3.0), (30, 80.0), (2_000, 300.0)])
def test_having_left_is_the_integral_over_the_silence_whatever_the_parameters_are(scales, shapes, x, t_x):
    (alpha, beta), (r, s) = scales, shapes
    model, n = Pareto(r, alpha, s, beta), r + x
    for quiet in (0.0, 1e-6, 1 / 7, 4.0, 60.0, 400.0):

        def odds(stretch, quiet=quiet):
            y = math.expm1(stretch)
            shrunk = (s + 1) * math.log((beta + t_x + quiet) / (beta + t_x + y))
            return math.exp(shrunk + n * math.log((alpha + t_x + quiet) / (alpha + t_x + y)) + stretch)

        found = model.p_alive(History(x, t_x, t_x + quiet))
        at_most = s * math.log1p(quiet / (beta + t_x)) + n * math.log1p(quiet / (alpha + t_x))
        if at_most < 300:
            left = quad(odds, 0, math.log1p(quiet), epsabs=0, epsrel=1e-12, limit=500)[0]
            assert found == pytest.approx(1 / (1 + s * left / (beta + t_x + quiet)), rel=1e-9, abs=1e-13)
        assert 0.0 <= found <= 1.0
