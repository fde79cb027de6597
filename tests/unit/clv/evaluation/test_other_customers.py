"""The combined model on customers on whom nothing was tuned: every third of the record shop's 21,213 others.

Twice: from the same nine months to the same nine, and from the whole of 1997 to the half year after it.
"""

from datetime import date

import pytest

from stamgast.clv.evaluation.backtest import evaluate
from stamgast.demo.cdnow import day_of
from stamgast.domain.attrition import BLENDED, COMBINED
from tests.unit.clv.purchases import purchases_of
from tests.unit.clv.record_shop import CALIBRATION_END, HOLDOUT_END, numbers_of_sample, read_master

pytestmark = pytest.mark.fits
SINGLES = ("bg_nbd", "mbg_nbd", "mbg_cnbd_k", "pareto_nbd")


@pytest.fixture(scope="module")
def others():
    known = numbers_of_sample()
    rest = sorted(item for item in read_master().items() if item[0] not in known)
    assert len(rest) == 21_213
    return purchases_of(dict(rest[::3]), HOLDOUT_END)


@pytest.fixture(scope="module", params=[CALIBRATION_END, day_of(date(1997, 12, 31))], ids=["september", "december"])
def found(request, others):
    return evaluate(others, request.param, HOLDOUT_END)


@pytest.mark.parametrize("single", SINGLES)
def test_the_gain_over_every_single_model_is_more_than_chance(found, single):
    for figure in ("log_score", "brier"):
        low, high = found.gains[single][figure]
        assert 0 < low < high, figure


def test_what_is_chosen_foretells_no_worse_than_the_combined_model(found):
    best, combined = found.judged[found.choice.best], found.judged[COMBINED]

    assert found.choice.best in {BLENDED, COMBINED}
    assert best.log_score <= combined.log_score + 0.01
    assert abs(best.n_bias) < 0.15


def test_the_combined_model_ranks_no_worse_than_single_ones(found):
    combined = found.judged[COMBINED]

    assert combined.auc > max(found.judged[single].auc for single in SINGLES)
    assert abs(combined.n_bias) < 0.15
    assert 0.9 <= combined.slope <= 1.1
