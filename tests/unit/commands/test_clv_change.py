"""`clv change`: who will spend more."""

import json

import pytest

from stamgast.commands.answering import read_settings
from tests.unit.clv.purchases import csv_of, drawn_shop
from tests.unit.commands.clv_command import run


@pytest.fixture(scope="module")
def sales(tmp_path_factory):
    path = tmp_path_factory.mktemp("change") / "sales.csv"
    path.write_text(csv_of(drawn_shop(300)))
    return path


def test_whose_spend_grows_most_comes_first(sales):
    done = run("change", "--data", sales, "--json")

    found = json.loads(done.stdout)
    changes = [each["expected_change"] for each in found["customers"]]
    assert len(changes) == 300
    assert changes == sorted(changes, reverse=True)
    assert found["all"]["expected_change"] == pytest.approx(sum(changes))
    assert found["all"]["change_low"] < found["all"]["expected_change"] < found["all"]["change_high"]


def test_people_read_a_line_for_all_and_one_for_each(sales):
    lines = run("change", "--data", sales, "--as-of", "1998-06-30").stdout.splitlines()

    assert lines[0].split() == ["customer", "last", "year", "next", "year", "change", "from", "to"]
    assert lines[1].startswith("(all)")
    assert len(lines) == 302


def test_parameters_that_a_file_cannot_be_scored_with_are_refused(sales, tmp_path):
    parameters = tmp_path / "open.json"
    known = {"model": "mbg_nbd", "parameters": {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6}}

    parameters.write_text(json.dumps(known))
    assert "there is no spend model" in run("change", "--data", sales, "--parameters", parameters).stderr
    parameters.write_text(json.dumps({**known, "open_days": True}))
    assert "a CSV does not tell" in run("change", "--data", sales, "--parameters", parameters).stderr
    parameters.write_text("{")
    assert run("change", "--data", sales, "--parameters", parameters).exit_code == 1


def test_it_is_of_a_file_or_of_live_states(sales):
    assert "give --data FILE, --merchant M, or both" in run("change").stderr
    told = run("change", "--merchant", "bakery", "--as-of", "2026-01-01")
    assert (told.exit_code, "--as-of belongs to a CSV" in told.stderr) == (2, True)


def test_of_a_file_the_days_on_which_the_merchant_is_closed_are_left_out(sales, closing_shop):
    asked = ("change", "--data", sales, "--as-of", "1998-06-30", "--model", "mbg_nbd", "--json")
    program = read_settings().config_dir / "merchants" / closing_shop / "program.yaml"
    program.write_text(program.read_text().split("closed:")[0] + 'closed: ["1998-07-01 to 1998-12-31"]\n')

    always, half = (json.loads(run(*asked, *more).stdout)["all"] for more in ((), ("--merchant", closing_shop)))

    assert half["spent_last_year"] == always["spent_last_year"]
    assert half["expected_next_year"] < 0.8 * always["expected_next_year"]
