"""`stamgast COMMAND …` in a process of its own, without the wait: forked from a server that has imported everything.

Importing is nine tenths of what a command costs. What is forked runs `stamgast.cli.main` with its arguments, its
environment and its folder, and ends with its exit code. That `stamgast` starts from nothing is seen by the tests of the
demo, of what is shipped and of the command line.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from stamgast.cli import main
from tests.integration import imported_once
from tests.integration.proofs.forge import Forged, preload

ROOT = Path(__file__).parents[2]

preload(imported_once.__name__)
preload(__name__)


def started(name: str, *words: str, log: Path, env: Mapping[str, str], folder: Path = ROOT) -> Forged:
    """Start a command that runs until it is ended; what it writes goes to its log."""
    return Forged(name, partial(_run, words, folder), log=log, env=env)


def done(
    *words: str, env: Mapping[str, str], folder: Path = ROOT, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept) / "out", Path(kept) / "err"
        process = Forged(f"stamgast {words[0]}", partial(_run, words, folder), log=out, errors=err, env=env)
        code = process.ended(seconds=seconds)
        said = [file.read_text() for file in (out, err)]
        if code is None:
            raise subprocess.TimeoutExpired(words, seconds, *said)
        return subprocess.CompletedProcess(words, code, *said)


async def asked(
    *words: str, env: Mapping[str, str], folder: Path = ROOT, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end while the loop goes on."""
    return await asyncio.to_thread(done, *words, env=env, folder=folder, seconds=seconds)


def _run(words: tuple[str, ...], folder: Path) -> None:
    os.chdir(folder)
    sys.argv = ["stamgast", *words]
    main()
