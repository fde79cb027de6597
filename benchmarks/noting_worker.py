"""The whole worker, which also notes when it committed each record and when it called the channel to send.

It writes a line a note to standard output: `C topic partition offset time` or `S activation time`; times are the
machine's, in seconds.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from channels.console import ConsoleChannel
from channels.model import Prepared, SendResult
from stamgast.bootstrap import worker_parts
from stamgast.logs import configure_logs
from stamgast.settings import Settings
from streams.runtime.job import Effects, Job, Record
from streams.runtime.ownership import Ownership
from streams.worker import make_worker


class NotingChannel:
    """A channel that notes when it is told to send, and then does what the one within does."""

    def __init__(self, within: Any) -> None:
        self._within = within

    def __getattr__(self, name: str) -> Any:
        return getattr(self._within, name)

    async def send(self, prepared: Prepared, attempt_id: str, status_callback: str) -> SendResult:
        """Note and send."""
        now = time.time()
        sys.stdout.write(f"S {prepared.message.activation} {now:.6f}\n")
        answer: SendResult = await self._within.send(prepared, attempt_id, status_callback)
        return answer


class NotingJob:
    """A job whose commits are noted."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._records: dict[int, Sequence[Record]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._job, name)

    async def step(self, owned: Ownership, records: Sequence[Record]) -> Effects:
        """As the job does."""
        self._records[owned.number] = records
        return await self._job.step(owned, records)

    def committed(self, owned: Ownership, effects: Effects, cancelled: Sequence[str]) -> None:
        """Note every record of the step."""
        now = time.time()
        self._job.committed(owned, effects, cancelled)
        name, number = self._job.topic, owned.number
        sys.stdout.writelines(f"C {name} {number} {each.offset} {now:.6f}\n" for each in self._records[number])


async def flush() -> None:
    """Hand the notes over several times a second, as those who wait for the last of them need."""
    while True:
        await asyncio.sleep(0.5)
        sys.stdout.flush()


async def main(noted: type[NotingChannel] = NotingChannel) -> int:
    """Run until SIGTERM, with a channel that notes."""
    configure_logs("warning", "console")
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", buffering=1 << 20), write_through=False)
    settings = Settings(_env_file=None, **json.loads(sys.argv[1]))
    async with worker_parts(settings) as parts:
        within = parts.channels["sms"]
        if isinstance(within, ConsoleChannel):
            within = ConsoleChannel(io.StringIO())
        noting = noted(within)
        worker = make_worker(settings, replace(parts, channels={"sms": noting, "whatsapp": noting}))
        for service in worker._partitions:  # noqa: SLF001  the benchmark looks over its shoulder
            service.job = NotingJob(service.job)
        flushing = asyncio.create_task(flush())
        code = await worker.run()
        flushing.cancel()
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
