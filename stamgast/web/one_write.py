"""An answer's head and what follows it leave in one write: two cost twice the system's work, here and there."""

import asyncio
from typing import Any, Final

_HEAD: Final = b"HTTP/1.1 "
_INTERIM: Final = b"HTTP/1.1 1"
_END: Final = b"\r\n\r\n"
_LARGE: Final = 64_000


class OneWrite:
    """A transport that keeps a head until something follows it, or `flush` says that nothing does."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._write = transport.write
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's own."""
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send it, behind the head that waits for it; keep it, if it is nothing but a head."""
        if self._head:
            if len(data) > _LARGE:  # it would only be copied, and leave in several pieces all the same
                self.flush()
            else:
                self._head, data = b"", self._head + data
        elif data.startswith(_HEAD) and data.endswith(_END) and not data.startswith(_INTERIM):
            self._head = data
            return
        self._write(data)

    def flush(self) -> None:
        """Send the head that waits, if one does."""
        if self._head:
            head, self._head = self._head, b""
            self._write(head)

    def close(self) -> None:
        """Send what waits, then close."""
        self.flush()
        self._transport.close()
