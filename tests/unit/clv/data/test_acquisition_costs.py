"""What winning a customer cost: by source, and since when."""

from stamgast.clv.data.acquisition_costs import AcquisitionCosts, read_costs
from tests.unit.clv.purchases import date_of


def test_headings_of_costs_may_be_written_in_any_case_and_order(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text(f"COST, From,Source\n4.50,{date_of(100)},flyer\n")

    assert read_costs(path).by_source == {"flyer": [(100, 4.5)]}


def test_a_cost_counts_from_its_day_on():
    costs = AcquisitionCosts(7.0, {"ads": [(100, 10.0), (200, 12.0)]})

    assert [costs.cost_of("ads", day) for day in (99, 100, 199, 200)] == [7.0, 10.0, 10.0, 12.0]
    assert costs.cost_of("friends", 150) == 7.0
    assert AcquisitionCosts().cost_of("ads", 1) is None
