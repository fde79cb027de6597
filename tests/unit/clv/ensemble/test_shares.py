"""What several models are believed together: by chances, and by means where these were worse than a regression's."""

import numpy as np
import pytest

from stamgast.clv.ensemble.shares import MOST_DEVIANCE, Foretold, mixed, shares_of
from stamgast.clv.selection.metrics import poisson_deviance

REGRESSION = "regression"


def held(surely_away: float, customers: int = 3_000) -> Foretold:
    """A half of the customers pauses, and one in five of these comes again ten times; a model says that they left.

    Of everybody else that model knows all, and the regression little.
    """
    chance = np.random.default_rng(7)
    pauses = np.arange(customers) % 2 == 0
    back = pauses & (np.arange(customers) % 10 == 0)
    own = np.where(pauses, np.where(back, 10.0, 0.0), chance.gamma(8, 1, customers))
    came = chance.poisson(own)

    def poisson(mean: np.ndarray) -> np.ndarray:
        logs = np.array([sum(np.log(np.arange(1, n + 1))) for n in came])
        return np.exp(came * np.log(mean) - mean - logs)

    leaving = np.where(pauses, surely_away, own)
    plain = np.where(pauses, 2.0, 8.0)
    spread = np.where(came == 0, 0.3, 0.7 / 30)
    chances = {"leaving": poisson(leaving), REGRESSION: np.where(pauses, spread, 1 / 20)}
    return Foretold(chances, {"leaving": leaving, REGRESSION: plain}, came)


def deviance(told: Foretold, shares: dict[str, float]) -> float:
    found = poisson_deviance(mixed(told.means, shares), told.came)
    assert found is not None
    return found


def test_where_the_means_were_worse_than_the_regressions_they_are_heeded():
    told = held(1e-3)

    by_chances = shares_of([told], list(told.chances))
    by_both = shares_of([told], list(told.chances), REGRESSION)

    limit = MOST_DEVIANCE * deviance(told, {REGRESSION: 1.0})
    assert deviance(told, by_chances) > limit, "what the model is right of costs the rest"
    assert deviance(told, by_both) <= limit
    assert by_both[REGRESSION] > by_chances[REGRESSION]
    assert sum(by_both.values()) == pytest.approx(1)


def test_where_the_means_are_good_nothing_changes():
    told = held(2.0)

    assert deviance(told, shares_of([told], list(told.chances))) < deviance(told, {REGRESSION: 1.0})
    assert shares_of([told], list(told.chances), REGRESSION) == shares_of([told], list(told.chances))


def test_without_a_regression_chances_alone_count():
    told = held(1e-3)

    assert shares_of([told], ["leaving"], REGRESSION) == {"leaving": 1.0}
