"""`stamgast worker` with a fault built in, as BREAKS says; it shows once the file BREAKS_FROM is there. A process."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path
from typing import Any

from stamgast.cli import main
from streams.customers.job import CustomersJob


def raises() -> None:
    raise OverflowError("nobody foresaw this")


def blocks() -> None:
    print("stands still", file=sys.stderr, flush=True)
    threading.Event().wait()


deaf: list[asyncio.Task[None]] = []


def leaves_a_deaf_task() -> None:
    async def hears_nothing() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    print("hears nothing", file=sys.stderr, flush=True)
    deaf.append(asyncio.create_task(hears_nothing()))


FAULTS = {"raises": raises, "blocks": blocks, "deaf": leaves_a_deaf_task}

COMMITTED = CustomersJob.committed


def committed(*args: Any) -> None:
    if Path(os.environ["BREAKS_FROM"]).exists():
        FAULTS[os.environ["BREAKS"]]()
    COMMITTED(*args)


if __name__ == "__main__":
    CustomersJob.committed = committed  # type: ignore[assignment,method-assign]
    sys.argv = ["stamgast", "worker"]
    main()
