"""Which season days are counted by, and that every way to score counts them so."""

import json

import msgspec
import numpy as np
import pytest

from stamgast.clv.data.histories import rows_as_of, split_at
from stamgast.clv.data.state_sample import live_of_days
from stamgast.clv.ensemble.best_fit import fit_any, fit_in_season
from stamgast.clv.models.scores import scores_of
from stamgast.clv.models.season_fit import fit_season
from stamgast.clv.scoring import Asked, score
from stamgast.clv.selection.forecasts import ModelForecast, log_scores
from stamgast.clv.selection.season_choice import LEAST_SWING, SeasonChoice, choose_season
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet, check, version_of
from stamgast.domain.customer import Customer
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.prospects import Horizon, prospects_of
from stamgast.domain.season import PART_DAYS, PARTS, YEAR, season_of
from stamgast.domain.trades import Trade, season_of_trade
from stamgast.programs.refit import refit
from tests.builders import program, sure
from tests.unit.clv.purchases import csv_of
from tests.unit.clv.seasonal import FIRST, Season, draw
from tests.unit.commands.clv_command import run

pytestmark = pytest.mark.fits
TRUE = {"r": 0.8, "alpha": 9.0, "a": 0.7, "b": 2.4}
ALL_OPEN = ClosedDays()
DAYS = 800
AHEAD = 91


def drawn(season: Season, customers: int = 900, seed: int = 3, *, days: int = DAYS + AHEAD):
    return draw(TRUE, season, customers, joins=DAYS, days=days, seed=seed)


def drawn_for_a_year(season: Season, seed: int):
    """Draw a shop that is known for a year, and the half year after it."""
    return draw(TRUE, season, 900, joins=364, days=364 + 182, seed=seed)


@pytest.fixture(scope="module")
def winter():
    return split_at(drawn(Season(yearly=0.7)), FIRST + DAYS)


@pytest.fixture(scope="module")
def found(winter):
    return fit_any(live_of_days(winter[0], FIRST + DAYS, ALL_OPEN), "mbg_nbd", "all", AHEAD)


def test_the_season_that_customers_were_drawn_with_is_found(found):
    weekly = np.array(sure(found.season).weekly)
    day = np.arange(PARTS) * PART_DAYS + PART_DAYS / 2 - FIRST % YEAR

    assert weekly == pytest.approx(1 + 0.7 * np.cos(2 * np.pi * day / YEAR), abs=0.35)
    assert np.corrcoef(weekly, np.cos(2 * np.pi * day / YEAR))[0, 1] > 0.95
    assert "the shop's own season is used: it foretold the last 91 days better" in sure(found.fit).notes[0]


def test_a_busy_quarter_is_foretold(winter, found):
    known, later = winter
    rows = rows_as_of(known, FIRST + DAYS, ALL_OPEN)
    plain = fit_any(live_of_days(known, FIRST + DAYS, ALL_OPEN), "mbg_nbd", "all", 6)
    unaware = scores_of(plain.attrition()).expected_purchases(rows, AHEAD / 7).sum() / later.sum()
    time = found.time(ALL_OPEN)
    weeks = time.open_between(FIRST + DAYS, FIRST + DAYS + AHEAD) / 7
    aware = scores_of(found.attrition()).expected_purchases(rows_as_of(known, FIRST + DAYS, time), weeks)

    assert abs(aware.sum() / later.sum() - 1) < 0.15
    assert abs(unaware - 1) > 2 * abs(aware.sum() / later.sum() - 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_shop_without_a_season_gets_none(seed: int):
    known, _ = split_at(drawn(Season(), 500, seed), FIRST + DAYS)

    assert choose_season(known, FIRST + DAYS, AHEAD, ALL_OPEN).season is None


def test_growth_and_leaving_are_not_taken_for_a_season():
    rng = np.random.default_rng(8)
    grown = [days for days in drawn(Season(), 900) if rng.random() < (days[0] - FIRST) / DAYS]

    learnt = fit_season([days for days in grown if days], ALL_OPEN)

    assert learnt is None or np.std(learnt.weekly) < 0.1


def test_closed_weeks_are_not_taken_for_a_season():
    closed = tuple(range(200, 221)), tuple(range(565, 586))
    shop = drawn(Season(closed=(range(200, 221), range(565, 586))), 900)
    named = ClosedDays(tuple(FIRST + day for stretch in closed for day in stretch))

    learnt = fit_season(shop, named)

    assert learnt is None or np.std(learnt.weekly) < 0.1


def test_a_young_shop_takes_the_season_of_the_trade_that_is_named_which_is_said():
    known, _ = split_at(draw(TRUE, Season(), 300, joins=200, days=220, seed=4), FIRST + 60)

    chosen = choose_season(known, FIRST + 60, AHEAD, ALL_OPEN, season_of_trade(Trade.GENERAL))

    assert chosen.season == season_of_trade(Trade.GENERAL)
    assert chosen.said.startswith("the season of general, which is named, is used")
    assert choose_season(known, FIRST + 60, AHEAD, ALL_OPEN).season is None


def test_a_trade_that_foretold_worse_beyond_doubt_is_not_taken():
    known, _ = split_at(drawn(Season(yearly=0.7)), FIRST + 300)
    wrong = season_of([1 - 0.7 * np.cos(2 * np.pi * part / PARTS) for part in range(PARTS)], "garden")

    chosen = choose_season(known, FIRST + 300, AHEAD, ALL_OPEN, wrong)

    assert chosen.season is None
    assert "the season of garden, which is named, is not used: it foretold the last" in chosen.said


@pytest.mark.parametrize("seed", [1, 2])
def test_the_course_of_a_first_year_is_taken_for_its_season(seed: int):
    known, later = split_at(drawn_for_a_year(Season(yearly=0.7), seed), FIRST + 364)

    live = live_of_days(known, FIRST + 364, ALL_OPEN)
    found, unaware = (
        fit_in_season(live, "best", "all", 182, chosen, closed=ALL_OPEN)
        for chosen in (choose_season(known, FIRST + 364, 182, ALL_OPEN), SeasonChoice(None))
    )

    assert sure(found.season).origin == "own"
    assert "the course of the first year is taken for the shop's season" in sure(found.fit).notes[0]
    assert surprise_by(found, known, later) < surprise_by(unaware, known, later) - 0.02


def surprise_by(found: ParameterSet, known, later) -> float:
    """Return the log score of half a year."""
    as_of, time = FIRST + 364, found.time(ALL_OPEN)
    weeks = time.open_between(as_of, as_of + 182) / 7
    forecast = ModelForecast(scores_of(found.attrition()), rows_as_of(known, as_of, time), weeks)
    return float(log_scores(forecast, later).mean())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_first_year_without_a_season_gets_none(seed: int):
    known, _ = split_at(drawn_for_a_year(Season(), seed), FIRST + 364)

    assert choose_season(known, FIRST + 364, 182, ALL_OPEN).season is None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_shop_that_grows_busier_all_year_is_not_taken_to_fall_back_to_where_it_began(seed: int):
    known, _ = split_at(drawn_for_a_year(Season(growth=2.0), seed), FIRST + 364)

    learnt = fit_season(known, ALL_OPEN)

    assert learnt is not None
    assert np.std(learnt.weekly) > LEAST_SWING
    assert choose_season(known, FIRST + 364, 182, ALL_OPEN).season is None


def test_a_first_year_that_is_short_of_some_weeks_tells_of_no_season():
    known, _ = split_at(drawn_for_a_year(Season(yearly=0.7), 1), FIRST + 320)

    assert choose_season(known, FIRST + 320, 182, ALL_OPEN).season is None


def test_a_trade_that_is_named_stands_above_the_course_of_a_first_year():
    known, _ = split_at(drawn_for_a_year(Season(yearly=0.7), 1), FIRST + 364)
    right = season_of([1 + 0.7 * np.cos(2 * np.pi * part / PARTS) for part in range(PARTS)], "hobbies")
    wrong = season_of([1 - 0.7 * np.cos(2 * np.pi * part / PARTS) for part in range(PARTS)], "garden")

    assert choose_season(known, FIRST + 364, 182, ALL_OPEN, right).season == right
    instead = choose_season(known, FIRST + 364, 182, ALL_OPEN, wrong)
    assert sure(instead.season).origin == "own"
    assert "the season of garden, which is named, is not used" in instead.said


def test_a_customer_in_force_and_one_of_a_file_are_told_the_same(winter, found):
    known, as_of = winter[0], FIRST + DAYS
    closed = ClosedDays((as_of - 3, as_of + 5))
    spent = msgspec.structs.replace(found, spend=Spend(6.25, 3.744, 15.44), margin=0.4, open_days=True).versioned()
    prospects = prospects_of(spent, 1.0, closed, Horizon(months=7))
    days = next(days for days in known if len(days) > 4)
    anna = Customer(visits=len(days), spend=1_000 * len(days), first_day=days[0], last_day=days[-1])
    time = spent.time(closed)
    sample = live_of_days([days], as_of, time).sample
    sample = msgspec_replaced(sample, amounts=np.array([10.0 * len(days)]))
    asked = Asked(AHEAD / 7, discounting=prospects.discounting, closed=time)

    (told,) = score(sample, spent, asked)

    assert prospects.p_alive(anna, as_of) == pytest.approx(told.p_alive)
    assert prospects.churn_probability(anna, as_of, AHEAD) == pytest.approx(1 - told.p_buy)
    assert prospects.predicted(anna, as_of, "EUR") == pytest.approx(100 * sure(told.predicted), abs=1)


def msgspec_replaced(sample, **changes):
    return type(sample)(**(sample.__dict__ | changes))


def test_seven_months_are_worth_more_where_they_are_the_busy_ones(found):
    prospects = prospects_of(
        msgspec.structs.replace(found, spend=Spend(6.25, 3.744, 15.44)), 0.4, ALL_OPEN, Horizon(months=7)
    )
    since = FIRST + DAYS - FIRST % 365  # in summer and in winter somebody has just come for the second time
    worth = {}
    for place in range(0, 365, 30):
        anna = Customer(visits=2, spend=2_000, first_day=since + place - 40, last_day=since + place)
        worth[place] = sure(prospects.predicted(anna, since + place, "EUR"))

    assert max(worth.values()) > 1.5 * min(worth.values())


def test_it_is_part_of_the_set_and_of_its_version(found):
    season = sure(found.season)
    other = msgspec.structs.replace(found, season=season_of([*season.weekly[1:], season.weekly[0]]))

    check(found)
    assert msgspec.convert(msgspec.to_builtins(found), ParameterSet) == found
    assert version_of(other) != found.version
    assert version_of(msgspec.structs.replace(found, season=None)) != found.version


def test_a_refit_counts_days_by_it_and_is_held_against_what_is_in_force_as_each_counts(winter):
    live = live_of_days(winter[0], FIRST + DAYS, ALL_OPEN)
    earlier, _ = split_at(winter[0], FIRST + DAYS - 200)
    without = fit_any(live_of_days(earlier, FIRST + DAYS - 200, ALL_OPEN), "mbg_nbd", "all", 6)
    shop = program()

    found = refit(live, shop, msgspec.to_builtins(without), "mbg_nbd", "all")

    assert found.parameters.season is not None
    assert sure(found.comparison).difference < -0.02
    again = refit(live, shop, msgspec.to_builtins(found.parameters), "mbg_nbd", "all")
    assert sure(again.comparison).difference == pytest.approx(0, abs=1e-12)


def test_a_file_is_fitted_scored_judged_and_valued_by_segment_with_its_season(winter, tmp_path):
    path, file = tmp_path / "sales.csv", tmp_path / "shop.json"
    path.write_text(csv_of({number: dict.fromkeys(days, 10.0) for number, days in enumerate(winter[0])}))
    end = str(np.datetime64("1970-01-01") + FIRST + DAYS)

    fitted = run("fit", "--data", path, "--model", "mbg_nbd", "--horizon", f"{AHEAD}d", "--out", file)
    scores = [
        json.loads(run("score", "--data", path, "--as-of", end, "--horizon", f"{AHEAD}d", "--json", *how).stdout)
        for how in (["--model", "mbg_nbd"], ["--parameters", file])
    ]
    judged = json.loads(
        run(
            "evaluate",
            "--data",
            path,
            "--calibration-end",
            str(np.datetime64(end) - AHEAD),
            "--holdout-end",
            end,
            "--json",
        ).stdout
    )
    valued = run("segments", "--data", path, "--by", "shop", "--json")

    assert "the shop's own season is used" in fitted.stderr
    for one, other in zip(*scores, strict=True):
        assert one["p_buy"] == pytest.approx(other["p_buy"], abs=1e-9)
    assert json.loads(file.read_text())["season"]["origin"] == "own"
    assert judged["season"]["origin"] == "own"
    assert abs(judged["models"]["mbg_nbd"]["n_bias"]) < 0.15
    assert "the shop's own season is used" in valued.stderr
    assert json.loads(valued.stdout)["segments"][0]["customers"] == len(winter[0])
