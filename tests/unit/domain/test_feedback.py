"""What a newest score does to what is expected of somebody, and what was known of scores on a day gone by."""

import msgspec
import pytest
from msgspec.structs import replace

from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet, check
from stamgast.domain.conversation import Conversation
from stamgast.domain.customer import Customer
from stamgast.domain.feedback import MOST_SAID, Band, band_by, band_of, note_score
from stamgast.domain.history import History
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.prospects import Horizon, Prospects, prospects_of
from stamgast.domain.residual_value import discounted_purchases
from stamgast.domain.units import DAY
from stamgast.people.view import show_customer
from tests.builders import program
from tests.unit.clv.scored_shop import BEGIN, customer_of

PLAIN = ParameterSet(
    "mbg_nbd", {"r": 0.8, "alpha": 6.0, "a": 0.7, "b": 2.4}, Spend(5.0, 3.5, 14.0, "all"), margin=0.4
).versioned()
PACES = {"0-6": 0.6, "7-8": 1.0, "9-10": 1.25}
HEEDED = replace(PLAIN, feedback=PACES).versioned()
TODAY = BEGIN + 60
DAYS = [BEGIN, BEGIN + 20, BEGIN + 35]


def prospects(parameters: ParameterSet) -> Prospects:
    return prospects_of(parameters, 1.0, ClosedDays(), Horizon())


def said(*scores: int) -> Customer:
    return customer_of(DAYS, [(BEGIN + 20 + place, score) for place, score in enumerate(scores)])


@pytest.mark.parametrize(
    ("score", "band"),
    [(0, Band.LOW), (6, Band.LOW), (7, Band.MIDDLE), (8, Band.MIDDLE), (9, Band.HIGH), (10, Band.HIGH)],
)
def test_scores_are_told_apart_by_the_bands_of_the_net_promoter_score(score: int, band: Band):
    assert band_of(score) is band


def test_what_was_known_on_a_day_is_what_had_been_said_by_then():
    given = [(10, 3), (20, 9)]

    assert [band_by(given, day) for day in (9, 10, 19, 20, 99)] == [Band.NONE, Band.LOW, Band.LOW, Band.HIGH, Band.HIGH]


def test_of_who_said_more_than_is_remembered_it_is_unknown_what_they_said_before():
    talk = Conversation()
    for day in range(MOST_SAID + 3):
        note_score(talk, day, 9)

    assert len(talk.said) == MOST_SAID
    assert band_by(talk.said, 2) is None
    assert band_by(talk.said, 3) is Band.HIGH


@pytest.mark.parametrize(("scores", "pace"), [((9, 3), 0.6), ((3, 8), 1.0), ((2, 10), 1.25), ((), 1.0)])
def test_time_to_come_runs_at_the_pace_of_the_newest_score(scores: tuple[int, ...], pace: float):
    model, customer = prospects(HEEDED), said(*scores)
    history = History(2, 5.0, 60 / 7)

    assert model.history(customer, TODAY) == history
    assert model.churn_probability(customer, TODAY, 91) == 1 - PLAIN.attrition().p_buy(history, 13 * pace)
    paced = replace(model.discounting, open_share=pace)
    worth = discounted_purchases(PLAIN.attrition(), history, paced) * model.spend.expected(3, 30.0)  # type: ignore[union-attr]
    assert model.predicted(customer, TODAY, "EUR") == round(100 * worth)
    assert model.p_alive(customer, TODAY) == prospects(PLAIN).p_alive(customer, TODAY)


def test_who_said_nothing_is_worth_what_they_were_to_the_bit():
    before, now = prospects(PLAIN), prospects(HEEDED)
    customer = said()

    assert now.churn_probability(customer, TODAY, 90) == before.churn_probability(customer, TODAY, 90)
    assert now.predicted(customer, TODAY, "EUR") == before.predicted(customer, TODAY, "EUR")


def test_a_set_without_scores_is_written_and_named_as_before():
    document = msgspec.to_builtins(PLAIN)

    assert "feedback" not in document
    assert document["version"] == "fd760d547e46"
    assert msgspec.convert(document, ParameterSet) == PLAIN
    assert HEEDED.version != PLAIN.version
    assert msgspec.convert(msgspec.to_builtins(HEEDED), ParameterSet) == HEEDED


@pytest.mark.parametrize(
    ("paces", "told"),
    [
        ({**PACES, "none": 1.0}, "feedback has 'none'; its bands are 0-6, 7-8, 9-10"),
        ({"0-6": 1.0, "9-10": 1.0}, "feedback has no '7-8'; its bands are 0-6, 7-8, 9-10"),
        ({**PACES, "0-6": 0.0}, "feedback.0-6 is 0; it must be from 0.4 to 2.5"),
        ({**PACES, "0-6": float("nan")}, "feedback.0-6 is nan; it must be from 0.4 to 2.5"),
    ],
)
def test_paces_that_cannot_be_gone_by_are_refused(paces: dict[str, float], told: str):
    with pytest.raises(ValueError, match=told):
        check(replace(PLAIN, feedback=paces))


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [(PLAIN, None), (HEEDED, {"newest_score": "9-10", "pace": 1.25})],
)
def test_customer_show_says_what_their_newest_score_does(parameters: ParameterSet, shown: object):
    merchant = program(prospects=prospects(parameters))

    assert show_customer("anna", said(3, 9), merchant, TODAY * DAY)["prospects"]["feedback"] == shown
