"""A card in Apple Wallet, from the page to the phone: Kafka, Redis, a worker, and APNs on this machine."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from stamgast.settings import Settings
from tests.conftest import eventually
from tests.fakes.apns import Apns
from tests.fakes.apple_files import PASS_TYPE, write
from tests.fakes.google_wallet import GoogleWallet
from tests.integration import commands
from tests.integration.proofs.forge import Forged
from tests.integration.web.conftest import MERCHANT, PUBLIC_URL, Web, environment, open_web
from tests.integration.web.shop import JAN, bread

PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X)", "Accept": "text/html"}
DEVICE, PUSH_TOKEN = "0123456789abcdef0123456789abcdef", "ab" * 32


@pytest.fixture
def apns(tmp_path: Path) -> Iterator[Apns]:
    server = Apns(tmp_path)
    yield server
    server.end()


@pytest.fixture
def google() -> Iterator[GoogleWallet]:
    server = GoogleWallet()
    yield server
    server.end()


@pytest.fixture
def given(apns: Apns, google: GoogleWallet, tmp_path: Path) -> dict[str, Any]:
    files = google.settings(tmp_path) | write(tmp_path)
    return files | {"wallet_apple_push_url": apns.url, "public_url": PUBLIC_URL}


@pytest.fixture
async def shop(
    web_settings: Settings, published: None, empty_redis: Redis, given: dict[str, Any]
) -> AsyncIterator[Web]:
    async with open_web(web_settings.model_copy(update=given)) as running:
        yield running


@pytest.fixture
def waking_worker(
    web_settings: Settings, published: None, given: dict[str, Any], apns: Apns, tmp_path: Path
) -> Iterator[Forged]:
    env = environment(web_settings) | {f"STAMGAST_{name.upper()}": value for name, value in given.items()}
    env["SSL_CERT_FILE"] = str(apns.ca)
    process = commands.started("worker", "worker", log=tmp_path / "worker.log", env=env)
    yield process
    process.stop()


def read(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apple.pkpass"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as whole:
        found: dict[str, Any] = json.loads(whole.read("pass.json"))
        return found


def stamps(made: dict[str, Any]) -> str:
    text: str = made["storeCard"]["headerFields"][0]["value"]
    return text


class Phone:
    """What a telephone with a pass does."""

    def __init__(self, web: Web, made: dict[str, Any]) -> None:
        self.web = web
        self.base = made["webServiceURL"].removeprefix(PUBLIC_URL)
        self.serial = made["serialNumber"]
        self.allowed = {"Authorization": f"ApplePass {made['authenticationToken']}"}

    @property
    def registration(self) -> str:
        return f"{self.base}/v1/devices/{DEVICE}/registrations/{PASS_TYPE}/{self.serial}"

    async def register(self, token: str = PUSH_TOKEN) -> int:
        said = await self.web.client.post(self.registration, json={"pushToken": token}, headers=self.allowed)
        return said.status_code

    async def is_registered(self) -> int:
        """The answer; 0 where it is to be asked again, as phones do."""
        status = await self.register()
        return 0 if status == 503 else status

    async def changed(self, tag: str = "") -> httpx.Response:
        where = f"{self.base}/v1/devices/{DEVICE}/registrations/{PASS_TYPE}"
        return await self.web.client.get(where, params={"passesUpdatedSince": tag} if tag else {})

    async def newest(self, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        where = f"{self.base}/v1/passes/{PASS_TYPE}/{self.serial}"
        return await self.web.client.get(where, headers=self.allowed | named)


async def fetched(web: Web, where: str) -> httpx.Response | None:
    """None while the worker takes its partitions."""
    answer = await web.client.get(where)
    return answer if answer.status_code == 200 else None


async def enrolled(web: Web) -> str:
    answer = (await web.post("/customers", JAN)).json()
    path: str = answer["card_url"].removeprefix(PUBLIC_URL)
    return path


@pytest.mark.multi_worker
async def test_a_purchase_wakes_the_phone_which_fetches_the_new_card(
    shop: Web, waking_worker: Forged, apns: Apns, google: GoogleWallet
):
    path = await enrolled(shop)

    async def shown() -> str:
        answer = await shop.client.get(path, headers=PHONE)
        return answer.text if answer.status_code == 200 else ""

    page = await eventually(shown, seconds=60, why="the worker has the customer")
    assert f"{path}.pkpass" in page
    assert f"{path}/google" not in page
    made = read(await eventually(partial(fetched, shop, f"{path}.pkpass"), seconds=60))
    assert (stamps(made), made["barcodes"][0]["message"][:1]) == ("0 / 7", "C")
    phone = Phone(shop, made)
    first = await eventually(phone.is_registered, seconds=60, why="web has read who is registered")
    assert [first, await phone.register()] == [201, 200]
    saved = await shop.client.get(f"{path}/google")
    assert (saved.status_code, saved.headers["location"][:36]) == (303, "https://pay.google.com/gp/v/save/eyJ")
    google.put({"id": f"3388000000012345678.{phone.serial}"})
    tag = (await phone.changed()).json()["lastUpdated"]
    assert (await phone.changed(tag)).status_code == 204
    before = await phone.newest()
    assert (await phone.newest(if_modified_since=before.headers["last-modified"])).status_code == 304

    await shop.post("/purchases", bread(1, {"phone": "06 12 34 56 78"}, days_ago=1))

    async def woken() -> bool:
        return PUSH_TOKEN in apns.tokens and (await phone.changed(tag)).status_code == 200

    await eventually(woken, why="the phone is woken", seconds=60)
    assert (await phone.changed(tag)).json()["serialNumbers"] == [phone.serial]
    fresh = await phone.newest(if_modified_since=before.headers["last-modified"])
    assert stamps(read(fresh)) == "1 / 7"

    def written() -> bool:
        found = google.objects[f"3388000000012345678.{phone.serial}"].get("loyaltyPoints")
        return found == {"label": "Stempels", "balance": {"string": "1 / 7"}}

    await eventually(written, why="Google's object is brought up to date")
    assert [each["id"] for each in google.classes.values()] == ["3388000000012345678.bakkerij-noord"]
    await who_has_not_the_passs_token_is_let_in_nowhere(shop, phone)

    customer, at = made["barcodes"][0]["message"].lower(), shop.parts.clock.now()
    count = len(apns.tokens)
    await shop.parts.identities.cards.revoke(MERCHANT, customer, at)
    await eventually(lambda: len(apns.tokens) > count, why="the phone is woken that has a card that is void")
    void = read(await phone.newest())
    assert (void["voided"], "barcodes" in void) == (True, False)
    assert await phone.register() == 401
    assert (await shop.client.get(f"{path}.pkpass")).status_code == 404
    await who_is_forgotten_has_a_void_card_and_no_device(shop, customer)


async def who_has_not_the_passs_token_is_let_in_nowhere(shop: Web, phone: Phone) -> None:
    rightful = phone.allowed
    for wrong in ({}, {"Authorization": "ApplePass " + "0" * 40}, {"Authorization": "Bearer x"}):
        phone.allowed = wrong
        assert await phone.register() == 401
        assert (await phone.newest()).status_code == 401
        assert (await shop.client.delete(phone.registration, headers=wrong)).status_code == 401
    phone.allowed = rightful
    assert await phone.register(token="no hex") == 422
    assert (await shop.client.post(phone.registration, content=b"{", headers=rightful)).status_code == 400
    other = phone.registration.replace(PASS_TYPE, "pass.other")
    assert (await shop.client.post(other, json={"pushToken": PUSH_TOKEN}, headers=rightful)).status_code == 404
    said = {"logs": [f"[2026] Get pass task (token {PUSH_TOKEN}) failed", 7]}
    assert (await shop.client.post("/wallet/v1/log", json=said)).status_code == 200
    assert (await shop.client.get("/wallet/logo/0b6e4f.png")).headers["content-type"] == "image/png"
    assert (await shop.client.delete(phone.registration, headers=rightful)).status_code == 200
    assert (await phone.changed()).status_code == 204
    assert await phone.register() == 201


async def who_is_forgotten_has_a_void_card_and_no_device(shop: Web, customer: str) -> None:
    identities, at = shop.parts.identities, shop.parts.clock.now()
    phone = Phone(shop, await card_of(shop, customer))
    assert await phone.register() == 201
    assert len((await identities.passes.of(MERCHANT, customer)).apple) == 2
    for _ in range(2):
        await identities.erase(MERCHANT, customer, await identities.known_as(MERCHANT, customer), at)
    assert read(await phone.newest())["voided"] is True
    assert (await phone.register(), (await phone.changed()).status_code) == (401, 204)
    everything = b"".join(key + (value or b"") for key, value in await shop.records(shop.topics.identities))
    assert DEVICE.encode() not in everything
    assert PUSH_TOKEN.encode() not in everything


async def card_of(shop: Web, customer: str) -> dict[str, Any]:
    token = await shop.parts.identities.cards.token(MERCHANT, customer)
    return read(await shop.client.get(f"/c/{token}.pkpass"))
