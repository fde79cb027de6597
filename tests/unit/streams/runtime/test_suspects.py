"""Which records are tried alone after a process ended, and which is laid aside."""

from __future__ import annotations

import asyncio
from typing import Any

from stamgast.state.meta_values import Trial
from stamgast.state.partition_meta import ASIDE, TRIAL
from streams.runtime.suspects import Suspects, Turns
from tests.fakes.records import LogRecord


def records(first: int, last: int) -> list[Any]:
    return [LogRecord(offset, None) for offset in range(first, last + 1)]


def of_a_dead_process(first: int, last: int, tries: int = 0) -> Suspects:
    suspects = Suspects("this process")
    suspects.learn({TRIAL.name: str(Trial("another process", first, last, tries))})
    return suspects


def test_what_nobody_died_of_is_taken_up_as_it_comes():
    suspects = Suspects("this process")
    suspects.learn({})
    assert suspects.among(records(5, 900)) == 896
    assert not suspects.holds(5)


def test_what_this_process_itself_did_not_get_through_nobody_died_of():
    first = Suspects("this process")
    mark = str(first.trial_of(records(5, 9), alone=False))
    again = Suspects("this process")
    again.learn({TRIAL.name: mark})
    assert not again.holds(5)


def test_records_of_a_step_in_which_a_process_died_are_tried_one_by_one():
    suspects = of_a_dead_process(10, 12)
    assert suspects.among(records(5, 20)) == 5
    assert suspects.among(records(10, 20)) == 1
    assert [suspects.holds(offset) for offset in (9, 10, 12, 13)] == [False, True, True, False]


def test_what_waited_and_has_gaps_is_cut_at_the_suspect_as_well():
    waiting = [LogRecord(offset, None) for offset in (3, 9, 12, 40)]
    assert of_a_dead_process(12, 12).among(waiting) == 2
    assert of_a_dead_process(3, 9).among(waiting) == 1


def test_a_record_is_guilty_once_two_processes_died_while_it_was_tried_alone():
    mark = of_a_dead_process(10, 12).trial_of(records(10, 10), alone=True)
    for tries in (1, 2):
        assert (mark.first, mark.last, mark.tries) == (10, 12, tries)
        suspects = of_a_dead_process(*mark[1:])
        assert suspects.is_guilty(10) is (tries == 2)
        mark = suspects.trial_of(records(10, 10), alone=True)


def test_an_innocent_record_takes_its_suspicion_along_and_leaves_the_others_theirs():
    suspects = of_a_dead_process(10, 12, tries=1)
    assert suspects.trial_of(records(10, 10), alone=True).tries == 2
    assert suspects.trial_of(records(11, 11), alone=True)[1:] == (11, 12, 1)
    assert not suspects.is_guilty(11)


def test_a_record_that_cannot_be_written_is_guilty_when_it_failed_twice_alone():
    suspects = Suspects("this process")
    suspects.blame(10, 12)
    assert suspects.holds(11)
    suspects.blame(11, 11)
    assert not suspects.is_guilty(11)
    suspects.blame(11, 11)
    assert suspects.is_guilty(11)
    assert not suspects.is_guilty(12)
    assert suspects.holds(12)


def test_what_is_laid_aside_is_known_to_the_next_owner():
    suspects = Suspects("this process")
    suspects.learn({ASIDE.name: "3,7"})
    assert ASIDE.encode(suspects.lay_aside(11)) == "3,7,11"
    for offset in range(2_000):
        written = str(ASIDE.encode(suspects.lay_aside(offset)))
    assert len(written.split(",")) == 1_000


def test_marks_that_cannot_be_read_are_none():
    for text in ("", "x", "x|1|2", "x|1|2|three", "x|1|2|-3", "x|1|2|3|4"):
        assert Trial.parse(text) is None


async def test_nobody_thinks_while_a_suspect_is_tried_alone():
    turns, seen = Turns(), []

    async def beside(name: str, until: asyncio.Event) -> None:
        async with turns.beside_others():
            seen.append(f"{name} begins")
            await until.wait()
            seen.append(f"{name} ends")

    async def alone() -> None:
        async with turns.alone():
            seen.append("alone")

    first, second = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(beside("a", first))]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(alone())]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(beside("b", second))]
    for _ in range(5):
        await asyncio.sleep(0)
    assert seen == ["a begins"]
    first.set()
    second.set()
    await asyncio.gather(*tasks)
    assert seen == ["a begins", "a ends", "alone", "b begins", "b ends"]
