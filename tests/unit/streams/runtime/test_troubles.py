"""What a worker that is not ready says of its partitions."""

from types import SimpleNamespace
from typing import Any

from streams.runtime.troubles import troubles_of


def partition(
    job: str, trouble: str = "", *, working: bool = False, stalled: str = "", aside: tuple[int, ...] = ()
) -> Any:
    return SimpleNamespace(
        job_name=job, number=3, trouble=trouble, working=working, stalled=stalled, laid_aside=aside
    )  # fmt: skip


def test_partitions_that_fail_for_one_reason_are_told_in_one_line_and_those_at_work_in_none():
    away = "Redis cannot be reached: connection refused"
    owned = [partition("customers", away), partition("customers", away), partition("outbox", "no broker answers")]
    owned += [partition("customers", away, working=True), partition("intake")]

    assert troubles_of(owned) == [
        f"customers: 2 of its partitions not at work: {away}",
        "outbox: 1 of its partitions not at work: no broker answers",
    ]


def test_a_partition_that_cannot_write_and_one_that_goes_on_without_a_record_are_told():
    owned = [partition("customers", working=True, stalled="no memory"), partition("intake", working=True, aside=(7, 9))]

    assert troubles_of(owned) == [
        "customers: 1 of its partitions not at work: no memory",
        "intake: partition 3 goes on without offset 7, 9: the worker ended twice while applying this",
    ]
