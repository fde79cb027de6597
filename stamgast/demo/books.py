"""The end of a trial: everything in flight settles, then the books are closed and compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from stamgast.clock.shop_time import format_time
from stamgast.demo.account import Account
from stamgast.demo.audit import Verdict, check_messages, check_purchases, lives_of
from stamgast.demo.carrier import Carrier
from stamgast.demo.counts import read_counts
from stamgast.demo.settling import Engine, NotSettledError
from stamgast.demo.shop_time import ShopTime
from stamgast.demo.stage import BROKER, REDIS
from stamgast.domain.activation import Note
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import key_of
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.keys import customers

_READ_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Summary:
    """What `stamgast demo --json` answers. `messages` counts activations by how far they came; they sum to it."""

    purchases: dict[str, int]
    customers: int
    cards_completed: int
    rewards: int
    lapsing: int
    activations: int
    messages: dict[str, int]
    lost: int
    doubled: int
    first_message_after_s: float | None
    """Seconds of the machine's time from when all processes were up; None if no message was sent."""
    shop_time: str
    broker: str = BROKER
    redis: str = REDIS
    workers: int = 1
    details: list[str] = field(default_factory=list)
    """The first few things that were lost or doubled."""

    @property
    def is_right(self) -> bool:
        """Say whether everything that was sent is there, once."""
        return not self.lost and not self.doubled

    def document(self) -> dict[str, Any]:
        """Write it as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Books:
    """Where to look when the books are closed."""

    account: Account
    engine: Engine
    carrier: Carrier
    redis: Redis
    reader: LogReader
    topics: Topics
    shop_time: ShopTime

    async def close(self, first_message_after_s: float | None) -> Summary:
        """Wait until all is settled, compare, and sum up."""
        verdict = Verdict()
        try:
            await self.engine.settle(self.shop_time.now())
            await self.carrier.calm_down()
            await self.engine.settle(self.shop_time.now())
        except NotSettledError as error:
            verdict.lose(1, str(error))
        await self._check_customers(verdict)
        lives = lives_of(await self._notes())
        check_messages(verdict, lives, await self.carrier.posts())
        counts = await read_counts(self.redis, self.topics.partitions)
        if counts.customers < self.account.customers:
            verdict.lose(
                self.account.customers - counts.customers,
                f"{counts.customers} customers, not {self.account.customers}",
            )
        return Summary(
            purchases={"sent": self.account.sent, "applied": verdict.applied},
            customers=counts.customers,
            cards_completed=counts.cards_completed,
            rewards=counts.rewards,
            lapsing=counts.lapsing,
            activations=len(lives),
            messages=dict(sorted(Counter(life.status for life in lives.values()).items())),
            lost=verdict.lost,
            doubled=verdict.doubled,
            first_message_after_s=first_message_after_s,
            shop_time=format_time(self.shop_time.now()),
            details=verdict.details,
        )

    async def _check_customers(self, verdict: Verdict) -> None:
        """Compare every customer's state, as it stands in Redis, with what was handed in."""
        everybody = list(self.account.expected())
        for start in range(0, len(everybody), _READ_AT_ONCE):
            some = everybody[start : start + _READ_AT_ONCE]
            stored: list[Any] = await self.redis.mget([self._key(merchant, customer) for merchant, customer, _ in some])
            for (_merchant, customer, expected), value in zip(some, stored, strict=True):
                check_purchases(verdict, customer, expected, decode_customer(value) if value else Customer())

    def _key(self, merchant: str, customer: str) -> str:
        number = partition_for(key_of(merchant, customer), self.topics.partitions)
        return customers(number).customer(merchant, customer)

    async def _notes(self) -> list[Note]:
        decode = msgspec.json.Decoder(Note).decode
        return [
            decode(record.value)
            for number in range(self.topics.partitions)
            async for records in self.reader.read_all(self.topics.activations, number)
            for record in records
        ]
