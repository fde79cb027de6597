"""`stamgast clv evaluate` as a person runs it."""

import json
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stamgast import drawn_pages
from stamgast.commands.clv import app
from tests.unit.clv.purchases import MBG, all_alike, csv_of, drawn_shop

pytestmark = pytest.mark.fits
KEYS = {
    *("parameters", "standard_errors", "log_likelihood", "n_mae", "n_rmse", "n_bias", "auc", "auc_p_buy", "v_mae"),
    *("v_bias", "top10", "log_score", "crps", "brier", "poisson_deviance", "slope", "ci"),
}
NAIVE = ["naive_aov", "naive_repeat_rate", "alike", "regression"]
SINGLE = ["bg_nbd", "mbg_nbd", "mbg_cnbd_k", "pareto_nbd"]
MODELS = [*NAIVE, *SINGLE, "combined", "blended"]
# Day 10,000 is 1997-05-19.
DATES = ("--calibration-end", "1998-01-24", "--holdout-end", "1998-10-01")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)], prog_name="stamgast clv", catch_exceptions=False)


@pytest.fixture(scope="module")
def sales(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("evaluate") / "sales.csv"
    path.write_text(csv_of(drawn_shop(400)))
    return path


def test_in_a_process_the_answer_is_one_json_document_with_every_key(sales):
    command = [sys.executable, "-c", "from stamgast.cli import main; main()", "clv", "evaluate"]
    done = subprocess.run([*command, "--data", sales, *DATES, "--json"], capture_output=True, text=True, check=True)

    told = json.loads(done.stdout)
    assert told["customers"] == 400
    assert told["best"] in {*MODELS, "prior"}
    assert told["best_to_fit"] in {*MODELS, "prior"} - {"regression"}
    assert list(told["models"]) == MODELS
    assert all(model.keys() >= KEYS for model in told["models"].values())
    assert told["warnings"] == []
    assert "fitting four models to 400 customers" in done.stderr


def test_what_a_model_cannot_say_is_null(sales):
    models = json.loads(run("--data", sales, *DATES, "--json").stdout)["models"]

    naive = models["naive_repeat_rate"]
    assert naive["log_score"] is naive["crps"] is naive["brier"] is naive["auc_p_buy"] is naive["ci"] is None
    assert naive["parameters"] is None
    assert naive["standard_errors"] is naive["log_likelihood"] is None
    assert naive["n_mae"] > 0
    assert models["mbg_nbd"]["standard_errors"].keys() == {"r", "alpha", "a", "b"}
    assert models["combined"]["ci"]["mbg_nbd"] == models["mbg_nbd"]["ci"]
    assert models["combined"]["ci"].keys() == set(SINGLE)


def test_people_get_a_table_and_which_model_to_go_by(sales):
    done = run("--data", sales, *DATES)

    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert lines[0].startswith("400 customers, 250 days foretold")
    assert lines[1].split() == MODELS
    assert lines[2].split()[0] == "log_score"
    assert lines[-1].startswith("best: ")


def test_where_nothing_ranks_it_is_said(tmp_path):
    path = tmp_path / "alike.csv"
    path.write_text(csv_of(all_alike(300)))

    done = run("--data", path, "--calibration-end", "1997-11-10", "--holdout-end", "1997-12-10", "--json")

    told = json.loads(done.stdout)
    assert told["best"] == "alike"
    assert told["models"]["alike"]["log_score"] == min(each["log_score"] or 9 for each in told["models"].values())
    assert "nothing ranks these customers: alike has an AUC of 0.50" in done.stderr
    assert any("nothing ranks" in warning for warning in told["warnings"])


def test_what_spend_is_averaged_over_is_said(sales):
    said = run("--data", sales, *DATES).stdout
    assert "spend: averaged over all purchase days; `fit` and `score` take the repeat ones" in said
    assert json.loads(run("--data", sales, *DATES, "--orders", "repeat", "--json").stdout)["orders"] == "repeat"


def test_the_combined_model_is_warned_of_and_not_chosen_for_a_few_weeks(sales):
    dates = ("--calibration-end", "1998-07-24", "--holdout-end", "1998-08-14")

    done = run("--data", sales, *dates, "--json")
    told = json.loads(done.stdout)

    (warning,) = told["warnings"]
    assert "not made for horizons under 8 weeks" in warning
    assert f"warning: {warning}" in done.stderr
    assert told["best"] != "combined"


def test_where_the_combined_model_is_another_one_it_gains_nothing(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text(csv_of(drawn_shop(40)))

    models = json.loads(run("--data", file, *DATES, "--json").stdout)["models"]
    done = run("--data", file, *DATES)

    assert {model["ci"] for model in models.values()} == {None}
    assert "gains" not in done.stdout
    assert "best: mbg_cnbd_k, the usual one, for there is too little to choose with" in done.stdout


def test_both_ends_are_inclusive_and_who_came_later_is_left_out(tmp_path):
    file = tmp_path / "sales.csv"
    days = {"early": [0, 10, 30], "at_the_end": [20], "late": [21, 25]}
    file.write_text(csv_of({name: {10_000 + day: 5.0 for day in each} for name, each in days.items()}))

    done = run("--data", file, "--calibration-end", "1997-06-08", "--holdout-end", "1997-06-18", "--json")

    told = json.loads(done.stdout)
    assert told["customers"] == 2, "day 20 is 1997-06-08, and day 21 is in the holdout"
    assert told["models"]["naive_repeat_rate"]["n_bias"] == pytest.approx(1 / (20 / 7) * (10 / 7) / 1 - 1)


@pytest.mark.parametrize(
    ("dates", "code", "said"),
    [
        (("1998-10-01", "1998-01-24"), 2, "--holdout-end is 1998-01-24; it is after --calibration-end"),
        (("1998-01-24", "1998-01-24"), 2, "it is after --calibration-end"),
        (("24-01-1998", "1998-10-01"), 2, "write it as 1997-09-30"),
        (("1997-01-01", "1998-10-01"), 1, "the oldest purchase is of 1997-05-19; the calibration ends before it"),
        (("2001-01-01", "2001-06-01"), 1, "there is none in the holdout to judge by"),
    ],
)
def test_dates_that_cannot_be_are_told(sales, dates, code, said):
    done = run("--data", sales, "--calibration-end", dates[0], "--holdout-end", dates[1])

    assert done.exit_code == code
    assert said in done.stderr
    assert done.stdout == ""


def test_nobody_who_was_known_bought_again(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text(csv_of({"anna": {10_000: 5.0}, "ben": {10_030: 5.0}}))

    done = run("--data", file, "--calibration-end", "1997-06-08", "--holdout-end", "1997-06-28")

    assert done.exit_code == 1
    assert "nobody bought in the holdout" in done.stderr


def test_a_holdout_beyond_the_data_is_warned_of(sales):
    done = run("--data", sales, "--calibration-end", "1998-01-24", "--holdout-end", "1999-12-31", "--json")

    assert done.exit_code == 0
    (warning,) = json.loads(done.stdout)["warnings"]
    assert "the holdout is longer than what is known" in warning
    assert f"warning: {warning}" in done.stderr


@pytest.fixture(scope="module")
def fitted(sales) -> Path:
    """What `fit` wrote of the calibration period."""
    path = sales.with_name("shop.json")
    calibrated = ("--data", sales, "--as-of", DATES[1], "--horizon", "250d", "--orders", "all", "--out", path)
    done = CliRunner().invoke(app, ["fit", *map(str, calibrated)], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return path


def test_what_fit_wrote_is_judged_as_score_goes_by_it_and_as_evaluate_had_it(sales, fitted):
    models = json.loads(run("--data", sales, *DATES, "--parameters", fitted, "--json").stdout)["models"]
    asked = ("--data", sales, "--as-of", DATES[1], "--horizon", "250d", "--parameters", fitted, "--json")
    scores = json.loads(CliRunner().invoke(app, ["score", *map(str, asked)], catch_exceptions=False).stdout)

    assert list(models) == [*MODELS, "given"]
    given, blended = models["given"], models["blended"]
    assert given["fitted"] == "blended"
    for figure in ("log_score", "crps", "brier", "poisson_deviance", "n_bias", "v_bias", "auc", "auc_p_buy", "top10"):
        assert given[figure] == pytest.approx(blended[figure], rel=1e-6), figure
    came = purchases_after(sales, DATES[1])
    assert given["n_bias"] == pytest.approx(sum(each["expected_purchases"] for each in scores) / came.total() - 1)
    chances = [(each["p_buy"] - (came[each["customer"]] > 0)) ** 2 for each in scores]
    assert given["brier"] == pytest.approx(sum(chances) / len(chances))


def purchases_after(sales: Path, day: str) -> Counter[str]:
    """Count purchase days after a day by customer."""
    lines = (line.split(",") for line in sales.read_text().splitlines()[1:])
    return Counter(customer for customer, date, _ in lines if day < date <= DATES[3])


def test_parameters_that_have_seen_the_holdout_are_warned_of(sales, fitted):
    earlier = ("--calibration-end", "1997-12-24", "--holdout-end", "1998-10-01")

    done = run("--data", sales, *earlier, "--parameters", fitted, "--json")

    (warning,) = json.loads(done.stdout)["warnings"]
    assert (
        warning == "the given parameters were fitted up to 1998-01-24, so they have seen days that they are judged by"
    )


def test_parameters_without_money_are_judged_by_purchases_alone(sales, tmp_path):
    path = tmp_path / "mbg.json"
    path.write_text(json.dumps(MBG))

    given = json.loads(run("--data", sales, *DATES, "--parameters", path, "--json").stdout)["models"]["given"]

    assert given["v_bias"] is given["top10"] is given["standard_errors"] is None
    assert given["log_score"] > 0


def test_parameters_that_cannot_be_judged_are_told(sales, tmp_path):
    closed = tmp_path / "closed.json"
    closed.write_text(json.dumps({**MBG, "open_days": True}))

    missing = run("--data", sales, *DATES, "--parameters", tmp_path / "none.json")
    unknown = run("--data", sales, *DATES, "--parameters", closed)
    alone = run("--data", sales, *DATES, "--merchant", "bakkerij-noord")

    assert (missing.exit_code, unknown.exit_code, alone.exit_code) == (1, 2, 2)
    assert "none.json: No such file" in missing.stderr
    assert "say whose they are with --merchant M" in unknown.stderr
    assert "--merchant says whose closed days --parameters leaves out; give both" in alone.stderr


def test_a_report_is_one_page_with_four_plots_that_needs_nothing_beside_it(sales, tmp_path):
    page = tmp_path / "report.html"

    done = run("--data", sales, *DATES, "--report", page, "--json")

    text = page.read_text()
    found: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend([tag, *(v or "" for k, v in attrs if k in {"src", "href"})])

    Tags().feed(text)
    assert found.count("img") == 4
    assert all(each.startswith("data:image/svg+xml;base64,") for each in found if ":" in each)
    assert "link" not in found
    assert "script" not in found
    assert f"<strong>{json.loads(done.stdout)['best']}</strong>" in text


def test_without_matplotlib_a_report_says_what_to_install_before_it_fits(sales, tmp_path, monkeypatch):
    monkeypatch.setattr(drawn_pages, "find_spec", lambda _: None)

    done = run("--data", sales, *DATES, "--report", tmp_path / "report.html")

    assert done.exit_code == 1
    assert "install the extra `plots`" in done.stderr
    assert "fitting" not in done.stderr
    assert run("--data", sales, *DATES).exit_code == 0, "the figures need none"
