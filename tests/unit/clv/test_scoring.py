"""Scores of a purchase file, and the parameter sets that they are made with."""

import dataclasses
import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from stamgast.clv.data.purchase_file import read_purchases
from stamgast.clv.data.sample import Sample, sample_of
from stamgast.clv.models.parameter_file import ParameterFileError, encode_parameters, read_parameters, write_parameters
from stamgast.clv.scoring import Asked, Score, fit_parameters, score
from stamgast.demo.cdnow import day_of, read_receipts
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet, version_of
from stamgast.domain.customer import Customer
from stamgast.domain.history import History
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.prospects import Horizon, prospects_of
from stamgast.domain.residual_value import Discounting, discounted_purchases
from tests.builders import sure

BY_HAND: dict[str, Any] = {
    "model": "mbg_nbd",
    "parameters": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "spend": {"p": 6.25, "q": 3.74, "v": 15.44},
}
END = day_of(date(1997, 9, 30))


def write_sales(path: Path, until: date | None = None) -> Path:
    lines = ["customer,date,amount"]
    for receipt in read_receipts():
        day = date.fromordinal(receipt.day + date(1970, 1, 1).toordinal())
        if until is None or day <= until:
            lines.append(f"{receipt.customer},{day},{receipt.amount / 100:.2f}")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Sample:
    return sample_of(read_purchases(write_sales(tmp_path_factory.mktemp("sales") / "all.csv"), END))


@pytest.fixture
def by_hand(tmp_path):
    def write(document: object) -> Path:
        path = tmp_path / "parameters.json"
        path.write_text(json.dumps(document))
        return path

    return write


@pytest.mark.parametrize("model", ["mbg_cnbd_k", "pareto_nbd"])
def test_the_whole_file_is_scored_as_the_file_that_ends_at_the_day(tmp_path, sample, model):
    cut = sample_of(read_purchases(write_sales(tmp_path / "cut.csv", date(1997, 9, 30))))

    of_cut = score(cut, fit_parameters(cut, model), Asked())
    of_all = score(sample, fit_parameters(sample, model), Asked())

    assert len(of_all) == 2_357
    assert of_cut == of_all


def test_parameters_by_hand_score_as_the_formulas_say(sample, by_hand):
    parameters = read_parameters(by_hand(BY_HAND))
    discounting = Discounting(months=24, yearly_rate=0.08, margin=0.3)
    asked = Asked(horizon=26, threshold=0.4, discounting=discounting, acquisition_cost=5.0)

    scores = {each.customer: each for each in score(sample, parameters, asked)}

    model, spend = parameters.attrition(), Spend(6.25, 3.74, 15.44)
    one = scores["1"]
    history = History(2, 213 / 7, 272 / 7)
    assert (one.method, one.model, one.x, one.t_x, one.T) == ("model", "mbg_nbd", 2, 213 / 7, 272 / 7)
    assert one.parameters_version == parameters.version
    assert one.p_alive == pytest.approx(model.p_alive(history))
    assert one.p_buy == pytest.approx(model.p_buy(history, 26))
    assert one.expected_purchases == pytest.approx(model.expected_purchases(history, 26))
    mean = spend.expected(2, float(sample.amounts[sample.names.index("1")]) * 2 / 3)
    assert one.expected_spend == pytest.approx(model.expected_purchases(history, 26) * mean)
    assert one.predicted == pytest.approx(mean * discounted_purchases(model, history, discounting))
    assert one.historic == pytest.approx(0.3 * sample.amounts[sample.names.index("1")])
    assert one.net == pytest.approx(sure(one.historic) + sure(one.predicted) - 5)
    lapse = (date.fromisoformat(sure(one.next_lapse)) - date(1997, 1, 1)).days / 7
    assert model.p_alive(History(2, 213 / 7, lapse)) <= 0.4 < model.p_alive(History(2, 213 / 7, lapse - 1 / 7))


def test_without_a_spend_model_nothing_is_said_about_money_to_come(sample, by_hand):
    document = {"model": "pareto_nbd", "parameters": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}}

    scores = score(sample, read_parameters(by_hand(document)), Asked())

    assert {(s.expected_spend, s.predicted, s.net) for s in scores} == {(None, None, None)}
    assert [s.historic for s in scores] == list(sample.amounts), "what was earned is known"
    assert all(s.expected_purchases > 0 for s in scores)


def test_of_a_shop_where_everybody_came_once_money_is_known(tmp_path):
    path = tmp_path / "new.csv"
    lines = [f"{name},2026-03-{name % 28 + 1:02d},{5 + name % 7}" for name in range(250)]
    path.write_text("\n".join(["customer,date,amount", *lines]))
    new = sample_of(read_purchases(path))

    found = fit_parameters(new, "mbg_nbd")
    scores = score(new, found, Asked(discounting=Discounting(margin=0.5)))

    assert sure(found.spend).orders == "all"
    assert any("of all purchase days" in note for note in sure(found.fit).notes)
    assert [s.historic for s in scores] == list(new.amounts / 2)
    assert all(s.expected_spend is not None and s.predicted is not None for s in scores)


@pytest.mark.parametrize(("orders", "weight"), [("repeat", None), ("all", None), ("all", 40.0)])
def test_a_file_and_a_live_state_make_the_same_money_of_the_same_parameters(sample, orders, weight):
    spend = Spend(6.25, 3.74, 15.44, orders)
    parameters = ParameterSet("mbg_nbd", BY_HAND["parameters"], spend, margin=0.3, margin_weight=weight)
    prospects = prospects_of(parameters, 1.0, ClosedDays(), Horizon())
    profits = np.round(sample.amounts * np.linspace(-0.5, 0.9, len(sample.names)), 2)
    sample = dataclasses.replace(sample, profits=profits, with_profit=None)
    scored = score(sample, parameters, Asked(discounting=Discounting(margin=0.3), margin_weight=weight))

    for place in range(0, len(scored), 50):
        one, first = scored[place], sample.first_days[place]
        state = Customer(
            visits=one.x + 1,
            first_day=first,
            last_day=first + int(sample.rows.recency[place]),
            spend=round(100 * sample.amounts[place]),
            profit=round(100 * profits[place]),
        )
        each = sure(prospects.expected_spend(state, "EUR"))
        assert sure(one.expected_spend) == pytest.approx(each * one.expected_purchases)
        assert round(100 * sure(one.predicted)) == prospects.predicted(state, sample.as_of, "EUR")


def test_who_never_lapses_has_no_day_for_it(sample, by_hand):
    document = {"model": "bg_nbd", "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}}

    for each in score(sample, read_parameters(by_hand(document)), Asked()):
        assert (each.next_lapse is None) == (each.x == 0)


def test_scores_have_the_keys_that_others_rely_on():
    assert Score.__struct_fields__ == (
        "customer", "method", "model", "parameters_version", "x", "t_x", "T", "p_alive", "p_buy", "expected_purchases",
        "expected_spend", "predicted", "historic", "net", "acquisition_cost", "clv_to_cac", "next_lapse", "season",
        "horizon_weeks", "predicted_by", "lapse_threshold", "lapse_by", "newest_score", "pace",
    )  # fmt: skip


def test_what_was_fitted_is_read_again_as_it_was(sample, tmp_path):
    fitted = fit_parameters(sample, "mbg_cnbd_k", "all")
    write_parameters(tmp_path / "fitted.json", fitted)

    read = read_parameters(tmp_path / "fitted.json")

    assert read == fitted
    assert read.fit is not None
    assert read.fit.as_of == "1997-09-30"
    assert read.fit.log_likelihood == pytest.approx(-9582.1357, abs=0.01)
    assert read.spend is not None
    assert read.spend.orders == "all"
    assert read.spend.v == pytest.approx(7.9286, rel=1e-3)
    assert json.loads(encode_parameters(fitted))["parameters"]["k"] == 1


def test_a_version_names_the_numbers_and_nothing_else(sample):
    plain = msgspec.convert(BY_HAND, ParameterSet)
    fitted = fit_parameters(sample, "mbg_nbd")
    renamed = msgspec.structs.replace(plain, version="mine", fit=fitted.fit)
    other = msgspec.convert({**BY_HAND, "spend": {"p": 6.25, "q": 3.74, "v": 15.45}}, ParameterSet)

    assert version_of(plain) == version_of(renamed)
    assert len({version_of(plain), version_of(other), fitted.version}) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "mgb_nbd"}, "there is no model 'mgb_nbd'; did you mean mbg_nbd?"),
        ({"parameters": {"r": 1, "alhpa": 1, "a": 1, "b": 1}}, "unknown parameter 'alhpa'; did you mean alpha?"),
        ({"parameters": {"r": "x", "alpha": 1, "a": 1, "b": 1}}, 'parameters.r is "x"; it must be a number'),
        ({"parameters": {"r": True, "alpha": 1, "a": 1, "b": 1}}, "parameters.r is true; it must be a number"),
        ({"parameters": [1, 2]}, " at parameters"),
        ({"spend": {"p": 6, "q": 2, "v": 1, "order": "all"}}, "unknown key 'order' in spend; did you mean orders?"),
        ({"spend": {"p": 6, "q": 2, "v": 1, "orders": "al"}}, " at spend.orders"),
        ({"spend": {"p": None, "q": 2, "v": 1}}, "spend.p is null; it must be a number"),
        ({"spend": {"p": 6, "q": 2, "v": 1, "w": 1}}, "unknown key 'w' in spend; there are p, q, v, orders"),
        ({"model": 3}, " at model"),
        ({"parameters": {"r": 1, "alpha": 1, "a": 1}}, "needs the parameter b"),
        ({"parameters": {"r": 1, "alpha": 1, "a": -1, "b": 1}}, "a is -1; it must be a positive number"),
        ({"spend": {"p": 6, "q": 0.9, "v": 15}}, "spend.q is 0.9; it must be above 1"),
        ({"spend": {"p": 6, "q": 2, "v": 0}}, "spend.v is 0"),
        ({"spend": {"p": 6, "q": 2}}, "v"),
        ({"spnd": {}}, "unknown key 'spnd'; did you mean spend? there are model, parameters, spend, margin, open_days"),
    ],
)
def test_parameters_that_cannot_be_are_refused_and_the_file_is_named(by_hand, change, said):
    path = by_hand({**BY_HAND, **change})

    with pytest.raises(ParameterFileError) as caught:
        read_parameters(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_holds_no_object_is_refused(by_hand):
    with pytest.raises(ParameterFileError, match="a parameter set is an object with model and parameters"):
        read_parameters(by_hand([1]))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ParameterFileError, match="No such file"):
        read_parameters(tmp_path / "none.json")
    with pytest.raises(ParameterFileError, match="No such file"):
        write_parameters(tmp_path / "none" / "p.json", msgspec.convert(BY_HAND, ParameterSet))
