"""What a job's step is given, and what it writes."""

from collections.abc import Mapping
from typing import Any

from stamgast.clock.shop_time import RealClock
from stamgast.identity.sealing import WrappingKeys
from stamgast.log.dead_letters import DeadLetterSeal
from stamgast.log.topics import Topics
from stamgast.state import keys
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing
from streams.customers.job import CustomersJob, OwnedCustomers
from streams.metrics import Metrics
from streams.runtime.dead_letters import LayingAside
from streams.runtime.job import Effects
from tests.builders import KEY
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.fakes.records import LogRecord

TOPICS = Topics(4)


class _NoReview:
    def to_note(self) -> dict[str, str]:
        """Nothing waits for a person."""
        return {}


def records_of(*pairs: tuple[bytes | None, bytes]) -> list[LogRecord]:
    """Keys and values as they stand one behind the other in a log."""
    return [LogRecord(number, value, key) for number, (key, value) in enumerate(pairs)]


def aside() -> LayingAside:
    """Where what cannot be applied is laid."""
    return LayingAside(TOPICS, DeadLetterSeal(WrappingKeys.parse("test:" + "A" * 43 + "=")), RealClock())


def customers_job(bundles: Any = None) -> CustomersJob:
    """The customers' job, with whatever stands for the bundles."""
    found: Bundles = bundles
    return CustomersJob(
        bootstrap="",
        topics=TOPICS,
        bundles=found,
        aside=aside(),
        clock=RealClock(),
        voucher_key=KEY,
        metrics=Metrics(),
    )


def customers_own(standing: Standing, *, taking_up: Any = None, activations: Any = None) -> OwnedCustomers:
    """What that job keeps of a partition, where all that is looked at are its steps."""
    nobody: Any = None
    review: Any = _NoReview()
    return OwnedCustomers(
        standing,
        nobody,
        activations,
        taking_up=taking_up,
        barriers=nobody,
        timers=nobody,
        review=review,
        rates=nobody,
        feeds=nobody,
        stores=nobody,
        claims=nobody,
        launches=nobody,
        schedules=nobody,
        campaigns=nobody,
        cashier=nobody,
        desk=nobody,
        draws=nobody,
        budgets=nobody,
        codes=nobody,
        old_days=nobody,
        sending=None,
    )


def customers_partition(
    standing: Standing, stored: Mapping[str, bytes] | None = None, number: int = 0
) -> OwnedByTest[OwnedCustomers]:
    """A partition of customers over states in a dict."""
    return OwnedByTest(MemoryLease(keys.customers(number), stored), customers_own(standing))


def written(effects: Effects[Any]) -> dict[str, bytes]:
    """Keys and values of what is to be set."""
    values: list[Any] = effects.writes.values
    words: Any = iter(effects.writes.commands)
    commands = [[next(words) for _ in range(count)] for count in words]
    return dict(zip(values[::2], values[1::2], strict=True)) | {c[1]: c[2] for c in commands if c[0] == "SET"}
