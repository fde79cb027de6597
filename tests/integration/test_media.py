"""Pictures from the sandbox's phone to a file of the shop's, the whole way, with workers."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from PIL import Image

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from stamgast.sandbox.samples import Sample, picture_of
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, Deployment

pytestmark = [pytest.mark.slow]

WHATSAPP = PROGRAM.replace("messaging:\n", 'messaging:\n  whatsapp_sender: "+31970102346"\n')
RULE = """\
rule: hello
status: live
when: {replied: {media: true}}
then: [{send: hello, by: [sms]}]
"""
PHONE = "+31612000001"


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        await deployment.start(program=WHATSAPP, rule=RULE)
        settings = {"inbound_url": f"{deployment.web_url}/twilio/inbound"}
        await deployment.http.post(f"{deployment.sandbox_url}/sandbox/settings", json=settings)
        await deployment.enrol(1)
        yield deployment
    finally:
        await deployment.end()


async def send(shop: Deployment, **what: Any) -> None:
    body = {"from": PHONE, "to": "+31970102346", "channel": "whatsapp", **what}
    answer = await shop.http.post(f"{shop.sandbox_url}/sandbox/inbound", json=body)
    assert answer.json()["webhook_status"] == 200, answer.text


def file(kind: str, content: bytes) -> dict[str, str]:
    return {"type": kind, "base64": base64.b64encode(content).decode()}


async def came(shop: Deployment, *expected: str | None) -> list[dict[str, Any]]:
    """Messages of the customers, oldest first, once this became of their files."""

    async def there() -> list[dict[str, Any]]:
        found = shop.asked("inbox", "list", MERCHANT, "--json", code=0)["messages"][::-1]
        assert [photo["came"] for each in found for photo in each["photos"]] == list(expected), found
        return found

    return await eventually(there, seconds=60, every=0.3)


async def test_photos_are_cleaned_sealed_and_kept_and_whatever_else_comes_is_told(shop: Deployment) -> None:
    document = b"%PDF-1.7\n" + b"\0" * 400
    large = b"\xff\xd8\xff\xe0" + b"\0" * (5 * 1024 * 1024)
    await send(shop, photo="loaf", body="mijn brood!")
    await send(shop, file=[file("image/jpeg", document), file("image/jpeg", large)])
    await send(shop, body="en?", file={"type": "image/jpeg", "never": True})
    first, second, third = await came(shop, "kept", "no_picture", "too_large", None)
    assert (first["text"], first["media"], second["media"], third["text"]) == ("mijn brood!", 1, 2, "en?")

    (kept,) = first["photos"]
    out = shop.folder / "photo.jpg"
    assert shop.run("inbox", "photo", kept["id"], "--out", str(out), "--json")["merchant"] == MERCHANT
    seen = Image.open(io.BytesIO(out.read_bytes()))
    assert (seen.format, seen.size, len(seen.getexif())) == ("JPEG", (960, 720), 0)
    assert len(Image.open(io.BytesIO(picture_of(Sample.LOAF))).getexif()) > 0  # the phone had written where it was

    (stored,) = [each for each in (shop.folder / "media").rglob("*") if each.is_file()]
    assert b"JFIF" not in stored.read_bytes()
    shop.said("inbox", "photo", second["photos"][0]["id"], "--out", str(shop.folder / "no.jpg"), code=1)
    assert not (shop.folder / "no.jpg").exists()
    the_export_brings_pictures_along(shop, kept["id"], stored)


def the_export_brings_pictures_along(shop: Deployment, kept: str, stored: Path) -> None:
    one, everybody = shop.folder / "one", shop.folder / "everybody"
    words = ("export", "--merchant", MERCHANT, "--json")
    told = shop.asked(*words, "--customer", PHONE, "--to", str(one), code=0)
    by_id = {each["picture"]: each for each in told["pictures"]}
    assert [len(each["pictures"]) for each in told["replies"]] == [1, 2, 1]
    assert by_id.keys() == {name for each in told["replies"] for name in each["pictures"]}
    assert by_id[kept]["file"] == f"pictures/{kept}.jpg"
    assert Image.open(one / by_id[kept]["file"]).size == (960, 720)
    assert (one / by_id[kept]["file"]).stat().st_mode & 0o077 == 0
    reasons = sorted(each["missing"].partition(",")[0] for each in told["pictures"] if each["missing"])
    assert reasons == ["it had more than 5 MB", "it has not come yet", "it was no picture (JPEG"]

    shop.asked(*words, "--to", str(everybody), code=0)
    assert Image.open(everybody / "pictures" / told["customer"] / f"{kept}.jpg").size == (960, 720)
    (document,) = [json.loads(line) for line in (everybody / "customers.jsonl").read_text().splitlines()]
    assert [each["text"] for each in document["replies"]] == [each["text"] for each in told["replies"]]

    stored.unlink()  # its days are over
    gone = shop.asked(*words, "--customer", PHONE, code=0)["pictures"]
    assert ["60 days" in each["missing"] for each in gone if each["picture"] == kept] == [True]


async def test_a_photo_survives_a_worker_that_is_killed_and_goes_with_its_customer(shop: Deployment) -> None:
    worker = shop.all[-1]
    worker.kill()
    await send(shop, photo="cake")
    await send(shop, photo="cake")
    shop.worker().kill()
    shop.worker()
    first, second = await came(shop, "kept", "kept")
    (kept,) = second["photos"]
    shop.run("customer", "erase", MERCHANT, PHONE, "--json")
    told = shop.asked("export", "--merchant", MERCHANT, "--customer", first["customer"], "--json", code=0)
    assert [each["missing"] for each in told["pictures"]] == ["the customer was forgotten"] * 2
    assert shop.asked("inbox", "list", MERCHANT, "--json", code=0)["messages"] == []
    shop.said("inbox", "photo", kept["id"], "--out", str(shop.folder / "no.jpg"), code=1)
    assert not (shop.folder / "no.jpg").exists()
