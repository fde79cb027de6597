"""What is sent to several partitions at once, and nobody waits for any more, ends without a complaint."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from stamgast.log.producers import Emitter


class Stuck:
    """A producer that takes one record and has no room for another."""

    def __init__(self) -> None:
        self.sent: list[asyncio.Future[Any]] = []
        self.full = asyncio.Event()

    async def send(self, *_what: Any, **_where: Any) -> asyncio.Future[Any]:
        if self.sent:
            self.full.set()
            await asyncio.Event().wait()
        self.sent.append(asyncio.get_running_loop().create_future())
        return self.sent[-1]


async def test_what_fails_after_its_sender_gave_up_is_no_error_that_nobody_looked_at():
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    producer = Stuck()
    sending = asyncio.create_task(Emitter(producer).send_each("t", [(0, b"k", b"v"), (1, b"k", b"v")]))
    await producer.full.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    producer.sent.pop().set_exception(KafkaConnectionError())
    await asyncio.sleep(0)
    del sending
    gc.collect()
    assert not complaints
