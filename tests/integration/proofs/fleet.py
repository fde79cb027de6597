"""Worker processes, each with faults that strike at chosen boundaries."""

from __future__ import annotations

import asyncio
import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stamgast.demo.stage import environment
from stamgast.local.processes import free_port
from stamgast.settings import Settings
from tests.conftest import eventually
from tests.integration.proofs import worker_at_boundary
from tests.integration.proofs.forge import Forged, preload

preload(worker_at_boundary.__name__)
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Fault:
    """At the n-th passing of a boundary the worker kills (`kill`) or pauses (`stop`) itself."""

    def __init__(self, boundary: str, action: str, nth: int = 1) -> None:
        self.boundary = boundary
        self.action = action
        self.nth = nth

    def __repr__(self) -> str:
        return f"{self.action} at {self.boundary}"


class Asked:
    """A worker's process, and its health page."""

    name: str
    port: int
    process: Any

    async def ready(self, seconds: float = 60) -> None:
        """Wait until it says that it is."""

        def asked() -> bool:
            assert self.process.exit_code is None, self.process.log_tail()
            return self.answer("/readyz")[0] == 200

        await eventually(lambda: asyncio.to_thread(asked), seconds=seconds, every=0.1, why=f"{self.name} is ready")

    def answer(self, path: str) -> tuple[int, str]:
        """What its health page says; status 0 if nobody answers."""
        try:
            with _OPENER.open(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, OSError):
            return 0, ""


class Worker(Asked):
    """One process. Faults strike one after the other."""

    def __init__(
        self, name: str, settings: Settings, folder: Path, faults: Sequence[Fault], env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.faults = list(faults)
        self.port = free_port()
        self.trace = folder / f"{name}.trace"
        self._armed = folder / f"{name}.armed"
        self._marks = folder / f"{name}.marks"
        self._marks.mkdir(parents=True)
        given = settings.model_copy(update={"metrics_port": self.port})
        plan = [[fault.boundary, fault.action, fault.nth] for fault in faults]
        full = (
            environment(given)
            | dict(env)
            | {
                "PROOF_FAULTS": json.dumps(plan),
                "PROOF_ARMED": str(self._armed),
                "PROOF_MARKS": str(self._marks),
                "PROOF_TRACE": str(self.trace),
            }
        )
        self.process = Forged(name, worker_at_boundary.main, log=folder / f"{name}.log", env=full)

    @property
    def struck(self) -> int:
        """How many of its faults have struck."""
        return len(list(self._marks.iterdir()))

    def arm(self) -> None:
        """From now on its faults strike."""
        self._armed.touch()

    def wake(self) -> None:
        """Let it go on."""
        self.process.signal(signal.SIGCONT)

    async def back(self, seconds: float = 60) -> None:
        """Wait until it works again after a pause, or has ended."""

        def asked() -> bool:
            return self.process.exit_code is not None or self.answer("/readyz")[0] == 200

        await eventually(lambda: asyncio.to_thread(asked), seconds=seconds, every=0.1, why=f"{self.name} is back")


class Fleet:
    """All workers of a scene."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self.all: list[Worker] = []
        self.kills = self.pauses = 0
        self.env: dict[str, str] = {}
        """What else the workers to come find in their environment."""

    def start(self, *faults: Fault) -> Worker:
        """Start one more."""
        worker = Worker(f"worker-{len(self.all)}", self._settings, self._folder, faults, self.env)
        self.all.append(worker)
        return worker

    async def struck(self, worker: Worker, count: int, seconds: float = 60) -> None:
        """Wait until so many of a worker's faults have struck."""

        def asked() -> bool:
            if worker.struck >= count:
                return True
            assert worker.process.exit_code in (None, -signal.SIGKILL), worker.process.log_tail()
            return False

        fault = worker.faults[count - 1]
        await eventually(asked, seconds=seconds, every=0.05, why=f"{worker.name}: {fault}\n{worker.process.log_tail()}")
        if fault.action == "kill":
            self.kills += 1
            await eventually(lambda: worker.process.exit_code is not None, why="it is dead")
        else:
            self.pauses += 1

    def end(self) -> None:
        """Kill whatever still runs."""
        for worker in self.all:
            worker.process.kill()

    async def stop_all(self) -> None:
        """Ask all of them to end in order."""
        alive = [worker for worker in self.all if worker.process.exit_code is None]
        codes = await asyncio.gather(*(asyncio.to_thread(worker.process.stop, seconds=90) for worker in alive))
        assert set(codes) <= {0}, [(w.name, c, w.process.log_tail()) for w, c in zip(alive, codes, strict=True) if c]


def monotonic_ns() -> int:
    """The clock that traces are written by; one for all processes of the machine."""
    return time.monotonic_ns()
