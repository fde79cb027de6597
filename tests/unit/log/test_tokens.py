"""Tokens for Kafka: kept while they are good, fetched again before their end, and what comes instead of one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from stamgast.log.tokens import TokenSource


class Server:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answer: tuple[int, bytes] = (200, b"{}")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.asked.append((self.headers["Authorization"], body))
                self.send_response(outer.answer[0])
                self.end_headers()
                self.wfile.write(outer.answer[1])

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/token"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def test_a_token_is_kept_until_shortly_before_its_end(server: Server):
    now = 0.0
    source = TokenSource(server.url, "web", "a secret:", scope="kafka", monotonic=lambda: now)
    for number, moment in enumerate((0.0, 269.0, 271.0)):
        now = moment
        server.answer = (200, json.dumps({"access_token": f"t{number}", "expires_in": 300}).encode())
        assert source.token() == ("t2" if moment > 270 else "t0")
    assert server.asked[0] == ("Basic d2ViOmElMjBzZWNyZXQlM0E=", "grant_type=client_credentials&scope=kafka")
    assert len(server.asked) == 2


@pytest.mark.parametrize("answer", [(401, b"{}"), (200, b"{}"), (200, b"<html>"), (200, b"\xff"), (500, b"")])
def test_no_token_is_an_error_of_the_connection_which_is_tried_again(server: Server, answer: tuple[int, bytes]):
    server.answer = answer
    source = TokenSource(server.url, "web", "secret")
    for _ in range(2):
        with pytest.raises(OSError, match=r"none|HTTP Error"):
            source.token()
    assert len(server.asked) == 2
