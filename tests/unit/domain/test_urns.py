"""Who wins is what the tickets say, however partitions are asked, and whatever is said twice or in another order."""

import hashlib
import hmac
import random
from typing import Any

import pytest

from stamgast.domain.draw_events import DrawDrawn, DrawnFor, DrawTicketed, DrawWished, PrizePassed
from stamgast.domain.draws import Draw, Prize, Winner, awarded, commitment_of, lowest, seed_of
from stamgast.domain.event import Event
from stamgast.domain.urns import URN
from streams.customers.drawing import Draws, OfDraw

KEY = b"key of a test"
NAME = ("shop", "december")
DRAW = Draw("december", 0, 100, 200, (Prize("dinner", 1), Prize("loaf", 3)), reserves=2)
PARTITIONS = 5
ABOUT: dict[str, Any] = {"merchant": "shop", "customer": "", "draw": "december"}


def tickets_of(partition: int, count: int) -> tuple[Winner, ...]:
    seed = seed_of(KEY, *NAME)
    names = [f"c{partition}-{number}" for number in range(count)]
    made = [Winner(name, "e", hmac.digest(seed, f"{name}|e".encode(), "sha256").hex()) for name in names]
    return lowest(made, DRAW.places)


def told(partition: int, count: int) -> DrawTicketed:
    return DrawTicketed(
        **ABOUT, at=300, by=partition, of=PARTITIONS, entrants=count, entries=count, lowest=tickets_of(partition, count)
    )


def play(events: list[OfDraw]) -> tuple[Draws, list[tuple[int, Event]]]:
    draws, said = Draws(), list[tuple[int, Event]]()
    for offset, event in enumerate(events):
        said += draws.note(event, URN, offset, DRAW, KEY)
    return draws, said


def wished(by: int, at: int = 250) -> DrawWished:
    return DrawWished(**ABOUT, at=at, by=by, of=PARTITIONS)


@pytest.mark.parametrize("seed", range(20))
def test_the_lowest_tickets_of_all_partitions_win_whatever_comes_twice_or_in_another_order(seed: int) -> None:
    chance = random.Random(seed)
    counts = [chance.choice((0, 1, 2, 9, 40)) for _ in range(PARTITIONS)]
    events: list[OfDraw] = [told(number, counts[number]) for number in range(PARTITIONS)]
    events += chance.choices(events, k=4)
    chance.shuffle(events)
    draws, said = play([wished(0), *events, wished(3)])
    everybody = [each for number, count in enumerate(counts) for each in tickets_of(number, count)]
    should = sorted(everybody, key=lambda each: each.ticket)[:6]
    drawn = draws.urns[NAME].drawn
    assert drawn is not None
    assert [each.customer for each in drawn.winners] == [each.customer for each in should]
    assert [each.reward for each in drawn.winners] == ["dinner", "loaf", "loaf", "loaf", "", ""][: len(should)]
    assert (drawn.entrants, drawn.entries) == (sum(counts), sum(counts))
    assert hashlib.sha256(bytes.fromhex(drawn.seed)).hexdigest() == commitment_of(seed_of(KEY, *NAME))
    answers = [(by, event) for by, event in said if isinstance(event, DrawDrawn)]
    assert {by for by, _ in answers} == set(range(PARTITIONS))
    assert len({event.winners for _, event in answers}) == 1


def test_before_its_time_nobody_is_called_and_after_it_all_are_called_alike() -> None:
    assert play([wished(0, at=199)])[1] == []
    _, said = play([wished(0, at=200), wished(1), wished(0)])
    assert [(by, getattr(event, "places", None)) for by, event in said] == [(0, 6), (1, 6), (0, 6)]


def test_a_prize_goes_on_to_the_first_reserve_once_and_is_told_to_those_whom_it_concerns() -> None:
    events: list[OfDraw] = [wished(0), *(told(number, 4) for number in range(PARTITIONS))]
    before, _ = play(events)
    first = before.urns[NAME]
    assert first.drawn is not None
    passed = PrizePassed(**ABOUT, at=400, by=first.homes[1], place=2)
    after, said = play([*events, passed, passed])
    drawn = after.urns[NAME].drawn
    assert drawn is not None
    assert [(each.reward, each.passed) for each in drawn.winners] == [
        ("dinner", False), ("loaf", True), ("loaf", False), ("loaf", False), ("loaf", False), ("", False)
    ]  # fmt: skip
    assert drawn.number == 1
    called = [(by, event) for by, event in said if isinstance(event, DrawnFor)]
    assert [(by, event.customer, event.reward, event.place) for by, event in called] == [
        (first.homes[4], drawn.winners[4].customer, "loaf", 5)
    ]
    stranger = PrizePassed(**ABOUT, at=400, by=(first.homes[0] + 1) % PARTITIONS, place=1)
    assert play([*events, stranger])[0].urns[NAME].drawn == first.drawn, "only the winner's own partition says so"


def test_with_fewer_people_than_prizes_each_has_one() -> None:
    won = awarded(tickets_of(0, 2), [("dinner", 1), ("loaf", 3)], 2)
    assert [each.reward for each in won] == ["dinner", "loaf"]
