"""A payment system beside the till: its payments are found to the till's sales, over real HTTP to Kafka and the state."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from stamgast.bootstrap import id_key_of
from stamgast.clock.shop_time import format_time
from stamgast.commands.pos_payments import _row, _waiting
from stamgast.domain.transactions import Transaction
from stamgast.domain.units import MINUTE, SECOND
from stamgast.pos.roles import Role
from stamgast.settings import Settings
from stamgast.state.transactions import KnownTransactions
from streams.maintenance.verify import verify_all
from tests.builders import sure
from tests.conftest import eventually
from tests.integration.proofs.forge import Forged
from tests.integration.web.conftest import MERCHANT, Web
from tests.integration.web.tills import SECRET, Tills, tills_of

pytestmark = pytest.mark.slow

PHONE = "+31612000077"


@pytest.fixture
async def till(web: Web, web_settings: Settings, worker: Forged) -> AsyncIterator[Tills]:
    async with tills_of(web, web_settings, worker, ["stripe"]) as found:
        await found.connect("stripe", {"S1": "dok-noord"}, api=False, role=Role.PAYMENT)
        yield found


def sale(number: str, at: int, gross: int, **more: Any) -> dict[str, Any]:
    return {
        "transaction_id": number,
        "source_version": 1,
        "status": "completed",
        "end_date_time": format_time(at),
        "store": {"retail_store_id": "dok-noord"},
        "price_currency": "EUR",
        "totals": {"gross_minor": gross, "paid_minor": gross},
        "line_items": [{"line_id": "1", "gross_minor": gross}],
    } | more


async def pay(till: Tills, name: str, at: int, amount: int, **more: Any) -> None:
    """Stripe tells that a card was charged."""
    charge = {
        "id": f"ch_{name}", "object": "charge", "amount": amount, "amount_captured": amount, "captured": True,
        "created": at // 1000, "currency": "eur", "livemode": True, "payment_intent": f"pi_{name}",
        "status": "succeeded", "billing_details": {"phone": PHONE}, "metadata": {"store": "S1"},
        "payment_method_details": {"type": "card_present", "card_present": {"fingerprint": f"fp_{name}"}},
    } | more  # fmt: skip
    event = {"id": f"evt_{name}", "object": "event", "type": "charge.succeeded", "created": at // 1000 + 1}
    raw = json.dumps(event | {"livemode": True, "data": {"object": charge}}).encode()
    stamp = till.web.parts.clock.now() // 1000
    made = hmac.new(SECRET.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    answer = await till.post("stripe/stripe", raw, stripe_signature=f"t={stamp},v1={made}")
    assert answer.status_code == 200, answer.text


async def known(till: Tills, number: str) -> Transaction:
    """What intake knows of a sale, once a payment stands there."""
    found: dict[str, Transaction] = {}
    parts = till.web.parts
    transactions = KnownTransactions(parts.redis, partial(parts.appender.partition_of, till.web.topics.purchases))

    async def has_payment() -> bool:
        found.update(await transactions.of(MERCHANT, [number]))
        return number in found and bool(found[number].payments)

    await eventually(has_payment, seconds=60, why=f"the payment of {number}")
    return found[number]


async def assert_verified(till: Tills) -> None:
    """What is live is what the log says."""
    settings = till.settings
    where = till.web.bootstrap, settings.redis_url, till.web.topics, id_key_of(settings)
    report = await verify_all(*where, real_time=True)
    assert report.equal, report.differences


async def waiting(till: Tills) -> int:
    answer = (await till.web.get("/pos")).json()
    return int(answer["connections"][0]["payments_without_sale"])


async def test_a_payment_that_names_the_receipt_says_who_bought_and_counts_as_no_sale(till: Tills, empty_redis: Redis):
    now = till.web.parts.clock.now() // SECOND * SECOND
    customer = await till.enrol(PHONE)
    answer = await till.web.post("/purchases", sale("dok:R-1001", now - 9 * MINUTE, 1250))
    assert answer.status_code == 202, answer.text
    await pay(till, "1", now, 1350, receipt_number="R-1001", amount_details={"tip": {"amount": 100}})
    await till.state(customer, purchases=1, spend=1250)
    transaction = await known(till, "dok:R-1001")
    [payment] = transaction.payments.values()
    assert (payment.method, payment.amount, payment.tip, payment.card) == ("card", 1350, 100, "fp_1")
    assert (transaction.customer, transaction.whose) == ("", customer)
    assert await waiting(till) == 0
    sales = [each for each in await till.purchases() if "totals" in each]
    assert len(sales) == 1, "the payment is told as no purchase"
    await assert_verified(till)
    await empty_redis.flushall()
    await till.state(customer, purchases=1, spend=1250)
    assert (await known(till, "dok:R-1001")).payments == transaction.payments, "the log has it"
    await assert_verified(till)


async def test_a_payment_waits_for_its_sale_and_is_found_by_its_sum_if_only_one_fits(till: Tills):
    now = till.web.parts.clock.now() // SECOND * SECOND
    customer = await till.enrol(PHONE)
    await pay(till, "2", now - 20 * MINUTE, 790)
    assert await waiting(till) == 1
    one = sale("dok:2001", now - 21 * MINUTE, 790)
    await till.web.post("/purchases", one)
    await till.state(customer, purchases=1, spend=790)
    assert await waiting(till) == 0

    two = [sale(f"dok:{n}", now - 40 * MINUTE + n * SECOND, 300) for n in (1, 2)]
    assert (await till.web.post("/purchases", two)).status_code == 202
    await pay(till, "3", now - 40 * MINUTE + 5 * SECOND, 300)
    await pay(till, "4", now - 21 * MINUTE, 790)  # the sale of that sum was found for another payment
    assert await waiting(till) == 2, "two may be meant by the one, none by the other: nobody guesses"
    _, listed = await _waiting(till.settings, MERCHANT)
    rows = [_row(each) for each in listed]
    assert [(row["amount_minor"], row["connection"], row["store"]) for row in rows] == [
        (300, "stripe", "dok-noord"), (790, "stripe", "dok-noord"),
    ]  # fmt: skip
    await till.state(customer, purchases=1, spend=790)
    assert sure(await known(till, "dok:2001")).whose == customer
