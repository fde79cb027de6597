"""Expected changes of spend, held against what customers drawn from the same model did in the next year."""

import numpy as np
import pytest
from msgspec.structs import replace

from stamgast.clv.changes import YEAR_DAYS, Change, LastYear, changes_of, last_year_of
from stamgast.clv.data.buyers import Purchases
from stamgast.clv.data.state_sample import live_of
from stamgast.clv.data.windows import up_to
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.models.gamma_gamma import Spend
from tests.builders import sure
from tests.unit.clv.purchases import drawn_shop, purchases_of
from tests.unit.clv.scored_shop import BEGIN, customer_of, live_of_shop

CUT = 10_500
TRUE = ParameterSet("mbg_nbd", {"r": 0.8, "alpha": 4.0, "a": 0.6, "b": 2.0}, Spend(4.0, 3.0, 17.0, "all"))


def change(
    known: Purchases, parameters: ParameterSet, closed: ClosedDays = ClosedDays()  # noqa: B008
) -> tuple[Change, list[Change]] | None:  # fmt: skip
    return changes_of(LastYear(live_of(known), last_year_of(known), parameters, closed))


def spent(shop: dict[int, dict[int, float]], first: int, last: int) -> np.ndarray:
    ordered = sorted(shop)
    return np.array([sum(x for day, x in shop[name].items() if first < day <= last) for name in ordered])


def test_a_change_is_told_against_the_last_year_and_its_interval_holds_as_often_as_it_says():
    shop = drawn_shop(4_000, seed=7, days=500 + YEAR_DAYS)
    known = up_to(purchases_of(shop, CUT + YEAR_DAYS), CUT)

    total, each = sure(change(known, TRUE))

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

    assert change(known, ParameterSet("mbg_nbd", TRUE.parameters)) is None


def test_a_shop_that_is_closed_for_half_the_year_to_come_expects_less():
    known = up_to(purchases_of(drawn_shop(200), CUT), CUT)
    closed = ClosedDays(tuple(range(CUT + 1, CUT + 183)))

    always, half = (sure(change(known, TRUE, days))[0] for days in (ClosedDays(), closed))

    assert half.spent_last_year == always.spent_last_year
    assert 0.4 < half.expected_next_year / always.expected_next_year < 0.7


def test_who_said_that_they_are_pleased_is_expected_to_spend_more_than_who_is_not():
    days, paces = [BEGIN, BEGIN + 40, BEGIN + 200], {"0-6": 0.5, "7-8": 1.0, "9-10": 1.5}
    states = [customer_of(days, said) for said in ([], [(BEGIN + 40, 7)], [(BEGIN, 2), (BEGIN + 40, 10)], [(BEGIN, 3)])]
    live = live_of_shop(states, BEGIN + 230)
    told = LastYear(live, np.full(4, 30.0), replace(TRUE, feedback=paces), ClosedDays())

    total, (nothing, middle, high, low) = sure(changes_of(told))

    assert nothing == middle
    assert low.expected_next_year < middle.expected_next_year < high.expected_next_year
    assert total.expected_next_year == pytest.approx(sum(o.expected_next_year for o in (nothing, middle, high, low)))
    _, (alone, *others) = sure(changes_of(told._replace(parameters=TRUE)))
    assert alone == nothing
    assert others == [alone] * 3
