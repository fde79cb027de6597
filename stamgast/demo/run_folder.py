"""Where a trial's processes write their logs: gone with the trial, unless somebody has to read them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class RunFolder:
    """A folder in the machine's temporary one."""

    path: Path
    wanted: bool = True
    """Whether it stays; until somebody says that all went well."""


@contextmanager
def open_run_folder(say: Callable[[str], None]) -> Iterator[RunFolder]:
    """Make the folder; at the end remove it, or say that it stays."""
    folder = RunFolder(Path(tempfile.mkdtemp(prefix="stamgast-demo-")))
    say(f"logs while it runs: {folder.path}")
    try:
        yield folder
    finally:
        if folder.wanted:
            say(f"the logs are kept: {folder.path}")
        else:
            shutil.rmtree(folder.path, ignore_errors=True)
