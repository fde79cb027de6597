"""Purchases that come at once are taken in together, and each caller hears of its own alone."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from stamgast.log.appender import NotAppendedError
from stamgast.pos.reading import Received, Refused
from stamgast.purchases.accept import Accepted, Taken
from stamgast.purchases.gathering import MOST, Gathering
from tests.builders import T0, program

BAD = "bad"
FAULT = "fault"


class Kafka:
    """Accepts what is not bad, a batch at a time."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.fails: Exception | None = None
        self.free = asyncio.Event()
        self.free.set()

    async def accept(self, groups: Sequence[Sequence[Any]], _program: Any, _at: int) -> list[Accepted]:
        self.batches.append([each.place for items in groups for each in items])
        await self.free.wait()
        if self.fails is not None:
            raise self.fails
        if any(each.place == FAULT for items in groups for each in items):
            raise KeyError(FAULT)
        return [Accepted([self.outcome(each) for each in items], [], []) for items in groups]

    def outcome(self, each: Any) -> Any:
        bad = each.place == BAD
        return Refused([{"pointer": each.place, "detail": BAD}]) if bad else Taken(each, None)


def sale(name: str) -> Any:
    purchase: Any = None
    return Received(purchase, name)


async def all_at_once(kafka: Kafka, gathering: Gathering, *names: str) -> list[Any]:
    """Begin one, which is on its way while the others come."""
    kafka.free.clear()
    shop = program()
    tasks = [asyncio.create_task(gathering.accept([sale(name)], shop, T0, kafka.accept)) for name in names]
    for _ in range(3):
        await asyncio.sleep(0)
    kafka.free.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_alone_does_not_wait_and_the_others_go_together():
    kafka, gathering = Kafka(), Gathering()
    shop = program()
    kafka.free.clear()
    first = asyncio.create_task(gathering.accept([sale("a")], shop, T0, kafka.accept))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(gathering.accept([sale(name)], shop, T0, kafka.accept)) for name in "bcd"]
    await asyncio.sleep(0)
    kafka.free.set()
    answers = [await each for each in (first, *others)]
    assert kafka.batches == [["a"], ["b", "c", "d"]]
    assert [answer.taken[0].received.place for answer in answers] == list("abcd")
    assert gathering == Gathering(), "nothing is left behind"


async def test_a_bad_one_is_told_to_its_own_caller_alone():
    kafka = Kafka()
    answers = await all_at_once(kafka, Gathering(), "a", BAD, "c")
    assert [isinstance(each.outcomes[0], Taken) for each in answers] == [True, False, True]


async def test_what_we_stumble_over_is_told_to_its_own_caller_alone():
    kafka = Kafka()
    answers = await all_at_once(kafka, Gathering(), "a", FAULT, "c")
    assert isinstance(answers[1], KeyError)
    assert [answers[number].taken[0].received.place for number in (0, 2)] == ["a", "c"]


async def test_where_none_of_a_batch_can_be_taken_each_hears_so():
    kafka = Kafka()
    answers = await all_at_once(kafka, Gathering(), BAD, BAD, BAD)
    assert [[isinstance(each, Refused) for each in answer.outcomes] for answer in answers] == [[True]] * 3


async def test_while_kafka_is_away_everybody_hears_it_and_the_next_come_in():
    kafka, gathering = Kafka(), Gathering()
    kafka.fails = NotAppendedError("away")
    answers = await all_at_once(kafka, gathering, "a", "b", "c")
    assert all(isinstance(each, NotAppendedError) for each in answers)
    kafka.fails = None
    assert (await gathering.accept([sale("d")], program(), T0, kafka.accept)).taken


async def test_who_goes_away_takes_nobody_along():
    kafka, gathering, shop = Kafka(), Gathering(), program()
    kafka.free.clear()
    gone, stays = (asyncio.create_task(gathering.accept([sale(name)], shop, T0, kafka.accept)) for name in "ab")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    kafka.free.set()
    assert (await stays).taken[0].received.place == "b"
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_batch_is_bounded_and_of_one_programme():
    kafka, gathering = Kafka(), Gathering()
    await all_at_once(kafka, gathering, *map(str, range(MOST + 50)))
    assert max(map(len, kafka.batches)) == MOST
    kafka.batches.clear()
    await asyncio.gather(*(gathering.accept([sale(name)], program(), T0, kafka.accept) for name in "ab"))
    assert kafka.batches == [["a"], ["b"]]


async def test_what_is_taken_in_two_ways_goes_apart():
    one, other, gathering, shop = Kafka(), Kafka(), Gathering(), program()
    answers = [
        gathering.begin([sale(name)], shop, T0, way.accept) for name, way in zip("abc", (one, one, other), strict=True)
    ]
    assert [(await each).taken[0].received.place for each in answers] == ["a", "b", "c"]
    assert (one.batches, other.batches) == ([["a", "b"]], [["c"]])


async def test_what_comes_in_turn_by_two_ways_is_two_batches():
    one, other, gathering, shop = Kafka(), Kafka(), Gathering(), program()
    ways = [(name, (one, other)[place % 2]) for place, name in enumerate("abcdef")]
    answers = [gathering.begin([sale(name)], shop, T0, way.accept) for name, way in ways]
    assert [(await each).taken[0].received.place for each in answers] == list("abcdef")
    assert (one.batches, other.batches) == ([["a", "c", "e"]], [["b", "d", "f"]])


async def test_what_nobody_waits_for_any_more_is_not_begun():
    kafka, gathering, shop = Kafka(), Gathering(), program()
    kafka.free.clear()
    first = gathering.begin([sale("hangs")], shop, T0, kafka.accept)
    await asyncio.sleep(0)
    late = [gathering.begin([sale(f"late {number}")], shop, T0, kafka.accept) for number in range(MOST + 1)]
    last = gathering.begin([sale("last")], shop, T0, kafka.accept)
    for each in late:
        each.cancel()
    kafka.free.set()
    assert (await first).taken
    assert (await last).taken
    assert kafka.batches == [["hangs"], ["last"]]
    assert gathering == Gathering(), "nothing is left behind"
