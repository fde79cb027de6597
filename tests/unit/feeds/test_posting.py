"""One POST: over TLS to the address that was looked at, under the name that was asked for; and what answers mean."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from stamgast.feeds.happened import Happened
from stamgast.feeds.posting import Answer, Came, Poster
from stamgast.feeds.secrets import new_secret
from tests.fakes.receiver import Receiver, Says

HAPPENED = Happened("msg_1", "fact.entry.joined", "m", "c1", '{"type":"x","data":{"customer":"c1","at":1}}')


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=crm.example", "-addext", "subjectAltName=DNS:crm.example"]
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run(["openssl", *words, *name, *files], check=True, capture_output=True)
    return cert, key


async def over_tls(name: str, cert: Path, key: Path) -> tuple[Answer, list[str], bytes]:
    """Post to a name that was looked up as this machine; return the answer, the names asked for in TLS, the request."""
    names: list[str] = []
    request = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal request
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(cert, key)
    theirs.sni_callback = lambda _socket, asked, _context: names.append(asked)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=theirs) as server:
        port = server.sockets[0].getsockname()[1]
        async with Poster(f"https://{name}:{port}/x?y=1", [new_secret()], width=1, within_s=5) as poster:
            poster._client = httpx.AsyncClient(verify=ssl.create_default_context(cafile=str(cert)), trust_env=False)
            poster._found = ("127.0.0.1", float("inf"))
            return await poster.post(HAPPENED), names, request


async def test_the_name_is_proven_though_an_address_is_called(certificate: tuple[Path, Path]) -> None:
    answer, names, request = await over_tls("crm.example", *certificate)
    assert answer == Answer(Came.TAKEN)
    assert names == ["crm.example"]
    assert request.startswith(b"POST /x?y=1 HTTP/1.1\r\n")
    assert b"host: crm.example:" in request.lower()


async def test_who_cannot_prove_the_name_gets_nothing(certificate: tuple[Path, Path]) -> None:
    answer, _, request = await over_tls("books.example", *certificate)
    assert (answer.came, request) == (Came.LATER, b"")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (200, Answer(Came.TAKEN)),
        (410, Answer(Came.GONE, "it answers 410: gone for good")),
        (404, Answer(Came.REFUSED, "it answers 404")),
        (
            (308, {"location": "http://169.254.169.254/"}),
            Answer(Came.REFUSED, "it answers 308, and redirects are not followed"),
        ),
        (500, Answer(Came.LATER, "it answers 500")),
        ((503, {"retry-after": "7"}), Answer(Came.LATER, "it answers 503", 7.0)),
        ((429, {"retry-after": "999999"}), Answer(Came.LATER, "it answers 429", 3_600.0)),
        ((429, {"retry-after": "Thu, 01 Jan 1970 00:20:00 GMT"}), Answer(Came.LATER, "it answers 429", 200.0)),
        ((429, {"retry-after": "nan"}), Answer(Came.LATER, "it answers 429")),
        ((429, {"retry-after": "soon"}), Answer(Came.LATER, "it answers 429")),
    ],
)
async def test_what_answers_mean(said: Says, meant: Answer, receiver: Callable[[], Receiver]) -> None:
    other = receiver()
    other.says = lambda _asked: said
    async with Poster(other.url, [new_secret()], width=1, wall=lambda: 1_000.0) as poster:
        assert await poster.post(HAPPENED) == meant


async def test_a_name_that_leads_inside_is_not_called(receiver: Callable[[], Receiver]) -> None:
    other = receiver()

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    url = f"https://crm.example:{other.server.server_port}/"
    async with Poster(url, [new_secret()], width=1, resolve=resolve) as poster:
        answer = await poster.post(HAPPENED)
    assert answer.came is Came.LATER
    assert "no public address" in answer.why
    assert not other.asked


@pytest.fixture
def receiver():
    made: list[Receiver] = []

    def make() -> Receiver:
        made.append(Receiver())
        return made[-1]

    yield make
    for each in made:
        each.end()
