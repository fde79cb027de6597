"""Scores in a CSV, as a person who runs `stamgast clv` sees them."""

import csv
import json
from pathlib import Path

import pytest

from tests.unit.clv.purchases import date_of
from tests.unit.clv.scored_shop import BEGIN, scored_csv, scored_shop
from tests.unit.commands.clv_command import run

pytestmark = pytest.mark.fits
CUT, END = BEGIN + 550, BEGIN + 699
AS_OF = date_of(CUT)


@pytest.fixture(scope="module")
def sales(tmp_path_factory) -> Path:
    path: Path = tmp_path_factory.mktemp("scores") / "sales.csv"
    path.write_text(scored_csv(scored_shop(2_000, END - BEGIN, seed=1)))
    return path


@pytest.fixture(scope="module")
def without(sales) -> Path:
    path = sales.with_name("without.csv")
    path.write_text("".join(f"{line.rpartition(',')[0]}\n" for line in sales.read_text().splitlines()))
    return path


@pytest.fixture(scope="module")
def fitted(sales) -> Path:
    path = sales.with_name("shop.json")
    done = run("fit", "--data", sales, "--as-of", AS_OF, "--horizon", "26w", "--model", "mbg_nbd", "--out", path)
    assert "note: what customers said is gone by: it foretold the last " in done.stderr
    assert "by their newest score customers come at " in done.stdout
    return path


def scored(data: Path, *more: object) -> dict[str, dict]:
    return {each["customer"]: each for each in json.loads(run("score", "--data", data, *more, "--json").stdout)}


def test_a_fit_finds_paces_and_scores_go_by_them(sales, without, fitted):
    paces = json.loads(fitted.read_text())["feedback"]
    asked = ("--as-of", AS_OF, "--parameters", fitted)

    told, alone = scored(sales, *asked), scored(without, *asked)

    assert paces["0-6"] < 0.8
    pairs = [(each, alone[name]) for name, each in told.items()]
    assert {each["pace"] for each in told.values()} == {1.0, *paces.values()}
    assert {each["newest_score"] for each in told.values()} == {"none", *paces}
    assert {(each["newest_score"], each["pace"]) for each in alone.values()} == {(None, None)}
    for ours, theirs in pairs:
        slower = ours["pace"] < 1
        assert ours["p_alive"] == theirs["p_alive"]
        assert ours["next_lapse"] == theirs["next_lapse"]
        for figure in ("p_buy", "expected_purchases", "expected_spend", "predicted"):
            assert (ours[figure] < theirs[figure]) == slower, figure
        if ours["pace"] == 1:
            assert ours["predicted"] == pytest.approx(theirs["predicted"])


def test_a_year_to_come_and_segments_go_by_them_too(sales, without, fitted):
    def year(data: Path) -> float:
        done = run("change", "--data", data, "--as-of", AS_OF, "--parameters", fitted, "--json")
        return float(json.loads(done.stdout)["all"]["expected_next_year"])

    def shop(data: Path) -> dict:
        words = ("--by", "shop", "--model", "mbg_nbd", "--horizon", "26w", "--as-of", AS_OF, "--json")
        return json.loads(run("segments", "--data", data, *words).stdout)["segments"][0]

    assert year(sales) < year(without)
    heeded, plain = shop(sales), shop(without)
    assert heeded["predicted"] < plain["predicted"]
    assert heeded["p_buy_90_days"] < plain["p_buy_90_days"]
    assert heeded["trend"] != plain["trend"]
    assert heeded["historic"] == plain["historic"]


def test_scores_that_tell_nothing_leave_every_figure_as_it_is(tmp_path):
    noise, none = tmp_path / "noise.csv", tmp_path / "none.csv"
    noise.write_text(scored_csv(scored_shop(600, 550, seed=100, tells=False)))
    with noise.open() as file:
        rows = [row[:3] for row in csv.reader(file)]
    none.write_text("\n".join(map(",".join, rows)))
    words = ("--as-of", AS_OF, "--model", "mbg_nbd", "--horizon", "26w", "--json")

    told, plain = (run("score", "--data", path, *words) for path in (noise, none))

    assert "what customers said is not gone by: it foretold" in told.stderr
    assert told.stdout == plain.stdout


def test_an_evaluation_holds_them_against_the_days_after(sales):
    done = run("evaluate", "--data", sales, "--calibration-end", AS_OF, "--holdout-end", date_of(END), "--json")

    document = json.loads(done.stdout)
    models = document["models"]
    assert document["scores"].startswith("what customers said is gone by: it foretold the last ")
    assert set(models["with_scores"]["parameters"]) == {"pace_0-6", "pace_7-8", "pace_9-10"}
    assert models["with_scores"]["log_score"] < models["blended"]["log_score"] - 0.003
    assert f"note: {document['scores']}" in done.stderr
