"""A shop with tills of real systems: connections in force, their APIs on loopback, deliveries through the door, a worker."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx

from stamgast.broker import kafka_of
from stamgast.pos.connections import Connection
from stamgast.pos.registry import Registry
from stamgast.pos.roles import Role
from stamgast.settings import Settings
from stamgast.tills.client import Apis, Patience
from stamgast.tills.intake import Door
from stamgast.tills.reconcile import Reconciler
from stamgast.tills.record import record_of
from stamgast.tills.shelf import append_connections
from tests.builders import sure
from tests.conftest import eventually
from tests.fakes.people import lately
from tests.fakes.pos_api import PosApi
from tests.integration.proofs.forge import Forged
from tests.integration.web.conftest import MERCHANT, Web

SECRET = "s3cret"


class Tills:
    """What tests do with the tills of a shop. `answers` are their APIs' objects, by system and path."""

    def __init__(self, web: Web, api: PosApi, settings: Settings, worker: Forged | None) -> None:
        self.web, self.api, self.settings, self.worker = web, api, settings, worker
        self.known: dict[str, Connection] = {}

    async def connect(
        self,
        system: str,
        stores: dict[str, str],
        account: str = "A1",
        name: str = "",
        *,
        api: bool = True,
        role: Role = Role.SALE,
    ) -> None:
        """A connection of that system, under its own name, with an API or without."""
        tills, name = sure(self.web.parts.tills), name or system
        secrets = {"webhook": SECRET} if tills.registry.get(system).capabilities.signed else {"path": "t0ken"}
        secrets |= {"api": "key"} if api else {}
        sealed = {each: (tills.seal.seal(MERCHANT, name, each, text),) for each, text in secrets.items()}
        made = Connection(MERCHANT, name, system, account, stores, sealed, api_url=f"{self.api.url}/{name}", role=role)
        where = kafka_of(self.settings), self.web.topics.connections
        await append_connections(*where, [record_of(made, 1)])
        self.known[name] = made
        await eventually(lambda: len(tills.connections.all(MERCHANT)) == len(self.known), why=f"{name} is in force")

    def answers(self, name: str, **objects: Any) -> None:
        """Objects of an API by path, in which `__` is a slash."""
        for path, found in objects.items():
            self.api.objects[f"/{name}/{path.replace('__', '/')}"] = found

    async def post(self, where: str, raw: bytes, **headers: str) -> httpx.Response:
        """A delivery, as the system sends it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.web.client.post(f"/v1/merchants/{MERCHANT}/pos/{where}", content=raw, headers=named)

    async def loyverse(self, *receipts: dict[str, Any], name: str = "loyverse") -> None:
        """Loyverse tells its receipts."""
        raw = json.dumps({"merchant_id": "m-1", "type": "receipts.update", "receipts": list(receipts)}).encode()
        made = base64.b64encode(hmac.new(SECRET.encode(), raw, hashlib.sha1).digest()).decode()
        answer = await self.post(f"loyverse/{name}", raw, x_loyverse_signature=made)
        assert answer.status_code == 200, answer.text

    async def lightspeed(self, *sales: dict[str, Any], name: str = "lightspeed_x") -> None:
        """Lightspeed X tells its sales, each in a form of its own."""
        for sale in sales:
            raw = urlencode({"payload": json.dumps(sale), "domain_prefix": "bakery"}).encode()
            made = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
            signed = f"signature={made}, algorithm=HMAC-SHA256"
            form = "application/x-www-form-urlencoded"
            answer = await self.post(f"lightspeed_x/{name}", raw, x_signature=signed, content_type=form)
            assert answer.status_code == 200, answer.text

    async def poll(self, name: str, **how: Any) -> Any:
        """Ask a connection's API what changed."""
        parts, topics = self.web.parts, self.web.topics
        tills, append = sure(parts.tills), parts.appender.append
        door = Door(parts.identities, None, append, topics.purchases, lately, payments=tills.payments)
        looking = Reconciler(tills, door, parts.appender.append, topics.connections, topics.dead_letters)
        program = sure(await parts.merchants.get(MERCHANT))
        return await looking.poll(self.known[name], program, parts.clock.now(), **how)

    async def purchases(self) -> list[dict[str, Any]]:
        """What stands on Kafka."""
        return [json.loads(value or b"")["data"] for _, value in await self.web.records(self.web.topics.purchases)]

    async def enrol(self, phone: str) -> str:
        """A customer's id."""
        found: str = (await self.web.post("/customers", {"phone": phone, "language": "nl"})).json()["customer"]
        return found

    async def state(self, customer: str, **expected: Any) -> dict[str, Any]:
        """The customer's state, once it says what is expected."""
        seen: dict[str, Any] = {}

        async def as_expected() -> bool:
            assert self.worker is None or self.worker.exit_code is None, self.worker.log_tail()
            answer = await self.web.get(f"/customers/{customer}")
            if answer.status_code == 200:
                seen.update(answer.json())
            return bool(seen) and {name: seen[name] for name in expected} == expected

        try:
            await eventually(as_expected, seconds=60)
        except AssertionError:
            raise AssertionError(f"{ {name: seen.get(name) for name in expected} } is not {expected}") from None
        return seen


@asynccontextmanager
async def tills_of(web: Web, settings: Settings, worker: Forged | None, systems: Iterable[str]) -> AsyncIterator[Tills]:
    """A shop whose tills are of these systems, none of them connected yet."""
    tills = sure(web.parts.tills)
    own = Registry(brought=())
    assert set(systems) <= set(own.names)
    tills.registry = own
    tills.apis = Apis(tills.seal, Patience(attempts=3, first_wait_s=0.001))
    async with PosApi().served() as api:
        yield Tills(web, api, settings, worker)
