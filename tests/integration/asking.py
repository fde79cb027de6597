"""A command in a process of its own without the wait: forked from a server that has imported all commands."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from stamgast.cli import main
from tests.integration.proofs.forge import Forged, preload

for _command in (
    "campaign", "clock", "clv", "customer", "dead_letters", "erasures", "export", "import_lists", "keys", "publish", "purchases", "rules",
    "topics", "verify",
):  # fmt: skip
    preload(f"stamgast.commands.{_command}")
preload(__name__)


def asked(words: tuple[str, ...], folder: Path, env: dict[str, str], *, seconds: float = 60) -> tuple[int | None, str]:
    """What a command ended with (None: it did not end), and what it wrote."""
    log = folder / "asked.log"
    log.unlink(missing_ok=True)
    process = Forged("asked", partial(_run, words, folder), log=log, env=env)
    return process.ended(seconds=seconds), log.read_text(errors="replace")


def _run(words: tuple[str, ...], folder: Path) -> None:
    os.chdir(folder)
    sys.argv[1:] = words
    main()
