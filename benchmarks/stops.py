"""Five thousand people say STOP at once, while tills fill the server: is every one of them in the log, and how soon?

One web process with its own limits, its requests from another process: as many connections as there are people, each
with one signed message, all opened at the same moment. Beside them 200 connections of tills post purchases all the
while, of which the server answers 100 at once and refuses the others. A STOP that was refused is lost: the carrier
posts it once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlencode

import redis

from benchmarks.figures import Figure, table, tell
from benchmarks.latency import open_shop, settings_of
from benchmarks.scene import ROOT, Scene, all_topics
from benchmarks.webhooks import DOOR, connected, framed, requests_to
from stamgast.bootstrap import web_parts
from stamgast.identity.records import Suppression, decode_entry
from stamgast.log.reading import LogReader
from stamgast.settings import Settings
from stamgast.web.app import create_app, is_urgent
from stamgast.web.connections import Connections, allow_files
from stamgast.web.limits import Limits
from stamgast.web.serve import deps_over, serving

MOST_S: Final = 5.0
_TOKEN: Final = "benchmark-token"
_URL: Final = "http://127.0.0.1:8000"


def run(scene: Scene) -> None:
    """Once: it is the first time that counts."""
    people = scene.sized(5_000, 100)
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with all_topics(scene) as topics, TemporaryDirectory() as folder:
        settings = settings_of(scene, topics.prefix, Path(folder))
        settings |= {"public_url": _URL, "twilio_auth_token": _TOKEN, "twilio_account_sid": "ACsandbox1"}
        asyncio.run(open_shop(scene, settings, busy=False))
        told, sales = asyncio.run(_measure(settings, Path(folder), people))
        at = asyncio.run(_logged(scene, topics.suppressions))
    in_log, last_s = len(at), max(at, default=0) / 1_000 - told["begun"]
    rows = [(people, told["good"], people - in_log, last_s, told["last_s"], sales, told["answers"])]
    heads = (
        "said STOP at once",
        "answered 2xx",
        "not in the log",
        "last in it, s",
        "last answer, s",
        "sales meanwhile",
        "",
    )
    table("STOP while tills fill the server", heads, rows)
    tell([
        Figure("http_stops_lost", float(people - in_log), "STOPs", "target", 0.0),
        Figure("http_stops_refused", float(people - told["good"]), "STOPs", "target", 0.0),
        Figure("http_stops_seconds", last_s, "s until the last is in the log", "at most", MOST_S),
        Figure("http_stops_answered_seconds", told["last_s"], "s until the last answer"),
    ])  # fmt: skip


async def _logged(scene: Scene, topic: str) -> list[int]:
    """When Kafka had each STOP (milliseconds, by the broker's clock, which is this machine's)."""
    async with LogReader(scene.kafka.bootstrap) as reader:
        return [
            record.timestamp
            async for records in reader.read_all(topic, 0)
            for record in records
            if isinstance(entry := decode_entry(record.value or b""), Suppression) and entry.stopped
        ]


async def _measure(settings: dict[str, Any], folder: Path, people: int) -> tuple[dict[str, Any], int]:
    async with web_parts(Settings(_env_file=None, **settings)) as parts:
        limits = Limits()
        deps = deps_over(parts, limits=limits)
        files = allow_files(limits.open_connections)
        crowd = Connections(
            most=limits.connections,
            per_address=limits.connections_per_address,
            open_at_most=files,
            is_urgent=is_urgent,
        )
        await connected(parts)
        async with serving(create_app(deps), "127.0.0.1", 0, crowd) as port:
            tills = folder / "tills"
            tills.write_bytes(framed(requests_to(DOOR, 20_000, 0)))
            stops = folder / "stops"
            stops.write_bytes(framed(stops_of(people)))
            busy = await _started("posting", port, tills, "200")
            await asyncio.sleep(2)
            process = await _started("at_once", port, stops)
            out, _ = await process.communicate()
            if busy.returncode is None:
                busy.terminate()
            await busy.wait()
            sales = sum(
                sample.value
                for metric in deps.metrics.purchases.collect()
                for sample in metric.samples
                if sample.name.endswith("_total")
            )
    return json.loads(out), int(sales)


async def _started(name: str, port: int, file: Path, *words: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", f"benchmarks.{name}", str(port), str(file), *words]
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)


def stops_of(people: int) -> list[bytes]:
    """As Twilio posts them."""
    found = []
    for number in range(people):
        form = {
            "MessageSid": f"SM{number:032x}", "AccountSid": "ACsandbox1", "From": f"+3161{number:07d}",
            "To": "+31970102345", "Body": "STOP", "NumMedia": "0", "OptOutType": "STOP",
        }  # fmt: skip
        text = f"{_URL}/twilio/inbound" + "".join(name + form[name] for name in sorted(form))
        mac = base64.b64encode(hmac.new(_TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()
        body = urlencode(form).encode()
        head = (
            "POST /twilio/inbound HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"X-Twilio-Signature: {mac}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found
