"""At the level of bytes: one attempt is one POST on the wire, and what the wire shows is what the result says."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from channels.model import Message, Outcome, Prepared, Sender, SmsText
from channels.twilio.channel import TwilioChannel
from channels.twilio.client import SingleShotHttpClient, TwilioCredentials
from channels.twilio.signatures import SignatureVerifier
from stamgast.domain.vocabulary import Channel
from tests.integration.pacing import Pace

T0 = 1_790_000_000_000
SECRET = "a-long-enough-token"
CREDENTIALS = TwilioCredentials("ACsandbox" + "0" * 25, "SKsandbox" + "0" * 25, SECRET)
MESSAGE = Message(
    merchant="m",
    activation="a",
    customer="c",
    template="t",
    channel=Channel.SMS,
    to="+31612345678",
    locale="nl",
    variables={},
    source=SmsText("hoi"),
    sender=Sender.named("MG" + "1" * 32),
    valid_until=T0 + 60_000,
)
CREATED = json.dumps({"sid": "SM1", "status": "accepted"}).encode()


class Wire:
    """A server that counts what arrives and answers with prepared bytes, slowly if told to."""

    def __init__(self, answer=b"", *, keep_open=False, drip=0.0):
        self.answer, self.keep_open = answer, keep_open
        self.drip = drip
        """Seconds between two bytes."""
        self.posts = 0
        self.bodies = []
        self.ended = asyncio.Event()

    async def serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.posts += head.startswith(b"POST ")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            self.bodies.append(await reader.readexactly(length))
            pace, step = Pace(self.drip), 1 if self.drip else max(1, len(self.answer))
            for start in range(0, len(self.answer), step):
                writer.write(self.answer[start : start + step])
                await writer.drain()
                await pace.tick()
            if self.keep_open:
                await self.ended.wait()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def http(status, body=b"", extra=b""):
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), extra, body)


@asynccontextmanager
async def served(wire):
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    wire.ended.set()
    server.close()
    await server.wait_closed()


async def send_to(base_url, **seconds):
    limits = {"connect_seconds": 60, "read_seconds": 60, "total_seconds": 60} | seconds
    channel = TwilioChannel(
        CREDENTIALS, SignatureVerifier("https://x.example", ["t"]), base_url, SingleShotHttpClient(base_url, **limits)
    )
    prepared = channel.prepare(MESSAGE, T0)
    assert isinstance(prepared, Prepared)
    result = await channel.send(prepared, "attempt", "https://x.example/twilio/status?a=1")
    await channel.aclose()
    return result


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (http(201, CREATED), Outcome.ACCEPTED),
        (http(200, CREATED), Outcome.ACCEPTED),
        (http(201, b"not json"), Outcome.IN_DOUBT),
        (http(201, b"\xff\xfe"), Outcome.IN_DOUBT),
        (http(204), Outcome.IN_DOUBT),
        (http(307, b"", b"Location: /elsewhere\r\n"), Outcome.IN_DOUBT),
        (http(302, b"", b"Location: http://127.0.0.1:1/\r\n"), Outcome.IN_DOUBT),
        (http(408), Outcome.IN_DOUBT),
        (http(429, b"{}", b"Retry-After: 2\r\n"), Outcome.NOT_SENT_RETRY),
        (http(400, b'{"code": 21211}'), Outcome.REJECTED),
        (http(400, b"<html>"), Outcome.REJECTED),
        (http(500), Outcome.IN_DOUBT),
        (http(503, b'{"type": "t", "title": "t", "status": 503, "code": 1}'), Outcome.IN_DOUBT),
        (b"", Outcome.IN_DOUBT),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{", Outcome.IN_DOUBT),
        (b"SSH-2.0-OpenSSH\r\n", Outcome.IN_DOUBT),
        (b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", Outcome.IN_DOUBT),
    ],
)
async def test_whatever_is_answered_there_was_one_post(answer, outcome):
    wire = Wire(answer)
    async with served(wire) as port:
        result = await send_to(f"http://127.0.0.1:{port}")
    assert result.outcome is outcome
    assert wire.posts == 1
    assert b"To=%2B31612345678" in wire.bodies[0]
    assert b"ValidityPeriod=60" in wire.bodies[0]
    assert "612345678" not in str(result)


async def test_silence_is_in_doubt_after_the_read_timeout():
    wire = Wire(keep_open=True)
    async with served(wire) as port:
        assert (await send_to(f"http://127.0.0.1:{port}", read_seconds=0.4)).outcome is Outcome.IN_DOUBT
    assert wire.posts == 1


async def test_an_answer_that_never_ends_is_in_doubt_after_the_total_time():
    wire = Wire(http(201, CREATED), drip=0.1)
    async with served(wire) as port:
        assert (await send_to(f"http://127.0.0.1:{port}", total_seconds=2)).outcome is Outcome.IN_DOUBT
    assert wire.posts == 1


@pytest.mark.parametrize("greeting", [b"this is no TLS\r\n", b""])
async def test_a_handshake_that_fails_or_hangs_is_certainly_not_sent(greeting):
    ended = asyncio.Event()

    async def greet(reader, writer):
        writer.write(greeting)
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    result = await send_to(f"https://127.0.0.1:{port}", connect_seconds=0.5)
    ended.set()
    server.close()
    assert result.outcome is Outcome.NOT_SENT_RETRY


async def test_a_name_that_does_not_resolve_is_certainly_not_sent():
    assert (await send_to("http://sandbox.invalid:8010")).outcome is Outcome.NOT_SENT_RETRY
