"""APNs on this machine: a real HTTP/2 server behind TLS that asks for the certificate of whoever pushes."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded

from tests.fakes.apple_files import root, server_certificate


class Pushed(NamedTuple):
    """One push, as it came."""

    token: str
    headers: dict[str, str]
    body: bytes
    subject: str
    """Of the certificate that was shown."""


Says = tuple[int, str] | tuple[int, str, dict[str, str]]
"""Status, Apple's reason, and headers."""
OK: Says = (200, "")


class Apns:
    """`says` decides about each push. `url` is where it listens; who trusts `ca` trusts it."""

    def __init__(self, folder: Path) -> None:
        self.says: Callable[[Pushed], Says] = lambda _pushed: OK
        self.pushed: list[Pushed] = []
        self.connections = 0
        self.ca = folder / "apns-ca.pem"
        self.ca.write_bytes(root().pem)
        self._context = _context(folder)
        self._lock = Lock()
        self._loop = asyncio.new_event_loop()
        self._ready = Event()
        self.port = 0
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def tokens(self) -> list[str]:
        with self._lock:
            return [each.token for each in self.pushed]

    def end(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = asyncio.start_server(self._serve, "localhost", 0, ssl=self._context)
        server = self._loop.run_until_complete(serving)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tls = writer.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "h2"
        shown = tls.getpeercert() or {}
        subject = ",".join(f"{name}={value}" for part in shown.get("subject", ()) for name, value in part)
        self.connections += 1
        connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        asked: dict[int, tuple[dict[str, str], bytearray]] = {}
        with suppress(ConnectionError, ssl.SSLError):
            while data := await reader.read(65_536):
                for event in connection.receive_data(data):
                    if isinstance(event, RequestReceived):
                        asked[event.stream_id] = (dict(event.headers), bytearray())  # type: ignore[arg-type]
                    elif isinstance(event, DataReceived):
                        asked[event.stream_id][1].extend(event.data)
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, StreamEnded):
                        headers, body = asked.pop(event.stream_id)
                        self._answer(connection, event.stream_id, headers, bytes(body), subject)
                    elif isinstance(event, ConnectionTerminated):
                        writer.close()
                        return
                writer.write(connection.data_to_send())
                await writer.drain()
        writer.close()

    def _answer(
        self, connection: H2Connection, stream: int, headers: dict[str, str], body: bytes, subject: str
    ) -> None:
        pushed = Pushed(headers[":path"].removeprefix("/3/device/"), headers, body, subject)
        with self._lock:
            self.pushed.append(pushed)
            status, reason, *more = self.says(pushed)
        content = json.dumps({"reason": reason}).encode() if reason else b""
        connection.send_headers(stream, [(":status", str(status)), *(more[0] if more else {}).items()])
        connection.send_data(stream, content, end_stream=True)


def _context(folder: Path) -> ssl.SSLContext:
    issued = server_certificate()
    (folder / "apns.pem").write_bytes(issued.pem)
    key = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "apns.key").write_bytes(key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "apns-ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "apns.pem", folder / "apns.key")
    context.set_alpn_protocols(["h2"])
    return context
