"""A shop's days in minutes, from outside, while everything under it is killed: does what the docs promise hold?

`python scripts/soak.py [--seconds 600] [--seed 7] [--people 150]`. It starts a broker, a Redis, workers, web and the
sandbox on this machine, sells, edits, voids, refunds, redeems, takes back, stops and starts over HTTP and, a part of
the sales, by a Kafka producer of the shop's own, and meanwhile kills what runs, at random. What it expects is reckoned
from docs/ and from what it was answered, with nothing of the engine. It prints its seed, what happened and each fault,
and ends with 1 if there is one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from kafka import KafkaProducer
from kafka.errors import KafkaError

from stamgast.bootstrap import topics_of
from stamgast.demo.stage import bring_into_force, environment, make_settings
from stamgast.local.brokers import Broker, open_broker
from stamgast.local.processes import ChildProcess, free_port
from stamgast.local.redis_server import RedisServer, open_redis
from stamgast.log.topics import create_topics
from stamgast.settings import Settings

SHOP: Final = "winkel"
FULL: Final = 5
"""Stamps of a card."""
MARGIN: Final = 2
"""Half of what is paid is profit."""
ZONE: Final = ZoneInfo("Europe/Amsterdam")
OPENS: Final = datetime(2026, 10, 1, 10, tzinfo=ZONE)
WORKERS: Final = 2
OVER_KAFKA: Final = 0.3
"""Of the purchases."""
ON_ITS_WAY_S: Final = 5.0
"""A POST takes at most four."""
PATIENCE_S: Final = 240.0
"""How long after the last trouble everything may take to be right."""
COMMAND: Final = (sys.executable, "-m", "stamgast.cli")
JAR_DIR: Final = Path(__file__).resolve().parent.parent / ".run"

FILES: Final = {
    "program.yaml": """\
merchant: winkel
name: De Winkel
currency: EUR
region: NL
time_zone: Europe/Amsterdam
languages: [nl]
stores: {hoek: {}}
cards: {loyal: {stamps: 5, per: purchase, on_refund: below_zero}}
rewards: {coffee: {names: {nl: Een koffie}, valid_for: 300 days}}
templates: {full: {purpose: utility, if_unproven: send_again}}
messaging: {sms_sender: "+31970102345", send_between: {utility: "08:00-21:00"}, caps: {utility: [100 per day]}}
costs: {margin: 50%, lifespan_years: 3}
""",
    "rules/full.yaml": """\
rule: full
description: Five purchases give a coffee.
status: live
when: {stamp_card_completed: loyal}
once_per: card
then:
  - give: coffee
  - send: full
    by: [sms]
""",
    "templates/nl/full.j2": "Koffie! {{ voucher.code }}",
}
CARRIER: Final = {"429": 0.03, "lost_before": 0.02, "lost_after": 0.02, "error_500_after": 0.02,
                  "callbacks": {"lose": 0.05, "duplicate": 0.1, "reorder": 0.1}}  # fmt: skip


# -- what the documentation says must come of it


@dataclass
class Sale:
    """A transaction as the till last stated it: figures in cents."""

    person: int
    at: datetime
    gross: int
    version: int = 1
    voided: bool = False
    refunded: int = 0


@dataclass
class Person:
    """Somebody with a phone, and what they were answered."""

    phone: str
    id: str = ""
    used: dict[str, str] = field(default_factory=dict)
    """Code of a voucher that was handed over -> the key of the request that redeemed it."""
    stopped_at: str = ""
    """When they said STOP, as the carrier has it; empty if they may be written to."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Oracle:
    """Figures of a customer, from docs/rules.md and docs/adr/0010 alone."""

    def __init__(self) -> None:
        self.sales: dict[str, Sale] = {}

    def of(self, number: int, person: Person) -> dict[str, Any]:
        """What `GET …/customers/{customer}` has to say."""
        theirs = [sale for sale in self.sales.values() if sale.person == number and not sale.voided]
        spend = sum(sale.gross - sale.refunded for sale in theirs)
        cards = max(len(theirs) // FULL, len(person.used))
        return {
            "purchases": len(theirs),
            "visits": len({sale.at.astimezone(ZONE).date() for sale in theirs}),
            "spend": spend,
            "profit": spend // MARGIN,
            "stamps": len(theirs) - FULL * cards,
            "cards": cards,
            "open vouchers": cards - len(person.used),
            "stopped": bool(person.stopped_at),
        }


def seen(shown: dict[str, Any]) -> dict[str, Any]:
    """The same of an answer."""
    return {name: shown[name] for name in ("purchases", "visits", "spend", "profit", "stopped")} | {
        "stamps": shown["stamps"]["loyal"],
        "cards": shown["cards_completed"]["loyal"],
        "open vouchers": len(shown["vouchers"]) + sum(shown["more_vouchers"].values()),
    }


# -- the deployment, and what befalls it


class Deployment:
    """Its processes; each can be killed and comes back."""

    def __init__(self, settings: Settings, folder: Path, broker: Broker, redis: RedisServer) -> None:
        self.settings, self.folder, self.broker, self.redis = settings, folder, broker, redis
        self.running: dict[str, ChildProcess] = {}

    def start(self, name: str) -> None:
        """Start `web`, `sandbox`, or a worker by its name."""
        words = [name.partition("-")[0]]
        env = environment(self.settings)
        if words[0] == "worker":
            env["STAMGAST_METRICS_PORT"] = str(free_port())
        self.running[name] = ChildProcess(name, [*COMMAND, *words], log=self.folder / f"{name}.log", env=env)

    def kill(self, name: str) -> None:
        """As a crash would, and started anew, as whatever looks after it would."""
        self.running[name].kill()
        self.start(name)

    def revive(self) -> list[str]:
        """Start what has ended by itself; say what that was."""
        ended = [name for name, child in self.running.items() if child.exit_code is not None]
        for name in ended:
            self.start(name)
        return ended

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of ours."""
        env = environment(self.settings)
        return subprocess.run([*COMMAND, *words], env=env, capture_output=True, text=True, check=False, timeout=300)


class Trouble:
    """One thing at a time."""

    def __init__(
        self, deployment: Deployment, draw: random.Random, faults: Counter[str], only: Sequence[str] = ()
    ) -> None:
        self._deployment, self._draw, self._faults = deployment, draw, faults
        self.happened: Counter[str] = Counter()
        self._kinds: list[Callable[[], Awaitable[None]]] = [
            *[self._kill_worker] * 4,
            self._end_worker,
            *[self._pause_worker] * 2,
            *[self._kill_web] * 3,
            *[self._kill_redis] * 2,
            self._tear_redis,
            self._empty_redis,
            self._pause_redis,
        ]
        if deployment.broker.restartable:
            self._kinds += [self._kill_kafka, self._pause_kafka]
        self._kinds = [each for each in self._kinds if not only or each.__name__.strip("_") in only]

    async def go_on(self, seconds: float) -> None:
        """Until the time is over."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            await asyncio.sleep(self._draw.uniform(2, 8))
            kind = self._draw.choice(self._kinds)
            self.happened[kind.__name__.strip("_")] += 1
            await kind()
            self._note_ended()

    def _note_ended(self) -> None:
        for name in self._deployment.revive():
            self._faults[f"{name} ended by itself"] += 1

    def _worker(self) -> str:
        return f"worker-{self._draw.randrange(WORKERS)}"

    async def _kill_worker(self) -> None:
        self._deployment.kill(self._worker())

    async def _end_worker(self) -> None:
        name = self._worker()
        await asyncio.to_thread(self._deployment.running[name].stop)
        self._deployment.start(name)

    async def _pause_worker(self) -> None:
        child = self._deployment.running[self._worker()]
        child.signal(signal.SIGSTOP)
        await asyncio.sleep(self._draw.uniform(3, 20))
        child.signal(signal.SIGCONT)

    async def _kill_web(self) -> None:
        self._deployment.kill("web")

    async def _kill_redis(self) -> None:
        self._deployment.redis.kill()
        await asyncio.to_thread(self._deployment.redis.start)

    async def _tear_redis(self) -> None:
        """A crash that takes the end of the append-only file with it."""
        redis = self._deployment.redis
        redis.kill()
        for file in self._deployment.folder.glob("redis-*/appendonlydir/*.incr.aof"):
            lost = self._draw.randrange(1, 20_000)
            with file.open("r+b") as torn:
                torn.truncate(max(0, file.stat().st_size - lost))
        await asyncio.to_thread(redis.start)

    async def _empty_redis(self) -> None:
        await asyncio.to_thread(self._deployment.redis.empty)

    async def _pause_redis(self) -> None:
        """Nothing is closed and nothing answers, shorter or longer than its clients are patient."""
        self._deployment.redis.pause()
        await asyncio.sleep(self._draw.uniform(1, 12))
        self._deployment.redis.go_on()

    async def _pause_kafka(self) -> None:
        self._deployment.broker.pause()
        await asyncio.sleep(self._draw.uniform(1, 20))
        self._deployment.broker.go_on()

    async def _kill_kafka(self) -> None:
        self._deployment.broker.kill()
        await asyncio.sleep(self._draw.uniform(0, 6))
        await asyncio.to_thread(self._deployment.broker.start)


# -- the shop


class OwnProducer:
    """The shop's own way to `purchases.v1`, as docs/producing.md has it, and somebody's who has no right to it."""

    def __init__(self, deployment: Deployment, draw: random.Random) -> None:
        self._deployment, self._draw = deployment, draw
        self._lock, self._changing = asyncio.Lock(), asyncio.Lock()
        self._key: dict[str, Any] = {}
        self._kafka: Any = None
        self._other = ""
        self.forged = 0
        """Records that must each be a dead letter."""

    async def open(self) -> None:
        """Connect, with a key of the shop's."""
        self._kafka = await asyncio.to_thread(self._connect)
        self._key, self._other = await self._new_key(SHOP), (await self._new_key("rovers"))["key"]

    async def close(self) -> None:
        """No more records."""
        await asyncio.to_thread(self._kafka.close, 5)

    async def send(self, document: dict[str, Any], key: str = "") -> None:
        """Send a purchase until Kafka has it, with the shop's key or another text in its place."""
        name = f"{SHOP}:{document['transaction_id']}"
        event = {"specversion": "1.0", "type": "stamgast.purchase.v1", "id": name, "source": "/soak", "data": document}
        value = json.dumps(event).encode()
        while True:
            with contextlib.suppress(KafkaError):
                async with self._lock:
                    secret = key or self._key["key"]
                    mac = hmac.new(secret.encode(), value, "sha256").hexdigest()
                    proof = f"{secret.split('_')[1]}:{mac}".encode()
                    await asyncio.to_thread(self._append, name.encode(), value, [("stamgast-proof", proof)])
                return
            await asyncio.sleep(0.3)

    async def forge(self, document: dict[str, Any]) -> None:
        """Somebody else's try: with another merchant's key, with a made-up one, or as the engine's own records look."""
        if self._draw.random() < 0.7:
            await self.send(document, self._draw.choice([self._other, f"sk_{'a' * 16}_{'b' * 43}"]))
        else:
            ours = {"stamgastrecordedat": int(OPENS.timestamp() * 1_000), "stamgastsource": ["x", 0, 10**9, 0]}
            event = ours | {"specversion": "1.0", "type": "stamgast.purchase.v1", "id": "x", "source": "/x"}
            event["data"] = document
            name = f"{SHOP}:{document['transaction_id']}".encode()
            with contextlib.suppress(KafkaError):
                await asyncio.to_thread(self._append, name, json.dumps(event).encode(), [])
                self.forged += 1
            return
        self.forged += 1

    async def change_key(self) -> None:
        """A new key, and then an end of the old one."""
        async with self._changing:
            old, new = self._key, await self._new_key(SHOP)
            async with self._lock:  # what went with the old one has been acknowledged
                self._key = new
            await self._command("keys", "revoke", SHOP, old["id"])

    async def judge(self, faults: Counter[str]) -> None:
        """Each forged record was laid aside, and none of the shop's, unless its key had ended and it was sent again."""
        found = (await self._command("dead-letters", "list"))["dead_letters"]
        reasons = [letter["reason"] for letter in found if "was revoked" not in letter["reason"]]
        for reason in reasons:
            if not reason.startswith(("nothing proves that it comes from winkel", "its proof is wrong")):
                faults[f"laid aside: {reason}"] += 1
        if len(reasons) < self.forged:
            faults[f"of {self.forged} forged records {len(reasons)} were laid aside"] += 1

    async def _new_key(self, merchant: str) -> dict[str, Any]:
        words = ("keys", "create", merchant, "--scope", "produce")
        while (made := await self._try(*words)) is None:  # of one that was made and not shown nobody knows the text
            for key in (await self._command("keys", "list", merchant))["keys"]:
                is_a_producers = key["scopes"] == ["produce"] and not key["revoked_at"]
                if is_a_producers and key["id"] != self._key.get("id"):
                    await self._command("keys", "revoke", merchant, key["id"])
        return made

    async def _command(self, *words: str) -> dict[str, Any]:
        while True:
            if (done := await self._try(*words)) is not None:
                return done
            await asyncio.sleep(1)  # Kafka is away

    async def _try(self, *words: str) -> dict[str, Any] | None:
        done = await asyncio.to_thread(self._deployment.run, *words, "--json")
        return dict(json.loads(done.stdout)) if done.returncode == 0 else None

    def _append(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        try:
            self._kafka.send("purchases.v1", key=key, value=value, headers=headers).get(30)
        except KafkaError:  # one that lost its broker in the midst of a send may take nothing any more
            stuck, self._kafka = self._kafka, self._connect()
            stuck.close(0)
            raise

    def _connect(self) -> KafkaProducer:
        times = {"request_timeout_ms": 5_000, "delivery_timeout_ms": 15_000, "max_block_ms": 15_000}
        address = self._deployment.settings.kafka_bootstrap
        return KafkaProducer(bootstrap_servers=address, acks="all", **times)


class Shop:
    """Tills and phones; whatever is not answered is sent again, as the documentation asks."""

    def __init__(
        self, deployment: Deployment, key: str, people: int, draw: random.Random, faults: Counter[str]
    ) -> None:
        self._draw, self._faults = draw, faults
        self._sandbox = deployment.settings.twilio_base_url
        base = f"{deployment.settings.public_url}/v1/merchants/{SHOP}"
        headers = {"Authorization": f"Bearer {key}"}
        self._web = httpx.AsyncClient(base_url=base, headers=headers, timeout=20, trust_env=False)
        self._carrier = httpx.AsyncClient(base_url=self._sandbox, timeout=60, trust_env=False)
        self.own = OwnProducer(deployment, draw)
        self.people = [Person(f"+3161{number:07}") for number in range(people)]
        self.oracle = Oracle()
        self.done: Counter[str] = Counter()
        self._number = 0

    async def close(self) -> None:
        """No more requests."""
        await self.own.close()
        await self._web.aclose()
        await self._carrier.aclose()

    async def fault(self, **switches: Any) -> None:
        """How the carrier fails."""
        (await self._carrier.post("/sandbox/faults", json=switches)).raise_for_status()

    async def open(self) -> None:
        """Everybody joins."""
        settings = {"inbound_url": str(self._web.base_url).partition("/v1/")[0] + "/twilio/inbound"}
        (await self._carrier.post("/sandbox/settings", json=settings)).raise_for_status()
        consent = {"purpose": "utility", "channel": "sms", "wording_version": "1", "source": "soak"}
        for person in self.people:
            answer = await self._until("POST", "/customers", json={"phone": person.phone, "consents": [consent]})
            person.id = answer.json()["customer"]
        await self.own.open()

    async def _until(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send it until somebody answers who is there."""
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = await self._web.request(method, path, **more)
                if answer.status_code == 429:
                    self._faults["429 at this pace"] += 1
                elif answer.status_code < 500:
                    return answer
                elif answer.status_code == 503:
                    if "retry-after" not in answer.headers:
                        self._faults[f"503 without Retry-After: {answer.text[:200]}"] += 1
                else:
                    self._faults[f"{answer.status_code} to {method} {path.split('/')[1]}: {answer.text[:200]}"] += 1
            await asyncio.sleep(0.3)

    async def trade(self, ends: float) -> None:
        """One till, until the time is over."""
        deeds = [self._sell] * 10 + [self._edit, self._void, self._refund, self._repeat] + [self._redeem] * 3
        deeds += [self._say_stop, self._say_start, self._repeat_redemption, self._take_back, self._forge]
        while time.monotonic() < ends:
            deed = self._draw.choice(deeds)
            await deed()
            self.done[deed.__name__.strip("_")] += 1

    def _anybody(self) -> int:
        return self._draw.randrange(len(self.people))

    async def _sell(self) -> None:
        self._number += 1
        days = self._draw.choice([0, 0, 0, self._draw.randrange(1, 300)])
        sale = Sale(self._anybody(), OPENS - timedelta(days=days), 2 * self._draw.randrange(50, 2_000))
        self.oracle.sales[f"t{self._number}"] = sale
        await self._tell(f"t{self._number}", sale)

    async def _tell(self, name: str, sale: Sale) -> None:
        document = {
            "transaction_id": name, "source_version": sale.version, "status": "voided" if sale.voided else "completed",
            "end_date_time": sale.at.isoformat(), "store": {"retail_store_id": "hoek"}, "price_currency": "EUR",
            "customer": {"phone": self.people[sale.person].phone}, "totals": {"gross_minor": sale.gross},
        }  # fmt: skip
        await self._post(document, person=self.people[sale.person])

    async def _post(self, document: dict[str, Any], person: Person | None = None) -> None:
        if self._draw.random() < OVER_KAFKA:
            whose = {} if person is None else {"customer": {"customer_id": person.id}}
            await self.own.send(document | whose)
            return
        answer = await self._until("POST", "/purchases", json=document)
        if answer.status_code != 202:
            self._faults[f"a purchase is answered {answer.status_code}: {answer.text[:200]}"] += 1
        if self._draw.random() < 0.1:
            await self._until("POST", "/purchases", json=document)

    async def _forge(self) -> None:
        """Twelve purchases that nobody made, a void of one that somebody did; now and then the shop changes its key."""
        found = self._some_sale()
        for number in range(12):
            self._number += 1
            name = found[0] if found is not None and number == 0 else f"f{self._number}"
            await self.own.forge({
                "transaction_id": name, "source_version": 1_000, "status": "completed" if number else "voided",
                "end_date_time": OPENS.isoformat(), "store": {"retail_store_id": "hoek"}, "price_currency": "EUR",
                "customer": {"customer_id": self.people[self._anybody()].id}, "totals": {"gross_minor": 5_000},
            })  # fmt: skip
        if self._draw.random() < 0.1:
            await self.own.change_key()

    def _some_sale(self) -> tuple[str, Sale] | None:
        if not self.oracle.sales:
            return None
        name = self._draw.choice(list(self.oracle.sales))
        return name, self.oracle.sales[name]

    async def _change(self, change: Callable[[Sale], None]) -> None:
        found = self._some_sale()
        if found is None or found[1].voided or found[1].refunded:
            return
        name, sale = found
        change(sale)
        sale.version += 1
        await self._tell(name, sale)

    async def _edit(self) -> None:
        def change(sale: Sale) -> None:
            sale.gross = 2 * self._draw.randrange(50, 2_000)
            if self._draw.random() < 0.2:
                sale.person = self._anybody()

        await self._change(change)

    async def _void(self) -> None:
        def change(sale: Sale) -> None:
            sale.voided = True

        await self._change(change)

    async def _refund(self) -> None:
        found = self._some_sale()
        if found is None or found[1].voided or found[1].refunded:
            return
        name, sale = found
        sale.refunded = sale.gross // 4 * 2
        await self._post({
            "transaction_id": name, "refund_id": f"r-{name}", "status": "refund", "end_date_time": OPENS.isoformat(),
            "price_currency": "EUR", "totals": {"gross_minor": sale.refunded},
        })  # fmt: skip

    async def _repeat(self) -> None:
        found = self._some_sale()
        if found is not None:
            await self._tell(*found)

    async def _redeem(self) -> None:
        """Two tills at once, now and then: one of them hands over."""
        person = self.people[self._anybody()]
        async with person.lock:
            shown = (await self._until("GET", f"/customers/{person.id}")).json()
            codes = [each["code"] for each in shown.get("vouchers", []) if each["code"] not in person.used]
            if not codes:
                return
            code, self._number = self._draw.choice(codes), self._number + 1
            keys = [f"k{self._number}-{till}" for till in range(self._draw.choice([1, 1, 2]))]
            answers = await asyncio.gather(*(self._ask_for(code, key) for key in keys))
            winners = [key for key, status in zip(keys, answers, strict=True) if status == 200]
            if len(winners) > 1:
                self._faults["a voucher was handed over twice"] += 1
            if winners:
                person.used[code] = winners[0]

    async def _ask_for(self, code: str, key: str) -> int:
        while True:
            answer = await self._until("POST", f"/vouchers/{code}/redemptions", headers={"Idempotency-Key": key})
            if answer.status_code == 404:
                said = str(answer.json().get("detail", answer.text))[:100]
                self._faults[f"404 for a voucher that was shown at {time.strftime('%H:%M:%S')}: {said}"] += 1
            if answer.status_code != 202:
                return answer.status_code
            await asyncio.sleep(0.3)

    async def _repeat_redemption(self) -> None:
        person = self.people[self._anybody()]
        async with person.lock:
            for code, key in person.used.items():
                if (status := await self._ask_for(code, key)) != 200:
                    self._faults[f"a repeat of the winner's request is answered {status}"] += 1

    async def _take_back(self) -> None:
        person = self.people[self._anybody()]
        async with person.lock:
            if not person.used or self._draw.random() < 0.5:
                return
            code, key = self._draw.choice(list(person.used.items()))
            while True:
                path, headers = f"/vouchers/{code}/redemptions", {"Idempotency-Key": key}
                answer = await self._until("DELETE", path, headers=headers)
                if answer.status_code != 202:
                    break
                await asyncio.sleep(0.3)
            if answer.status_code != 200:
                self._faults[f"a take-back is answered {answer.status_code}: {answer.text[:200]}"] += 1
                return
            del person.used[code]

    async def _say(self, person: Person, text: str) -> str:
        """Say it until the shop has it; when that was, as the carrier has it."""
        said = {"from": person.phone, "body": text, "channel": "sms", "to": "+31970102345"}
        while True:
            answer = await self._carrier.post("/sandbox/inbound", json=said)
            status = answer.json().get("webhook_status")
            if status is not None and status < 300:
                return str((await self._carrier.get("/sandbox/phones", params={"limit": 1})).json()["now"])
            await asyncio.sleep(0.5)

    async def _say_stop(self) -> None:
        person = self.people[self._anybody()]
        async with person.lock:
            if not person.stopped_at:
                person.stopped_at = await self._say(person, "afmelden")

    async def _say_start(self) -> None:
        person = self.people[self._anybody()]
        async with person.lock:
            if person.stopped_at:
                await self._judge_silence(person)
                await self._say(person, "aanmelden")
                person.stopped_at = ""

    async def _messages(self, person: Person) -> list[dict[str, Any]]:
        answer = await self._carrier.get("/sandbox/messages", params={"to": person.phone, "limit": 1_000})
        return list(answer.json())

    async def heard(self, person: Person) -> list[str]:
        """What came to their phone."""
        return [message["body"] for message in await self._messages(person)]

    async def _judge_silence(self, person: Person) -> None:
        """What was on its way to the carrier already when the STOP was answered may still arrive."""
        answered = datetime.fromisoformat(person.stopped_at)
        for message in await self._messages(person):
            late = datetime.fromisoformat(message["created"]) - answered
            if late > timedelta(seconds=ON_ITS_WAY_S):
                self._faults[f"{person.id} got {message['body']} {late} after a STOP that was answered"] += 1

    async def show(self, person: Person) -> dict[str, Any]:
        """What web says of them."""
        return dict((await self._until("GET", f"/customers/{person.id}")).json())

    async def judge(self) -> list[str]:
        """Wait until everything is right, or for as long as it may take; what is not, is told."""
        deadline, wrong = time.monotonic() + PATIENCE_S, [""]
        while wrong and time.monotonic() < deadline:
            await asyncio.sleep(1)
            wrong = []
            for number, person in enumerate(self.people):
                expected, found = self.oracle.of(number, person), seen(await self.show(person))
                if expected != found:
                    differing = {
                        name: (found[name], expected[name]) for name in expected if found[name] != expected[name]
                    }
                    wrong.append(f"{person.id} (found, expected): {differing}")
        return wrong

    async def judge_messages(self) -> None:
        """One a code, and none after STOP."""
        for person in self.people:
            heard = Counter(await self.heard(person))
            for text, times in heard.items():
                if times > 1:
                    self._faults[f"{text} came {times} times"] += 1
            if person.stopped_at:
                await self._judge_silence(person)
            for code, key in person.used.items():
                if (status := await self._ask_for(code, key)) != 200:
                    self._faults[f"at the end a repeat of the winner's request is answered {status}"] += 1


# -- one run


def no_json(folder: Path) -> list[str]:
    """What workers and web wrote that machines cannot read: their logs are JSON, whatever befell them."""
    found = []
    for file in [folder / "web.log", *folder.glob("worker-*.log")]:
        for line in file.read_text(errors="replace").splitlines():
            try:
                json.loads(line)
            except ValueError:
                found.append(f"{file.name} has a line that is no JSON: {line[:200]}")
    return found


def answers(url: str) -> bool:
    """Whether somebody there says that it is well."""
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, trust_env=False).status_code == 200
    return False


@contextlib.contextmanager
def deployed(folder: Path) -> Iterator[tuple[Deployment, str]]:
    """Everything, running, and a key."""
    shop = folder / "config" / "merchants" / SHOP
    for name, text in FILES.items():
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text(text)
    run_dir = folder / "run"
    run_dir.mkdir()
    if (JAR_DIR / "jars").is_dir():
        (run_dir / "jars").symlink_to(JAR_DIR / "jars")
    with open_broker(run_dir, say=print) as broker, open_redis(run_dir, say=print) as redis:
        settings = make_settings(run_dir, folder / "config", kafka=broker.bootstrap, redis=redis.url)
        settings = settings.model_copy(
            update={"clock": f"{OPENS.isoformat()},1x", "post_limit_s": 4.0, "look_ups_s": "1,3"}
        )
        create_topics(settings.kafka_bootstrap, topics_of(settings), replication_factor=1)
        deployment = Deployment(settings, run_dir, broker, redis)
        ready = f"http://127.0.0.1:{settings.web_metrics_port}/readyz"
        try:
            for name in ("sandbox", "web", *(f"worker-{number}" for number in range(WORKERS))):
                deployment.start(name)
            key = asyncio.run(bring_into_force(settings, [SHOP]))[SHOP]
            deployment.running["sandbox"].wait_until(lambda: answers(f"{settings.twilio_base_url}/healthz"), seconds=60)
            deployment.running["web"].wait_until(lambda: answers(ready), seconds=60)
            yield deployment, key
        finally:
            for child in deployment.running.values():
                child.kill()


async def run(deployment: Deployment, key: str, options: argparse.Namespace) -> Counter[str]:
    """Trade under trouble, then judge."""
    faults: Counter[str] = Counter()
    draw = random.Random(options.seed)
    shop = Shop(deployment, key, options.people, random.Random(options.seed + 1), faults)
    trouble = Trouble(deployment, draw, faults, options.trouble)
    await shop.open()
    await shop.fault(seed=options.seed, **CARRIER)
    ends = time.monotonic() + options.seconds
    await asyncio.gather(trouble.go_on(options.seconds), *(shop.trade(ends) for _ in range(options.tills)))
    await shop.fault(reset=True)
    print(f"happened: {dict(trouble.happened)}\ndone: {dict(shop.done)}", flush=True)
    began = time.monotonic()
    wrong = await shop.judge()
    faults.update(wrong)
    print("figures are not right" if wrong else f"figures are right after {time.monotonic() - began:.0f} s", flush=True)
    await shop.judge_messages()
    await shop.own.judge(faults)
    verified = await asyncio.to_thread(deployment.run, "verify", "--json")
    if verified.returncode:
        faults[f"stamgast verify: {verified.stdout[-3000:]}{verified.stderr[-600:]}"] += 1
    faults.update(no_json(deployment.folder))
    await shop.close()
    return faults


def main() -> int:
    """Parse the command line, run, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="how long trouble lasts (default 600)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--people", type=int, default=150)
    parser.add_argument("--tills", type=int, default=6)
    parser.add_argument("--trouble", nargs="*", default=(), help="only this, such as tear_redis kill_worker")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="stamgast-soak-"))
    with deployed(folder) as (deployment, key):
        faults = asyncio.run(run(deployment, key, options))
    for what, times in faults.items():
        print(f"FAULT {times}x {what}")
    print(json.dumps({"seed": options.seed, "faults": sum(faults.values())}))
    if options.keep or faults:
        print(f"logs: {folder / 'run'}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
