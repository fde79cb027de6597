"""A sandbox and a shop beside it, both served over real HTTP, new for every test."""

import contextlib
import threading
from typing import Any

import httpx
import pytest
import uvicorn
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from channels.twilio.channel import TwilioChannel
from channels.twilio.client import SingleShotHttpClient
from channels.twilio.signatures import SignatureVerifier
from stamgast.lifecycle.listening import listen
from stamgast.sandbox import SandboxOptions, SandboxServer
from stamgast.sandbox.options import DEFAULT_ACCOUNT, DEFAULT_AUTH_TOKEN, Delays
from tests.integration.sandbox.shop import CREDENTIALS, Shop, ShopTime


@pytest.fixture(scope="session")
def servers():
    """Shops' servers that were told to end; they do so while others run."""
    ending: list[Any] = []
    yield ending
    for thread, listener in ending:
        thread.join(10)
        listener.close()


@pytest.fixture
def shop(servers):
    shop = Shop()
    listener = listen("127.0.0.1", 0)  # who connects before the thread runs waits in its queue
    shop.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(shop, log_config=None, lifespan="off", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield shop
    server.should_exit = True
    servers.append((thread, listener))


@pytest.fixture
def shop_time():
    return ShopTime()


@pytest.fixture
def sandbox(shop, shop_time):
    options = SandboxOptions(
        now=shop_time.now, delays=Delays(sent=0, delivered=0, read=0), inbound_url=f"{shop.url}/twilio/inbound"
    )
    with SandboxServer(options) as server:
        yield server


@pytest.fixture
async def control(sandbox):
    async with httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as client:
        yield client


@contextlib.asynccontextmanager
async def open_channel(sandbox, shop, read_seconds):
    http_client = SingleShotHttpClient(sandbox.base_url, connect_seconds=60, read_seconds=read_seconds)
    verifier = SignatureVerifier(shop.url, [DEFAULT_AUTH_TOKEN])
    channel = TwilioChannel(CREDENTIALS, verifier, sandbox.base_url, http_client)
    yield channel
    await channel.aclose()


@pytest.fixture
async def channel(sandbox, shop):
    """Waits for every answer that comes at all: a busy machine must not look like a fault."""
    async with open_channel(sandbox, shop, read_seconds=60) as channel:
        yield channel


@pytest.fixture
async def hasty_channel(sandbox, shop):
    """Waits for no answer that is slow."""
    async with open_channel(sandbox, shop, read_seconds=0.5) as channel:
        yield channel


@pytest.fixture
def sdk(sandbox):
    """Twilio's own synchronous client, only its hosts rewritten."""

    class Redirecting(TwilioHttpClient):  # type: ignore[misc]  # it has no types
        def request(self, method, uri, **arguments):
            return super().request(method, sandbox.base_url + "/" + uri.split("/", 3)[3], **arguments)

    return Client(CREDENTIALS.api_key, "secret", DEFAULT_ACCOUNT, http_client=Redirecting(timeout=5))
