"""A scraper that hangs up before its answer is written is no news, and what else goes wrong is told as everything is."""

import logging
import socket
import struct
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from streams.runtime import watchdog
from tests.conftest import soon


class Counting(watchdog._Server):
    """Says how many requests went wrong."""

    wrong = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        super().handle_error(request, client_address)
        self.wrong += 1


def figures() -> bytes:
    return b"x" * 50_000_000


def broken() -> bytes:
    raise KeyError("a figure")


@pytest.fixture
def serving(request: pytest.FixtureRequest) -> Iterator[Counting]:
    figures_of: Any = SimpleNamespace(metrics=request.param)
    server = Counting(("127.0.0.1", 0), watchdog._handler(figures_of, ""))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def ask_and_hang_up(server: Counting) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port)) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        wire.recv(10)


@pytest.mark.parametrize("serving", [figures], indirect=True)
def test_whoever_hangs_up_leaves_no_line(serving: Counting, capfd: Any, caplog: pytest.LogCaptureFixture):
    ask_and_hang_up(serving)
    soon(lambda: serving.wrong, why="it was noticed")
    assert capfd.readouterr().err == ""
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []


@pytest.mark.parametrize("serving", [broken], indirect=True)
def test_a_fault_of_ours_is_a_line_of_the_log(serving: Counting, capfd: Any, caplog: pytest.LogCaptureFixture):
    ask_and_hang_up(serving)
    soon(lambda: serving.wrong, why="it was noticed")
    assert capfd.readouterr().err == ""
    (record,) = caplog.records
    assert "a probe or a scrape failed" in record.getMessage()
