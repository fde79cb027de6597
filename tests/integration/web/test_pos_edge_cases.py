"""Edge cases of tills, each from a system's own body through HTTP and Kafka into the customer's state.

One shop for all of them: every case has a customer and receipts of its own. Loyverse and Lightspeed X stand for all systems:
the ones that name a customer, and tell refunds, voids, tips, parked and deferred sales.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics, create_topics, delete_topics
from stamgast.pos.roles import Role
from stamgast.programs.publish import publish
from stamgast.settings import Settings
from tests.conftest import PARTITIONS
from tests.fakes import bodies_lightspeed_k as bodies
from tests.integration import commands
from tests.integration.web.conftest import CONFIG, MERCHANT, PUBLIC_URL, environment, open_web
from tests.integration.web.tills import Tills, tills_of

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
_numbers = count(1)
NOON = datetime.now(UTC).replace(hour=11, minute=0, second=0, microsecond=0) - timedelta(days=10)
CHANGED = (NOON + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _settings(kafka: Broker, redis_server: RedisServer, topics: Topics, folder: Path) -> Settings:
    return Settings(
        _env_file=None,
        kafka_bootstrap=kafka.bootstrap,
        redis_url=redis_server.url,
        partitions=topics.partitions,
        topic_prefix=topics.prefix,
        group_prefix=topics.prefix + "stamgast",
        id_key=KEY,
        wrapping_keys=f"test:{KEY}",
        clock_file=folder / "clock",
        public_url=PUBLIC_URL,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(kafka: Broker, redis_server: RedisServer, tmp_path_factory: Any) -> AsyncIterator[Tills]:
    folder = tmp_path_factory.mktemp("edge")
    merchant = folder / MERCHANT
    shutil.copytree(CONFIG / MERCHANT, merchant)
    program = (merchant / "program.yaml").read_text()
    (merchant / "program.yaml").write_text(
        program.replace("categories: [bread]", "categories: [bread]\n    products: [BROOD]")
        + '\nnobodys_phones: ["+31 6 12 00 99 99"]\npurchases: {review_above: {per_day: 12}}\n'
    )
    topics = Topics(PARTITIONS, prefix=f"t{uuid.uuid4().hex[:8]}.")
    create_topics(kafka.bootstrap, topics)
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    settings = _settings(kafka, redis_server, topics, folder)
    await publish(kafka.bootstrap, topics.programs, [merchant], 0)
    worker = commands.started("worker", "worker", log=folder / "worker.log", env=environment(settings))
    try:
        async with open_web(settings) as web, tills_of(web, settings, worker, ()) as tills:
            stores = {"s-1": "dok-noord", "s-2": "korenmarkt"}
            await tills.connect("loyverse", stores)
            await tills.connect("loyverse", stores, name="counter", api=False)
            await tills.connect("loyverse", stores, account="A2", name="other", api=False)
            await tills.connect("loyverse", stores, account="A3", name="terminal", api=False, role=Role.PAYMENT)
            await tills.connect("lightspeed_x", {"o-1": "dok-noord"}, api=False)
            await tills.connect("lightspeed_k", {"A1": "dok-noord"})
            yield tills
    finally:
        worker.stop()
        delete_topics(kafka.bootstrap, topics)


class Case:
    """A customer of one case, and the receipts of it."""

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.phone = f"+316120000{self.number:02d}"

    def receipt(self, own: Any = 1, money: float = 7.0, at: datetime = NOON, **more: Any) -> dict[str, Any]:
        when = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        line = {
            "variant_id": "v-1",
            "item_id": "i-1",
            "item_name": "Bread",
            "sku": "BROOD",
            "quantity": 1,
            "price": money,
            "total_money": money,
        }
        return {
            "receipt_number": f"{self.number}-{own}", "receipt_type": "SALE", "refund_for": None, "created_at": when, "updated_at": when,
            "receipt_date": when, "cancelled_at": None, "total_money": money, "total_tax": 0, "store_id": "s-1", "tip": 0, "surcharge": 0,
            "customer_id": f"c-{self.number}", "customer": {"id": f"c-{self.number}", "phone_number": self.phone}, "line_items": [line],
            "payments": [{"type": "NONINTEGRATEDCARD", "money_amount": money}],
        } | more  # fmt: skip

    def refund(
        self, of: Any, own: Any, money: float, at: datetime = NOON + timedelta(hours=1), **more: Any
    ) -> dict[str, Any]:
        back = {"receipt_type": "REFUND", "refund_for": None if of is None else f"{self.number}-{of}"}
        return self.receipt(own, money, at) | back | more

    def sale(self, own: Any = 1, price: float = 10.0, version: int = 1, **more: Any) -> dict[str, Any]:
        """Of Lightspeed X."""
        return {
            "id": f"x-{self.number}-{own}", "sale_date": NOON.strftime("%Y-%m-%dT%H:%M:%SZ"), "status": "CLOSED", "version": version,
            "outlet_id": "o-1", "customer_id": f"x-{self.number}", "customer": {"id": f"x-{self.number}", "mobile": self.phone},
            "line_items": [{"id": "l", "product_id": "p-1", "sku": "BROOD", "quantity": 1, "price": price, "tax": 0}],
            "total_price": price, "total_tax": 0, "payments": [{"amount": price, "name": "Card"}],
        } | more  # fmt: skip


@pytest.fixture
def case() -> Case:
    return Case()


async def test_1_the_same_sale_told_four_times_in_two_deliveries_is_one(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    await till.loyverse(case.receipt(), case.receipt(), name="counter")
    await till.loyverse(case.receipt(), name="counter")
    await till.loyverse(case.receipt(2), name="counter")
    await till.state(customer, purchases=2, spend=1400, stamps={"bread": 2})


async def test_2_a_refund_before_its_sale_and_an_old_version_after_a_new_one(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    newer = case.receipt(1, 9.0, updated_at=CHANGED)
    await till.loyverse(case.refund(1, "r", 2.0), name="counter")
    await till.loyverse(newer, name="counter")
    await till.loyverse(case.receipt(1, 7.0), name="counter")
    await till.loyverse(case.receipt(2, 1.0), name="counter")
    await till.state(customer, purchases=2, spend=900 - 200 + 100)


async def test_3_a_sale_that_no_webhook_told_is_found_by_the_poll(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    missed = {key: value for key, value in case.receipt().items() if key != "customer"}
    till.api.objects |= {
        "/loyverse/receipts": {"receipts": [missed]},
        f"/loyverse/customers/c-{case.number}": case.receipt()["customer"],
    }
    assert (await till.poll("loyverse")).taken == 1
    await till.state(customer, purchases=1, spend=700)
    assert (await till.poll("loyverse")).taken == 1
    await till.loyverse(case.receipt(2), name="counter")
    await till.state(customer, purchases=2, spend=1400)


async def test_4_an_offline_batch_counts_by_the_days_on_which_it_was_sold(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    batch = [case.receipt(n, at=NOON - timedelta(days=n % 3, minutes=n)) for n in range(9)]
    await till.loyverse(*reversed(batch), name="counter")
    await till.state(customer, purchases=9, visits=3, cards_completed={"bread": 1})


async def test_5_a_clock_that_runs_years_ahead_counts_from_when_it_was_told(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    await till.loyverse(case.receipt(1, at=datetime(2031, 1, 1, tzinfo=UTC)), name="counter")
    await till.state(customer, purchases=1, spend=700)
    [record] = [each for each in await till.purchases() if each["transaction_id"].endswith(f":{case.number}-1")]
    assert record["time_suspect"]
    assert record["end_date_time"] < "2031"


async def test_6_a_sale_after_midnight_belongs_to_the_evening_before(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    evening = NOON.replace(hour=21)
    night = [case.receipt(n, at=evening + timedelta(hours=hours), store_id="s-2") for n, hours in enumerate((0, 3))]
    await till.loyverse(*night, name="counter")
    await till.state(customer, purchases=2, visits=1)


async def test_7_repeated_partial_refunds_each_count_once(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    first, second = case.refund(1, "r1", 2.0), case.refund(1, "r2", 3.0)
    await till.loyverse(case.receipt(1, 7.0), name="counter")
    await till.loyverse(first, second, name="counter")
    await till.loyverse(first, name="counter")
    await till.state(customer, purchases=1, spend=200, refunds=500)
    await till.loyverse(case.refund(1, "r3", 9.0), name="counter")
    await till.state(customer, purchases=0, spend=0, stamps={"bread": 0})


async def test_8_a_loaf_that_is_returned_after_its_reward_was_spent_leaves_a_stamp_below_zero(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    await till.loyverse(*[case.receipt(n, at=NOON - timedelta(days=7 - n)) for n in range(7)], name="counter")
    [voucher] = (await till.state(customer, purchases=7, cards_completed={"bread": 1}))["vouchers"]
    used = await till.web.post(
        f"/vouchers/{voucher['code']}/redemptions", {"store": "dok-noord"}, Idempotency_Key=f"edge-{case.number}"
    )
    assert used.status_code == 200, used.text
    await till.loyverse(case.refund(6, "r", 7.0), name="counter")
    await till.state(customer, purchases=6, stamps={"bread": -1})


async def test_9_a_return_without_its_receipt_lowers_the_spend_and_no_stamps(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    await till.loyverse(case.receipt(1, 20.0), name="counter")
    await till.loyverse(case.refund(None, "r", 7.0), name="counter")
    await till.state(customer, spend=1300, stamps={"bread": 1})


async def test_10_an_exchange_below_zero_sells_and_takes_back(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    back = {"id": "b", "product_id": "p-1", "sku": "BROOD", "quantity": -1, "price": 10.0, "tax": 0, "is_return": True}
    bought = {"id": "n", "product_id": "p-2", "sku": "KAAS", "quantity": 1, "price": 4.0, "tax": 0}
    await till.lightspeed(case.sale(1))
    await till.state(customer, purchases=1, spend=1000, stamps={"bread": 1})
    await till.lightspeed(
        case.sale(
            2,
            -6.0,
            line_items=[back, bought],
            return_for=case.sale(1)["id"],
            payments=[{"amount": -6.0, "name": "Card"}],
        )
    )
    await till.state(customer, purchases=1, spend=400, stamps={"bread": 0})


async def test_11_parked_and_layby_sales_count_once_they_are_paid_and_voided_ones_never(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    part = [{"amount": 4.0, "name": "Card"}]
    await till.lightspeed(
        case.sale(1, status="SAVED", state="parked"),
        case.sale(2, status="LAYBY", payments=part),
        case.sale(3, status="VOIDED"),
    )
    await till.lightspeed(case.sale(4, 1.0))
    await till.state(customer, purchases=1, spend=100)
    await till.lightspeed(case.sale(1, version=2), case.sale(2, version=2, status="LAYBY"))
    await till.state(customer, purchases=3, spend=2100, stamps={"bread": 3})
    await till.lightspeed(case.sale(1, version=3, status="VOIDED"))
    await till.state(customer, purchases=2, spend=1100, stamps={"bread": 2})


async def test_12_a_bill_that_is_paid_in_three_ways_earns_once(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    ways = [
        {"type": "CASH", "money_amount": 2},
        {"type": "NONINTEGRATEDCARD", "money_amount": 3},
        {"type": "OTHER", "money_amount": 2},
    ]
    await till.loyverse(case.receipt(1, payments=ways), name="counter")
    await till.state(customer, purchases=1, spend=700, stamps={"bread": 1})


async def test_12_a_table_that_two_pay_is_a_purchase_of_each_and_its_lines_stamp_once(till: Tills, case: Case):
    customer, other = await till.enrol(case.phone), await till.enrol(f"+316120001{case.number:02d}")
    when = NOON.strftime("%Y-%m-%dT%H:%M:%SZ")
    bread = bodies.line("1", "BROOD", "20.01", "20.01", "0.00")
    payers = [
        {"customerId": 1, "phoneNumber1": case.phone},
        {"customerId": 2, "phoneNumber1": f"+316120001{case.number:02d}"},
    ]
    paid = [
        bodies.payment(f"T{n}", each, consumer=who)
        for n, (each, who) in enumerate(zip(("12.00", "8.01"), payers, strict=True))
    ]
    bill = bodies.SALE | {
        "accountFiscId": f"A{case.number}",
        "timeClosed": when,
        "salesLines": [bread],
        "payments": paid,
    }
    till.answers("lightspeed_k", f__finance__A1__dailyFinancials={"sales": [bill]})
    assert (await till.poll("lightspeed_k")).taken == 2
    await till.state(customer, purchases=1, spend=1200, stamps={"bread": 1})
    await till.state(other, purchases=1, spend=801, stamps={"bread": 0})


async def test_13_a_feed_that_only_tells_how_sales_were_paid_earns_nothing(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    await till.loyverse(case.receipt(1), name="terminal")
    await till.loyverse(case.receipt(1), name="counter")
    await till.loyverse(case.refund(1, "r", 2.0), name="terminal")
    await till.state(customer, purchases=1, spend=700, stamps={"bread": 1})


async def test_14_tips_surcharges_and_rounding_in_cash_are_no_goods(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    tipped = case.receipt(
        1, 7.0, total_money=10.0, tip=2, surcharge=1, payments=[{"type": "CASH", "money_amount": 10.0}]
    )
    rounded = case.receipt(2, 7.02, payments=[{"type": "CASH", "money_amount": 7.0}])
    await till.loyverse(tipped, rounded, name="counter")
    await till.state(customer, purchases=2, spend=700 + 702)


async def test_15_selling_a_gift_card_earns_nothing_and_paying_with_one_does(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    card = {"id": "g", "product_id": "p-g", "quantity": 1, "price": 25.0, "tax": 0, "gift_card_number": "G1"}
    bread = case.sale()["line_items"][0]
    await till.lightspeed(case.sale(1, 35.0, line_items=[bread, card], payments=[{"amount": 35.0, "name": "Card"}]))
    await till.lightspeed(case.sale(2, payments=[{"amount": 10.0, "name": "Gift Card"}]))
    await till.state(customer, purchases=2, spend=2000, stamps={"bread": 2})


async def test_16_a_phone_in_any_spelling_is_one_person_and_one_that_is_none_costs_no_sale(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    local = f"06{case.phone[4:]}"
    spellings = [local, f"+31 (0)6{case.phone[4:]}", f"0031{local[1:]}", f"06-{local[2:]}", "12345678", "call me"]
    for own, phone in enumerate(spellings):
        who = {"id": f"c-{case.number}-{own}", "phone_number": phone}
        await till.loyverse(case.receipt(own, customer_id=who["id"], customer=who), name="counter")
    await till.state(customer, purchases=4)
    taken = [each for each in await till.purchases() if f":{case.number}-" in each["transaction_id"]]
    assert len(taken) == len(spellings)


async def test_17_a_customer_who_is_named_after_the_sale_has_it_then(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    nobody = case.receipt(1, customer_id=None, customer=None)
    await till.loyverse(nobody, name="counter")
    await till.loyverse(case.receipt(2), name="counter")
    await till.state(customer, purchases=1)
    await till.loyverse(case.receipt(1, updated_at=CHANGED), name="counter")
    await till.state(customer, purchases=2, spend=1400, stamps={"bread": 2})


async def test_18_a_phone_that_is_nobodys_credits_nobody_and_one_for_everybody_waits_for_a_person(
    till: Tills, case: Case
):
    for own, phone in enumerate(["0600000000", "+31612009999"]):
        await till.loyverse(case.receipt(own, customer={"phone_number": phone}, customer_id=None), name="counter")
    taken = [each for each in await till.purchases() if f":{case.number}-" in each["transaction_id"]]
    assert [each.get("customer") for each in taken] == [None, None], "kept, and credited to nobody"
    customer = await till.enrol(case.phone)
    await till.loyverse(
        *[case.receipt(f"d{n}", 1.0, at=NOON + timedelta(minutes=n)) for n in range(30)], name="counter"
    )
    await till.state(customer, purchases=12, spend=1200)
    await till.loyverse(case.receipt("next", 1.0, at=NOON + timedelta(days=1)), name="counter")
    await till.state(customer, purchases=13)


async def test_19_two_of_a_tills_customers_who_are_one_are_merged_and_a_later_refund_finds_its_sale(
    till: Tills, case: Case
):
    customer = await till.enrol(case.phone)
    await till.loyverse(case.receipt(1), name="counter")
    second = {"id": f"again-{case.number}"}
    await till.loyverse(case.receipt(2, customer=second, customer_id=second["id"]), name="counter")
    await till.state(customer, purchases=1)
    [named] = [
        each["customer"] for each in await till.purchases() if each["transaction_id"].endswith(f":{case.number}-2")
    ]
    other = named["customer_id"]
    await till.state(other, purchases=1, stamps={"bread": 1})
    await command(till.settings, "customer", "merge", MERCHANT, other, case.phone, "--yes")
    await till.state(customer, purchases=2, spend=1400, stamps={"bread": 2})
    await till.state(other, purchases=0, spend=0, stamps={"bread": 0})
    await till.loyverse(case.refund(2, "r", 7.0, customer=second, customer_id=second["id"]), name="counter")
    await till.loyverse(case.receipt(3, customer=second, customer_id=second["id"]), name="counter")
    await till.state(customer, purchases=2, spend=1400, refunds=700)
    await till.state(other, purchases=0, refunds=0)


async def command(settings: Settings, *words: str) -> None:
    done = await commands.asked(*words, env=environment(settings))
    assert done.returncode == 0, done.stderr


async def test_20_numbers_of_two_shops_are_two_sales_and_odd_amounts_are_read(till: Tills, case: Case):
    customer = await till.enrol(case.phone)
    await till.loyverse(case.receipt(1, 7.0), name="counter")
    await till.loyverse(case.receipt(1, 7.0), name="other")
    cheese = {"variant_id": "v-2", "sku": "KAAS", "quantity": 0.348, "price": 30.6, "total_money": 10.649999999999999}
    await till.loyverse(case.receipt(2, 10.649999999999999, line_items=[cheese]), case.receipt(3, 0.0), name="counter")
    await till.state(customer, purchases=4, spend=700 + 700 + 1065)
    [weighed] = [each for each in await till.purchases() if each["transaction_id"] == f"loyverse:A1:{case.number}-2"]
    assert weighed["line_items"][0]["quantity"] == "0.348"
