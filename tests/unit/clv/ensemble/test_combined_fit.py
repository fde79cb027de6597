"""The combined model as a parameter set: what it says of each customer, and that both ways to say it agree."""

import json
from datetime import timedelta

import numpy as np
import pytest
from msgspec.structs import replace

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.rows import make_rows
from stamgast.clv.data.state_sample import live_of
from stamgast.clv.data.windows import up_to
from stamgast.clv.ensemble.combined_fit import fit_combined
from stamgast.clv.evaluation.backtest import evaluate
from stamgast.clv.models.parameter_file import encode_parameters, read_parameters
from stamgast.clv.models.scores import discounted_purchases, scores_of
from stamgast.clv.scoring import Asked, Score, date_of
from stamgast.clv.scoring import score as score_all
from stamgast.domain.attrition import BLENDED, COMBINED, combine_models
from stamgast.domain.clv_parameters import ParameterSet, check
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.combined import Combined
from stamgast.domain.models.gamma_gamma import Orders
from stamgast.domain.residual_value import Discounting
from stamgast.domain.residual_value import discounted_purchases as discounted_for_one
from stamgast.domain.value_table import ValueTable
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


CORRECTION = {"weeks": 39.0, "constant": -0.43, "logit_p": 0.68, "log_purchase_days": 0.53, "least_p": 0.02}
REGRESSION = {
    "weight": 0.3, "constant": -2.5, "log_purchase_days": 0.9, "log_quiet": -0.7, "log_age": -0.2, "size": 1.2
}  # fmt: skip
WEIGHTS = {"bg_nbd": 0.48, "mbg_nbd": 0.3, "pareto_nbd": 0.22}
ROWS = make_rows([0, 0, 1, 3, 26, 5, 0], [0, 0, 30, 120, 216, 210, 0], [0, 273, 273, 200, 217, 231, 4_000])


def combined(weights: dict[str, float] = WEIGHTS, **correction: float) -> Combined:
    return combine_models(CORRECTION | correction, MODELS, weights)


def scored_by(known: Purchases, asked: Asked, orders: Orders = "repeat") -> list[Score]:
    live = live_of(known)
    return score_all(live.sample, sure(fit_combined(live, orders, round(asked.horizon * 7))), asked)


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
    asked = ("--data", data, "--as-of", AS_OF, "--model", "combined", "--horizon", HORIZON, "--threshold", 0.5)
    return run("score", *asked, "--json")


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

    asked = ("--data", path, "--as-of", AS_OF, "--model", "combined", "--horizon", HORIZON, "--threshold", 0.5)
    alone = run("score", *asked, "--json")

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
    return scored_by(known, Asked())


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

    for each in scored_by(known, Asked(52, discounting=discounting), "all"):
        assert sure(each.predicted) <= sure(each.expected_spend) * 0.5 + 1e-9


def test_where_bg_nbd_is_all_that_is_believed_it_says_who_has_left():
    alone = combined({"bg_nbd": 1.0, "mbg_nbd": 0.0, "pareto_nbd": 0.0})
    half = combined({"bg_nbd": 0.5, "mbg_nbd": 0.1, "pareto_nbd": 0.4})

    assert alone.leaving == (1.0, 0.0, 0.0)
    assert half.leaving == pytest.approx((0.0, 0.2, 0.8))


ALONE = {"mbg_nbd": 0.2, "alike": 0.1}
WITH_ALIKE = MODELS | {"alike": {"rate": 0.03}}
EITHER = pytest.mark.parametrize(
    "model",
    [
        combined(),
        combine_models(CORRECTION, MODELS, WEIGHTS, REGRESSION),
        combine_models(CORRECTION, WITH_ALIKE, WEIGHTS | {"alike": 0.0}, REGRESSION, ALONE),
        combine_models(CORRECTION, WITH_ALIKE, WEIGHTS | {"alike": 0.0}, None, ALONE),
    ],
    ids=["combined", "blended", "with members as they are", "with them and without a regression"],
)


@EITHER
@pytest.mark.parametrize("weeks", [39.0, 12.857, 60.0])
def test_one_customer_at_a_time_is_told_what_all_at_once_are(model, weeks):
    scores = scores_of(model)
    each = [ROWS.history(place) for place in range(len(ROWS))]

    assert [model.p_buy(history, weeks) for history in each] == pytest.approx(scores.p_buy(ROWS, weeks), abs=1e-8)
    assert [model.expected_purchases(history, weeks) for history in each] == pytest.approx(
        scores.expected_purchases(ROWS, weeks), rel=1e-8
    )
    assert [model.p_alive(history) for history in each] == pytest.approx(scores.p_alive(ROWS), abs=1e-8)
    days = [np.ceil(sure(model.lapses_at(history, 0.5)) * 7 - 1e-3) for history in each]
    assert days == pytest.approx(scores.lapses_at(ROWS, 0.5) * 7, abs=1)


@EITHER
def test_the_table_of_values_says_what_the_sum_over_months_says(model):
    discounting = Discounting(margin=0.4)
    table = ValueTable(model, discounting)
    each = [ROWS.history(place) for place in range(len(ROWS))]

    told = [table.purchases(history) for history in each]

    assert told == pytest.approx([discounted_for_one(model, history, discounting) for history in each], rel=1e-7)
    assert told == pytest.approx(discounted_purchases(scores_of(model), ROWS, discounting), rel=1e-7)
    assert table.purchases(each[3], 0.9) < told[3]


@EITHER
def test_chances_grow_with_the_time_that_is_looked_ahead(model):
    for place in range(len(ROWS)):
        chances = [model.p_buy(ROWS.history(place), weeks) for weeks in (1, 12, 38.9, 39, 39.1, 80, 300)]
        assert chances == sorted(chances)
        assert 0 < chances[0] < chances[-1] < 1


@EITHER
def test_within_the_horizon_chances_of_every_number_add_up_to_the_mean(model):
    scores = scores_of(model)

    chances = [scores.at_least(ROWS, 39.0, n) for n in range(1, 400)]

    assert np.sum(chances, axis=0) == pytest.approx(scores.expected_purchases(ROWS, 39.0), rel=1e-5)
    assert chances[0] == pytest.approx(scores.p_buy(ROWS, 39.0))


def test_a_blend_is_between_the_combination_and_the_regression():
    blend, alone = (combine_models(CORRECTION, MODELS, WEIGHTS, REGRESSION | {"weight": w}) for w in (0.3, 1.0))
    for place in range(len(ROWS)):
        history = ROWS.history(place)
        ends = sorted(model.p_buy(history, 39.0) for model in (combined(), alone))
        assert ends[0] <= blend.p_buy(history, 39.0) <= ends[1]
    mean = 39 * np.exp(-2.5 + 0.9 * np.log(4) - 0.7 * np.log1p(80 / 7) - 0.2 * np.log1p(200 / 7))
    assert alone.expected_purchases(ROWS.history(3), 39.0) == pytest.approx(mean)


def test_a_set_is_written_and_read_and_its_version_hangs_on_members_weights_and_correction(tmp_path):
    def a_set(weights: dict[str, float] = WEIGHTS, **correction: float) -> ParameterSet:
        return ParameterSet(COMBINED, CORRECTION | correction, members=MODELS, weights=weights).versioned()

    (tmp_path / "shop.json").write_bytes(encode_parameters(a_set()))

    assert read_parameters(tmp_path / "shop.json") == a_set()
    blended = replace(a_set(), model=BLENDED, regression=REGRESSION).versioned()
    (tmp_path / "blended.json").write_bytes(encode_parameters(blended))
    assert read_parameters(tmp_path / "blended.json") == blended
    assert blended.version != replace(blended, regression=REGRESSION | {"size": 2.0}).versioned().version
    assert a_set(constant=0.1).version != a_set().version
    assert a_set({"bg_nbd": 0.3, "mbg_nbd": 0.48, "pareto_nbd": 0.22}).version != a_set().version


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights": {"mbg_nbd": 1.0}}, "needs members, and weights for just these"),
        ({"weights": dict.fromkeys(MODELS, 0.5)}, "from 0 to 1 and sum to 1"),
        ({"members": {"mbg": {}}, "weights": {"mbg": 1.0}}, "there is no model 'mbg'"),
        ({"parameters": {"weeks": 39.0}}, "look at constant"),
        ({"parameters": CORRECTION | {"least_p": 0.0}}, "least_p is 0"),
        ({"parameters": CORRECTION | {"weeks": 0.0}}, "weeks a positive one"),
        ({"regression": REGRESSION}, "regression and plain belong to blended"),
        ({"model": BLENDED}, "regression and plain belong to blended"),
        ({"model": BLENDED, "regression": {"weight": 1.0}}, "regression has the numbers weight, constant"),
        ({"model": BLENDED, "regression": REGRESSION | {"size": 0.0}}, "regression.size positive"),
    ],
)
def test_a_set_that_cannot_be_scored_with_says_why(changes, said):
    whole = {"model": COMBINED, "parameters": CORRECTION, "members": MODELS, "weights": WEIGHTS} | changes

    with pytest.raises(ValueError, match=said):
        check(ParameterSet(**whole))


def test_too_few_customers_are_scored_by_the_usual_model_which_is_said(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text(csv_of(drawn_shop(30)))

    done = run("score", "--data", path, "--as-of", AS_OF, "--model", "combined", "--json")

    assert "note: too few customers came again, or stayed away" in done.stderr
    assert {each["model"] for each in json.loads(done.stdout)} == {"mbg_cnbd_k"}


def test_scores_for_a_few_weeks_come_with_a_warning(data, scored):
    done = run("score", "--data", data, "--as-of", AS_OF, "--model", "combined", "--horizon", "42d", "--json")

    assert "warning: the combined model is not made for horizons under 8 weeks" in done.stderr
    assert "warning:" not in scored.stderr


def test_a_fit_by_a_file_scores_as_the_model_that_was_asked_for(data, scored, tmp_path):
    out = tmp_path / "shop.json"
    run("fit", "--data", data, "--as-of", AS_OF, "--model", "combined", "--horizon", HORIZON, "--out", out)

    asked = ("--as-of", AS_OF, "--parameters", out, "--horizon", HORIZON, "--threshold", 0.5)
    done = run("score", "--data", data, *asked, "--json")

    assert json.loads(done.stdout) == json.loads(scored.stdout)


def test_a_combination_lapses_on_the_first_day_on_which_it_says_so():
    scores = scores_of(combined())
    rows = make_rows([0, 3, 26], [0, 120, 216], [273, 200, 217])

    days = np.rint(scores.lapses_at(rows, 0.5) * 7).astype(int)

    assert np.all(scores.p_alive(make_rows(rows.x, rows.recency, days)) <= 0.5)
    assert np.all(scores.p_alive(make_rows(rows.x, rows.recency, days - 1)) > 0.5)


def test_where_nobody_is_believed_to_leave_nobody_lapses():
    scores = scores_of(combined({"bg_nbd": 1.0, "mbg_nbd": 0.0, "pareto_nbd": 0.0}))

    assert np.isinf(scores.lapses_at(make_rows([0], [0], [273]), 0.5)).all()
    assert isinstance(combined().members[0], Dropout)
