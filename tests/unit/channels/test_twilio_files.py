"""What people sent is fetched from a real HTTP server: within bounds, and with credentials for the API alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from channels.model import FileAwayError, FileGoneError, FilePlace, FileTooLargeError
from channels.twilio.client import TwilioCredentials, UnsafeEndpointError
from channels.twilio.files import TwilioFiles

PLACE = FilePlace("ACsandbox1", "SM1", "ME1")
API = "/2010-04-01/Accounts/ACsandbox1/Messages/SM1/Media/ME1"
CREDENTIALS = TwilioCredentials("ACsandbox1", "SKsandbox1", "secret")
Answer = tuple[int, dict[str, str], bytes]


class Side(ThreadingHTTPServer):
    """Answers by path; keeps what was asked, and with which credentials."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        side: Any = self.server
        side.asked.append((self.path, self.headers.get("authorization")))
        status, headers, body = side.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing."""


@pytest.fixture
def two() -> Iterator[tuple[Side, Side]]:
    sides = (Side(), Side())
    for side in sides:
        threading.Thread(target=side.serve_forever, daemon=True).start()
    yield sides
    for side in sides:
        side.shutdown()
        side.server_close()


async def fetch(side: Side, most: int = 100) -> bytes:
    files = TwilioFiles(CREDENTIALS, side.url, within_s=5)
    try:
        return await files.fetch(PLACE, most)
    finally:
        await files.aclose()


def sends_on_to(url: str) -> Answer:
    return (307, {"Location": url}, b"")


async def test_whoever_the_api_sends_on_to_gets_no_credentials(two: tuple[Side, Side]):
    api, store = two
    api.answers = {API: sends_on_to(f"{store.url}/file")}
    store.answers = {"/file": (200, {}, b"picture")}
    assert await fetch(api) == b"picture"
    assert str(api.asked[0][1]).startswith("Basic ")
    assert store.asked == [("/file", None)]


async def test_no_more_than_asked_for_is_read(two: tuple[Side, Side]):
    api, _ = two
    api.answers = {API: (200, {}, b"x" * 101)}
    with pytest.raises(FileTooLargeError):
        await fetch(api, most=100)
    api.answers = {API: (200, {}, b"x" * 100)}
    assert len(await fetch(api, most=100)) == 100


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_not_there_is_gone(two: tuple[Side, Side], status: int):
    two[0].answers = {API: (status, {}, b"")}
    with pytest.raises(FileGoneError):
        await fetch(two[0])


@pytest.mark.parametrize(
    "answer",
    [
        lambda api: (500, {}, b""),
        lambda api: (401, {}, b""),
        lambda api: (429, {}, b""),
        lambda api: sends_on_to(api.url + API),  # round and round
        lambda api: sends_on_to("file:///etc/passwd"),
        lambda api: sends_on_to("gopher://10.0.0.1/"),
        lambda api: sends_on_to("http://[broken"),
        lambda api: sends_on_to("http://127.0.0.1:1/nobody"),
        lambda api: (200, {"Content-Length": "500"}, b"cut off"),
    ],
)
async def test_all_else_is_to_be_tried_again(two: tuple[Side, Side], answer: Callable[[Side], Answer]):
    api, _ = two
    api.answers = {API: answer(api)}
    with pytest.raises(FileAwayError):
        await fetch(api)


def test_live_credentials_go_nowhere_else():
    with pytest.raises(UnsafeEndpointError):
        TwilioFiles(TwilioCredentials("AC" + "0" * 32, "SK1", "secret"), "http://127.0.0.1:1")
