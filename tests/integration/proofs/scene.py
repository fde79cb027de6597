"""Everything of a proof on one stage: broker, Redis, web, sandbox, workers, tills; and when it has come to rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import redis.asyncio
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from rules.loader import load_merchant
from stamgast.bootstrap import WebParts, web_parts
from stamgast.domain.events import ConsentChanged, encode_event, key_of
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Profile
from stamgast.local.brokers import Broker
from stamgast.local.processes import free_port
from stamgast.local.redis_server import RedisServer
from stamgast.log.appender import NotAppendedError
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.programs.publish import publish
from stamgast.sandbox import SandboxServer
from stamgast.sandbox.options import DEFAULT_ACCOUNT, DEFAULT_AUTH_TOKEN, Delays, SandboxOptions
from stamgast.settings import Settings
from stamgast.state.backlogs import decode_backlogs
from stamgast.state.keys import customers, transactions
from stamgast.state.partition_meta import WAITS
from stamgast.web.app import create_app
from stamgast.web.health import health_app
from stamgast.web.serve import deps_over, serving
from tests.conftest import eventually
from tests.integration.proofs import merchant
from tests.integration.proofs.feed import Feeder
from tests.integration.proofs.fleet import Fleet
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import Till, now
from tests.oracle import SimpleRule

if TYPE_CHECKING:
    from tests.integration.proofs.guests import Guests

LETTERS = str.maketrans("0123456789", "abcdefghij")
"""What names of strangers are made of: identities have no digits 0, 1, 8 and 9."""
SESSION_S = 3.0
"""Kafka allows less than its usual six seconds when a broker for tests is told so (`stamgast.local`)."""


@dataclass
class Scene:
    """See the module."""

    settings: Settings
    kafka: Broker
    server: RedisServer
    topics: Topics
    folder: Path
    parts: WebParts
    sandbox: SandboxServer
    http: httpx.AsyncClient
    fleet: Fleet
    people: list[str] = field(default_factory=list)
    phones: dict[str, str] = field(default_factory=dict)
    rules: dict[str, tuple[SimpleRule, ...]] = field(default_factory=dict)
    """Bundle's hash -> rules of that bundle, for the oracle."""
    tills: list[Till] = field(default_factory=list)
    stopped: set[tuple[str, str]] = field(default_factory=set)
    strangers: set[tuple[str, str]] = field(default_factory=set)
    """Customers whose phone nobody knows."""
    guests: Guests | None = None
    """Who talk with the shop, where a proof has any."""

    # -- setting the stage

    async def publish(self, folder: Path, rules: tuple[SimpleRule, ...]) -> None:
        """Bring the merchant's files into force."""
        (done,) = await publish(self.settings.kafka_bootstrap, self.topics.programs, [folder], now())
        assert done.hash is not None, [p.message for p in load_merchant(folder).problems]
        self.rules[done.hash] = rules

    async def enrol(self, count: int) -> None:
        """Make people with phones; every sixth agreed to nothing."""
        begin = len(self.people)
        few = asyncio.Semaphore(100)

        async def one(number: int) -> tuple[bytes, bytes]:
            async with few:
                return await eventually(lambda: self._enrol_one(number), seconds=60, every=0.2, why="they are enrolled")

        consents = await asyncio.gather(*(one(begin + number) for number in range(count)))
        agreed = [each for number, each in enumerate(consents, begin) if number % 6]
        await self.parts.appender.append(self.topics.customer_events, agreed)
        self.people.sort()

    async def _enrol_one(self, number: int) -> tuple[bytes, bytes] | None:
        """Make one, and return the record of a consent; None if Kafka was too busy."""
        phone = f"+316{10_000_000 + number}"
        given = Profile(phone=phone, first_name=f"Persoon{number}", language="nl")
        try:
            enrolled = await self.parts.identities.enrol(MERCHANT, [Identifier("phone", phone)], given, now())
        except NotAppendedError:
            return None
        self.people.append(enrolled.customer)
        self.phones[enrolled.customer] = phone
        consent = ConsentChanged(
            merchant=MERCHANT, customer=enrolled.customer, at=now(), purpose="marketing", channel="sms", granted=True
        )
        return key_of(MERCHANT, enrolled.customer), encode_event(consent)

    async def agreeing(self, count: int) -> list[str]:
        """People who want messages, and have no phone: their messages wait as all others do, and end unsent."""
        names = [f"cstranger{number:016}".translate(LETTERS) for number in range(count)]
        self.strangers |= {(MERCHANT, name) for name in names}
        about: dict[str, Any] = {"merchant": MERCHANT, "purpose": "marketing", "channel": "sms", "granted": True}
        for start in range(0, count, 1_000):
            consents = [ConsentChanged(**about, customer=name, at=now()) for name in names[start : start + 1_000]]
            records = [(key_of(MERCHANT, each.customer), encode_event(each)) for each in consents]
            await self.parts.appender.append(self.topics.customer_events, records)
        return names

    def feeder(self, whose: Sequence[str] = (), **how: Any) -> Feeder:
        """Tills of these people, or of whoever is named."""
        till = Till(whose or self.people, seed=len(self.tills) + 1, prefix=f"till{len(self.tills)}:")
        self.tills.append(till)
        return Feeder(self.settings.kafka_bootstrap, self.topics, till, **how)

    # -- watching it

    async def tokens(self) -> list[bytes | None]:
        """Who owns each partition of both services."""
        async with self.redis() as client:
            names = [keys(n).meta for keys in (transactions, customers) for n in range(self.topics.partitions)]
            return [await client.hget(name, "token") for name in names]

    async def taken_anew(self, before: Sequence[bytes | None], seconds: float = 90) -> None:
        """Wait until every partition has another owner's token than it had."""

        async def all_differ() -> bool:
            try:
                return all(is_now and is_now != was for is_now, was in zip(await self.tokens(), before, strict=True))
            except RedisError:
                return False

        await eventually(all_differ, seconds=seconds, every=0.1, why="every partition is taken anew")

    async def watermarks(self) -> list[int]:
        """How far each partition of both services is applied."""
        async with self.redis() as client:
            names = [keys(n).meta for keys in (transactions, customers) for n in range(self.topics.partitions)]
            return [int(await client.hget(name, "wm") or -1) for name in names]

    async def applied(self, count: int, seconds: float = 60) -> None:
        """Wait until so many more records are applied in every partition together."""
        begin = sum(await self.watermarks())

        async def more() -> bool:
            try:
                return sum(await self.watermarks()) >= begin + count
            except RedisError:
                return False

        await eventually(more, seconds=seconds, every=0.1, why="workers make progress")

    async def barriers(self, number: int = 0) -> None:
        """Wait until a bundle is in force in every partition."""

        async def everywhere() -> bool:
            async with self.redis() as client:
                metas = [await client.hget(customers(n).meta, f"b:{MERCHANT}") for n in range(self.topics.partitions)]
            return all(meta is not None and int(meta.split(b":")[0]) >= number for meta in metas)

        await eventually(everywhere, seconds=60, every=0.1, why="the bundle is in force")

    def redis(self) -> Any:
        """A client."""
        return redis.asyncio.Redis.from_url(self.settings.redis_url)

    async def settled(self, seconds: float = 90) -> None:
        """Wait until nothing is left to do anywhere."""
        calm_since = [time.monotonic()]
        seen = [(-1, -1)]

        async def quiet() -> bool:
            try:
                left = await self.left()
            except (RedisError, KafkaError, OSError) as error:
                left = f"{error!r}"
            posts, callbacks = len(await self.posts()), len(await self.callbacks())
            if left or (posts, callbacks) != seen[0]:
                seen[0], calm_since[0] = (posts, callbacks), time.monotonic()
            assert not left, left
            return time.monotonic() - calm_since[0] > 0.7  # callbacks still travelling would have come by now

        await eventually(quiet, seconds=seconds, every=0.15, why="everything is settled")

    async def left(self) -> str:
        """What is left to do; Redis is asked first and the logs' ends after it."""
        left = []
        reached: dict[str, int] = {}
        async with self.redis() as client:
            for n in range(self.topics.partitions):
                mine = customers(n)
                reached[f"{self.topics.purchases}:{n}"] = int(await client.hget(transactions(n).meta, "wm") or -1)
                reached[f"{self.topics.customer_events}:{n}"] = int(await client.hget(mine.meta, "wm") or -1)
                due = await client.zrange(mine.timers, 0, 0, withscores=True)
                counts = {
                    "in the outbox": await client.hlen(mine.outbox),
                    "half-done": await client.hlen(mine.sending),
                    "in a queue": await client.zcard(mine.lane(MERCHANT, "sms")),
                    "notes": await client.xlen(mine.notes),
                    "in doubt": await client.hlen(mine.doubt),
                    "backlogs": sum(
                        each.begun for each in decode_backlogs(await client.hget(mine.meta, WAITS.name)).values()
                    ),
                    "timers due": int(bool(due) and due[0][1] <= now()),
                }
                left += [f"partition {n}: {count} {what}" for what, count in counts.items() if count]
        async with LogReader(self.settings.kafka_bootstrap) as reader:
            pairs = [(t, n) for t in (self.topics.purchases, self.topics.customer_events)
                     for n in range(self.topics.partitions)]  # fmt: skip
            for pair, end in (await reader.ends(pairs)).items():
                behind = end - 1 - reached[f"{pair.topic}:{pair.partition}"]
                left += [f"{behind} of {pair.topic}[{pair.partition}]"] if behind > 0 else []
        return ", ".join(left)

    async def posts(self) -> list[dict[str, Any]]:
        """Every POST that the sandbox saw."""
        return (await self.http.get("/sandbox/posts")).json()

    async def callbacks(self) -> list[dict[str, Any]]:
        """Every status callback that it made."""
        return (await self.http.get("/sandbox/callbacks")).json()

    async def switch(self, **faults: Any) -> None:
        """Switch the sandbox's faults."""
        answer = await self.http.post("/sandbox/faults", json=faults)
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def open_scene(settings: Settings, kafka: Broker, server: RedisServer, topics: Topics,
                     folder: Path) -> AsyncIterator[Scene]:  # fmt: skip
    """A stage with web and sandbox, without workers; nobody is enrolled and nothing is published."""
    async with AsyncExitStack() as stack:
        async with redis.asyncio.Redis.from_url(server.url) as client:
            await client.flushall()
        options = SandboxOptions(delays=Delays(sent=20, delivered=40, read=60))
        sandbox = await asyncio.to_thread(stack.enter_context, SandboxServer(options))
        secret = type(settings.id_key)
        port, health = free_port(), free_port()
        public_url = f"http://127.0.0.1:{port}"
        options.inbound_url = f"{public_url}/twilio/inbound"
        given = settings.model_copy(
            update={
                "public_url": public_url,
                "web_metrics_port": health,
                "media_store": str(folder / "media"),
                "twilio_base_url": sandbox.base_url,
                "twilio_account_sid": DEFAULT_ACCOUNT,
                "twilio_api_key": secret("SKsandbox"),
                "twilio_api_secret": secret("a secret of the sandbox"),
                "twilio_auth_token": secret(DEFAULT_AUTH_TOKEN),
                "session_timeout_ms": int(SESSION_S * 1000),
                "post_limit_s": 3.0,
                "look_ups_s": "0.8,2.4",
                "probes_s": "0.2,1",
            }
        )
        parts = await stack.enter_async_context(web_parts(given))
        deps = deps_over(parts)
        await stack.enter_async_context(serving(create_app(deps), "127.0.0.1", port))
        await stack.enter_async_context(serving(health_app(lambda: deps), "127.0.0.1", health))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=sandbox.base_url, timeout=60, trust_env=False)
        )
        await eventually(lambda: parts.identities.loaded and parts.merchants.loaded, why="the views are loaded")
        fleet = Fleet(given, folder / "workers")
        stack.callback(fleet.end)
        scene = Scene(given, kafka, server, topics, folder, parts, sandbox, http, fleet)
        await scene.publish(merchant.write_first(folder / "config"), merchant.FIRST)
        yield scene
