"""A bundle that brings a rate: the owner tells what waited for it, once, and of others nothing."""

from __future__ import annotations

from typing import Any

import pytest

from stamgast.domain.events import RateKnown, decode_event
from stamgast.domain.exchange import SCALE
from stamgast.domain.review import Doubt, Waiting, encode_waiting
from streams.customers.rates import AwaitedRates
from tests.builders import ANNA, BRAM, MERCHANT, T0, bundle, program
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest

DAY = 20_727


def waiting(why: Doubt, seen: str = "s1") -> bytes:
    return encode_waiting(
        Waiting(
            since=T0, occurred_at=T0, store="shop", pieces=1, spend=350, currency="USD", why=why, why_currency="EUR",
            seen=seen,
        )
    )  # fmt: skip


def rate(currency: str = "USD", day: int = DAY) -> Doubt:
    return Doubt("rate", day, 0, currency=currency)


class Partition:
    """A partition with its list of what waits, and the programme in force."""

    def __init__(self, **listed: bytes) -> None:
        self.lease = MemoryLease()
        self.owned = OwnedByTest[None](self.lease)
        self.rates = AwaitedRates(self.owned, "events", StillClock(T0))
        self.of = program()
        words = [word for name, value in listed.items() for word in (f"{MERCHANT}:{ANNA}:{name}".encode(), value)]
        words += [f"elsewhere:{BRAM}:t9".encode(), waiting(rate())]
        self.lease.answers["HSCAN"] = (b"0", words)

    async def told(self, number: int, **rates: Any) -> list[str]:
        """Transactions told of after a look under that bundle."""
        self.of = program(rates=rates)
        before = len(self.owned.log.log)
        for _ in range(3):
            await self.rates.look(self._find, {MERCHANT: number})
        events = [decode_event(value) for value in self.owned.log.values()[before:]]
        assert all(isinstance(event, RateKnown) and event.seen == "s1" for event in events)
        return [event.transaction for event in events if isinstance(event, RateKnown)]

    async def _find(self, merchant: str) -> Any:
        return bundle(self.of) if merchant == MERCHANT else None


async def test_what_waited_for_the_rate_is_told_once_and_again_only_by_the_next_bundle():
    partition = Partition(
        t1=waiting(rate()), t2=waiting(rate("GBP")), t3=waiting(Doubt("amount", 10, 5)), t4=waiting(rate(day=DAY - 30))
    )
    assert await partition.told(1) == []
    assert await partition.told(2, USD=((DAY, SCALE),)) == ["t1"]
    assert await partition.told(2, USD=((DAY, SCALE),)) == [], "nothing new came into force"
    assert await partition.told(3, USD=((0, SCALE),)) == [], "what was told before is still to be applied"
    partition.lease.watermark = 0
    assert await partition.told(3, USD=((0, SCALE),)) == ["t1", "t4"]


@pytest.mark.parametrize("value", [b"", b"[]", b"{" * 300])
async def test_a_line_of_the_list_that_cannot_be_read_is_passed_over(value: bytes):
    assert await Partition(t0=value, t1=waiting(rate())).told(2, USD=((0, SCALE),)) == ["t1"]
