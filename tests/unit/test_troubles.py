"""What a worker that is not ready says of its partitions."""

from types import SimpleNamespace
from typing import Any

from streams.troubles import troubles_of


def partition(job: str, trouble: str = "", *, working: bool = False) -> Any:
    return SimpleNamespace(job_name=job, trouble=trouble, working=working, stalled="", laid_aside=[])


def test_partitions_that_fail_for_one_reason_are_told_in_one_line_and_those_at_work_in_none():
    away = "Redis cannot be reached: connection refused"
    owned = [partition("customers", away), partition("customers", away), partition("outbox", "no broker answers")]
    owned += [partition("customers", away, working=True), partition("intake")]

    assert troubles_of(owned) == [
        f"customers: 2 of its partitions not at work: {away}",
        "outbox: 1 of its partitions not at work: no broker answers",
    ]
