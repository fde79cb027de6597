"""Which k a fit of MBG/CNBD-k ends with: one that few gaps do not make likelier by chance, and that foretold better."""

import random

import numpy as np
import pytest

from stamgast.clv.data.rows import make_rows
from stamgast.clv.data.sample import sample_of
from stamgast.clv.data.state_sample import Live
from stamgast.clv.models.fitting import fit, fit_with_fallback
from stamgast.clv.selection.k_selection import fit_live
from stamgast.domain.closed_days import ClosedDays
from tests.builders import sure
from tests.unit.clv.purchases import purchases_of, regular_shop
from tests.unit.clv.record_shop import CALIBRATION_END, read_sample

END = 10_500


def live_of(sums: dict, end: int) -> Live:
    known = {name: {day: x for day, x in days.items() if day <= end} for name, days in sums.items()}
    purchases = purchases_of({name: days for name, days in known.items() if days}, end)
    return Live(sample_of(purchases), [buyer.days() for buyer in purchases.buyers.values()])


def shop_of_spells(customers: int = 600) -> dict[object, dict[int, float]]:
    """Customers who come regularly, each in a rhythm of their own, and now and then pause for months: nobody leaves."""
    rng = np.random.default_rng(9)
    shop: dict[object, dict[int, float]] = {}
    for number in range(customers):
        rhythm, day = rng.uniform(5, 40), 10_000 + (0 if number == 0 else int(rng.integers(60)))
        bought = shop[number] = {}
        while day <= END:
            bought[day] = 10.0
            pauses = rng.random() < 0.05
            day += int(rng.integers(150, 300)) if pauses else max(1, round(rng.gamma(3, rhythm / 3)))
    return shop


def test_customers_without_a_gap_tell_nothing_of_k():
    once = make_rows([0] * 60, [0] * 60, range(10, 70))

    assert fit("mbg_cnbd_k", once, 0.0).parameters["k"] == 1
    assert fit_with_fallback("mbg_cnbd_k", once, 0.0).parameters.get("k", 1) == 1


def test_a_handful_of_the_record_shops_customers_has_the_k_of_all():
    sums = read_sample()
    rng = random.Random(3)

    for _ in range(10):
        few = live_of({name: sums[name] for name in rng.sample(sorted(sums), 30)}, CALIBRATION_END).sample
        assert fit_with_fallback("mbg_cnbd_k", few.rows, few.log_gaps).parameters["k"] == 1


@pytest.mark.parametrize("customers", [20, 400])
def test_regulars_are_known_by_few_of_them(customers):
    live = live_of(regular_shop(customers), END)

    found = fit_live(live, "mbg_cnbd_k", "all")

    assert (found.model, found.parameters["k"] > 1) == ("mbg_cnbd_k", True)
    assert not any("likelier" in note for note in sure(found.fit).notes)


def test_a_likelier_k_that_foretold_worse_is_not_taken_and_the_fit_says_so():
    live = live_of(shop_of_spells(), END)
    assert fit("mbg_cnbd_k", live.sample.rows, live.sample.log_gaps).parameters["k"] > 1

    found = fit_live(live, "mbg_cnbd_k", "all")

    assert found.model == "mbg_nbd"
    assert "likelier and foretold the last 166 days worse than k = 1, so mbg_nbd is taken" in sure(found.fit).notes[0]
    assert found.version == fit_live(live, "mbg_nbd", "all").version


def test_closed_days_are_left_out_of_that_comparison_too():
    closed = ClosedDays(tuple(range(10_400, 10_440)))
    sums = {
        name: {day: x for day, x in days.items() if day not in closed.days} for name, days in shop_of_spells().items()
    }

    found = fit_live(live_of(sums, END).without(closed), "mbg_cnbd_k", "all", closed)

    assert found.model == "mbg_nbd"
    assert "the last 166 days" in sure(found.fit).notes[0]
