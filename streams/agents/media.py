"""Fetches what people sent with their messages: a record of what is wanted in, a record of what became of it out.

A file that cannot be had just now is tried again and again, and holds up no other: each is acknowledged when it is
done, and after a crash those that were not are read again. One that was kept already is then kept once more in its
own place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from stamgast.domain.errors import UNREADABLE
from stamgast.log.signatures import Signatures
from stamgast.logs import get_logger
from stamgast.media.keeping import Keeping, NotYetError
from stamgast.media.record import Fetched, Wanted, as_record, read_record
from streams.metrics import Metrics
from streams.runtime.job import TROUBLE

log = get_logger(__name__)

_SIDE_BY_SIDE: Final = 16
"""Files that one worker has in hand."""
_PAUSES_S: Final = (1.0, 5.0, 20.0, 60.0, 300.0)
"""Before each further try; the last one again and again."""

Append = Callable[[str, Sequence[tuple[bytes, bytes | None]]], Awaitable[Any]]


class MediaAgent:
    """See the module."""

    def __init__(self, topic: str, keeping: Keeping, append: Append, signatures: Signatures, metrics: Metrics) -> None:
        self._topic = topic
        self._keeping = keeping
        self._append = append
        self._signatures = signatures
        self._metrics = metrics

    def join(self, app: Any) -> None:
        """Let the Faust app read the topic of media."""
        records = app.topic(self._topic, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
        app.agent(records, name="media")(self.work)

    async def work(self, stream: Any) -> None:
        """Go through the topic, with so many files in hand at most."""
        room = asyncio.Semaphore(_SIDE_BY_SIDE)
        tasks: set[asyncio.Task[None]] = set()

        def done(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            room.release()

        try:
            async for event in stream.noack().events():
                await room.acquire()
                task = asyncio.create_task(self._one(event), name="media")
                tasks.add(task)
                task.add_done_callback(done)
        finally:
            for task in tasks:
                task.cancel()

    async def _one(self, event: Any) -> None:
        """One record, to its end; it is acknowledged then and never before."""
        said = self._read(event.message)
        if isinstance(said, Wanted):
            fetched = await self._kept(said)
            self._metrics.media.labels(fetched.came.value).inc()
            log.info("a file that came with a message", id=fetched.id, merchant=fetched.merchant, came=fetched.came)
        event.ack()

    def _read(self, message: Any) -> Wanted | Fetched | None:
        if self._signatures.checks(self._topic) and not self._signatures.believes(self._topic, message):
            return None
        try:
            return read_record(message.value)
        except UNREADABLE:
            self._metrics.media_unread.labels(self._topic).inc()
            log.error("a record of media cannot be read", offset=message.offset)
            return None

    async def _kept(self, wanted: Wanted) -> Fetched:
        tried = 0
        while True:
            try:
                fetched = await self._keeping.keep(wanted)
                await self._append(self._topic, [as_record(fetched)])
            except (NotYetError, *TROUBLE) as error:
                log.warning("a file that came with a message is not there yet", id=wanted.id, why=str(error))
            else:
                return fetched
            await asyncio.sleep(_PAUSES_S[min(tried, len(_PAUSES_S) - 1)])
            tried += 1
