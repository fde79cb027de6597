"""A segment of another kind than the whole shop gets parameters of its own."""

import re

import pytest
from msgspec.structs import replace

from stamgast.clv.data.acquisition_costs import AcquisitionCosts
from stamgast.clv.data.sample import sample_of
from stamgast.clv.scoring import Asked, fit_parameters
from stamgast.clv.segments.own_parameters import deserves_its_own, own_parameters, part_of
from stamgast.clv.segments.values import segments_of
from stamgast.domain.attrition import COMBINED
from tests.builders import sure
from tests.unit.clv.purchases import drawn_shop, purchases_of

END = 10_500


def mixed_shop(loyal: int):
    """A shop of two kinds: those drawn as ever, and others who come half as often and rarely leave."""
    shop = drawn_shop(700)
    shop |= {f"r{name}": days for name, days in drawn_shop(loyal, 2, alpha=8.0, a=0.1).items()}
    purchases = purchases_of(shop, END)
    for name, buyer in purchases.buyers.items():
        buyer.segment = "loyal" if "r" in name else "others"
    return purchases


def test_a_large_segment_of_another_kind_has_its_own_parameters_and_a_small_one_has_not():
    large, small = mixed_shop(600), mixed_shop(100)

    for purchases, own in ((large, "own"), (small, "pooled")):
        pooled = fit_parameters(sample_of(purchases))
        found = segments_of(purchases, pooled, "segment", AcquisitionCosts(), Asked())
        loyal = next(each for each in found if each.segment == "loyal")
        assert loyal.parameters == own
        assert (loyal.parameters_version != pooled.version) == (own == "own")


def test_where_all_go_by_the_combined_model_a_segment_is_tried_with_one_of_its_own():
    purchases = mixed_shop(600)
    loyal = part_of(purchases, [name for name, buyer in purchases.buyers.items() if buyer.segment == "loyal"])
    pooled = fit_parameters(sample_of(purchases))
    combined = replace(pooled, model=COMBINED, parameters={"weeks": 39.0})

    own, because = deserves_its_own(purchases, loyal, COMBINED)
    found = own_parameters(loyal, combined)

    assert own, because
    assert (found.model, found.parameters["weeks"], found.spend) == (COMBINED, 39.0, pooled.spend)


def test_own_parameters_are_of_purchases_only_and_spend_stays_that_of_the_whole_shop():
    purchases = mixed_shop(600)
    pooled = fit_parameters(sample_of(purchases))
    loyal = part_of(purchases, [name for name, buyer in purchases.buyers.items() if buyer.segment == "loyal"])

    own = own_parameters(loyal, pooled)

    assert own.spend == pooled.spend
    assert own.parameters != pooled.parameters


def test_the_more_segments_are_tested_the_more_it_takes():
    purchases = purchases_of(drawn_shop(1_400), END)
    part = part_of(purchases, [name for place, name in enumerate(purchases.buyers) if place % 2])

    def width(tested: int) -> float:
        said = deserves_its_own(purchases, part, "mbg_nbd", tested)[1]
        low, high = sure(re.search(r"\[(.*), (.*)\]", said)).groups()
        return float(high) - float(low)

    assert width(20) / width(1) == pytest.approx(3.023 / 1.960, rel=0.05)
    assert "one of 20 segments tested" in deserves_its_own(purchases, part, "mbg_nbd", 20)[1]
    for place, buyer in enumerate(purchases.buyers.values()):
        buyer.segment = "ab"[place % 2]
    found = segments_of(purchases, fit_parameters(sample_of(purchases)), "segment", AcquisitionCosts(), Asked())
    assert all("one of 2 segments tested" in each.because for each in found)


def test_a_large_segment_of_the_same_kind_does_not_get_its_own():
    purchases = purchases_of(drawn_shop(1_400), END)
    part = part_of(purchases, [name for place, name in enumerate(purchases.buyers) if place % 2])

    own, because = deserves_its_own(purchases, part, "mbg_nbd")

    assert not own
    assert because.startswith("own parameters gained")
