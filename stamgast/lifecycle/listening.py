"""Ports that a process cannot have: somebody else has them, or there is no such interface."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class CannotListenError(OSError):
    """Nobody can be served there. The text says where, why, and which settings choose another place."""


@contextmanager
def listening_on(host: str, port: int, *, settings: str) -> Iterator[None]:
    """A context in which a port is taken; `settings` names what chooses it. Raises `CannotListenError`."""
    try:
        yield
    except OSError as error:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        why = (error.strerror or str(error)).partition(" (while")[0]
        raise CannotListenError(f"cannot listen on {where}: {why} ({settings})") from error
