"""`stamgast clv` as a person runs it."""

import json

import pytest

from tests.unit.clv.purchases import MBG, SALES
from tests.unit.commands.clv_command import run


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("simple --average 50 --frequency 6 --lifespan 3", "50 x 6 x 3 = 900"),
        ("simple --average 50 --frequency 6 --lifespan 3 --acquisition-cost 100", "50 x 6 x 3 - 100 = 800"),
        ("simple --average 12.35 --frequency 3 --lifespan 1.5", "12.35 x 3 x 1.5 = 55.58"),
        ("profit --profit 80 --purchases 6", "80 x 6 = 480"),
        ("npv --profit 300 --years 3", "300 / 1.1^1 + 300 / 1.1^2 + 300 / 1.1^3 = 746.06   (timing: end of each year)"),
        ("npv --profit 300 --years 3 --rate 10% --timing mid", "= 782.47   (timing: mid of each year)"),
        ("npv --profit 300 --years 3 --timing start", "= 820.66   (timing: start of each year)"),
        ("npv --profit 300 --years 3 --retention 60%", "+ 300 x 0.6^2 / 1.1^3 = 502.63   (timing: end of each year)"),
        ("npv --profit 300 --years 3 --retention 0 --timing start", "= 300.00   (timing: start of each year)"),
        (
            "npv --profit 300 --years 9 --acquisition-cost 100",
            "+ … + 300 / 1.1^9 - 100 = 1627.71   (timing: end of each year)",
        ),
    ],
)
def test_a_value_by_hand_shows_the_sum(arguments, answer):
    done = run(*arguments.split())

    assert done.exit_code == 0
    assert done.stdout.rstrip().endswith(answer)


def test_money_that_can_be_read_two_ways_is_asked_again():
    told = run("simple", "--average", "1.250", "--frequency", "6", "--lifespan", "3")

    assert told.exit_code == 2
    assert "can be read two ways; write 1250 or 1.25" in told.output
    assert "such as 12.5" in run("profit", "--profit", "12,5", "--purchases", "6").output


def test_the_largest_numbers_keep_their_cents():
    most = "1000000000000"

    assert (
        run("simple", "--average", most, "--frequency", most, "--lifespan", most)
        .stdout.rstrip()
        .endswith(f"= 1{'0' * 36}")
    )
    cents = run("profit", "--profit", "999999999999.99", "--purchases", "999999999999.99")
    assert cents.stdout.rstrip().endswith("= 999999999999980000000000")
    npv = run("npv", "--profit", most, "--years", 100, "--rate", "0", "--timing", "start", "--retention", "1")
    assert "= 100000000000000.00" in npv.stdout


def test_a_value_by_hand_is_a_number_in_json():
    done = run("npv", "--profit", 300, "--years", 3, "--timing", "mid", "--json")

    assert json.loads(done.stdout) == {
        "method": "npv",
        "value": 782.47,
        "sum": "300 / 1.1^0.5 + 300 / 1.1^1.5 + 300 / 1.1^2.5 = 782.47",
        "timing": "mid",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("simple --average fifty --frequency 6 --lifespan 3", "--average is 'fifty'"),
        ("simple --average -50 --frequency 6 --lifespan 3", "--average is '-50'; it is a number from 0"),
        ("simple --average 1e400 --frequency 6 --lifespan 3", "the largest number that is taken is 1000000000000"),
        ("simple --average 1e20 --frequency 1e20 --lifespan 3", "the largest number that is taken is 1000000000000"),
        ("simple --average 12_000 --frequency 6 --lifespan 3", "--average is '12_000'; it is a number from 0"),
        ("simple --average \u0663 --frequency 6 --lifespan 3", "it is a number from 0"),
        ("npv --profit 1e9999999999999999999 --years 3", "it is a number from 0"),
        ("npv --profit 300 --years 3 --retention 150%", "--retention is '150%'; it is a share from 0 to 1 or 100%"),
        ("npv --profit 300 --years 3 --retention -5%", "--retention is '-5%'; it is a share from 0 to 1 or 100%"),
        ("profit --profit -8 --purchases 6", "--profit is '-8'"),
        ("npv --profit 300 --years 3 --rate 10", "for a tenth write 0.1 or 10%"),
        ("npv --profit 300 --years 3 --timing middle", "--timing is 'middle'; it is one of end, mid, start"),
        ("fit --data x --as-of 30-09-1997", "write it as 1997-09-30"),
        ("score --data x --as-of 1997-09-30 --horizon 39", "write it as 39w or 273d"),
        ("score --data x --as-of 1997-09-30 --horizon 99999w", "at most a hundred years"),
    ],
)
def test_misuse_says_how_it_was_meant(arguments, said):
    done = run(*arguments.split())

    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_fit_of_a_few_purchases_says_what_it_did_and_can_be_scored_with(sales, tmp_path):
    out = tmp_path / "fitted.json"

    done = run("fit", "--data", sales, "--as-of", "2026-03-01", "--out", out)

    assert done.exit_code == 0
    assert "read 4 customers with 7 purchase days up to 2026-03-01" in done.stderr
    version = json.loads(out.read_text())["version"]
    assert f"version {version}" in done.stdout
    scored = run("score", "--data", sales, "--as-of", "2026-03-01", "--parameters", out, "--json")
    assert {each["parameters_version"] for each in json.loads(scored.stdout)} == {version}
    assert json.loads(run("fit", "--data", sales, "--as-of", "2026-03-01", "--json").stdout)["version"] == version


def test_a_prior_can_be_asked_for(sales):
    asked = ("fit", "--data", sales, "--as-of", "2026-03-01", "--model", "mbg_nbd", "--json")

    fitted = json.loads(run(*asked, "--prior").stdout)

    assert fitted["fit"]["method"] == "maximum a posteriori"
    assert fitted["fit"]["notes"] == []
    assert 0.2 < fitted["parameters"]["a"] < 5
    done = run(*asked)
    assert "note: there are fewer than 200 customers" in done.stderr
    assert json.loads(done.stdout)["parameters"] == fitted["parameters"]


def test_scores_name_every_customer_known_by_then(sales, parameters):
    asked = ("score", "--data", sales, "--as-of", "2026-03-01", "--parameters", parameters, "--horizon", "273d")

    done = run(*asked, "--json")

    scores = json.loads(done.stdout)
    assert done.exit_code == 0
    assert [each["customer"] for each in scores] == ["anna", "ben", "cleo", "dirk"]
    assert [each["x"] for each in scores] == [2, 0, 1, 0]
    assert scores[0]["predicted"] is None
    assert scores[0]["method"] == "model"
    assert "horizon 39 weeks" in done.stderr
    assert "36 months, 0.1 a year, at the end of each month, times margin 1" in done.stderr
    rows = run(*asked).stdout.splitlines()
    assert rows[0].split() == ["customer", "alive", "buys", "purchases", "spend", "predicted", "net", "lapses"]
    assert len(rows) == 5


def test_every_score_says_what_was_asked_for(sales, parameters):
    asked = ("score", "--data", sales, "--as-of", "2026-03-01", "--parameters", parameters, "--horizon", "56d")

    (said, *others) = json.loads(run(*asked, "--threshold", 0.3, "--margin", "30%", "--json").stdout)

    assert (said["horizon_weeks"], said["lapse_threshold"]) == (8, 0.3)
    assert said["predicted_by"] == "36 months, 0.1 a year, at the end of each month, times margin 0.3"
    assert {each["predicted_by"] for each in others} == {said["predicted_by"]}


def test_the_margin_of_the_parameters_counts_unless_another_is_given(sales, parameters):
    asked = ("score", "--data", sales, "--as-of", "2026-03-01", "--parameters", parameters, "--json")
    parameters.write_text(json.dumps({**MBG, "spend": {"p": 6.25, "q": 3.74, "v": 15.44}, "margin": 0.4}))

    of_file, given = json.loads(run(*asked).stdout), json.loads(run(*asked, "--margin", "0.8").stdout)

    assert of_file[0]["predicted_by"].endswith("times margin 0.4")
    assert of_file[0]["historic"] == pytest.approx(0.4 * 31)
    assert given[0]["predicted"] == pytest.approx(2 * of_file[0]["predicted"])


def test_parameters_that_leave_out_closed_days_are_not_scored_with_without_a_merchant(sales, parameters):
    parameters.write_text(json.dumps({**MBG, "open_days": True}))

    done = run("score", "--data", sales, "--as-of", "2026-03-01", "--parameters", parameters)

    assert done.exit_code == 2
    assert "open_days: it was fitted with the shop's closed days left out" in done.stderr
    assert "--merchant M" in done.stderr
    assert done.stdout == ""


def test_what_spend_is_averaged_over_cannot_be_asked_of_given_parameters(sales, parameters):
    done = run("score", "--data", sales, "--as-of", "2026-03-01", "--parameters", parameters, "--orders", "repeat")

    assert done.exit_code == 2
    assert "--orders belongs to a fit" in done.stderr


@pytest.mark.parametrize(
    "asked",
    [
        "score --as-of 2026-03-01",
        "segments",
        "fit",
        "evaluate --calibration-end 2026-01-31 --holdout-end 2026-02-28",
    ],
)
def test_a_file_of_refunds_alone_is_refused(sales, asked):
    sales.write_text("customer,date,amount\na,2026-01-01,-5\n")

    done = run(*asked.split(), "--data", sales)

    assert done.exit_code == 1
    assert f"{sales} has no purchase up to 2026-" in done.stderr
    assert done.stdout == ""


def test_what_is_wrong_with_a_file_is_told_line_by_line(sales, parameters, tmp_path):
    sales.write_text(SALES.replace("2026-01-04", "04/01/2026"))

    done = run("fit", "--data", sales)

    assert done.exit_code == 1
    assert (
        f"{sales}:5:2: '04/01/2026' is not a date; write 2026-01-04, or 2026-04-01 if the month stands first"
        in done.stderr
    )
    parameters.write_text("{")
    sales.write_text(SALES)
    assert run("score", "--data", sales, "--as-of", "2026-03-01", "--parameters", parameters).exit_code == 1


def test_a_model_that_the_file_of_parameters_is_not_of_is_misuse(sales, parameters):
    asked = ("score", "--data", sales, "--as-of", "2026-03-01")

    assert run(*asked, "--parameters", parameters, "--model", "pareto_nbd").exit_code == 2
    assert run(*asked, "--model", "bg").exit_code == 2


SPENT = {**MBG, "spend": {"p": 6.25, "q": 3.744, "v": 15.44}}


def test_a_customer_is_set_against_what_their_own_source_cost(tmp_path):
    data, costs, shop = tmp_path / "sales.csv", tmp_path / "costs.csv", tmp_path / "shop.json"
    data.write_text(
        "customer,date,amount,acquisition_source\nanna,2026-01-01,40,flyer\nben,2026-01-04,40,friend\n"
        "cleo,2026-02-01,40,flyer\n"
    )
    costs.write_text("source,from,cost\nflyer,2025-01-01,4.00\nflyer,2026-02-01,8.00\nflier,2026-02-01,8.00\n")
    shop.write_text(json.dumps(SPENT))

    done = run(
        "score", "--data", data, "--as-of", "2026-03-01", "--parameters", shop, "--margin", "0.5", "--costs", costs, "--json"
    )  # fmt: skip
    anna, ben, cleo = json.loads(done.stdout)

    assert [each["acquisition_cost"] for each in (anna, ben, cleo)] == [4.0, None, 8.0]
    assert anna["clv_to_cac"] == pytest.approx((anna["historic"] + anna["predicted"]) / 4)
    assert cleo["net"] == pytest.approx(cleo["historic"] + cleo["predicted"] - 8)
    assert (ben["net"], ben["clv_to_cac"]) == (None, None)
    assert "nobody came from 'flier'; is that 'flyer'?" in done.stderr


def test_profit_that_makes_no_margin_is_not_scored_with(tmp_path):
    data, shop = tmp_path / "sales.csv", tmp_path / "shop.json"
    data.write_text("customer,date,amount,profit,segmnt\nanna,2026-01-01,12,1200,x\n")
    shop.write_text(json.dumps(SPENT))
    asked = ("score", "--data", data, "--as-of", "2026-03-01", "--parameters", shop, "--json")

    refused, taken = run(*asked), run(*asked, "--margin", "30%")

    assert refused.exit_code == 1
    assert "profit" in refused.stderr
    (anna,) = json.loads(taken.stdout)
    assert anna["historic"] == pytest.approx(3.6)
    assert "segment" in taken.stderr, "a column that is nearly one of ours is told"
