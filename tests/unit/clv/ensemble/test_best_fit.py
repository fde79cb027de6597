"""What `--model best` fits: whatever foretold best at cuts inside what is known, and why."""

import msgspec
import numpy as np
import pytest

from stamgast.clv.data.histories import split_at
from stamgast.clv.data.rows import make_rows
from stamgast.clv.data.state_sample import live_of_days
from stamgast.clv.ensemble.best_fit import BEST, fit_any
from stamgast.clv.ensemble.best_model import PRIOR, choose
from stamgast.clv.ensemble.combined_fit import purchase_days
from stamgast.clv.ensemble.shares import LEAST_SHARE
from stamgast.clv.models.fitting import MODELS, fit_alike, usual_shop
from stamgast.clv.models.regression import REGRESSION, regress
from stamgast.clv.models.scores import scores_of
from stamgast.clv.selection.validation_split import surprises
from stamgast.domain.attrition import ALIKE, BLENDED, COMBINED
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.prospects import Horizon
from stamgast.programs.refit import refit
from tests.builders import program, sure
from tests.unit.clv.purchases import all_alike, drawn_shop, purchases_of, regular_shop
from tests.unit.clv.seasonal import FIRST as JANUARY
from tests.unit.clv.seasonal import Season, draw

FIRST, END = 10_000, 10_364
pytestmark = pytest.mark.fits
NO_DAYS = ClosedDays()


def live(shop: dict[int, dict[int, float]]):
    return live_of_days(
        [sorted(day for day in days if day <= END) for days in shop.values() if min(days) <= END], END, NO_DAYS
    )


def test_a_shop_whose_customers_do_not_differ_is_gone_by_as_that():
    found = fit_any(live(all_alike(400)), BEST, "all", 182)

    assert found.model == ALIKE
    assert found.parameters["rate"] == pytest.approx(0.25, rel=0.05)
    assert "alike was chosen by log scores after 1997-11-17 and 1998-01-17" in sure(found.fit).notes[0]


def test_what_foretold_about_as_well_is_blended():
    shop = drawn_shop(900)
    choice = choose(purchase_days(live(shop), NO_DAYS), 182)

    assert choice.best == choice.to_fit == BLENDED
    assert sum(choice.shares.values()) == pytest.approx(1)
    assert min(choice.shares.values()) >= LEAST_SHARE
    assert choice.log_scores[BLENDED] < min(choice.log_scores[name] for name in choice.shares) + 0.001
    assert {ALIKE, REGRESSION, PRIOR} < choice.log_scores.keys()
    assert len(choice.cuts) == 2
    found = fit_any(live(shop), BEST, "all", 182)
    assert found.model == BLENDED
    assert found.plain == {name: choice.shares[name] for name in choice.shares if name not in {COMBINED, REGRESSION}}
    assert "believed are" in sure(found.fit).notes[0]


def test_a_blend_says_what_its_parts_say_together():
    shop = live(drawn_shop(900))
    choice = choose(purchase_days(shop, NO_DAYS), 182)
    found = fit_any(shop, BEST, "all", 182)
    rows = shop.sample.rows

    parts = {COMBINED: fit_any(shop, COMBINED, "all", 182).attrition(), ALIKE: fit_alike(rows).model}
    parts |= {name: fit_any(shop, name, "all", 182).attrition() for name in choice.shares if name in MODELS}
    chance = sum(share * scores_of(parts[name]).at_least(rows, 26, 2) for name, share in choice.shares.items())

    assert scores_of(found.attrition()).at_least(rows, 26, 2) == pytest.approx(chance, abs=1e-9)


def test_a_handful_is_fitted_by_the_usual_model_which_is_said():
    found = fit_any(live(drawn_shop(40)), BEST, "all", 182)

    assert found.model == "mbg_cnbd_k"
    assert sure(found.fit).notes[0] == "there is too little to choose a model with; this is mbg_cnbd_k"


def test_many_customers_are_rehearsed_with_some_of_them_and_the_first_who_came():
    shop = drawn_shop(900)
    copies = {len(shop) * copy + number: days for copy in range(7) for number, days in shop.items()}

    many = choose(purchase_days(live(copies), NO_DAYS), 182)
    few = choose(purchase_days(live(shop), NO_DAYS), 182)

    assert many.cuts == few.cuts
    assert many.log_scores["mbg_nbd"] == pytest.approx(few.log_scores["mbg_nbd"], abs=0.02)


def test_closed_days_are_left_out_of_what_is_learnt():
    closed = ClosedDays(tuple(range(FIRST + 150, FIRST + 200)))
    days = [sorted(day for day in days if day not in closed.days and day <= END) for days in drawn_shop(900).values()]
    told = live_of_days([each for each in days if each], END, closed)

    found = purchase_days(told, closed)

    assert found.as_of == END - 50
    assert [len(buyer.days()) for buyer in found.buyers.values()] == [len(each) for each in days if each]
    assert sure(fit_any(told, COMBINED, "all", 91, closed)).parameters["weeks"] == 13.0


def test_what_is_fitted_for_a_merchant_looks_as_far_as_their_rules_do():
    shop = program()
    first = refit(live(drawn_shop(900)), shop, {}, BEST, "all")

    assert first.parameters.model == BLENDED
    assert first.parameters.parameters["weeks"] == pytest.approx(shop.horizon.churn_days / 7)
    again = refit(live(drawn_shop(900)), shop, msgspec.to_builtins(first.parameters), BEST, "all")
    assert again.parameters.version == first.parameters.version
    assert sure(again.comparison).difference == 0
    assert again.refusal == ""


def test_a_combination_is_held_against_what_is_in_force_as_it_is_when_learnt_before():
    shop = drawn_shop(900)
    earlier = {name: {day: x for day, x in days.items() if day <= END - 150} for name, days in shop.items()}
    known = [sorted(days) for days in earlier.values() if days]
    single = refit(live_of_days(known, END - 150, NO_DAYS), program(), {}, "mbg_nbd", "all").parameters

    found = refit(live(shop), program(), msgspec.to_builtins(single), BEST, "all")

    assert found.parameters.model == BLENDED
    compared = sure(found.comparison)
    assert compared.unseen
    assert 0 < compared.difference < 0.01, "one MBG/NBD drew this shop, so nothing can be better than one"
    assert compared.new_is_worse == bool(found.refusal)


def slowing_down(customers: int, seed: int = 6) -> dict[int, dict[int, float]]:
    """Draw customers who never leave and whose gaps grow with every month that they are customers."""
    rng = np.random.default_rng(seed)
    shop: dict[int, dict[int, float]] = {}
    for number in range(customers):
        rate, first = rng.gamma(0.8, 1 / 3) / 7 + 1e-5, FIRST + (0 if number == 0 else int(rng.integers(180)))
        bought, day = shop.setdefault(number, {}), first
        while day <= END:
            bought[day] = 10.0
            day += max(1, round(rng.exponential(1 / rate) * (1 + (day - first) / 90)))
    return shop


def test_where_customers_slow_down_a_regression_is_blended_in():
    customers = live(slowing_down(500))

    found = fit_any(customers, BEST, "all", 182)

    assert found.model == BLENDED
    assert found.regression["weight"] > 0.5
    now = customers.sample.rows
    alone = fit_any(customers, COMBINED, "all", 182)
    both = [scores_of(each.attrition()).expected_purchases(now, 26.0).sum() for each in (found, alone)]
    assert both[0] < 0.8 * both[1], "no purchase model has a word for slowing down"


def test_regulars_keep_their_k():
    choice = choose(purchases_of(regular_shop(400), 10_364), 182)

    assert min(choice.log_scores, key=lambda name: choice.log_scores[name]) in {"mbg_cnbd_k", COMBINED}


def test_a_regression_finds_the_rate_that_was_put_in():
    rng = np.random.default_rng(3)
    x, age = rng.integers(0, 9, 4_000), rng.integers(70, 300, 4_000)
    rows = make_rows(x, np.where(x > 0, 60, 0), age)
    means = 10 * 0.05 * (1 + x) ** 0.8
    came = rng.negative_binomial(2.0, 2.0 / (2.0 + means))

    found = regress([(rows, 10.0, came)])

    assert found.means(rows, 10.0) == pytest.approx(means, rel=0.15)
    assert found.size == pytest.approx(2.0, rel=0.2)


def test_a_young_shop_is_not_held_to_what_its_first_season_taught():
    """Known from one January to the next: at the cuts nobody had seen an autumn, and rates learnt there were too low."""
    at_first = {"r": 0.8, "alpha": 4.0, "a": 0.5, "b": 2.4}
    drawn = draw(at_first, Season(yearly=0.6), 700, joins=300, days=365 + 182, seed=1)
    known, later = split_at(drawn, JANUARY + 365)
    shop = live_of_days(known, JANUARY + 365, NO_DAYS)

    def log_score(model: str) -> float:
        found = fit_any(shop, model, "all", 182)
        return float(surprises(found.attrition(), shop.sample.rows, 26.0, later).mean())

    assert log_score(BEST) < min(map(log_score, MODELS)) + 0.04, "it was .09 more"


def test_two_cuts_that_would_be_next_to_the_same_are_not():
    shop = [sorted(days) for days in drawn_shop(400, days=540).values()]

    half_a_year = choose(purchase_days(live_of_days(shop, FIRST + 540, NO_DAYS), NO_DAYS), 182)
    all_there_is = choose(purchase_days(live_of_days(shop, FIRST + 540, NO_DAYS), NO_DAYS), 273)

    assert half_a_year.cuts == (FIRST + 540 - 180, FIRST + 540 - 135), "a half, 182 at most, would be two days more"
    assert all_there_is.cuts == (FIRST + 540 - 180, FIRST + 540 - 270)


def test_a_shop_of_which_all_that_is_fitted_foretells_too_much_is_gone_by_as_usual():
    """Everybody comes ever more seldom, and nobody had stayed away long enough for a combination."""
    shop, rng = dict[int, dict[int, float]](), np.random.default_rng(3)
    for number in range(400):
        day, gap = float(rng.integers(0, 365)) if number else 0.0, 6 * np.exp(rng.normal(0, 0.5))
        shop[number] = {}
        while day < 365:
            shop[number][END - 364 + int(day)] = 1.0
            day, gap = day + rng.exponential(gap), gap * 1.35
    choice = choose(purchase_days(live(shop), NO_DAYS), 182)
    assert choice.to_fit == PRIOR
    assert choice.as_usual

    found = fit_any(live(shop), BEST, "all", 182)

    assert found.attrition() == usual_shop()
    assert "nothing learnt" in sure(found.fit).notes[-2]
    bundle = msgspec.to_builtins(found)
    again = refit(live(shop), program(horizon=Horizon(churn_days=182)), bundle, BEST, "all")
    assert sure(again.comparison).difference == 0.0


def yearly_buyers(customers: int, days: int, seed: int = 5) -> list[list[int]]:
    """Draw customers who come once a year, to a few weeks, and leave one time in four."""
    rng = np.random.default_rng(seed)
    shop = []
    for number in range(customers):
        came = [FIRST + (0 if number == 0 else int(rng.integers(days)))]
        while rng.random() > 0.25 and (day := came[-1] + round(365 * rng.gamma(100, 1 / 100))) <= FIRST + days + 182:
            came.append(day)
        shop.append(came)
    return shop


def test_a_cut_by_which_hardly_anybody_had_come_again_judges_nothing_that_is_known_today():
    shop = yearly_buyers(1200, 365)
    known, later = split_at(shop, FIRST + 365)
    customers = live_of_days(known, FIRST + 365, NO_DAYS)
    assert 20 <= (customers.sample.rows.x > 0).sum() <= 80

    found = fit_any(customers, BEST, "all", 182)

    assert found.model == "mbg_cnbd_k"
    assert found.parameters["k"] > 1
    assert sure(found.fit).notes[0] == "there is too little to choose a model with; this is mbg_cnbd_k"
    plain = fit_any(customers, "bg_nbd", "all", 182)
    told, otherwise = (surprises(each.attrition(), customers.sample.rows, 26, later).mean() for each in (found, plain))
    assert told < otherwise - 0.1


def test_so_it_is_where_a_dozen_have_come_again_and_none_had_by_the_cuts():
    shop = yearly_buyers(400, 365)
    known, later = split_at(shop, FIRST + 365)
    customers = live_of_days(known, FIRST + 365, NO_DAYS)
    assert 8 <= (customers.sample.rows.x > 0).sum() < 20

    found = fit_any(customers, BEST, "all", 182)

    assert sure(found.fit).notes[0] == "there is too little to choose a model with; this is mbg_cnbd_k"
    plain = fit_any(customers, "bg_nbd", "all", 182)
    told, otherwise = (surprises(each.attrition(), customers.sample.rows, 26, later).mean() for each in (found, plain))
    assert told < otherwise - 0.05


def test_where_nobody_comes_again_that_is_what_the_cuts_say():
    once = live_of_days([[FIRST + day % 90] for day in range(400)], FIRST + 90, NO_DAYS)

    assert choose(purchase_days(once, NO_DAYS), 182).cut is not None


def gift_buyers(customers: int, days: int, seed: int) -> list[list[int]]:
    """Draw customers of whom some come often and most hardly ever, and who leave at two visits of five."""
    rng = np.random.default_rng(seed)
    shop = []
    for number in range(customers):
        rate, at = rng.gamma(0.5, 1 / 14) / 7, float(rng.uniform(0, days)) if number else 0.0
        bought = {FIRST + int(at)}
        while rng.random() > 0.4 and (at := at + rng.exponential(1 / rate)) < days + 182:
            bought.add(FIRST + int(at))
        shop.append(sorted(bought))
    return shop


@pytest.mark.parametrize("seed", [6, 8])
def test_few_who_came_again_do_not_tell_that_all_are_alike(seed):
    known, later = split_at(gift_buyers(250, 30, seed), FIRST + 30)
    customers = live_of_days(known, FIRST + 30, NO_DAYS)
    assert 5 <= (customers.sample.rows.x > 0).sum() < 20
    scores = choose(purchase_days(customers, NO_DAYS), 182).log_scores
    assert min(scores, key=lambda name: scores[name]) == ALIKE, "which foretold the first weeks best"

    found = fit_any(customers, BEST, "all", 182)

    assert found.model in MODELS
    assert "fewer than 20 came again, which does not tell that customers are alike" in sure(found.fit).notes[0]
    alike = fit_any(customers, ALIKE, "all", 182)
    told, otherwise = (surprises(each.attrition(), customers.sample.rows, 26, later).mean() for each in (found, alike))
    assert told < otherwise - 0.02
