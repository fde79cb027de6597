"""Follows compacted topics into a view: reads up to the ends noted at the start, then whatever comes.

One at a time and for ever: `run` ends only by cancellation. Until the noted ends are reached, and again whenever
the view says that it is no longer whole, the view is closed and whoever asks it is told to wait.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from stamgast.clock.pauses import pause_after
from stamgast.lifecycle.cancellation import heed_cancellation
from stamgast.log.address import aiokafka_at, signatures_at
from stamgast.log.reading import LogReader
from stamgast.log.stopping import stop_client
from stamgast.logs import get_logger

log = get_logger(__name__)

Position = tuple[str, int]
"""Topic and partition."""

_POLL_MS: Final = 200
_QUIET_MS: Final = 1_000
"""So long Kafka keeps a question while there is nothing new, and so often a view is asked whether it is whole. What is
new is told at once. Each question takes 300 us here, and as much there, and web follows ten views all night.
"""
_RETRY_S = 0.5
_LONG_RETRY_S = 3.0


class View(Protocol):
    """What is kept up to date."""

    async def positions(self) -> Mapping[Position, int]:
        """Where to go on: (topic, partition) -> next offset; what is missing is read from its beginning."""
        ...

    async def apply(self, records: Sequence[Any], reached: Mapping[Position, int]) -> None:
        """Take in records; everything before `reached` has been read."""
        ...

    async def open(self) -> None:
        """Answer from now on: the noted ends were reached."""
        ...

    def close(self) -> None:
        """Answer no more until `open` is called again."""
        ...

    async def intact(self) -> bool:
        """Say whether it still holds everything that it was given."""
        ...


class ForeignPositionError(RuntimeError):
    """The view was read further than the log reaches: this is not the log that it was read from."""


class Tail:
    """One view and the topics that it follows (name -> partitions)."""

    def __init__(
        self, bootstrap: str, topics: Mapping[str, int], view: View, *, name: str, quiet: bool = False
    ) -> None:
        """Make it; `quiet` is for whoever looks once and ends: that a view was loaded is no news to them."""
        self._loaded_level = logging.DEBUG if quiet else logging.INFO
        self._bootstrap = bootstrap
        self._pairs = [TopicPartition(topic, at) for topic, count in topics.items() for at in range(count)]
        self._signatures = signatures_at(bootstrap)
        self._view = view
        self._name = name
        self._opened = False
        """Whether it got as far as that since it was last read anew."""
        self.trouble = ""
        """Why the view is not loaded, for people; empty while all is well."""

    async def run(self) -> None:
        """Keep the view up to date until cancelled."""
        failures = 0
        try:
            while True:
                self._opened = False
                try:
                    await self._follow()
                except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  whatever it was: it is read again
                    self._view.close()
                    heed_cancellation()
                    self._say(f"{type(error).__name__}: {error}")
                heed_cancellation()
                failures = 1 if self._opened else failures + 1
                await asyncio.sleep(pause_after(failures, first_s=_RETRY_S, most_s=_LONG_RETRY_S))
        finally:
            self._view.close()

    async def _follow(self) -> None:
        self._view.close()
        async with LogReader(self._bootstrap, client_id=f"stamgast-{self._name}") as reader:
            begins, ends = await reader.begins(self._pairs), await reader.ends(self._pairs)
        stored = await self._view.positions()
        starts = {pair: max(stored.get((pair.topic, pair.partition), 0), begins[pair]) for pair in self._pairs}
        beyond = [pair for pair in self._pairs if starts[pair] > ends[pair]]
        if beyond:
            raise ForeignPositionError(f"read beyond the end of {beyond[0].topic}[{beyond[0].partition}]")
        consumer: Any = AIOKafkaConsumer(
            **aiokafka_at(self._bootstrap),
            client_id=f"stamgast-{self._name}",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=_POLL_MS,
        )
        try:
            await consumer.start()
            consumer.assign(self._pairs)
            for pair, start in starts.items():
                consumer.seek(pair, start)
            await self._read_on(consumer, starts, ends)
        finally:
            await stop_client(consumer)

    async def _read_on(self, consumer: Any, starts: dict[TopicPartition, int], ends: dict[TopicPartition, int]) -> None:
        positions = dict(starts)
        behind = {pair for pair in self._pairs if positions[pair] < ends[pair]}
        while not self._opened or await self._view.intact():
            heed_cancellation()
            if not behind and not self._opened:
                await self._view.open()
                _ask_rarely(consumer)
                self._opened, self.trouble = True, ""
                log.log(self._loaded_level, "view loaded", view=self._name)
            found = await consumer.getmany(timeout_ms=_QUIET_MS if self._opened else _POLL_MS, max_records=1_000)
            for pair in found.keys() | behind:
                positions[pair] = await consumer.position(pair)
            records = [each for pair, batch in found.items() for each in self._signatures.believed(pair.topic, batch)]
            await self._view.apply(records, {(pair.topic, pair.partition): positions[pair] for pair in found})
            behind = {pair for pair in behind if positions[pair] < ends[pair]}
        self._say("the view lost a part of what it held")

    def _say(self, trouble: str) -> None:
        log.warning("view not loaded", view=self._name, reason=trouble)
        self.trouble = trouble


def _ask_rarely(consumer: Any) -> None:
    """From now on let Kafka keep each question for longer, and look less often whether there is one to ask.

    Not while there is much to read: a question about those partitions that have nothing more holds up the others.
    """
    fetcher = consumer._fetcher  # noqa: SLF001  made with its settings; a contract test holds us to their names
    fetcher._fetch_max_wait_ms = _QUIET_MS  # noqa: SLF001
    fetcher._fetcher_timeout = _QUIET_MS / 1_000  # noqa: SLF001  whatever it waits for wakes it before
