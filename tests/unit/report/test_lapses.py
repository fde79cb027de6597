"""What a report of a span says of those who were called lapsing."""

from stamgast.domain.lapses import Lapses, lapses_in_words
from stamgast.domain.ledger import Entry
from stamgast.domain.told import Line
from stamgast.domain.units import DAY, HOUR
from stamgast.report.lives import Bought, Life
from stamgast.report.reckoning import InForce, reckon
from stamgast.report.spans import Span
from tests.builders import ANNA, MERCHANT, bundle, program


def life(visits: list[int], *called: int) -> Life:
    found = Life()
    for day in visits:
        found.bought[f"t{day}"] = Bought(day * DAY + 9 * HOUR, Entry(day, 350, 100))
    for day in called:
        line = Line(kind="stage", became="lapsing", merchant=MERCHANT, customer=ANNA, at=day * DAY, was="active")
        found.tell(line)
        found.tell(line)  # a worker lost its last seconds
    return found


def counted(*lives: Life, since: int = 0, until: int = 300) -> dict[str, object]:
    in_force = InForce()
    in_force.come(0, bundle(program()))
    sums: dict[str, int] = {}
    for each in lives:
        reckon(each, Span(since * DAY, until * DAY), in_force, sums)
    return Lapses.of(sums).document()


def test_of_those_who_were_called_lapsing_it_says_who_did_not_come_back_and_how_late_that_was():
    found = counted(life([1, 8, 15], 45), life([1, 8, 60], 40), life([3], 33))
    assert (found["called"], found["judged"], found["did_not_come_back"], found["median_days"]) == (3, 3, 2, 30)


def test_calls_outside_the_span_are_not_counted_and_young_ones_are_not_judged():
    found = counted(life([1, 8, 15], 45), life([100], 250), since=50)
    assert (found["called"], found["judged"]) == (1, 0)


def test_nothing_is_said_where_nobody_was_called_lapsing():
    assert lapses_in_words(counted(life([1, 8]))) == ""
