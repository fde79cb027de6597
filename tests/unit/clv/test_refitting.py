"""What a fit for a merchant comes to: the programme's closed days left out, and nothing better put out of force."""

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from stamgast.clv.state_sample import Live, sample_of_states
from stamgast.commands.clv_data import read_live
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.customer import Customer
from stamgast.domain.days import encode_days
from stamgast.refitting import refit
from tests.builders import program
from tests.unit.clv.seasonal import FIRST, Season, draw

TRUE = {"r": 0.8, "alpha": 9.0, "a": 0.7, "b": 2.4}
SHUT = (range(60, 100), range(170, 240))
DAYS = 300
CLOSED = ClosedDays(tuple(FIRST + day for stretch in SHUT for day in stretch))


def live(customers: list[list[int]], as_of: int) -> Live:
    """The same without money."""
    known = [days for days in customers if days]
    states = [
        (str(number), Customer(days=encode_days([(day, 1) for day in days]))) for number, days in enumerate(known)
    ]
    found = sample_of_states(states, as_of, "EUR")
    assert found is not None
    return found


def csv_of(customers: list[list[int]], path: Path) -> Path:
    lines = [
        f"{number:05d},{date(1970, 1, 1) + timedelta(days=day)},{10 + number % 40}.50"
        for number, days in enumerate(customers)
        for day in days
    ]
    path.write_text("\n".join(["customer,date,amount", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """A CSV of a shop that was closed for 110 of its 300 days."""
    customers = draw(TRUE, Season(closed=SHUT), 3_000, joins=50, days=DAYS, seed=11)
    return read_live(csv_of(customers, tmp_path_factory.mktemp("shop") / "sales.csv"), FIRST + DAYS - 1)


def test_a_file_is_fitted_with_the_closed_days_off_that_its_scores_leave_out(told: Live):
    found = refit(told, program(closed=CLOSED), {}, "mbg_nbd", "repeat").parameters

    assert found.open_days
    assert found.fit is not None
    for name, value in TRUE.items():
        error = found.fit.standard_errors[name]
        assert found.parameters[name] == pytest.approx(value, abs=4 * error)
    counted = refit(told, program(), {}, "mbg_nbd", "repeat").parameters
    assert not counted.open_days
    assert counted.parameters["alpha"] > 1.3 * TRUE["alpha"], "what it would have been"


def test_the_same_purchases_fitted_again_are_not_worse_than_themselves(told: Live):
    shop = program(closed=CLOSED)
    first = refit(told, shop, {}, "mbg_nbd", "repeat").parameters

    again = refit(told, shop, msgspec.to_builtins(first), "mbg_nbd", "repeat")

    assert again.parameters.version == first.version
    assert again.comparison is not None
    assert again.comparison.difference == 0
    assert again.refusal == ""


def test_what_came_after_both_fits_judges_a_refit_some_weeks_later():
    """A shop whose summer is busier: the fit in force knows half of what came after the usual day, so it is later."""
    customers = draw(TRUE, Season(yearly=0.5), 1_500, joins=50, days=DAYS, seed=3)
    earlier = [[day for day in days if day < FIRST + DAYS - 60] for days in customers]
    in_force = refit(live(earlier, FIRST + DAYS - 60), program(), {}, "mbg_nbd", "repeat").parameters

    found = refit(live(customers, FIRST + DAYS - 1), program(), msgspec.to_builtins(in_force), "mbg_nbd", "repeat")

    assert found.comparison is not None
    assert (found.comparison.days, found.comparison.unseen) == (59, True)
    assert found.refusal == ""
