from stamgast.demo.shop_time import GRID, next_stop

HOUR = 3_600_000


def test_the_clock_stops_at_the_next_timer_or_where_it_was_to_go():
    assert next_stop(0, None, 5 * HOUR) == 5 * HOUR
    assert next_stop(0, 9 * HOUR, 5 * HOUR) == 5 * HOUR
    assert next_stop(0, 2 * HOUR, 5 * HOUR) == 2 * HOUR


def test_timers_close_together_share_a_stop_and_none_is_met_early():
    assert next_stop(0, 2 * HOUR + 1, 5 * HOUR) == 2 * HOUR + GRID
    assert next_stop(2 * HOUR, 2 * HOUR - 1, 5 * HOUR) == 2 * HOUR + 1
