"""Workers whose machine's clock is wrong: by the C library's own calls (`faketime`), or as one did before clocks were
compared. Nothing of this is product code."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from functools import cached_property
from pathlib import Path

import pytest

import streams.customers.sorting
import streams.intake.canonical
import streams.runtime.position
from stamgast.clock.bounded import BoundedClock
from stamgast.clock.shop_time import RealClock
from stamgast.clock.watch import ClockWatch
from stamgast.demo.stage import environment
from stamgast.domain.units import DAY, Millis
from stamgast.local.processes import ChildProcess, free_port
from stamgast.logs import configure_logs
from stamgast.settings import Settings
from streams.worker import run
from tests.integration.proofs.fleet import Asked

YEAR: Millis = 365 * DAY


def preloaded() -> str:
    """The library that shifts a process's clock; a CI that lacks it must not pass over the proof."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        (pytest.fail if os.environ.get("STAMGAST_TEST_NEEDS_KAFKA") == "1" else pytest.skip)("faketime is missing")
    return str(found[0])


class ShiftedWorker(Asked):
    """`stamgast worker` on a machine whose clock a test sets, while it runs as well: `+365d`, `-3d`, `+0`."""

    def __init__(self, name: str, settings: Settings, folder: Path, shift: str) -> None:
        self.name = name
        self.port = free_port()
        self._file = folder / f"{name}.time"
        folder.mkdir(parents=True, exist_ok=True)
        self.set(shift)
        self.env = environment(settings.model_copy(update={"metrics_port": self.port})) | {
            "LD_PRELOAD": preloaded(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        """What a process on the same machine has in its environment."""
        command = [sys.executable, "-m", "stamgast.cli", "worker"]
        self.process = ChildProcess(name, command, log=folder / f"{name}.log", env=self.env)

    def set(self, shift: str) -> None:
        """Set its machine's clock so far from the true time."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{shift}\n")
        fresh.replace(self._file)


class _Careless(ClockWatch):
    """Compares with nobody."""

    @cached_property
    def fit(self) -> bool:
        return True


def spoil() -> None:
    """Be a worker a year ahead, as it was before clocks were compared and stamps held to the log's time."""
    RealClock.now = lambda self: time.time_ns() // 1_000_000 + YEAR  # type: ignore[method-assign]
    BoundedClock.now = lambda self: self.machine_now()  # type: ignore[method-assign]
    ClockWatch.fit = _Careless.fit  # type: ignore[assignment, method-assign]
    streams.customers.sorting.bounded_event = lambda event, _: event  # type: ignore[assignment, attr-defined]
    streams.intake.canonical.bounded = lambda stamp, _: stamp  # type: ignore[assignment, attr-defined]
    streams.runtime.position.marked = lambda *_, **__: "0:real"  # type: ignore[attr-defined]
    settings = Settings(_env_file=None)
    configure_logs(settings.log_level, "console")
    sys.exit(asyncio.run(run(settings)))
