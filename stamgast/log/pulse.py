"""Does Kafka answer? Asked every three seconds, so that readiness tells of a broker that is away.

Clients hide it: their connections are tried again and again behind their backs, and a fetch that is not answered looks
like a log without news.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from stamgast.lifecycle.cancellation import heed_cancellation
from stamgast.log.address import aiokafka_at

_EVERY_S: Final = 3.0
_PATIENCE_S: Final = 3.0
_SILENT_S: Final = 8.0


class Pulse:
    """See the module. Until `run` has asked for the first time the broker is taken to be there."""

    def __init__(self, bootstrap: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._bootstrap = bootstrap
        self._monotonic = monotonic
        self._answered = monotonic()

    @property
    def beats(self) -> bool:
        """Say whether a broker has answered within the last few seconds. For any thread."""
        return self._monotonic() - self._answered < _SILENT_S

    async def run(self) -> None:
        """Ask for ever; whatever goes wrong is what there is to tell."""
        client: Any = None
        try:
            while True:
                try:
                    if client is None:
                        client = AIOKafkaClient(**aiokafka_at(self._bootstrap), client_id="stamgast-pulse")
                        async with asyncio.timeout(_PATIENCE_S):
                            await client.bootstrap()
                    async with asyncio.timeout(_PATIENCE_S):
                        await client.fetch_all_metadata()
                    self._answered = self._monotonic()
                except (KafkaError, OSError, TimeoutError):
                    await _close(client)
                    client = None
                heed_cancellation()
                await asyncio.sleep(_EVERY_S)
        finally:
            await _close(client)


async def _close(client: Any) -> None:
    if client is not None:
        await client.close()
