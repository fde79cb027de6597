"""How many claims wait for a person is a gauge of each merchant, over all partitions."""

from typing import Any

from stamgast.log.topics import Topics
from streams.customers.claims_watch import ClaimsWatch
from streams.metrics import Metrics
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest


async def test_claims_that_wait_are_counted_and_none_are_none(monkeypatch):
    monkeypatch.setattr("streams.customers.claims_watch._EVERY_S", 0.0)
    lease, metrics = MemoryLease(), Metrics()
    owned: Any = OwnedByTest[None](lease)
    watch = ClaimsWatch(owned, Topics(4), metrics)

    def shown(merchant: str) -> float | None:
        return metrics.registry.get_sample_value("stamgast_claims_waiting", {"merchant": merchant})

    lease.elsewhere = [b"bakery:t1", b"bakery:t2", b"winkel:t:3"]
    await watch.look()
    assert (shown("bakery"), shown("winkel")) == (8, 4)
    lease.elsewhere = [b"bakery:t1"]
    await watch.look()
    assert (shown("bakery"), shown("winkel")) == (4, 0)
