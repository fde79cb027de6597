"""How aiokafka's clients are stopped: nobody else is cancelled by it.

They cancel tasks of their own and wait for them, and where such a task was just resting before its next try (Kafka is
away) its cancellation comes out of `stop` as if it were the caller's: it ends whoever stopped the client, without an
error that anybody would see, and leaves the connections open.
"""

from __future__ import annotations

import asyncio
from typing import Any

from stamgast.lifecycle.cancellation import heed_cancellation


async def stop_client(client: Any) -> None:
    """Stop a consumer or a producer. Raises CancelledError only if the current task was told to end."""
    try:
        await client.stop()
    except asyncio.CancelledError:
        heed_cancellation()
        await _end(client)


async def _end(client: Any) -> None:
    """Close what `stop` did not come to. The contract tests hold the names that are used here to a real broker."""
    connections = getattr(client, "client", None)  # a producer's
    if connections is None:
        for task in tuple(getattr(client._fetcher, "_pending_tasks", ())):  # noqa: SLF001  there is none before `start`
            task.cancel()
        connections = client._client  # noqa: SLF001
    await connections.close()
