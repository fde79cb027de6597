"""A shop's own producer seals phones: the same people as over HTTP, and no number stands anywhere in the clear."""

from __future__ import annotations

import json
from typing import Any

import pytest
import structlog

from stamgast.identity.sealed import Identifiers, seal
from stamgast.log.dead_letters import Stored
from tests.builders import line, snapshot
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT, Web
from tests.integration.web.shop import everything_in

KNOWN, NEW, ODD = "0612345678", "+31 6 87 65 43 21", "020 765 4321"
SECRETS = ("612345678", "87654321", "87 65 43 21", "765 4321", "7654321")


def bought(transaction: str, at: int, sealed: str) -> dict[str, Any]:
    """A purchase as the shop's producer writes it."""
    lines = [line("1", 350, category="bread")]
    data = snapshot(transaction, when=at, lines=lines, store="dok-noord", customer=None)
    return {
        "specversion": "1.0",
        "type": "stamgast.purchase.v1",
        "id": transaction,
        "source": "/tills/1",
        "data": data | {"customer": {"sealed": sealed}},
    }


async def produce(web: Web, transaction: str, sealed: str) -> None:
    document = bought(transaction, web.parts.clock.now() - 60_000, sealed)
    await web.parts.appender.append(
        web.topics.purchases, [(f"{MERCHANT}:{transaction}".encode(), json.dumps(document).encode())]
    )


async def dead_letters(web: Web) -> list[Stored]:
    records = await web.records(web.topics.dead_letters)
    return [Stored(**json.loads(value)) for _key, value in records if value is not None]


@pytest.mark.slow
async def test_a_sealed_phone_is_the_same_customer_as_over_http_and_stands_nowhere(web, worker, empty_redis, all_logs):
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.stdlib.LoggerFactory()
    )
    answer = await web.get("/public-key")
    public = answer.json()["public_key"]
    enrolled = (await web.post("/customers", {"phone": KNOWN})).json()["customer"]
    await produce(web, "own:1", seal(public, MERCHANT, Identifiers(phone=KNOWN)))
    await produce(web, "own:2", seal(public, MERCHANT, Identifiers(phone=NEW)))
    await produce(web, "own:3", seal(public, "platenzaak", Identifiers(phone=NEW)))
    await produce(web, "own:4", seal(public, MERCHANT, Identifiers(phone=ODD)))
    await produce(web, "own:5", "garbled")

    async def spent(customer: str) -> int:
        assert worker.exit_code is None, worker.log_tail()
        shown = await web.get(f"/customers/{customer}")
        return shown.json().get("spend", 0) if shown.status_code == 200 else 0

    async def known_has_bought() -> bool:
        return await spent(enrolled) == 350

    await eventually(known_has_bought, seconds=60)
    purchase = {
        "transaction_id": "till:1",
        "source_version": 1,
        "status": "completed",
        "end_date_time": "2026-10-01T07:42:10Z",
        "store": {"retail_store_id": "dok-noord"},
        "customer": {"sealed": seal(public, MERCHANT, Identifiers(phone=NEW))},
        "price_currency": "EUR",
        "totals": {"gross_minor": 100},
    }
    over_http = await web.post("/purchases", purchase)
    [told] = over_http.json()["purchases"]
    by_phone = await web.post("/purchases", purchase | {"transaction_id": "t2", "customer": {"phone": NEW}})
    assert by_phone.json()["purchases"][0]["customer"] == told["customer"] != enrolled
    refused = await web.post("/purchases", purchase | {"customer": {"sealed": "garbled-"}})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/customer/sealed")

    async def new_has_bought() -> bool:
        return await spent(told["customer"]) == 550

    await eventually(new_has_bought, seconds=60)
    letters = await eventually(lambda: three(web), seconds=60)
    assert sorted(letter.reason for letter in letters) == [
        "its sealed identifier does not open: seal it to the key of `stamgast keys public`",
        "its sealed identifier is not of version 1",
        "its sealed phone is not a mobile number",
    ]

    said = "\n".join(record.getMessage() for record in all_logs if record.name.startswith(("stamgast", "uvicorn")))
    said += worker.log_tail(100_000)
    log = b""
    for name, _topic in web.topics:
        for key, value in await web.records(name):
            log += (key or b"") + b"\n" + (value or b"") + b"\n"
    held = await everything_in(empty_redis)
    for secret in SECRETS:
        assert secret.encode() not in log, secret
        assert secret.encode() not in held, secret
        assert secret not in said, secret
    again = [json.loads(value) for _key, value in await web.records(web.topics.purchases) if b"stamgastproof" in value]
    assert [each["data"]["customer"] for each in sorted(again, key=lambda each: each["id"])] == [
        {"customer_id": enrolled},
        {"customer_id": told["customer"]},
    ]


async def three(web: Web) -> list[Stored] | None:
    letters = await dead_letters(web)
    return letters if len(letters) == 3 else None
