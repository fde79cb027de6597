"""`stamgast clv score --merchant`: a CSV scored without the days on which the merchant is closed."""

import json
from datetime import date, timedelta

import pytest

from stamgast.domain.attrition import make_model
from stamgast.domain.history import History
from tests.builders import sure
from tests.unit.clv.purchases import MBG
from tests.unit.clv.regular_shops import shop
from tests.unit.commands.clv_command import run


def test_a_day_beyond_the_data_is_warned_of(sales):
    assert "the newest purchase up to 2026-04-30 is of 2026-02-03; if the data end there, everybody" in (
        run("score", "--data", sales, "--as-of", "2026-04-30").stderr
    )
    assert "if the data end there" not in run("score", "--data", sales, "--as-of", "2026-02-03").stderr


def test_a_merchants_closed_days_are_left_out_of_what_was_and_of_what_is_to_come(sales, parameters, closing_shop):
    asked = (
        "score",
        "--data",
        sales,
        "--as-of",
        "2026-03-01",
        "--parameters",
        parameters,
        "--horizon",
        "28d",
        "--json",
    )
    parameters.write_text(json.dumps({**MBG, "open_days": True}))

    done = run(*asked, "--merchant", closing_shop)

    (anna, ben, *_) = json.loads(done.stdout)
    assert "leaving out dorp's 28 closed days" in done.stderr
    assert (anna["x"], anna["t_x"], anna["T"]) == (2, pytest.approx(33 / 7), pytest.approx((59 - 14) / 7))
    assert (ben["t_x"], ben["T"]) == (0, pytest.approx((56 - 14) / 7))
    model = make_model("mbg_nbd", MBG["parameters"])
    history = History(2, 33 / 7, 45 / 7)
    assert anna["p_buy"] == pytest.approx(model.p_buy(history, 14 / 7), rel=1e-9), "28 days of which 14 are closed"
    assert anna["p_alive"] == pytest.approx(model.p_alive(history), rel=1e-9)
    wait = sure(model.lapses_at(history, 0.5)) * 7
    lapse = date(2026, 1, 1) + timedelta(days=int(wait) + 28)
    assert anna["next_lapse"] == lapse.isoformat(), "both closures lie before it"
    by_chance = json.loads(run(*asked, "--merchant", closing_shop, "--threshold", "0.5").stdout)[0]
    assert by_chance["next_lapse"] == (lapse + timedelta(days=1)).isoformat(), "by when P(alive) has fallen"
    assert (anna["lapse_threshold"], by_chance["lapse_threshold"]) == (None, 0.5)


def test_lapses_of_a_merchants_file_are_as_sure_as_program_yaml_says(tmp_path, closing_shop):
    path = tmp_path / "regulars.csv"
    customers = shop(7, 0.5, 20, customers=200)
    lines = [
        f"{name:03d},{date(2024, 3, 3) + timedelta(days)},10" for name, own in enumerate(customers) for days in own
    ]
    path.write_text("\n".join(["customer,date,amount", *lines]))
    asked = ("score", "--data", path, "--as-of", "2026-02-03", "--model", "mbg_nbd", "--json")
    program = tmp_path / "config" / "merchants" / closing_shop / "program.yaml"

    usual = json.loads(run(*asked, "--merchant", closing_shop).stdout)
    program.write_text(program.read_text() + "lapse: {precision: 95%}\n")
    surer = json.loads(run(*asked, "--merchant", closing_shop).stdout)
    given = json.loads(run(*asked, "--merchant", closing_shop, "--precision", "60%").stdout)

    assert usual[0]["lapse_by"] == "each one's regularity, 60% sure"
    assert surer[0]["lapse_by"] == "each one's regularity, 95% sure"
    assert [one["next_lapse"] for one in given] == [one["next_lapse"] for one in usual]
    each = [(one["next_lapse"], other["next_lapse"]) for one, other in zip(usual, surer, strict=True)]
    assert all(one <= other for one, other in each)
    assert sum(one < other for one, other in each) > 100


def test_how_sure_is_said_in_one_way(sales):
    asked = ("score", "--data", sales, "--as-of", "2026-03-01")

    both = run(*asked, "--precision", "60%", "--threshold", "0.4")
    wrong = run(*asked, "--precision", "5%")

    assert (both.exit_code, wrong.exit_code) == (2, 2)
    assert "give --precision or --threshold, not both" in both.stderr
    assert "--precision is 5%; it is from 10% to 99%" in wrong.stderr


def test_what_was_fitted_in_calendar_days_is_scored_in_calendar_days(sales, parameters, closing_shop):
    asked = ("score", "--data", sales, "--as-of", "2026-03-01", "--parameters", parameters, "--json")

    done = run(*asked, "--merchant", closing_shop)

    assert "was fitted in calendar days, so no closed days are left out" in done.stderr
    assert done.stdout == run(*asked).stdout


def test_a_fit_in_open_days_has_another_version_than_one_in_calendar_days(sales, closing_shop):
    asked = ("score", "--data", sales, "--as-of", "2026-03-01", "--json")

    of_shop, of_calendar = (json.loads(run(*asked, *more).stdout) for more in (("--merchant", closing_shop), ()))

    assert of_shop[0]["parameters_version"] != of_calendar[0]["parameters_version"]
    assert of_shop[0]["T"] < of_calendar[0]["T"]


def test_a_merchant_who_is_not_there_is_named_with_the_one_that_may_be_meant(sales, closing_shop):
    done = run("score", "--data", sales, "--as-of", "2026-03-01", "--merchant", "drop")

    assert done.exit_code == 1
    assert "there is no merchant 'drop'" in done.stderr
    assert "is it 'dorp'?" in done.stderr


def test_a_file_may_name_its_trade_and_the_answer_says_so(tmp_path):
    path = tmp_path / "young.csv"
    customers = shop(30, 0.5, 20, customers=60)
    lines = [f"{name},{date(2025, 3, 3) + timedelta(days)},10" for name, own in enumerate(customers) for days in own]
    path.write_text("\n".join(["customer,date,amount", *lines]))
    asked = ("score", "--data", path, "--as-of", "2025-09-01", "--model", "mbg_nbd", "--horizon", "120d", "--json")

    plain, clothing, garden = (
        json.loads(run(*asked, *more).stdout) for more in ((), ("--season", "clothing"), ("--season", "garden"))
    )

    assert [told[0]["season"] for told in (plain, clothing, garden)] == [None, "clothing", "garden"]
    spend = [sum(one["expected_spend"] for one in told) for told in (plain, clothing, garden)]
    assert spend[1] > spend[2], "September to December: clothes are sold then, and seeds are not"


def test_a_trade_that_nobody_knows_is_refused_with_those_that_are(sales):
    done = run("score", "--data", sales, "--as-of", "2026-03-01", "--season", "clothng")

    assert done.exit_code == 2
    assert "--season is 'clothng'; it is one of " in done.stderr
    assert "Did you mean 'clothing'?" in done.stderr


def test_parameters_have_their_season_already(sales, parameters):
    done = run("score", "--data", sales, "--as-of", "2026-03-01", "--parameters", parameters, "--season", "garden")

    assert done.exit_code == 2
    assert "--season belongs to a fit" in done.stderr
