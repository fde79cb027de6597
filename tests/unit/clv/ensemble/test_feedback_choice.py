"""Scores are gone by where they foretold better, as they were known then, and nowhere else."""

import numpy as np
import pytest

from stamgast.clv.data.histories import rows_as_of, split_at
from stamgast.clv.data.state_sample import Live
from stamgast.clv.ensemble.best_fit import fit_any
from stamgast.clv.ensemble.feedback_choice import choose_feedback
from stamgast.clv.meaning import meaning_of
from stamgast.clv.models.paces import at_paces
from stamgast.clv.selection.validation_split import surprises
from stamgast.domain.attrition import MBG_NBD
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.feedback import Band, band_by
from stamgast.domain.prospects import Horizon
from stamgast.programs.refit import refit
from tests.builders import program, sure
from tests.unit.clv.scored_shop import BEGIN, live_of_shop, scored_shop

DAYS, AFTER = 550, 149
CUT = BEGIN + DAYS
NEVER = ClosedDays()
pytestmark = pytest.mark.fits


def fitted(live: Live) -> ParameterSet:
    return fit_any(live, MBG_NBD, "all", 182, NEVER)


def test_scores_that_tell_something_are_taken_and_foretell_better_what_nobody_has_seen():
    states = scored_shop(2_000, DAYS + AFTER, seed=1)
    live = live_of_shop(states, CUT)
    found = fitted(live)

    chosen = choose_feedback(live, found, 182, NEVER)

    assert chosen.paces["0-6"] < 0.8 < chosen.paces["9-10"]
    assert chosen.said.startswith("what customers said is gone by: it foretold the last ")
    known = [(sorted(each), said) for each, said in zip(live.days, live.said, strict=True)]
    later = live_of_shop(states, CUT + AFTER)
    _, came = split_at(later.days, CUT)
    rows, model = rows_as_of([days for days, _ in known], CUT), found.attrition()
    paces = np.array([chosen.paces.get(sure(band_by(said, CUT)), 1.0) for _, said in known])
    before = surprises(model, rows, AFTER / 7, came).mean()
    each = [
        surprises(model, rows[np.flatnonzero(paces == pace)], AFTER / 7 * pace, came[paces == pace]).sum()
        for pace in set(paces)
    ]
    assert sum(each) / len(came) < before - 0.004


@pytest.mark.parametrize("seed", [100, 101])
def test_scores_that_are_noise_are_not(seed: int):
    live = live_of_shop(scored_shop(1_200, DAYS, seed, tells=False), CUT)

    chosen = choose_feedback(live, fitted(live), 182, NEVER)

    assert not chosen.paces
    assert chosen.said.startswith("what customers said is not gone by: it foretold")


def test_a_score_that_was_given_after_a_cut_tells_nothing_at_it():
    """Who comes and is asked may say so: were it known before they came, those who come would be told by it."""
    states = scored_shop(1_000, DAYS, seed=104, tells=False)
    for state in states:
        if state.conversation is not None:
            last = state.conversation.said[-1][0]
            state.conversation.said = [(day, 9 if day > CUT - 150 else 5) for day, _ in state.conversation.said]
            assert last <= CUT
    live = live_of_shop(states, CUT)

    assert not choose_feedback(live, fitted(live), 182, NEVER).paces


def test_a_shop_that_asks_nobody_is_fitted_as_before():
    states = scored_shop(600, DAYS, seed=1, asks=0.0)
    live = live_of_shop(states, CUT)

    found = refit(live, program(), {}, MBG_NBD, "all").parameters

    assert live.said == ()
    assert not found.feedback
    assert not any("said" in note for note in sure(found.fit).notes)


def test_a_handful_of_scores_is_too_few_which_is_told():
    live = live_of_shop(scored_shop(600, DAYS, seed=1, asks=0.02), CUT)

    found = refit(live, program(), {}, MBG_NBD, "all").parameters

    assert not found.feedback
    assert "gave a score, too few by the days that are judged by to learn from" in sure(found.fit).notes[-1]


def test_what_a_fit_found_is_told_and_comes_with_the_parameters():
    live = live_of_shop(scored_shop(1_500, DAYS, seed=203), CUT)

    found = refit(live, program(horizon=Horizon(churn_days=182)), {}, MBG_NBD, "all").parameters

    assert set(found.feedback) == {"0-6", "7-8", "9-10"}
    assert sure(found.fit).notes[-1].startswith("what customers said is gone by")
    low = round(100 * found.feedback["0-6"])
    assert f"by their newest score customers come at {low} % of 0-6, " in meaning_of(found)[-1]


def test_rows_at_paces_are_told_in_their_order():
    rows = rows_as_of([[1, 5], [2, 9], [1, 5], [3]], 20)

    told = at_paces(rows, np.array([2.0, 1.0, 1.0, 2.0]), lambda some, pace: np.float64(10) * some.x + np.float64(pace))

    assert told.tolist() == [12, 11, 11, 2]
    assert Band.NONE not in {"0-6", "7-8", "9-10"}
