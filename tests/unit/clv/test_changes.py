"""Expected changes of spend, held against what customers drawn from the same model did in the next year."""

import numpy as np
import pytest

from stamgast.clv.changes import YEAR_DAYS, changes_of, last_year_of
from stamgast.clv.data.sample import sample_of
from stamgast.clv.data.windows import up_to
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.models.gamma_gamma import Spend
from tests.builders import sure
from tests.unit.clv.purchases import drawn_shop, purchases_of

CUT = 10_500
TRUE = ParameterSet("mbg_nbd", {"r": 0.8, "alpha": 4.0, "a": 0.6, "b": 2.0}, Spend(4.0, 3.0, 17.0, "all"))


def spent(shop: dict[int, dict[int, float]], first: int, last: int) -> np.ndarray:
    ordered = sorted(shop)
    return np.array([sum(x for day, x in shop[name].items() if first < day <= last) for name in ordered])


def test_a_change_is_told_against_the_last_year_and_its_interval_holds_as_often_as_it_says():
    shop = drawn_shop(4_000, seed=7, days=500 + YEAR_DAYS)
    known = up_to(purchases_of(shop, CUT + YEAR_DAYS), CUT)
    sample = sample_of(known)

    total, each = sure(changes_of(last_year_of(known), sample, TRUE))

    came = [name for name in sorted(shop) if min(shop[name]) <= CUT]
    last, after = (
        spent({name: shop[name] for name in came}, *span) for span in ((CUT - YEAR_DAYS, CUT), (CUT, CUT + YEAR_DAYS))
    )
    assert [one.spent_last_year for one in each] == pytest.approx(list(last))
    assert total.spent_last_year == pytest.approx(last.sum())
    assert total.expected_next_year == pytest.approx(sum(one.expected_next_year for one in each))
    assert total.change_low < after.sum() - last.sum() < total.change_high
    often = np.mean([one.change_low - 0.01 <= b - a for one, a, b in zip(each, last, after, strict=True)])
    assert often > 0.85, "at most one in ten is below the lower end"


def test_without_a_spend_model_there_is_no_change_to_tell():
    known = purchases_of({1: {10_000: 5.0}}, 10_100)

    assert changes_of(last_year_of(known), sample_of(known), ParameterSet("mbg_nbd", TRUE.parameters)) is None


def test_a_shop_that_is_closed_for_half_the_year_to_come_expects_less():
    known = up_to(purchases_of(drawn_shop(200), CUT), CUT)
    last, sample = last_year_of(known), sample_of(known)
    closed = ClosedDays(tuple(range(CUT + 1, CUT + 183)))

    always, half = (sure(changes_of(last, sample, TRUE, days))[0] for days in (ClosedDays(), closed))

    assert half.spent_last_year == always.spent_last_year
    assert 0.4 < half.expected_next_year / always.expected_next_year < 0.7
