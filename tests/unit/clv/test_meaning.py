"""What a fit says to the owner of a shop, held against customers drawn from the same parameters."""

import re

import numpy as np
import pytest

from stamgast.clv.meaning import meaning_of
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.models.gamma_gamma import Spend


def numbers(sentence: str) -> list[float]:
    return [float(each.replace(",", "")) for each in re.findall(r"\d[\d,]*(?:\.\d+)?", sentence)]


def test_it_says_what_is_true_of_customers_of_these_parameters():
    parameters = ParameterSet("mbg_nbd", {"r": 2.0, "alpha": 5.0, "a": 0.9, "b": 1.6}, Spend(6.25, 3.74, 15.44))
    rng = np.random.default_rng(1)
    rate, leaves = rng.gamma(2.0, 1 / 5.0, 200_000), rng.beta(0.9, 1.6, 200_000)
    mean = 6.25 / rng.gamma(3.74, 1 / 15.44, 200_000)

    often, once, spend = meaning_of(parameters)

    middle = np.quantile(7 / rate, [0.25, 0.75])
    assert numbers(often) == [pytest.approx(each, abs=0.6) for each in middle]
    gone = np.mean(1 - (1 - leaves) * -np.expm1(-rate * 156.54))
    assert numbers(once)[0] == pytest.approx(100 * gone, abs=0.7)
    assert numbers(spend) == [pytest.approx(each, rel=0.02) for each in (mean.mean(), *np.quantile(mean, [0.25, 0.75]))]


def test_where_a_quarter_hardly_ever_comes_no_days_are_made_up_for_it():
    slow = ParameterSet("pareto_nbd", {"r": 0.24, "alpha": 4.4, "s": 0.6, "beta": 11.0})

    often, once = meaning_of(slow)

    assert often.endswith("and one in four hardly ever")
    assert once.startswith("of a hundred new ones")


def test_where_hardly_anybody_comes_again_or_all_come_alike_it_says_so():
    rare = ParameterSet("pareto_nbd", {"r": 0.048, "alpha": 2.26, "s": 1.0, "beta": 7.6})
    alike = ParameterSet("mbg_nbd", {"r": 100_000.0, "alpha": 100_000.0, "a": 0.06, "b": 21.0})

    assert meaning_of(rare)[0] == "while they are customers, three in four of them hardly ever come"
    assert meaning_of(alike)[0] == "while they are customers, half of them come about every 7 days"


def test_regular_customers_come_after_as_many_phases_as_the_model_has():
    plain = ParameterSet("mbg_nbd", {"r": 2.0, "alpha": 5.0, "a": 0.9, "b": 1.6})
    regular = ParameterSet("mbg_cnbd_k", {"r": 2.0, "alpha": 2.5, "a": 0.9, "b": 1.6, "k": 2})

    assert meaning_of(plain)[0] == meaning_of(regular)[0]
