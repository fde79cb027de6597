"""What rules came to within a span of days, reckoned from the topics, agrees with what the owners have summed."""

from collections import Counter
from functools import cache

import pytest
from msgspec.json import encode

from stamgast.domain.activation import Note
from stamgast.domain.calendar import at_local
from stamgast.domain.earned import report
from stamgast.domain.event import Event
from stamgast.domain.events import OptedIn, OptedOut, PurchaseChanged, Replied
from stamgast.domain.units import DAY
from stamgast.report.lives import Life
from stamgast.report.reading import _hear as read_into
from stamgast.report.reckoning import InForce, reckon
from stamgast.report.spans import DayError, Days, Span, wanted
from tests.builders import T0
from tests.oracle_report import Terms, Topics, differences, once, reckoned
from tests.told_shop import ToldShop, busy_shop

EVER = Span(0, T0 + 1000 * DAY)


@cache
def shop() -> ToldShop:
    return busy_shop(150)


def lives(of: ToldShop, times: int = 1) -> dict[str, Life]:
    """What the topics tell of everybody; `times`: each line stands there so often."""
    found: dict[str, Life] = {}
    for line in (*of.facts,) * times:
        found.setdefault(line.customer, Life()).tell(line)
    for note in (*of.notes,) * times:
        found.setdefault(note.customer, Life()).note(note)
    for event in of.events:
        hear(found.setdefault(event.customer, Life()), event, of)
    return found


def hear(life: Life, event: Event, of: ToldShop) -> None:
    if isinstance(event, PurchaseChanged):
        life.buy(event, of.bundle.program)
    elif isinstance(event, Replied):
        life.replies.append(event.at)
    elif isinstance(event, OptedOut | OptedIn):
        life.stops.append((event.at, isinstance(event, OptedOut)))


def sums(of: ToldShop, span: Span, times: int = 1) -> dict[str, int]:
    in_force, found = InForce(), dict[str, int]()
    in_force.come(0, of.bundle)
    for life in lives(of, times).values():
        reckon(life, span, in_force, found)
    # who was called lapsing the topics alone tell: owners keep no sum of it
    return {name: by for name, by in found.items() if by and not name.startswith("lapsing|")}


def test_of_all_time_it_is_what_the_owners_have_summed():
    expected = shop().sums()
    assert {name.split("|")[1] for name in expected} == {"letter", "later", "thanks", "present", "promised"}
    assert all(expected[f"measure|{rule}|h|people"] > 5 for rule in ("letter", "later", "present", "promised"))
    assert sums(shop(), EVER) == expected


def test_a_line_that_stands_there_twice_counts_once():
    assert sums(shop(), EVER, times=2) == sums(shop(), EVER)


def test_what_staff_are_told_is_no_message_of_the_rule():
    life = Life()
    life.note(
        Note(
            kind="outcome", activation="a", merchant="m", customer="c", at=T0, rule="r", status="delivered", staff="eva"
        )
    )
    assert life.messages == {}


def test_an_answer_of_the_house_is_no_rules_message_and_a_join_answers_none():
    life = Life()
    life.note(Note(kind="outcome", activation="a", merchant="m", customer="c", at=T0, rule="", status="delivered"))
    assert life.messages == {}
    for keyword in (None, "card", "join", "leave", "return"):
        wrote = Replied(merchant="m", customer="c", at=T0, channel="sms", keyword=keyword)
        read_into(life, wrote, shop().bundle)
    assert life.replies == [T0, T0]


def test_what_happened_in_two_spans_is_what_happened_in_both_together():
    middle = T0 + 40 * DAY
    parts = Counter(sums(shop(), Span(0, middle)))
    parts.update(sums(shop(), Span(middle, EVER.until)))
    whole = sums(shop(), EVER)
    of_happenings = ("sent", "delivered", "redeemed", "rewards", "messages", "purchases", "revenue", "profit", "fired")
    told = {name: by for name, by in whole.items() if name.rpartition("|")[2] in of_happenings}
    assert {name: parts[name] for name in told} == told
    assert parts["measure|letter|h|people"] > whole["measure|letter|h|people"], "who is in both counts in both"


def test_nothing_of_it_is_before_the_span_or_behind_it():
    assert sums(shop(), Span(0, T0)) == {}
    assert sums(shop(), Span(T0 + 300 * DAY, EVER.until)) == {}


def test_days_are_the_shops_own():
    days = wanted("2026-10-01", "2026-10-31", T0).days("Europe/Amsterdam")
    span = days.of("Europe/Amsterdam")
    assert span == Span(at_local(days.first, 0, "Europe/Amsterdam"), at_local(days.last + 1, 0, "Europe/Amsterdam"))
    assert (span.until - span.since) // DAY == 31  # with an hour more: the clocks go back
    assert days.as_json() == {"from": "2026-10-01", "to": "2026-10-31"}


def test_without_a_last_day_it_goes_to_today_on_the_shops_clock():
    late = at_local(20_000, 23 * 60, "UTC")
    assert wanted("2024-01-01", "", late).days("Europe/Amsterdam") == Days(19_723, 20_001)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("1-9-2026", "", '"1-9-2026" is not a day; write `from` as 2026-09-30'),
        ("20260901", "", '"20260901" is not a day'),
        ("2026-09-01", "2026-02-30", '"2026-02-30" is not a day; write `to` as 2026-09-30'),
        ("2026-09-02", "2026-09-01", "the span ends (2026-09-01) before it begins (2026-09-02)"),
    ],
)
def test_what_is_no_span_is_refused_with_how_to_write_it(first: str, last: str, said: str):
    with pytest.raises(DayError, match=said.replace("(", r"\(").replace(")", r"\)")):
        wanted(first, last, T0)


def test_the_oracle_that_shares_no_code_says_the_same():
    told = Topics(*(once(map(encode, lines)) for lines in (shop().facts, shop().notes, shop().events)))
    holding_out = frozenset({"letter", "later", "present", "promised"})
    found = report(shop().sums(), shop().bundle.program, holding_out)
    assert (
        differences(reckoned(told, Terms(400, 7_500, holding_out, earned=frozenset({"promised"}))), found["rules"])
        == []
    )
