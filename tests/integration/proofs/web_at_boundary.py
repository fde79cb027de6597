"""The product's web process, which strikes itself down while it takes a batch. Nothing of this is product code.

As `worker_at_boundary`; the boundaries are `named` (who bought, and nothing is in the log), `half` (two partitions of
the batch are acknowledged, the others have not begun) and `appended` (all of it, and the answer is still to be made).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any

from stamgast.log import appender
from stamgast.log.appender import Appender
from stamgast.logs import configure_logs
from stamgast.settings import Settings
from stamgast.state.identities import IdentityStore
from stamgast.web.serve import run
from tests.integration.proofs.worker_at_boundary import Boundaries, strike_after


def strike_half_way(boundaries: Boundaries, purchases: str) -> None:
    """Let two partitions of a batch be acknowledged, and no other one begin."""
    original, begun, done = appender._emit, itertools.count(1), itertools.count(1)

    async def emit(emitter: Any, topic: str, partition: int, batch: list[Any]) -> list[int]:
        if topic != purchases or not boundaries.next_is("half"):
            return await original(emitter, topic, partition, batch)
        if next(begun) > 2:
            await asyncio.Event().wait()
        offsets = await original(emitter, topic, partition, batch)
        if next(done) == 2:
            boundaries.passed("half")
        return offsets

    appender._emit = emit


def main() -> None:
    """Be a web process, as the environment says."""
    settings = Settings(_env_file=None)
    configure_logs(settings.log_level, "console")
    plan = json.loads(os.environ["PROOF_FAULTS"])
    boundaries = Boundaries(plan, Path(os.environ["PROOF_ARMED"]), Path(os.environ["PROOF_MARKS"]))
    strike_after(boundaries, IdentityStore, "resolve_many", lambda *_: "named")
    strike_half_way(boundaries, f"{settings.topic_prefix}purchases.v1")
    strike_after(boundaries, Appender, "append", lambda args, _: "appended" if args[1].endswith("purchases.v1") else "")
    sys.exit(asyncio.run(run(settings, "127.0.0.1", settings.web_port, lambda _: None)))
