"""Worker processes without the wait: forked from a server that has imported everything once.

A proof starts and kills many workers, and importing costs each of them two seconds of a core. What is forked is a
process of its own all the same: it has nothing but code in common with the others, and dies of a signal like any.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing.forkserver import set_forkserver_preload
from pathlib import Path

from stamgast.local.processes import ProcessError

_FORGE = multiprocessing.get_context("forkserver")
_PR_SET_PDEATHSIG = 1


_modules: list[str] = []


def preload(module: str) -> None:
    """Have a module imported before the first process is forked."""
    _modules.append(module)
    set_forkserver_preload(_modules)


class Forged:
    """One process; what it writes goes to a file. The interface is that of `stamgast.local.processes.ChildProcess`."""

    def __init__(
        self, name: str, main: Callable[[], None], *, log: Path, env: Mapping[str, str], errors: Path | None = None
    ) -> None:
        self.name = name
        self.log = log
        for file in (log, errors or log):
            file.touch()  # there before it has written anything
        arguments = (main, str(log), str(errors or log), dict(env))
        self._process = _FORGE.Process(target=_run, args=arguments, name=name, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.exitcode

    def ended(self, *, seconds: float) -> int | None:
        """Wait for it to end by itself; its exit code, or None if it went on and was killed."""
        self._process.join(seconds)
        code = self.exit_code
        if code is None:
            self.kill()
        return code

    def signal(self, number: int) -> None:
        """Send a signal, if the process is still there."""
        if self.exit_code is None:
            os.kill(self.pid, number)

    def stop(self, *, seconds: float = 60) -> int:
        """Ask it to end (SIGTERM), insist (SIGKILL) after some seconds, and return the exit code."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        self._process.join(seconds)
        code = self.exit_code
        return self.kill() if code is None else code

    def kill(self) -> int:
        """End it at once (SIGKILL), as a crash would, and return the exit code."""
        self.signal(signal.SIGKILL)
        self._process.join()
        code = self.exit_code
        assert code is not None
        return code

    def check(self) -> None:
        """Raise `ProcessError`, with the end of its log, if it has ended."""
        if self.exit_code is not None:
            raise ProcessError(f"{self.name} has ended with {self.exit_code}.\n{self.log_tail()}".rstrip())

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines that the process wrote."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _run(main: Callable[[], None], log: str, errors: str, env: dict[str, str]) -> None:
    os.setsid()
    # It may have processes of its own, made as everywhere.
    multiprocessing.current_process().daemon = False
    multiprocessing.set_start_method(None, force=True)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # with the server, which ends with pytest
    for number, path in ((1, log), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    main()
