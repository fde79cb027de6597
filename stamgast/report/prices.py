"""What the carrier says that messages cost: asked afterwards, at a bounded rate, and told on the customers' streams.

What was asked about stands on `activations.v1` as `priced` once its owner has booked it, so that nobody asks again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from channels.model import NotAskedError, Price, Priced
from stamgast.clock.shop_time import Clock
from stamgast.domain.activation import TAKEN, Note
from stamgast.domain.calendar import business_day
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import MessagePriced, encode_event, key_of
from stamgast.domain.exchange import is_known
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import NoteKind
from stamgast.log.appender import Appender
from stamgast.log.reading import LogReader, TopicPartition
from stamgast.log.topics import Topics
from stamgast.state.outbox import decode_note

_AT_ONCE: Final = 100
"""Prices that are told together."""
_PATIENCE: Final = 5
"""So often in a row a carrier may not answer, until it is left alone."""


@dataclass(slots=True)
class Asked:
    """What came of it, in messages."""

    told: int = 0
    not_known_yet: int = 0
    without_rate: dict[str, int] = field(default_factory=dict)
    """By currency."""
    left: int = 0
    """Not asked about: as many as were to be, or the carrier did not answer."""
    away: bool = False
    """The carrier does not answer."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Asks a carrier about the messages that it took."""

    carrier: Priced
    topics: Topics
    appender: Appender
    programs: Mapping[str, Program]
    clock: Clock
    a_second: float
    is_real: bool = False
    """The shop's clock is the broker's, so that the log says from where on to read."""

    async def ask(self, reader: LogReader, since: Millis, most: int) -> Asked:
        """Ask about messages that were taken since then and have no price yet, at most so many.

        Raises:
            KafkaError, NotAppendedError: Kafka is away; what was told stands.
        """
        asked = Asked()
        for partition in range(self.topics.partitions):
            waiting: list[MessagePriced] = []
            for note in await _without_price(reader, self.topics.activations, partition, since, is_real=self.is_real):
                if asked.away or most <= 0 or note.merchant not in self.programs:
                    asked.left += 1
                    continue
                most -= 1
                event = await self._about(note, asked)
                if event is not None:
                    waiting.append(event)
                if len(waiting) >= _AT_ONCE:
                    await self._tell(waiting, asked)
            await self._tell(waiting, asked)
        return asked

    async def _about(self, note: Note, asked: Asked) -> MessagePriced | None:
        price = await self._price(note, asked)
        if price is None:
            return None
        program, now = self.programs[note.merchant], self.clock.now()
        if not is_known(price.currency, program.currency, program.rates, business_day(now, program.time_zone)):
            asked.without_rate[price.currency] = asked.without_rate.get(price.currency, 0) + 1
            return None
        return MessagePriced(
            merchant=note.merchant, customer=note.customer, at=now, activation=note.activation, rule=note.rule,
            channel=note.channel, variant=note.variant, price=price.millionths, currency=price.currency,
            cost=note.cost or 0, paid_by=note.paid_by, counted_by=note.counted_by,
        )  # fmt: skip

    async def _price(self, note: Note, asked: Asked) -> Price | None:
        for _ in range(_PATIENCE):
            began = time.monotonic()
            try:
                price = await self.carrier.price(note.provider_id)
            except NotAskedError as error:
                await asyncio.sleep((error.retry_after or 1_000) / 1_000)
                continue
            await asyncio.sleep(max(0.0, 1 / self.a_second - (time.monotonic() - began)))
            asked.not_known_yet += price is None
            return price
        asked.away = True
        asked.left += 1
        return None

    async def _tell(self, events: list[MessagePriced], asked: Asked) -> None:
        if events:
            records = [(key_of(each.merchant, each.customer), encode_event(each)) for each in events]
            await self.appender.append(self.topics.customer_events, records)
            asked.told += len(events)
            events.clear()


async def _without_price(reader: LogReader, topic: str, partition: int, since: Millis, *, is_real: bool) -> list[Note]:
    """The lines of a partition that say that a message was taken, of those without a price; the oldest first."""
    found: dict[str, Note] = {}
    pair = (topic, partition)
    begins = await (reader.since([pair], since) if is_real else reader.begins([pair]))
    end = (await reader.ends([pair]))[TopicPartition(*pair)]
    async for records in reader.read(*pair, begins[TopicPartition(*pair)], end):
        for record in records:
            try:
                note = decode_note(record.value or b"")
            except UNREADABLE:
                continue
            if note.kind == NoteKind.PRICED:
                found.pop(note.activation, None)
            elif note.cost is not None and note.status in TAKEN and note.provider_id and note.at >= since:
                found.setdefault(note.activation, note)
    return list(found.values())
