"""A till's signed webhook goes the whole way: verified, read, taken in, on `purchases.v1`."""

import json
from functools import partial
from typing import Any

from stamgast.identity.sealing import WrappingKeys
from stamgast.pos.adapter import Context
from stamgast.pos.connections import PosSeal, load_connections
from stamgast.pos.registry import Registry
from stamgast.pos.webhook import Webhook, purchases_of, read_webhook
from stamgast.purchases.accept import accept
from stamgast.state.transactions import KnownTransactions
from tests.builders import sure
from tests.fakes.kassa import Kassa, sign
from tests.fakes.people import lately
from tests.integration.web.conftest import MERCHANT, Web

SALE = {"number": "17", "version": 1, "at": "2026-10-01T07:42:10Z", "total": 12.4, "till": "T1", "phone": "0612345678"}


async def test_a_signed_webhook_becomes_a_record_of_the_same_customer_as_over_http(web: Web, tmp_path):
    program = sure(await web.parts.merchants.get(MERCHANT))
    registry, seal = Registry({"kassa": Kassa}, ()), PosSeal(WrappingKeys({"first": b"1" * 32}))
    folder = tmp_path / MERCHANT
    (folder / "pos").mkdir(parents=True)
    secret = seal.seal(MERCHANT, "front", "webhook", "s3cret")
    (folder / "pos" / "front.yaml").write_text(
        f"system: kassa\naccount: K9\nstores: {{T1: dok-noord}}\nsecrets: {{webhook: {secret}}}\n"
    )
    [connection], problems = load_connections(folder, program.stores, registry.names)
    assert problems == []

    async def deliver(delivery: str, sale: dict[str, Any]) -> Any:
        at = web.parts.clock.now()
        raw = json.dumps({"id": delivery, "event": "sale", "sale": sale}).encode()
        webhook = Webhook(raw, sign(raw, "s3cret", at), "https://loyalty.example.com/kassa")
        adapter = registry.get(connection.system)
        notice = read_webhook(adapter, webhook, seal.open(connection, "webhook"), at)
        assert notice.delivery_id == delivery
        received = purchases_of(adapter, notice.found, Context(connection, program))
        return await accept(
            web.parts.identities,
            KnownTransactions(web.parts.redis, partial(web.parts.appender.partition_of, web.topics.purchases)),
            web.parts.appender.append,
            web.topics.purchases,
            received,
            program=program,
            at=at,
            last_heard=lately,
        )

    accepted = await deliver("d1", SALE)
    assert accepted.doubts == []
    assert (await deliver("d2", SALE | {"till": "T9"})).doubts[0].kind == "unknown_store"

    first, second = await web.records(web.topics.purchases)
    record = json.loads(first[1] or b"")
    assert first[0] == second[0] == f"{MERCHANT}:K9:17".encode()
    assert record["id"] == json.loads(second[1] or b"")["id"] == "K9:17:1"
    assert record["source"] == f"/v1/merchants/{MERCHANT}/pos/front"
    assert record["data"]["store"] == {"retail_store_id": "dok-noord"}
    assert record["data"]["totals"] == {"gross_minor": 1240}
    assert record["data"]["customer"] == {"customer_id": accepted.taken[0].customer}
    enrolled = await web.post("/customers", {"phone": "+31 6 12345678"})
    assert enrolled.json()["customer"] == accepted.taken[0].customer
    for _key, value in await web.records(web.topics.purchases):
        assert b"12345678" not in (value or b"")
