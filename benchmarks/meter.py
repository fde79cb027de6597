"""CPU time of this process and of others, and the one line in which a measured process tells its result.

Standard library only: the peers' processes import this from an environment of their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

_LISTENS = "0A"
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """CPU seconds of this process so far, all threads, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_seconds_of(pid: int) -> float:
    """CPU seconds of another process so far."""
    with Path(f"/proc/{pid}/stat").open() as file:
        fields = file.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def pid_listening_at(port: int) -> int | None:
    """Which process of this machine listens there; None if none of those that we may look at does."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it is somebody else's, or ended
            if any(str(each.readlink()) in sockets for each in (process / "fd").iterdir()):
                return int(process.name)
    return None


class Meter:
    """Wall and CPU time from `start` on. Start it before the first fetch: what a thread prefetches is not free."""

    def __init__(self) -> None:
        self._cpu = 0.0
        self._wall = 0.0

    @property
    def started(self) -> bool:
        """Say whether the clock runs."""
        return self._wall > 0

    def start(self) -> None:
        """Begin to count."""
        self._cpu, self._wall = cpu_seconds(), time.perf_counter()

    def tell(self, events: int, **more: Any) -> None:
        """Print the result; `read` finds it among whatever else the process says."""
        wall, cpu = time.perf_counter() - self._wall, cpu_seconds() - self._cpu
        result = {
            "events": events,
            "seconds": wall,
            "cpu": cpu,
            "per_second": events / wall,
            "per_cpu_second": events / cpu,
            "peak_mb": _peak_mb(),
        }
        sys.stdout.write("RESULT " + json.dumps(result | more) + "\n")
        sys.stdout.flush()


def _peak_mb() -> int:
    """The most memory this program ever held; `ru_maxrss` would count the process it was forked from."""
    with Path("/proc/self/status").open() as file:
        line = next(line for line in file if line.startswith("VmHWM:"))
    return round(int(line.split()[1]) / 1024)


def read(output: str) -> dict[str, Any]:
    """The result in a process's output. Raises ValueError if there is none."""
    for line in output.splitlines():
        _before, mark, text = line.partition("RESULT ")  # a terminal's control characters may stand before it
        if mark:
            found: dict[str, Any] = json.loads(text)
            return found
    raise ValueError("the process told no result; it said:\n" + output[-3000:])
