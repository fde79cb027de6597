"""The shop's own log as a past: what came in as history happened when it happened."""

from msgspec.structs import replace

from stamgast.backtest.log_past import events_of
from stamgast.domain.events import Enrolled, encode_event, is_history
from stamgast.domain.units import DAY
from tests.builders import ANNA, MERCHANT, T0, bought, consent, program


def test_what_came_in_as_history_is_played_as_the_news_that_it_was():
    old = T0 - 300 * DAY
    told = [
        replace(consent(when=T0), since=old),
        Enrolled(merchant=MERCHANT, customer=ANNA, at=T0, since=old + 1),
        bought("t1", old + DAY, recorded=T0, history=True),
    ]
    played = events_of([(T0, encode_event(each)) for each in told], program())
    assert [each.at for each in played] == [old, old + 1, old + DAY]
    assert [getattr(each, "since", 0) for each in played] == [0, 0, 0]
    assert not any(map(is_history, played))
