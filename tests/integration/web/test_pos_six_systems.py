"""Six systems of tills, each from its webhook and from its API over real HTTP, to Kafka and into the customer's state."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes import bodies_clover as clover
from tests.fakes import bodies_lightspeed_k as lightspeed_k
from tests.fakes import bodies_lightspeed_x as lightspeed_x
from tests.fakes import bodies_loyverse as loyverse
from tests.fakes import bodies_odoo as odoo
from tests.fakes import bodies_zettle as zettle
from tests.integration.web.tills import SECRET, Tills, tills_of

PHONE = "+31612345678"
SIX = ("clover", "lightspeed_k", "lightspeed_x", "loyverse", "odoo", "zettle")


@pytest.fixture
async def tills(web: Any, web_settings: Any, worker: Any) -> AsyncIterator[Tills]:
    async with tills_of(web, web_settings, worker, SIX) as found:
        yield found


async def connected(tills: Tills) -> None:
    """All six, with what their APIs hold: one sale each, of one customer."""
    await tills.connect("clover", {"A1": "dok-noord"})
    await tills.connect("lightspeed_k", {"A1": "dok-noord"})
    await tills.connect("lightspeed_x", {"o-1": "dok-noord"})
    await tills.connect("loyverse", {"s-1": "dok-noord"})
    await tills.connect("odoo", {"3": "dok-noord"})
    await tills.connect("zettle", {"u-1": "dok-noord"}, zettle.ORGANISATION, api=False)
    consumer = lightspeed_k.ANNA | {"phoneNumber1": PHONE}
    bill = lightspeed_k.SALE | {"payments": [each | {"consumer": consumer} for each in lightspeed_k.SALE["payments"]]}
    tills.answers("clover", orders__O1=clover.ORDER, orders={"elements": [clover.ORDER]})
    tills.answers("lightspeed_k", f__finance__A1__dailyFinancials={"sales": [bill]})
    tills.api.objects |= {
        "/lightspeed_x/sales/s-1": {"data": lightspeed_x.SALE},
        "/lightspeed_x/sales": {"data": [lightspeed_x.SALE], "version": {"min": 1, "max": 1}},
        "/lightspeed_x/customers/c-1": {"data": lightspeed_x.CUSTOMER | {"mobile": PHONE}},
        "/lightspeed_x/products/p-1": {"data": {"id": "p-1", "sku": "BROOD"}},
        "/lightspeed_x/products/p-2": {"data": {"id": "p-2", "sku": "KAAS"}},
        "/loyverse/receipts/2-1006": loyverse.RECEIPT,
        "/loyverse/receipts": {"receipts": [loyverse.RECEIPT]},
        "/loyverse/customers/c-1": loyverse.CUSTOMER,
    }
    for table in ("pos.order", "pos.order.line", "pos.payment", "res.partner", "product.product"):
        for method in ("read", "search_read"):
            document = {"ids": [901, 902, 1, 2, 7, 31], "domain": [["id", "=", 42]]}
            tills.api.objects[f"/odoo/json/2/{table}/{method}"] = odoo.database(f"/{table}/{method}", None, document)


async def every_webhook(tills: Tills) -> None:
    notice = {
        "appId": "X",
        "merchants": {
            "A1": [{"objectId": "O:O1", "type": "UPDATE", "ts": 1}, {"objectId": "O:GONE", "type": "UPDATE", "ts": 1}]
        },
    }
    answers = [
        await tills.post("clover/clover", json.dumps(notice).encode(), x_clover_auth=SECRET),
        await tills.post(
            "odoo/odoo.t0ken", json.dumps({"_model": "pos.order", "_id": 42, "amount_total": 999_999}).encode()
        ),
        await tills.post(
            "lightspeed_k/lightspeed_k.t0ken", json.dumps({"type": "PAYMENT", "accountFiscId": "A65315.17"}).encode()
        ),
    ]
    assert [answer.status_code for answer in answers] == [200] * 3, [answer.text for answer in answers]
    await tills.lightspeed(lightspeed_x.SALE | {"totals": {"total_price": "999999", "total_tax": "0"}})
    await tills.loyverse(loyverse.RECEIPT)
    body = zettle.message(zettle.PURCHASE)
    signed = hmac.new(SECRET.encode(), f"{body['timestamp']}.{body['payload']}".encode(), hashlib.sha256).hexdigest()
    assert (await tills.post("zettle/zettle", json.dumps(body).encode(), x_izettle_signature=signed)).status_code == 200


AMOUNTS = {
    "clover:A1:O1": 1240,
    "lightspeed_k:A1:A65315.17": 3150,
    "lightspeed_x:A1:s-1": 1795,
    "loyverse:A1:2-1006": 1240,
    f"odoo:A1:{odoo.ORDER['uuid']}": 1220,
    f"zettle:{zettle.ORGANISATION}:{zettle.SALE}": 1360,
}


@pytest.mark.slow
async def test_each_webhook_ends_in_the_state_and_the_poll_after_it_changes_nothing(tills: Tills):
    await connected(tills)
    customer = await tills.enrol(PHONE)
    await every_webhook(tills)
    taken = {each["transaction_id"]: each["totals"]["gross_minor"] for each in await tills.purchases()}
    assert taken == AMOUNTS
    assert {each["store"]["retail_store_id"] for each in await tills.purchases()} == {"dok-noord"}
    spend = sum(AMOUNTS.values()) - 1360  # Zettle knows no customer
    await tills.state(customer, purchases=5, spend=spend)

    for name in ("clover", "lightspeed_k", "lightspeed_x", "loyverse", "odoo"):
        found = await tills.poll(name)
        assert (found.taken, found.laid_aside) == (found.pages, 0), name
    await tills.loyverse(loyverse.REFUND | {"customer_id": None})
    await tills.state(customer, purchases=5, spend=spend - 325)
    assert await tills.web.records(tills.web.topics.dead_letters) == []


@pytest.mark.slow
async def test_what_no_webhook_told_is_found_by_the_poll(tills: Tills):
    await connected(tills)
    customer = await tills.enrol(PHONE)
    for name in ("clover", "lightspeed_k", "lightspeed_x", "loyverse", "odoo"):
        found = await tills.poll(name)
        assert (found.taken, found.laid_aside) == (found.pages, 0), name
    await tills.state(customer, purchases=5, spend=sum(AMOUNTS.values()) - 1360)
