"""Customers who stay away where a fit knows how regularly they come."""

import math

from rules.actions import Send
from stamgast.domain.attrition import MBG_NBD
from stamgast.domain.calendar import at_local
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.events import TimerDue
from stamgast.domain.program import LapseModel
from stamgast.domain.prospects import Horizon, Prospects, prospects_of
from stamgast.domain.regularity import PLAIN_HABITS, Kind, Regularity
from stamgast.domain.units import DAY, Day, Millis
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, program, rule, taken_back
from tests.fakes.in_memory import Owner
from tests.models import RECORD_SHOP

WEEKLY = Kind(0.6, math.log(7), 1.0, 10.0, 1.5, 0.03)
YEARLY = Kind(0.4, math.log(365), 2.0, 20.0, 0.2, 0.3)
FIRST_DAY: Day = T0 // DAY


def regular(closed: tuple[Day, ...] = ()) -> Prospects:
    found = ParameterSet(
        MBG_NBD, dict(RECORD_SHOP), open_days=bool(closed), regularity=Regularity((WEEKLY, YEARLY), PLAIN_HABITS)
    )
    return prospects_of(found, 1.0, ClosedDays(closed), Horizon())


def visiting(every: float, times: int, *, lapse: LapseModel = LapseModel(), closed: tuple[Day, ...] = ()) -> Owner:  # noqa: B008
    missing = rule("miss", "lapsing", Send("hello", ("sms",)), per="quiet_spell")
    of = program(prospects=regular(closed), lapse=lapse, closed=ClosedDays(closed))
    owner = Owner(bundle(of, missing))
    for visit in range(times):
        owner.apply(bought(f"t{visit}", T0 + round(visit * every) * DAY))
    return owner


def after_days(owner: Owner, timer: str = "lapse") -> float:
    state = owner.state()
    return (state.timers[timer] - state.last_day * DAY) / DAY


def come_due(owner: Owner, when: Millis) -> None:
    while soon := [due for due in owner.state().timers.values() if due <= when]:
        owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=when, due=min(soon)))


def test_at_risk_comes_before_lapsing_and_lapsing_before_lapsed():
    owner = visiting(7, 10)
    stages = []
    for _ in range(3):
        come_due(owner, min(owner.state().timers.values()))
        stages.append(owner.state().stage)
    assert stages == ["at_risk", "lapsing", "lapsed"]


def test_a_surer_shop_is_told_later_and_without_a_word_it_is_sixty_percent():
    usual = after_days(visiting(7, 10))
    assert after_days(visiting(7, 10, lapse=LapseModel(precision=0.6, risk_precision=0.36))) == usual
    assert after_days(visiting(7, 10, lapse=LapseModel(precision=0.95))) > usual + 3


def test_who_comes_every_year_is_not_missed_in_the_spring():
    assert after_days(visiting(7, 10)) < 28
    assert after_days(visiting(365, 2)) > 365


def test_two_purchases_are_enough_to_be_told_apart():
    assert after_days(visiting(7, 2)) < after_days(visiting(60, 2))


def test_the_days_are_whole_so_that_whoever_is_expected_on_a_day_has_until_its_end():
    owner = visiting(7, 10)
    assert after_days(owner) == int(after_days(owner))
    assert after_days(owner, "risk") == int(after_days(owner, "risk")) < after_days(owner)


def test_a_bakery_closed_for_a_fortnight_in_august_misses_nobody_for_it():
    closed = tuple(range(FIRST_DAY + 71, FIRST_DAY + 85))
    assert after_days(visiting(7, 11, closed=closed)) == after_days(visiting(7, 11)) + 14


def test_naming_a_fortnight_between_two_visits_makes_nobody_be_missed_sooner():
    closed = tuple(range(FIRST_DAY + 29, FIRST_DAY + 43))
    named = visiting(7, 5, closed=closed)
    unnamed = visiting(7, 5)
    for owner in (named, unnamed):
        for visit in range(5):
            owner.apply(bought(f"later{visit}", T0 + (28 + 21 + 7 * visit) * DAY))
    assert after_days(named) == after_days(unnamed)


def test_a_day_of_rest_that_is_named_every_week_is_in_the_gaps_already_and_the_fortnight_is_not():
    sundays = [FIRST_DAY + 3 + 7 * week for week in range(60)]
    fortnight = range(FIRST_DAY + 71, FIRST_DAY + 85)
    closed = tuple(sorted({*sundays, *fortnight}))
    assert after_days(visiting(7, 8, closed=tuple(sundays))) == after_days(visiting(7, 8))
    assert after_days(visiting(7, 11, closed=closed)) == after_days(visiting(7, 11)) + 14


def test_a_purchase_that_is_taken_back_leaves_no_trace():
    owner = visiting(7, 10)
    before = owner.state().timers
    extra = bought("extra", T0 + 67 * DAY)
    owner.apply(extra)
    assert owner.state().timers != before
    owner.apply(taken_back(extra, T0 + 68 * DAY))
    assert owner.state().timers == before


def test_the_order_in_which_purchases_arrive_makes_no_difference():
    in_order, shuffled = visiting(7, 20), visiting(7, 0)
    for visit in (3, 19, 0, 7, 12, 1, 18, 2, 5, 4, 6, 17, 8, 9, 10, 11, 16, 13, 15, 14):
        shuffled.apply(bought(f"t{visit}", T0 + visit * 7 * DAY, recorded=T0 + 133 * DAY))
    assert shuffled.state().timers == in_order.state().timers


def test_a_timer_of_an_older_bundle_is_verified_when_it_fires():
    owner = visiting(7, 10)
    first = owner.state().timers["lapse"]
    patient = program(prospects=regular(), lapse=LapseModel(precision=0.95, risk_precision=0.9))
    owner.bundle = bundle(patient, number=2)
    owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=first, due=first))
    assert owner.state().stage != "lapsing"
    assert owner.state().timers["lapse"] > first


def test_the_hour_that_clocks_give_back_in_autumn_moves_nobody_by_a_day():
    morning, evening = visiting(7, 10), visiting(7, 0)  # across the 25th of October
    for visit in range(10):
        at = at_local(FIRST_DAY + 7 * visit, 23 * 60 + 30, "Europe/Amsterdam")
        evening.apply(bought(f"t{visit}", at))
    assert evening.state().timers == morning.state().timers


def test_whoever_came_three_thousand_times_is_missed_within_days():
    owner = visiting(1, 120)
    assert 1 < after_days(owner) < 15


def test_by_own_rhythm_nothing_changes():
    own = LapseModel(by="own_rhythm")
    plain = Owner(bundle(program(lapse=own)))
    regular_one = Owner(bundle(program(lapse=own, prospects=regular())))
    for owner in (plain, regular_one):
        owner.apply(bought("t1", T0))
        owner.apply(bought("t2", T0 + 9 * DAY))
    assert regular_one.state().timers == plain.state().timers
