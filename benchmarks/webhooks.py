"""How fast are signed webhooks of a till taken in, beside the same server that only produces to Kafka?

One web process, 32 connections from another process. Each webhook is an order of its own with three lines, every second
one of a known customer; it is verified, read, named and appended before its answer. The bare server, in the
same process, parses the body, appends it and answers (`benchmarks.bare`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis

from benchmarks.bakery import MERCHANT
from benchmarks.bare import bare_server
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.latency import open_shop, settings_of
from benchmarks.meter import cpu_seconds
from benchmarks.scene import ROOT, Scene, all_topics
from stamgast.bootstrap import WebParts, web_parts
from stamgast.lifecycle.garbage import collect_rarely
from stamgast.pos.connections import Connection
from stamgast.settings import Settings
from stamgast.tills.record import Name, connection_key, encode_connection, record_of
from stamgast.web.app import create_app
from stamgast.web.serve import deps_over, serving

LEAST_SHARE = 0.5
SECRET = "benchmark-secret"
DOOR, BARE = f"/v1/merchants/{MERCHANT}/pos/shopify/front", "/bare"


def run(scene: Scene) -> None:
    """Measure both in turn, three times."""
    count, rounds = scene.sized(4_000, 100), scene.sized(5, 1)
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with all_topics(scene) as topics, TemporaryDirectory() as folder:
        settings = settings_of(scene, topics.prefix, Path(folder))
        asyncio.run(open_shop(scene, settings, busy=False))
        found = asyncio.run(_measure(settings, Path(folder), count, rounds))
    shares = [door[0] / bare[0] for door, bare in zip(found[DOOR], found[BARE], strict=True)]
    door, bare = (middle([speed for speed, _ in found[path]]) for path in (DOOR, BARE))
    door_cpu, bare_cpu = (middle([cpu for _, cpu in found[path]]) for path in (DOOR, BARE))
    rows = [
        ("signed webhook, appended", door, middle(shares), door_cpu),
        ("a bare server, append alone", bare, 1.0, bare_cpu),
    ]
    table(f"Webhooks of a till, {count} on 32 connections", ("what", "a second", "share", "CPU us of web"), rows)
    tell([
        Figure("webhook_intake", middle(shares), "of the rate of append alone", "at least", LEAST_SHARE),
        Figure("webhook_intake_cpu", door_cpu, "us of web each", "append alone", bare_cpu),
    ])  # fmt: skip


async def _measure(
    settings: dict[str, Any], folder: Path, count: int, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Of each way and round: how many a second, and microseconds of CPU each."""
    found: dict[str, list[tuple[float, float]]] = {DOOR: [], BARE: []}
    async with web_parts(Settings(_env_file=None, **settings)) as parts:
        deps = deps_over(parts)
        app = create_app(deps)
        await connected(parts)
        collect_rarely()  # as web does
        async with serving(app, "127.0.0.1", 0) as ours, bare_server(parts) as bare:
            for number in range(rounds + 1):  # the first one warms up
                for path, done in found.items():
                    requests, began = requests_to(path, count, number), cpu_seconds()
                    speed = await _posted(ours if path == DOOR else bare, requests, folder / "requests")
                    done.append((speed, (cpu_seconds() - began) / count * 1e6))
    return {path: done[1:] for path, done in found.items()}


async def connected(parts: WebParts) -> None:
    """The shop's till is connected, and everything is read."""
    sealed = {"webhook": (parts.tills.seal.seal(MERCHANT, "front", "webhook", SECRET),)}
    connection = Connection(MERCHANT, "front", "shopify", "bench", {"1": "dok"}, sealed)
    key = connection_key(Name(MERCHANT, "front"))
    value = encode_connection(record_of(connection, 1))
    await parts.appender.append(parts.topics.connections, [(key, value)])
    known = parts.tills.connections
    while not (known.loaded and known.all(MERCHANT) and parts.identities.loaded and parts.merchants.loaded):
        await asyncio.sleep(0.05)


async def _posted(port: int, requests: Sequence[bytes], file: Path) -> float:
    await asyncio.to_thread(file.write_bytes, framed(requests))
    command = [sys.executable, "-m", "benchmarks.posting", str(port), str(file)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    told = json.loads(out)
    if told["good"] != len(requests):
        raise RuntimeError(f"{len(requests) - told['good']} of {len(requests)} were not answered with 2xx")
    return len(requests) / float(told["seconds"])


def framed(requests: Sequence[bytes]) -> bytes:
    """As `benchmarks.posting` reads them."""
    return b"".join(len(each).to_bytes(4, "big") + each for each in requests)


def requests_to(path: str, count: int, round_: int) -> list[bytes]:
    """HTTP requests with signed orders, each of its own."""
    found = []
    for number in range(count):
        raw = json.dumps(order(round_ * count + number)).encode()
        mac = base64.b64encode(hmac.new(SECRET.encode(), raw, hashlib.sha256).digest()).decode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(raw)}\r\n"
            f"X-Shopify-Topic: orders/paid\r\nX-Shopify-Hmac-Sha256: {mac}\r\n"
            f"X-Shopify-Webhook-Id: {round_}-{number}\r\nX-Shopify-Shop-Domain: bench.myshopify.com\r\n\r\n"
        )
        found.append(head.encode() + raw)
    return found


def order(number: int) -> dict[str, Any]:
    """An order of Shopify's documented shape, with three lines; every second one of one of a thousand customers."""
    prices = ("3.20", "2.40", "6.80")
    lines = [
        {
            "id": number * 10 + place, "sku": f"SKU{place}", "title": f"Article {place}", "quantity": 1, "price": price,
            "current_quantity": 1, "product_id": place, "variant_id": place, "gift_card": False,
            "total_discount": "0.00", "discount_allocations": [],
            "tax_lines": [{"price": "0.19", "rate": 0.06, "title": "BTW"}],
        }
        for place, price in enumerate(prices, 1)
    ]  # fmt: skip
    customer = {"id": number % 1_000, "phone": f"+3247{number % 1_000:07d}"} if number % 2 else None
    moment = "2026-10-01T09:58:00+02:00"
    return {
        "id": 450_789_469_000 + number, "name": f"#{number}", "created_at": moment, "processed_at": moment,
        "updated_at": moment, "currency": "EUR", "presentment_currency": "EUR", "financial_status": "paid",
        "cancelled_at": None, "test": False, "taxes_included": True, "source_name": "pos", "location_id": 1,
        "user_id": 1, "device_id": 1, "total_price": "12.40", "subtotal_price": "12.40", "total_tax": "0.57",
        "total_discounts": "0.00", "total_tip_received": "0.00", "customer": customer, "line_items": lines,
        "shipping_lines": [], "refunds": [], "payment_gateway_names": ["cash"], "tax_lines": [],
    }  # fmt: skip
