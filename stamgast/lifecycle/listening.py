"""Ports that a process listens on, and those that it cannot have: taken by somebody else, or of no interface here."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

BACKLOG: Final = 4_096
"""Connections that wait to be taken; what Linux gives at most unless it is told otherwise (somaxconn)."""


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


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError.

    It is named TCP, which `socket.create_server` does not: asyncio leaves Nagle's algorithm on for what it does not
    know to be TCP, and every answer to a connection that is kept would take 40 ms more.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
