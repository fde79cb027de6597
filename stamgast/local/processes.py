"""Child processes that never outlive us: brokers, Redis servers and the parts of a trial.

Blocking on purpose (start-up and tests); call from a thread where a loop must stay free.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

Command = Sequence[str | Path]


class ProcessError(RuntimeError):
    """A child process did not do what it was started for; the text quotes the end of its log."""


def free_port() -> int:
    """Return a TCP port on the loopback interface that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_answers(port: int) -> bool:
    """Say whether something on the loopback interface accepts connections on this port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


class ChildProcess:
    """One child in its own session, killed by the kernel when this process dies, its output in a log file."""

    def __init__(self, name: str, command: Command, *, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = _spawn([str(part) for part in command], output=output, env=env)

    @property
    def pid(self) -> int:
        """The operating system's id of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    def check(self) -> None:
        """Raise `ProcessError`, with the end of its log, if it has ended."""
        if self.exit_code is not None:
            raise ProcessError(f"{self.name} has ended with {self.exit_code}.\n{self.log_tail()}".rstrip())

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until `ready` says yes; raise with the log's end if the process ends or time runs out first."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.exit_code is not None:
                raise ProcessError(f"{self.name} ended with {self.exit_code} while starting.\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ProcessError(f"{self.name} was not ready within {seconds:.0f} s.\n{self.log_tail()}")
            time.sleep(0.02)

    def signal(self, number: int) -> None:
        """Send a signal, if the process is still there."""
        if self.exit_code is None:
            self._process.send_signal(number)

    def stop(self, *, seconds: float = 10) -> int:
        """Ask it to end (SIGTERM), insist (SIGKILL) after some seconds, and return the exit code."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()
        except KeyboardInterrupt:  # then nobody will ask again
            self.kill()
            raise

    def kill(self) -> int:
        """End it at once (SIGKILL), as a crash would, and return the exit code."""
        self.signal(signal.SIGKILL)
        return self._process.wait()

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for the end and return the exit code; None when it still runs after these seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines that the process wrote."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""


def kill_children() -> None:
    """End every child of this process at once; for an end that may not wait for anything."""
    for process in tuple(_started):
        if process.poll() is None:
            process.kill()


class _Spawner:
    """Starts every child from one thread that lives as long as the process.

    The kernel's "kill me when my parent dies" means the parent *thread*: a child started from a pool thread would be
    killed when that pool shuts down.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._pid = os.getpid()
        threading.Thread(target=self._run, name="spawner", daemon=True).start()

    def _run(self) -> None:
        while True:
            job, future = self._jobs.get()
            try:
                future.set_result(job())
            except OSError as error:
                future.set_exception(error)

    def call(self, job: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        future: Future[subprocess.Popen[bytes]] = Future()
        self._jobs.put((job, future))
        return future.result()

    def belongs_here(self) -> bool:
        return self._pid == os.getpid()


_spawner: _Spawner | None = None
_started: list[subprocess.Popen[bytes]] = []
"""Children that may still run. The spawner notes them: an interrupt may keep the caller from ever hearing of one."""


def _spawn(command: list[str], *, output: Any, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    global _spawner
    if _spawner is None or not _spawner.belongs_here():  # a forked child has no spawner thread
        _spawner = _Spawner()
    parent = os.getpid()

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            start_new_session=True,  # a Ctrl-C at the terminal is for us to pass on in order
            preexec_fn=_die_with_parent(parent),  # noqa: PLW1509  one prctl call, loaded before the fork
        )
        _started[:] = [*(each for each in _started if each.poll() is None), process]
        return process

    return _spawner.call(start)


def _die_with_parent(parent: int) -> Callable[[], None]:
    def in_child() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # it died between fork and prctl
                os._exit(1)

    return in_child
