"""When a sender may submit: how an outage shows, what it costs, and how it ends."""

from random import Random
from typing import Any

from streams.outbox.breaker import ROW, Answer, Breaker, Probing

WIDTH = 8


def breaker(width: int = WIDTH, *, first_s: float = 5.0, longest_s: float = 300.0, jitter: float = 0.0) -> Breaker:
    return Breaker(width, Probing(first_s, longest_s), lambda: jitter)


def fill(of: Breaker, now: float) -> int:
    """Begin as many as it lets; return how many."""
    begun = 0
    while of.may_begin(now):
        of.begin()
        begun += 1
    return begun


def opened(**how: Any) -> Breaker:
    """One that five failures opened at the moment 0."""
    made = breaker(**how)
    for _ in range(ROW):
        made.begin()
        made.end(Answer.FAILED, 0.0)
    assert made.is_open
    return made


def test_as_many_go_side_by_side_as_a_sender_is_wide():
    assert fill(breaker(), 0.0) == WIDTH


def test_when_everything_fails_at_once_no_more_than_the_width_is_lost_before_it_opens():
    for width in range(1, 30):
        of, failed = breaker(width), 0
        while not of.is_open:
            fill(of, 0.0)
            of.end(Answer.FAILED, 0.0)
            failed += 1
        assert failed + of.under_way <= max(width, ROW)


def test_an_outage_costs_no_more_than_width_and_five_however_its_answers_and_earlier_ones_mix():
    for seed in range(300):
        chance, of = Random(seed), breaker()
        fill(of, 0.0)
        well = chance.randrange(WIDTH)  # so many had been accepted before the carrier went away
        answers = [True] * well + [False] * (WIDTH - well)
        chance.shuffle(answers)
        failed = 0
        while not of.is_open or of.under_way:
            good = answers.pop() if answers else False
            of.end(Answer.ANSWERED if good else Answer.FAILED, 0.0)
            failed += not good
            fill(of, 0.0)
        assert failed <= WIDTH + ROW, seed


def test_half_of_the_last_twenty_opens_it_without_any_row():
    of = breaker()
    for number in range(20):
        assert not of.is_open
        of.begin()
        of.end(Answer.FAILED if number % 2 else Answer.ANSWERED, 0.0)
    assert of.is_open


def test_a_failure_now_and_then_opens_nothing():
    of = breaker()
    for number in range(1_000):
        of.begin()
        of.end(Answer.ANSWERED if number % 3 else Answer.FAILED, 0.0)
        assert not of.is_open


def test_one_probe_goes_at_a_time_and_each_later_one_waits_twice_as_long_up_to_five_minutes():
    of, now, pauses = opened(), 0.0, []
    for _ in range(9):
        pauses.append(of.rests_until - now)
        assert not of.may_begin(of.rests_until - 0.001)
        now = of.rests_until
        assert fill(of, now) == 1
        of.end(Answer.FAILED, now, probe=True)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_pauses_differ_by_chance_and_are_never_longer_than_asked():
    assert opened(jitter=1.0).rests_until == 3.75


def test_what_was_under_way_when_it_opened_does_not_put_the_next_probe_off():
    of = breaker()
    for _ in range(WIDTH):
        of.begin()
    for _ in range(WIDTH):
        of.end(Answer.FAILED, 1.0)
    assert of.rests_until == 6.0


def test_one_answer_to_a_probe_ends_the_outage_and_it_grows_again_by_its_answers():
    of = opened()
    assert of.begin()
    of.end(Answer.ANSWERED, 5.0, probe=True)
    assert not of.is_open
    sides = []
    for _ in range(WIDTH):
        sides.append(fill(of, 5.0))
        of.end(Answer.ANSWERED, 5.0)
    assert of.most == WIDTH
    assert sides[0] == 2


def test_a_turn_that_asked_for_nothing_neither_opens_nor_closes_and_the_next_probe_follows_at_once():
    of = opened()
    assert of.begin()
    of.end(Answer.UNUSED, 5.0, probe=True)
    assert of.is_open
    assert of.may_begin(5.0)


def test_busy_is_no_failure_and_nothing_begins_before_the_time_it_names():
    of = breaker()
    for _ in range(50):
        of.begin()
        of.end(Answer.BUSY, 0.0, rest_s=7.0)
    assert not of.is_open
    assert not of.may_begin(6.9)
    assert fill(of, 7.0) == 1


def test_a_failure_among_busy_answers_still_counts_towards_the_row():
    of = breaker()
    for _ in range(ROW):
        of.begin()
        of.end(Answer.FAILED, 0.0)
        of.begin()
        of.end(Answer.BUSY, 0.0)
    assert of.is_open


def test_a_probe_that_is_told_to_wait_has_found_the_carrier_at_home():
    of = opened()
    of.begin()
    of.end(Answer.BUSY, 5.0, probe=True, rest_s=2.0)
    assert not of.is_open
    assert not of.may_begin(6.9)
    assert of.may_begin(7.0)


def stopped(**how: Any) -> Breaker:
    """One that was opened at the moment 0 by what was told of a message that was taken."""
    made = breaker(**how)
    fill(made, 0.0)
    made.end(Answer.ANSWERED, 0.0)
    made.stop(0.0)
    for _ in range(made.under_way):
        made.end(Answer.ANSWERED, 0.0)
    assert made.is_open
    return made


def probed(of: Breaker) -> float:
    """One probe goes and is taken; return when."""
    now = of.rests_until
    assert fill(of, now) == 1
    of.end(Answer.ANSWERED, now, probe=True)
    assert of.is_open
    assert of.on_trial
    assert not of.may_begin(of.rests_until - 0.001), "nothing else goes while it is on trial"
    return now


def test_where_refusals_are_told_afterwards_an_answer_to_a_probe_proves_nothing():
    of, pauses = stopped(), []
    for _ in range(4):
        now = probed(of)
        of.tried(now + 1, went=False)
        pauses.append(of.rests_until - now - 1)
    assert pauses == [10, 20, 40, 80]
    of.tried(probed(of) + 1, went=True)
    assert not of.is_open
    of.stop(1_000.0)
    assert of.rests_until == 1_005


def test_a_probe_of_which_nothing_is_told_counts_as_gone_and_the_next_one_waits_longer():
    of = stopped()
    probed(of)
    of.look(of.rests_until - 0.001)
    assert of.is_open
    of.look(of.rests_until)
    assert not of.is_open
    assert not of.on_trial
    of.stop(1_000.0)
    assert of.rests_until == 1_010
