"""What a fit for a merchant comes to: the programme's closed days left out, and nothing better put out of force."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
import typer

from stamgast.clv.data.histories import PurchaseDays
from stamgast.clv.data.state_sample import Live, sample_of_states
from stamgast.commands.clv_data import read_live
from stamgast.commands.clv_publishing import Wanted, _day_of
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.customer import Customer
from stamgast.domain.days import encode_days
from stamgast.programs.refit import refit
from tests.builders import program, sure
from tests.unit.clv.seasonal import FIRST, Season, draw

pytestmark = pytest.mark.fits

TRUE = {"r": 0.8, "alpha": 9.0, "a": 0.7, "b": 2.4}
SHUT = (range(60, 100), range(170, 240))
DAYS = 300
CLOSED = ClosedDays(tuple(FIRST + day for stretch in SHUT for day in stretch))


def live(customers: Sequence[PurchaseDays], as_of: int) -> Live:
    """Live states of customers without any money."""
    known = [days for days in customers if days]
    states = [
        (str(number), Customer(days=encode_days([(day, 1) for day in days]))) for number, days in enumerate(known)
    ]
    found = sample_of_states(states, as_of, "EUR")
    assert found is not None
    return found


def csv_of(customers: Sequence[PurchaseDays], path: Path) -> Path:
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
        assert found.parameters[name] == pytest.approx(value, abs=4 * sure(error))
    counted = refit(told, program(), {}, "mbg_nbd", "repeat").parameters
    assert not counted.open_days
    assert counted.parameters["alpha"] > 1.3 * TRUE["alpha"], "what it would have been"


def test_what_is_published_says_how_regularly_customers_come_and_is_read_again_as_it_was(told: Live):
    found = refit(told, program(closed=CLOSED), {}, "mbg_nbd", "repeat").parameters

    assert found.regularity is not None
    assert found.regularity.sureness
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), ParameterSet) == found
    assert len(msgspec.json.encode(found.regularity)) < 4_000


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


def test_a_file_of_two_customers_does_not_take_the_place_of_a_fit_to_three_thousand(told: Live):
    first = refit(told, program(), {}, "mbg_nbd", "repeat").parameters
    two = live([[FIRST, FIRST + 30, FIRST + 60], [FIRST + 5]], FIRST + DAYS - 1)

    refusal = refit(two, program(), msgspec.to_builtins(first), "mbg_nbd", "repeat").refusal

    assert first.version in refusal
    assert "that takes 50 customers" in refusal
    assert refusal.endswith("2 were read")
    assert refit(two, program(), {}, "mbg_nbd", "repeat").refusal == "", "with nothing in force something is better"


def test_a_file_in_another_currency_is_refused_and_one_that_names_none_is_not(told: Live):
    dollars, euros = told._replace(currency="USD"), told._replace(currency="EUR")

    with pytest.raises(ValueError, match="the file is in USD and bakery counts in EUR: convert"):
        refit(dollars, program(), {}, "mbg_nbd", "repeat")
    assert refit(euros, program(), {}, "mbg_nbd", "repeat") == refit(told, program(), {}, "mbg_nbd", "repeat")


def test_of_a_day_gone_by_nothing_is_said_about_money_for_what_was_spent_since_is_in_the_same_sum():
    days = encode_days([(FIRST, 1), (FIRST + 9, 1), (FIRST + 40, 1)])
    states = [(str(number), Customer(visits=3, spend=9_000, profit=4_000, days=days)) for number in range(20)]

    then = sample_of_states(states, FIRST + 20, "EUR", money=False)

    assert then is not None
    found = refit(then, program(), {}, "mbg_nbd", "all").parameters
    assert (found.spend, found.margin) == (None, None)
    assert then.days[0] == [FIRST, FIRST + 9]


def test_a_day_to_come_is_misuse_and_today_and_the_past_are_as_they_were_asked_for(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(typer.Exit) as exited:
        _day_of(Wanted(20_001, "mbg_nbd", "all"), 20_000)
    assert exited.value.exit_code == 2
    assert "--as-of is 2024-10-05, and today is 2024-10-04" in capsys.readouterr().err
    assert [_day_of(Wanted(day, "mbg_nbd", "all"), 20_000) for day in (None, 20_000, 19_000)] == [
        20_000,
        20_000,
        19_000,
    ]
