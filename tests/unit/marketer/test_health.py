"""The page on health says what stands still and what to do, and nothing where all goes on."""

from typing import Any

import pytest

from stamgast.domain.units import MINUTE
from stamgast.domain.vocabulary import Channel
from stamgast.marketer.health import LATE, MANY, SILENT_AFTER, HealthPage, Looked, Trouble, Unsent, health_page, untold
from stamgast.state.workers import Doing, Held, Part, Seen, WorkerWord
from tests.builders import at, program

NOW = at("2026-10-07 10:00")
TOPICS = {Part.INTAKE: "purchases.v1", Part.CUSTOMERS: "customer.events.v1"}


def worker(
    name: str, *numbers: int, ago: int = 1_000, version: str = "1.0", behind: int = 0, doing: Doing = Doing.AT_WORK
) -> Seen:
    held = tuple(Held(part, number, doing, behind) for part in Part for number in numbers)
    return Seen(WorkerWord(id=name, version=version, up_s=60, host="box", held=held), ago)


def page(*workers: Seen, **more: Any) -> HealthPage:
    values: dict[str, Any] = {"program": program(), "now": NOW, "partitions": 2, "topics": TOPICS}
    return health_page(Looked(**(values | {"workers": workers} | more)))


def troubles(found: HealthPage) -> list[Trouble]:
    return [each.trouble for each in found.to_do]


def test_where_everything_goes_on_there_is_nothing_to_do() -> None:
    found = page(worker("a", 0), worker("b", 1))
    assert troubles(found) == []
    assert [each.behind for each in found.parts] == [0, 0]
    assert [each.worker for each in found.parts[0].partitions] == ["a", "b"]
    assert [(each.id, each.holds, each.at_work, each.silent) for each in found.workers] == [
        ("a", 2, 2, False), ("b", 2, 2, False)
    ]  # fmt: skip


def test_without_a_worker_that_is_all_that_is_said_of_workers_and_kafka_says_what_waits() -> None:
    waiting = {(part, number): 3 for part in Part for number in range(2)}
    found = page(worker("a", 0, 1, ago=SILENT_AFTER), waiting=waiting)
    assert troubles(found) == [Trouble.NO_WORKER]
    assert [each.behind for each in found.parts] == [6, 6]
    assert found.workers[0].silent


def test_what_a_silent_worker_held_and_nobody_took_over_is_nobodys() -> None:
    found = page(worker("a", 0), worker("gone", 1, ago=SILENT_AFTER), waiting={(part, 1): 7 for part in Part})
    assert [(each.trouble, each.part, each.partitions) for each in found.to_do] == [
        (Trouble.NOBODYS, Part.INTAKE, (1,)), (Trouble.NOBODYS, Part.CUSTOMERS, (1,))
    ]  # fmt: skip
    assert found.parts[0].partitions[1].behind == 7


def test_a_partition_that_was_handed_over_is_of_who_spoke_last() -> None:
    before, after = worker("before", 0, 1, ago=3_000), worker("after", 1, ago=200)
    found = page(after, before)
    assert [each.worker for each in found.parts[0].partitions] == ["before", "after"]


@pytest.mark.parametrize(
    ("doing", "trouble"), [(Doing.REFUSED, Trouble.REFUSED), (Doing.IN_TROUBLE, Trouble.IN_TROUBLE)]
)
def test_a_partition_that_does_not_go_on_is_told_by_what_keeps_it(doing: Doing, trouble: Trouble) -> None:
    waiting = {(part, number): 0 for part in Part for number in range(2)}
    found = page(worker("a", 0, 1, doing=doing), waiting=waiting)
    assert [(each.trouble, each.count) for each in found.to_do] == [(trouble, 2), (trouble, 2)]


def test_nobody_says_nought_where_kafka_says_nothing() -> None:
    found = page(worker("a", 0))
    assert found.parts[0].behind is None
    assert Trouble.UNKNOWN in troubles(found)


def test_kafka_is_asked_for_what_no_worker_tells() -> None:
    assert untold([worker("a", 0, 1)], 2) == []
    starting = worker("a", 0, 1, doing=Doing.STARTING)
    assert untold([starting], 1) == [(Part.INTAKE, 0), (Part.CUSTOMERS, 0)]
    assert untold([worker("a", 0, ago=SILENT_AFTER)], 1) == [(Part.INTAKE, 0), (Part.CUSTOMERS, 0)]


@pytest.mark.parametrize(("behind", "told"), [(MANY // 2, True), (MANY // 2 - 1, False)])
def test_more_than_comes_and_goes_is_told(behind: int, told: bool) -> None:
    assert (Trouble.BEHIND in troubles(page(worker("a", 0, 1, behind=behind)))) is told


@pytest.mark.parametrize(("waits", "told"), [(LATE, True), (LATE - MINUTE, False)])
def test_a_message_that_waits_for_long_is_told(waits: int, told: bool) -> None:
    found = page(worker("a", 0, 1), unsent=[Unsent(Channel.SMS, 4, NOW - waits)])
    assert [(each.trouble, each.count, each.channel) for each in found.to_do] == (
        [(Trouble.UNSENT, 4, Channel.SMS)] if told else []
    )


def test_what_is_filled_and_versions_that_differ_are_told() -> None:
    found = page(worker("a", 0), worker("b", 1, version="1.1"), filling=[1])
    assert [(each.trouble, each.count, each.partitions) for each in found.to_do] == [
        (Trouble.FILLING, 1, (1,)), (Trouble.VERSIONS, 2, ())
    ]  # fmt: skip
