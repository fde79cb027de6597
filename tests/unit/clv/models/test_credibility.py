"""Ratios drawn towards what is known better: Bühlmann and Straub's estimates, on customers drawn from their own model."""

import numpy as np
import pytest

from stamgast.clv.models.credibility import drawn_margins, drawn_ratios, margin_weight
from stamgast.domain.models.credibility import drawn_margin


def drawn(seed: int, customers: int, within: float, between: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Profits and spends of customers whose margins spread by `between`, and their purchases' by `within` a purchase."""
    rng = np.random.default_rng(seed)
    visits = rng.integers(1, 12, customers)
    spends = visits * 20.0
    own = 0.3 + between * rng.standard_normal(customers)
    return spends * (own + within * rng.standard_normal(customers) / np.sqrt(visits)), spends, visits


@pytest.mark.parametrize(("within", "between"), [(0.3, 0.2), (0.2, 0.1), (0.5, 0.2)])
def test_the_weight_of_the_shops_margin_is_found_from_sums_alone(within: float, between: float):
    profits, spends, visits = drawn(1, 20_000, within, between)

    weight = margin_weight(profits, spends, int(visits.sum()))

    assert weight == pytest.approx(20 * (within / between) ** 2, rel=0.25)


def test_where_customers_do_not_differ_the_shops_margin_weighs_most_and_where_they_alone_do_least():
    profits, spends, visits = drawn(2, 5_000, 0.5, 0.0)
    assert margin_weight(profits, spends, int(visits.sum())) == pytest.approx(100 * 20)
    profits, spends, visits = drawn(2, 5_000, 0.0, 0.3)
    assert margin_weight(profits, spends, int(visits.sum())) == pytest.approx(20)
    assert margin_weight(np.zeros(2), np.zeros(2), 2) is None


def test_a_customer_alone_and_a_million_are_drawn_alike():
    profits, spends = np.array([5.0, -40.0, 0.0, -5.0, 300.0]), np.array([10.0, 20.0, 0.0, -10.0, 30.0])

    together = drawn_margins(profits, spends, 0.3, 25.0)

    assert list(together) == [drawn_margin(*each, 0.3, 25.0) for each in zip(profits, spends, strict=True)]
    assert together[0] == (5 + 25 * 0.3) / 35
    assert (together[2], together[3]) == (0.3, 0.3), "nothing is told of who got back all they paid"
    assert together[4] == 1


def test_drawn_margins_err_less_than_own_ones_and_than_the_shops():
    rng = np.random.default_rng(3)
    own = 0.3 + 0.2 * rng.standard_normal(5_000)
    visits = rng.integers(1, 12, 5_000)
    spends = np.array(visits * 20.0, dtype=np.float64)
    profits = spends * (own + 0.3 * rng.standard_normal(5_000) / np.sqrt(visits))
    weight = margin_weight(profits, spends, int(visits.sum()))
    assert weight is not None

    def error(told: np.ndarray | float) -> float:
        return float(np.mean((told - own) ** 2))

    drawn_own = error(drawn_margins(profits, spends, 0.3, weight))
    assert drawn_own < 0.75 * min(error(profits / spends), error(0.3))


def test_a_part_keeps_of_its_own_what_its_customers_vouch_for():
    rng = np.random.default_rng(4)
    weights = np.full(410, 10.0)
    ratios = np.concatenate([rng.normal(0.5, 0.3, 200), rng.normal(0.1, 0.3, 200), rng.normal(-0.5, 0.3, 10)])
    parts = [np.arange(200), np.arange(200, 400), np.arange(400, 410)]

    one, two, few = drawn_ratios(ratios * weights, weights, parts, 0.28)

    assert [one, two] == pytest.approx([0.5, 0.1], abs=0.05)
    assert ratios[400:].mean() < few < 0.28


def test_parts_that_do_not_differ_beyond_chance_have_the_ratio_of_all():
    weights, parts = np.ones(4), [np.array([0, 1]), np.array([2, 3])]

    assert drawn_ratios(np.array([0.0, 1.0, 0.0, 1.0]), weights, parts, 0.5) == [0.5, 0.5]
    assert drawn_ratios(np.array([0.0, 1.0, 0.0, 1.0]), weights, [np.arange(4)], 0.5) == [0.5]
    assert drawn_ratios(np.zeros(2), np.zeros(2), [np.array([0]), np.array([1])], 0.5) == [0.5, 0.5]
