"""A look-up says `none` only where the carrier's list was read far enough, and what pace a busy carrier asks for."""

import httpx

from channels.model import Lookup
from channels.twilio.channel import TwilioChannel
from channels.twilio.client import SingleShotHttpClient
from channels.twilio.signatures import SignatureVerifier
from stamgast.sandbox.options import DEFAULT_AUTH_TOKEN
from tests.integration.sandbox.shop import CREDENTIALS, T0, ready, send

BASE = "http://127.0.0.1:8010"


def answering(answer: httpx.Response) -> TwilioChannel:
    """A channel whose carrier answers everything so."""
    client = SingleShotHttpClient(BASE, transport=httpx.MockTransport(lambda _: answer))
    return TwilioChannel(CREDENTIALS, SignatureVerifier(BASE, [DEFAULT_AUTH_TOKEN]), BASE, client)


async def test_a_carrier_too_busy_to_look_has_not_looked_and_names_its_pace():
    channel = answering(httpx.Response(429, headers={"Retry-After": "7"}, json={"code": 20429, "status": 429}))
    found = await channel.find(ready(channel), "a", T0)
    assert (found.lookup, found.retry_after) == (Lookup.UNAVAILABLE, 7_000)


async def test_a_carrier_that_fails_has_not_looked():
    channel = answering(httpx.Response(500, json={"code": 20500, "status": 500}))
    found = await channel.find(ready(channel), "a", T0)
    assert (found.lookup, found.retry_after) == (Lookup.UNAVAILABLE, None)


async def test_a_list_that_is_full_of_newer_messages_does_not_say_that_there_is_none(channel, shop):
    for number in range(51):
        await send(channel, shop, attempt=f"a{number}")
    listed = await channel._client.messages.list_async(to=ready(channel).message.to, limit=50)
    known = {message.sid for message in listed}
    assert (await channel.find(ready(channel), "x", T0, known)).lookup is Lookup.SEVERAL
