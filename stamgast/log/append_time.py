"""Kafka's clock: what time a broker gives to a small record when it appends it.

There is no question to a broker that it answers with its time but this one (`LogAppendTime`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stamgast.clock.shop_time import Heard
from stamgast.log.address import aiokafka_at
from stamgast.log.stopping import stop_client

_LOG_APPEND_TIME: Final = 1


class AppendTime:
    """Asks by a producer of its own: what becomes of a question may not end anybody's emissions."""

    def __init__(
        self, bootstrap: str, topic: str, *, patience_s: float = 3.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._producer: Any = None

    async def ask(self) -> Heard | None:
        """Return Kafka's time; None if no broker says it in time, or if this one leaves records the sender's time."""
        try:
            async with asyncio.timeout(self._patience_s):
                if self._producer is None:
                    await self._open()
                asked = self._monotonic()
                appended = await self._producer.send_and_wait(self._topic, b"", partition=0)
                answered = self._monotonic()
        except (KafkaError, OSError, TimeoutError, AssertionError):  # the last: aiokafka knows no such partition
            await self.close()
            return None
        if appended.timestamp_type != _LOG_APPEND_TIME:
            return None
        return Heard.between(asked, answered, appended.timestamp)

    async def close(self) -> None:
        """Close the connection, if there is one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(self._patience_s):
                    await stop_client(producer)
            except (KafkaError, OSError, TimeoutError):
                pass

    async def _open(self) -> None:
        producer = AIOKafkaProducer(
            **aiokafka_at(self._bootstrap), client_id="stamgast-clock", acks=1, request_timeout_ms=3_000
        )
        self._producer = producer
        await producer.start()
