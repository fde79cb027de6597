"""What a command ends with and writes, whatever that is."""

from __future__ import annotations

from pathlib import Path

from tests.integration.commands import started


def asked(words: tuple[str, ...], folder: Path, env: dict[str, str], *, seconds: float = 60) -> tuple[int | None, str]:
    """What a command ended with (None: it did not end), and what it wrote."""
    log = folder / "asked.log"
    log.unlink(missing_ok=True)
    process = started("asked", *words, log=log, env=env, folder=folder)
    return process.ended(seconds=seconds), log.read_text(errors="replace")
