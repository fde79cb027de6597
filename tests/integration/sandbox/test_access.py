"""Who may ask the sandbox what, how it forgets, and how its page hears of everything."""

import json
from dataclasses import replace

import httpx
import pytest

from channels.model import Outcome
from channels.twilio.channel import TwilioChannel
from channels.twilio.signatures import SignatureVerifier
from stamgast.sandbox import SandboxOptions, SandboxServer
from stamgast.sandbox.options import DEFAULT_AUTH_TOKEN
from stamgast.sandbox.server import make_server
from tests.integration.sandbox.shop import CREDENTIALS, MG, SMS, ends_as, rows, send


async def test_real_credentials_and_nonsense_are_turned_away(control):
    path = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json"
    form = {"To": SMS.to, "From": "+3197010200001", "Body": "hi"}
    for auth in (("AC0123456789abcdef0123456789abcdef", "token"), ("SK0123", "secret")):
        answer = await control.post(path, data=form, auth=auth)
        assert answer.status_code == 401
        assert answer.json()["code"] == 20003
        assert set(answer.json()) == {"code", "message", "more_info", "status"}
    assert (await control.post(path, data=form)).status_code == 401
    assert await rows(control, "messages") == []
    assert (await control.post("/sandbox/inbound", content=json.dumps({"from": SMS.to}))).status_code == 415
    assert (await control.post("/sandbox/inbound", json={"from": "nobody", "body": "x"})).status_code == 422
    assert (await control.post("/sandbox/faults", json=["x"])).status_code == 400
    brackets = {"content": "[" * 100_000, "headers": {"Content-Type": "application/json"}}
    for place in ("faults", "inbound"):
        assert (await control.post(f"/sandbox/{place}", **brackets)).status_code == 400
    assert (await control.get("/sandbox/phones/nobody")).status_code == 404
    assert (await control.get("/", headers={"Host": "evil.example"})).status_code == 403


async def test_forgetting_leaves_a_clean_sandbox(channel, shop, control):
    await control.post("/sandbox/inbound", json={"from": SMS.to, "to": MG, "body": "STOP"})
    await send(channel, shop)
    assert (await control.delete("/sandbox/messages")).status_code == 204
    for name in ("messages", "posts", "callbacks"):
        assert await rows(control, name) == []
    assert (await rows(control, "phones"))["total"] == 0
    result = await send(channel, shop, attempt="fresh")
    await ends_as(control, "delivered", result.provider_id)


async def test_a_page_hears_of_every_message_as_it_happens(channel, shop, control):
    kinds = []
    async with control.stream("GET", "/sandbox/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        await send(channel, shop)
        async for line in lines:
            if line.startswith("data:"):
                kinds.append(json.loads(line[5:])["data"]["status"])
            if "delivered" in kinds:
                break
    assert kinds == ["accepted", "sent", "delivered"]


def test_off_loopback_a_token_is_needed_to_start():
    with pytest.raises(ValueError, match="token"):
        make_server(SandboxOptions(), "0.0.0.0")
    make_server(SandboxOptions(token="a-long-enough-token"), "0.0.0.0")


async def test_with_a_token_nothing_is_shown_or_taken_without_it(shop):
    token = "a-long-enough-token"
    with SandboxServer(SandboxOptions(token=token)) as sandbox:
        async with httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as client:
            assert (await client.get("/sandbox/messages")).status_code == 401
            assert (await client.get("/")).status_code == 401
            assert (await client.get("/?token=wrong")).status_code == 401
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get("/sandbox/messages", headers={"X-Sandbox-Token": token})).status_code == 200
            assert (
                await client.get("/sandbox/messages", headers={"Authorization": f"Bearer {token}"})
            ).status_code == 200
            assert (await client.get("/", params={"token": token}, follow_redirects=True)).status_code == 200
            assert (await client.get("/sandbox/messages")).status_code == 200  # by the cookie
        verifier = SignatureVerifier(shop.url, [DEFAULT_AUTH_TOKEN])
        for secret, outcome in (("secret", Outcome.NOT_SENT_RETRY), (token, Outcome.ACCEPTED)):
            channel = TwilioChannel(replace(CREDENTIALS, api_secret=secret), verifier, sandbox.base_url)
            assert (await send(channel, shop)).outcome is outcome
            await channel.aclose()
