"""`stamgast clv score --model combined`: what the combined model says of each customer."""

import json
from datetime import timedelta

import numpy as np
import pytest

from stamgast.clv.data.rows import make_rows
from stamgast.clv.data.sample import sample_of
from stamgast.clv.data.windows import up_to
from stamgast.clv.ensemble.combined import COMBINED, Combination
from stamgast.clv.ensemble.combined_scoring import score_combined
from stamgast.clv.ensemble.scores import PoolScores
from stamgast.clv.evaluation.backtest import evaluate
from stamgast.clv.models.scores import scores_of
from stamgast.clv.scoring import Asked, date_of
from stamgast.domain.attrition import make_model
from stamgast.domain.residual_value import Discounting
from tests.builders import sure
from tests.unit.clv.purchases import EPOCH, csv_of, drawn_shop, purchases_of
from tests.unit.clv.record_shop import CALIBRATION_END, HOLDOUT_END, read_sample
from tests.unit.commands.clv_command import run

pytestmark = pytest.mark.fits
CUT, END = 10_250, 10_500
AS_OF = EPOCH + timedelta(days=CUT)
HORIZON = f"{END - CUT}d"
MODELS = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67},
}


@pytest.fixture(scope="module")
def shop():
    return drawn_shop(900)


@pytest.fixture(scope="module")
def data(shop, tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "sales.csv"
    path.write_text(csv_of(shop))
    return path


@pytest.fixture(scope="module")
def scored(data):
    return run("score", "--data", data, "--as-of", AS_OF, "--model", "combined", "--horizon", HORIZON, "--json")


def test_scores_are_what_the_evaluation_judged(scored, shop):
    scores = json.loads(scored.stdout)
    judged = evaluate(purchases_of(shop, END), CUT, END)
    forecast = judged.forecasts[COMBINED]

    assert {each["model"] for each in scores} == {"combined"}
    by_name = {each["customer"].rjust(6, "0"): each for each in scores}
    ours = [by_name[name] for name in judged.window.sample.names]
    assert [each["p_buy"] for each in ours] == pytest.approx(forecast.p_buy, abs=1e-6)
    assert [each["expected_purchases"] for each in ours] == pytest.approx(forecast.purchases, abs=1e-6)


def test_what_comes_later_is_not_looked_at(scored, shop, tmp_path):
    cut = {name: {day: sum_ for day, sum_ in days.items() if day <= CUT} for name, days in shop.items()}
    path = tmp_path / "cut.csv"
    path.write_text(csv_of({name: days for name, days in cut.items() if days}))

    alone = run("score", "--data", path, "--as-of", AS_OF, "--model", "combined", "--horizon", HORIZON, "--json")

    assert json.loads(alone.stdout) == json.loads(scored.stdout)


def test_money_and_lapses_are_said_as_well_and_a_version_names_what_was_learnt(scored):
    scores = json.loads(scored.stdout)

    assert len({each["parameters_version"] for each in scores}) == 1
    assert scores[0]["parameters_version"] in scored.stderr
    assert all(0 <= each["p_alive"] <= 1 and each["predicted"] >= 0 for each in scores)
    lapsed = [each for each in scores if each["p_alive"] <= 0.5]
    assert lapsed
    assert all(each["next_lapse"] <= str(AS_OF) for each in lapsed)
    assert all(each["next_lapse"] > str(AS_OF) for each in scores if each["p_alive"] > 0.5 and each["next_lapse"])


@pytest.fixture(scope="module")
def record_shop():
    known = up_to(purchases_of(read_sample(), HOLDOUT_END), CALIBRATION_END)
    return score_combined(known, sample_of(known), Asked(), "repeat")


def test_who_came_once_may_have_left_as_the_models_say_that_know_of_leaving(record_shop):
    once = [each for each in record_shop if each.x == 0]

    assert len(once) == 1_411
    assert all(0.29 < each.p_alive < 0.43 for each in once), "Pareto/NBD and MBG/NBD say .30 to .43, BG/NBD says 1"
    assert all(each.next_lapse <= date_of(CALIBRATION_END) for each in once)


def test_nobody_buys_who_is_not_alive(record_shop):
    assert all(each.p_buy <= each.p_alive for each in record_shop)
    raised = [each for each in record_shop if each.p_buy == each.p_alive]
    assert any(each.p_alive > 0.5 for each in raised)
    now = date_of(CALIBRATION_END)
    assert all((each.next_lapse or "9999") > now for each in record_shop if each.p_alive > 0.5)
    assert all(each.next_lapse <= now for each in record_shop if each.p_alive <= 0.5)


def test_three_years_are_worth_at_least_what_their_first_nine_months_are(record_shop):
    discount = 1.1 ** (-9 / 12)

    assert all(each.predicted >= each.expected_spend * discount for each in record_shop)


def test_what_lies_beyond_the_months_is_not_in_predicted(shop):
    known = up_to(purchases_of(shop, END), CUT)
    discounting = Discounting(months=3, yearly_rate=0.0, margin=0.5)

    for each in sure(score_combined(known, sample_of(known), Asked(52, discounting=discounting), "all")):
        assert sure(each.predicted) <= sure(each.expected_spend) * 0.5 + 1e-9


def test_where_bg_nbd_is_all_that_is_believed_it_says_who_has_left():
    models = {name: make_model(name, parameters) for name, parameters in MODELS.items()}
    alone = Combination(models, np.array([1.0, 0.0, 0.0]), np.zeros(5), ())
    half = Combination(models, np.array([0.5, 0.1, 0.4]), np.zeros(5), ())

    assert alone.leaving()[0].keys() == MODELS.keys()
    members, weights = half.leaving()
    assert list(members) == ["mbg_nbd", "pareto_nbd"]
    assert weights == pytest.approx([0.2, 0.8])


def test_too_few_customers_are_scored_by_the_usual_model_which_is_said(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text(csv_of(drawn_shop(60)))

    done = run("score", "--data", path, "--as-of", AS_OF, "--model", "combined", "--json")

    assert "note: too few customers came again, or stayed away" in done.stderr
    assert {each["model"] for each in json.loads(done.stdout)} == {"mbg_cnbd_k"}


def test_scores_for_a_few_weeks_come_with_a_warning(data, scored):
    done = run("score", "--data", data, "--as-of", AS_OF, "--model", "combined", "--horizon", "42d", "--json")

    assert "warning: the combined model is not made for horizons under 8 weeks" in done.stderr
    assert "warning:" not in scored.stderr


def test_the_combined_model_cannot_be_fitted_for_the_worker():
    done = run("fit", "--data", "x", "--model", "combined")

    assert done.exit_code == 2
    assert "it is one of bg_nbd, mbg_nbd, mbg_cnbd_k, pareto_nbd" in done.stderr


def test_a_pool_lapses_on_the_first_day_on_which_its_members_together_say_so():
    weights = np.array([0.2, 0.5, 0.3])
    rows = make_rows([0, 3, 26], [0, 120, 216], [273, 200, 217])
    pool = PoolScores([scores_of(make_model(*each)) for each in MODELS.items()], weights)

    days = np.rint(pool.lapses_at(rows, 0.5) * 7).astype(int)

    assert np.all(pool.p_alive(make_rows(rows.x, rows.recency, days)) <= 0.5)
    assert np.all(pool.p_alive(make_rows(rows.x, rows.recency, days - 1)) > 0.5)


def test_a_pool_that_hardly_believes_in_leaving_never_lapses():
    rows = make_rows([0], [0], [273])
    pool = PoolScores([scores_of(make_model(*each)) for each in MODELS.items()], np.array([0.9, 0.1, 0.0]))

    assert np.isinf(pool.lapses_at(rows, 0.5)).all(), "by BG/NBD nobody leaves after the first purchase"
