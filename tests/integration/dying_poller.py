"""`stamgast worker` that dies as it polls, as DIES says: before Kafka has the purchases, or when it has them and that was
not heard yet. A process.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from stamgast.cli import main
from stamgast.log import appender

EMIT = appender._emit


async def emit(emitter: Any, topic: str, partition: int, batch: list[Any]) -> list[int]:
    if not topic.endswith("purchases.v1"):
        return await EMIT(emitter, topic, partition, batch)
    if os.environ["DIES"] == "when Kafka has it":
        await EMIT(emitter, topic, partition, batch)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def run() -> None:
    appender._emit = emit
    sys.argv = ["stamgast", "worker"]
    main()
