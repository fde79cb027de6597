"""Over HTTP the answer tells what does not go with what a worker has taken in already."""

from __future__ import annotations

import json
from typing import Any

from stamgast.domain.purchase_record import decode_record
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Transaction, encode_transaction
from stamgast.log.partitioning import partition_for
from stamgast.state.keys import transactions
from tests.builders import line, record, refund, snapshot
from tests.integration.web.conftest import MERCHANT, Web


async def known_to_workers(web: Web, data: dict[str, Any]) -> None:
    """Write what the owner of the transaction's partition writes."""
    key, value = record(data, web.parts.clock.now(), MERCHANT)
    state, name = Transaction(), data["transaction_id"]
    merge(state, decode_record(value).data, web.parts.clock.now())
    place = transactions(partition_for(key, web.topics.partitions)).transaction(MERCHANT, name)
    await web.parts.redis.set(place, encode_transaction(state))


async def test_a_return_that_is_a_receipt_stands_on_the_topic_as_itself_and_as_a_refund_of_its_sale(web):
    now = web.parts.clock.now()
    sale = snapshot("s1", when=now, lines=[line("1", 700)], store="dok-noord", customer=None)
    back = snapshot("r1", when=now, lines=[line("1", 700)], store="dok-noord", customer=None)
    back["transaction_link"] = {"relation": "return_of", "transaction_id": "s1"}
    answer = await web.post("/purchases", [sale, back, back])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 3), answer.text
    written = [json.loads(value) for _, value in await web.records(web.topics.purchases) if value is not None]
    assert sorted((each["id"], each["data"]["totals"]["gross_minor"]) for each in written) == [
        ("r1:1", 0), ("r1:1", 0), ("s1:1", 700), ("s1:refund:r1:1", 700), ("s1:refund:r1:1", 700),
    ]  # fmt: skip


async def test_the_answer_tells_what_does_not_go_with_what_is_known(web):
    now = web.parts.clock.now()
    for name in ("t1", "t2", "t3"):
        sale = snapshot(name, when=now, lines=[line("1", 700)], store="dok-noord", customer=None)
        await known_to_workers(web, sale)
    batch = [
        snapshot("t9", when=now, lines=[line("1", 700)], store="dok-noord", customer=None),
        refund("t1", gross=900, when=now, lines=[("2", "1", 900)]),
        snapshot("t2", when=now, lines=[line("1", 900)], store="dok-noord", customer=None),
        snapshot("t3", 2, when=now, lines=[line("1", 900)], store="korenmarkt", customer=None),
    ]
    answer = await web.post("/purchases", batch)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 4), answer.text
    assert [told["pointer"] for told in answer.json()["warnings"]] == [
        "/1/line_items/0/original_line_id",
        "/1/totals/gross_minor",
        "/2/source_version",
        "/3/store/retail_store_id",
    ]
