"""What runs on this machine, asked of /proc."""

import contextlib
from collections.abc import Iterable
from pathlib import Path


def children_of(parent: int) -> dict[int, str]:
    """Process id -> command line of every child of a process."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int(_stat(entry)[1]) == parent:
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def alive(processes: Iterable[int]) -> list[int]:
    """Those that still run; a zombie that nobody has waited for yet does not."""
    left = []
    for process in processes:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if _stat(Path(f"/proc/{process}"))[0] != "Z":
                left.append(process)
    return left


def _stat(entry: Path) -> list[str]:
    """State, parent and so on; the name before them may hold anything."""
    return (entry / "stat").read_text().rpartition(")")[2].split()
