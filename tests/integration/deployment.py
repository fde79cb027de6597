"""A whole deployment in processes of its own: sandbox, web, workers; a merchant that greets at every purchase."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from stamgast.demo.stage import bring_into_force
from stamgast.local.processes import ChildProcess, free_port
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.settings import Settings
from stamgast.state.client import RedisClient
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.forge import Forged

STAMGAST = [sys.executable, "-m", "stamgast.cli"]
"""From nothing, as a shell starts it; `commands` starts it sooner."""
ROOT = commands.ROOT
MERCHANT = "winkel"

PROGRAM = """\
merchant: winkel
name: De Winkel
currency: EUR
region: NL
time_zone: Europe/Amsterdam
languages: [nl]
stores:
  hoek: {}
cards:
  each:
    stamps: 1
    per: purchase
    reward: coffee
rewards:
  coffee: {names: {nl: Een koffie}, valid_for: 30 days}
templates:
  hello:
    purpose: utility
    if_unproven: never
messaging:
  sms_sender: "+31970102345"
  caps:
    utility: [100 per day]
"""
RULE = """\
rule: hello
description: Every purchase is thanked for.
status: live
when: purchase
then:
  - send: hello
    by: [sms]
"""

Process = Forged | ChildProcess


class Deployment:
    """Started by `start`; every process is killed by `end`."""

    def __init__(self, bootstrap: str, redis_url: str, topics: Topics, folder: Path) -> None:
        self.topics, self.folder, self.redis_url, self.bootstrap = topics, folder, redis_url, bootstrap
        self.sandbox_url = f"http://127.0.0.1:{free_port()}"
        self.web_url = f"http://127.0.0.1:{free_port()}"
        self.web_health = f"http://127.0.0.1:{free_port()}"
        self.all: list[Process] = []
        self.http = httpx.AsyncClient(timeout=60)
        key = "A" * 43 + "="
        self.env = os.environ | {
            "PYTHONPATH": str(ROOT),
            "STAMGAST_KAFKA_BOOTSTRAP": bootstrap,
            "STAMGAST_REDIS_URL": redis_url,
            "STAMGAST_PARTITIONS": str(topics.partitions),
            "STAMGAST_TOPIC_PREFIX": topics.prefix,
            "STAMGAST_GROUP_PREFIX": f"{topics.prefix}stamgast",
            "STAMGAST_CONFIG_DIR": str(folder / "config"),
            "STAMGAST_ID_KEY": key,
            "STAMGAST_WRAPPING_KEYS": f"test:{key}",
            "STAMGAST_CLOCK": "2026-10-01T08:00:00Z,1x",
            "STAMGAST_CLOCK_FILE": str(folder / "clock"),
            "STAMGAST_MEDIA_STORE": str(folder / "media"),
            "STAMGAST_TWILIO_BASE_URL": self.sandbox_url,
            "STAMGAST_TWILIO_ACCOUNT_SID": "ACsandbox00000000000000000000000001",
            "STAMGAST_TWILIO_API_KEY": "SKsandbox1",
            "STAMGAST_TWILIO_API_SECRET": "secret",
            "STAMGAST_TWILIO_AUTH_TOKEN": "sandbox-auth-token",
            "STAMGAST_PUBLIC_URL": self.web_url,
            "STAMGAST_WEB_METRICS_PORT": self.web_health.rpartition(":")[2],
            "STAMGAST_POST_LIMIT_S": "4",
            "STAMGAST_LOOK_UPS_S": "1,3",
        }

    async def start(
        self, workers: int = 1, rule: str = RULE, program: str = PROGRAM, template: str = "Dank u!"
    ) -> None:
        folder = self.folder / "config" / "merchants" / MERCHANT
        for name, text in {
            "program.yaml": program,
            "rules/hello.yaml": rule,
            "templates/nl/hello.j2": template,
        }.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        self._process("sandbox", "sandbox", "--port", self.sandbox_url.rpartition(":")[2])
        self._process("web", "web", "--port", self.web_url.rpartition(":")[2])
        key = (await bring_into_force(self._settings(), [MERCHANT]))[MERCHANT]
        self.http.headers["Authorization"] = f"Bearer {key}"
        for _ in range(workers):
            self.worker()
        for url in (f"{self.web_health}/readyz", f"{self.sandbox_url}/healthz"):
            await eventually(partial(self._answers, url), seconds=60, why=url)

    def _settings(self) -> Settings:
        names = (name for name in Settings.model_fields if f"STAMGAST_{name.upper()}" in self.env)
        given: dict[str, Any] = {name: self.env[f"STAMGAST_{name.upper()}"] for name in names}
        return Settings(_env_file=None, **given)

    def done(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A command that has ended, in whatever way."""
        return commands.done(*words, env=self.env | env)

    def run(self, *words: str) -> dict[str, object]:
        done = self.done(*words)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def asked(self, *words: str, code: int | None = None) -> Any:
        """What a command answers in JSON, whatever it ends with; with `code`, that it ends so."""
        return json.loads(self.said(*words, code=code))

    def said(self, *words: str, code: int | None = None) -> str:
        done = self.done(*words)
        assert code in (None, done.returncode), done.stderr + done.stdout
        return done.stdout

    def worker(self) -> Forged:
        return self._process(f"worker-{len(self.all)}", "worker")

    def beside(self, *words: str) -> Forged:
        """A command that runs until it is ended."""
        return self._process(f"{words[0]}-{len(self.all)}", *words)

    def _process(self, name: str, *words: str) -> Forged:
        process = commands.started(name, *words, log=self.folder / f"{name}.log", env=self.env)
        self.all.append(process)
        return process

    async def _answers(self, url: str) -> bool:
        try:
            return (await self.http.get(url)).status_code == 200
        except httpx.HTTPError:
            return False

    async def end(self) -> None:
        for process in self.all:
            process.kill()
        await self.http.aclose()

    # -- what a shop does

    async def enrol(self, number: int) -> None:
        consent = {"purpose": "utility", "channel": "sms", "wording_version": "1", "source": "till"}
        body = {"phone": f"06120{number:05d}", "first_name": "Jo", "consents": [consent]}
        answer = await self.http.post(f"{self.web_url}/v1/merchants/{MERCHANT}/customers", json=body)
        assert answer.status_code in (200, 201), answer.text

    async def buy(self, numbers: range, visit: int = 1) -> None:
        purchases = [
            {
                "transaction_id": f"till:{visit}:{number}",
                "source_version": 1,
                "status": "completed",
                "end_date_time": "2026-10-01T07:59:10Z",
                "store": {"retail_store_id": "hoek"},
                "customer": {"phone": f"06120{number:05d}"},
                "price_currency": "EUR",
                "totals": {"gross_minor": 1240},
                "line_items": [{"line_id": "1", "gross_minor": 1240}],
            }
            for number in numbers
        ]

        async def taken() -> bool:
            answer = await self.http.post(f"{self.web_url}/v1/merchants/{MERCHANT}/purchases", json=purchases)
            assert answer.status_code == 202, answer.text
            return True

        await eventually(taken, seconds=60, every=0.2)  # while a view is read again, the web says: in a moment

    # -- what came of it

    async def messages(self) -> list[dict[str, str]]:
        return (await self.http.get(f"{self.sandbox_url}/sandbox/messages")).json()

    async def sent(self) -> dict[str, int]:
        """Activation -> how many messages left for it."""
        found: dict[str, int] = defaultdict(int)
        for message in await self.messages():
            found[parse_qs(urlsplit(message["status_callback"]).query)["x"][0]] += 1
        return found

    async def fates(self) -> dict[str, str]:
        """Activation -> the last status that its public log tells."""
        fates: dict[str, str] = {}
        async with LogReader(self.bootstrap) as reader:
            for partition in range(self.topics.partitions):
                async for records in reader.read_all(self.topics.activations, partition):
                    for note in (json.loads(record.value) for record in records):
                        if note["kind"] in ("decided", "outcome"):
                            fates[note["activation"]] = note["status"]
        return fates

    async def outbox_is_empty(self) -> bool:
        async with aclosing(RedisClient(self.redis_url)) as client:
            kinds = ("outbox", "queue", "doubt")
            left = [await client.exists(f"{{c{n}}}:{k}") for n in range(self.topics.partitions) for k in kinds]
        return not any(left)

    async def everything_ended(self, activations: int, seconds: float = 60) -> dict[str, str]:
        async def ended() -> bool:
            if not await self.outbox_is_empty():  # cheap to ask, while reading the logs keeps the workers from theirs
                return False
            fates = await self.fates()
            assert len(fates) == activations, f"{len(fates)} activations of {activations}"
            waiting = [name for name, status in fates.items() if status in ("submitted", "held")]
            assert not waiting, f"{len(waiting)} not ended"
            return await self.outbox_is_empty()

        await eventually(ended, seconds=seconds, every=0.3, why="every activation ended")
        return await self.fates()


def sales_of(visits: Iterable[Sequence[datetime]]) -> list[dict[str, Any]]:
    """A sale for each visit of each customer, as a till posts it; customers have the phones 0612000000 and up."""
    return [
        {
            "transaction_id": f"old:{number}:{visit}",
            "source_version": 1,
            "status": "completed",
            "end_date_time": when.isoformat(),
            "store": {"retail_store_id": "hoek"},
            "customer": {"phone": f"06120{number:05d}"},
            "price_currency": "EUR",
            "totals": {"gross_minor": 900 + 37 * (number % 50)},
        }
        for number, times in enumerate(visits)
        for visit, when in enumerate(times)
    ]
