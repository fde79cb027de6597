"""A till redeems. The customers' owner is played by the test: it writes the answer where the owner writes it."""

import asyncio
import json
from typing import Any

import pytest

from stamgast.domain.events import decode_event, key_of
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed, VoucherVoided
from stamgast.domain.voucher_codes import short_of
from stamgast.state.keys import PartitionKeys, customers
from stamgast.state.partitions import Lease
from stamgast.state.voucher_owners import encode_owner
from stamgast.web.limits import Limits
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT, open_web


async def issued(web: Any, redis: Any) -> tuple[str, PartitionKeys]:
    customer = (await web.post("/customers", {"phone": "0612345678"})).json()["customer"]
    partition = web.parts.appender.partition_of(web.topics.customer_events, key_of(MERCHANT, customer))
    slot = customers(partition)
    code = f"{partition:X}-ABCDEFGHIJKLMNOP"
    lease = await Lease.take(web.parts.redis, slot, {"cluster": "c", "topic": "t"})
    await lease.aim(0)
    await redis.set(slot.voucher(MERCHANT, short_of(code)), encode_owner(customer, code))
    return code, slot


async def requests(web: Any) -> list[VoucherRedeemed]:
    found = [decode_event(value) for _key, value in await web.records(web.topics.customer_events)]
    return [event for event in found if isinstance(event, VoucherRedeemed)]


async def answer_as_owner(web: Any, redis: Any, slot: PartitionKeys, status: int, detail: str = "Redeemed.") -> None:
    [request, *_] = await eventually(lambda: requests(web))
    answer = json.dumps({"status": status, "detail": detail, "reward": "free_loaf", "code": request.code})
    await redis.set(slot.answer(MERCHANT, request.id or ""), answer)


async def test_a_till_waits_for_the_owners_answer(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    response, _ = await asyncio.gather(
        web.post(f"/vouchers/{code}/redemptions", {"store": "dok-noord"}, Idempotency_Key="k1"),
        answer_as_owner(web, empty_redis, slot, 200),
    )
    assert response.status_code == 200, response.text
    assert response.json() == {"status": "redeemed", "code": code, "reward": "free_loaf"}
    [request] = await requests(web)
    assert (request.code, request.store) == (code, "dok-noord")
    again = await web.post(f"/vouchers/{code}/redemptions", {"store": "dok-noord"}, Idempotency_Key="k1")
    assert again.json() == response.json()
    assert len(await requests(web)) == 1


async def test_a_store_that_nobody_knows_is_told_and_redeems_all_the_same(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    response, _ = await asyncio.gather(
        web.post(f"/vouchers/{code}/redemptions", {"store": "dok-nord"}, Idempotency_Key="k1"),
        answer_as_owner(web, empty_redis, slot, 200),
    )
    [warning] = response.json()["warnings"]
    assert (response.status_code, warning["pointer"], warning["nearest"]) == (200, "/store", "dok-noord")
    figures = (await web.health.get("/metrics")).text
    assert f'stamgast_unknown_stores_total{{merchant="{MERCHANT}"}} 1.0' in figures


async def test_a_voucher_that_cannot_be_redeemed_is_a_conflict(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    response, _ = await asyncio.gather(
        web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="k1"),
        answer_as_owner(web, empty_redis, slot, 409, "This voucher is withdrawn."),
    )
    assert response.status_code == 409
    assert "withdrawn" in response.json()["detail"]


async def test_an_answer_that_comes_late_is_found_at_its_location(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    pending = await web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="k1")
    assert pending.status_code == 202
    where = pending.headers["location"]
    assert (await web.client.get(where, headers=web.headers())).status_code == 202
    await answer_as_owner(web, empty_redis, slot, 200)
    assert (await web.client.get(where, headers=web.headers())).status_code == 200


async def test_a_till_says_the_receipt_and_hears_what_to_take_off(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    said = {"transaction_id": "till1:7", "total_minor": 320, "price_currency": "EUR"}
    refused = await web.post(f"/vouchers/{code}/redemptions", said | {"price_currency": "USD"}, Idempotency_Key="k0")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/price_currency")

    async def answer() -> None:
        [request] = await eventually(lambda: requests(web))
        assert (request.receipt, request.total) == ("till1:7", 320)
        told = {"status": 200, "detail": "Redeemed.", "reward": "five", "code": code, "discount": 320, "rest": 180}
        await empty_redis.set(slot.answer(MERCHANT, request.id or ""), json.dumps(told | {"uses_left": 99}))

    response, _ = await asyncio.gather(
        web.post(f"/vouchers/{code}/redemptions", said, Idempotency_Key="k1"),
        answer(),
    )
    told = response.json()
    assert (told["discount_minor"], told["rest_minor"], told["uses_left"]) == (320, 180, 99)
    other = await web.post(f"/vouchers/{code}/redemptions", said | {"total_minor": 400}, Idempotency_Key="k1")
    assert other.status_code == 422


async def test_who_voided_a_voucher_and_why_stands_in_the_audit_book(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    said = {"reason": "seen", "reissue": True, "words": "posted on the wall"}
    path = f"/v1/merchants/{MERCHANT}/vouchers/{code}/void"
    assert (await web.client.post(path, json=said, headers=web.headers(Idempotency_Key="v0"))).status_code == 403

    async def answer() -> None:
        async def voids() -> list[VoucherVoided]:
            found = [decode_event(value) for _key, value in await web.records(web.topics.customer_events)]
            return [event for event in found if isinstance(event, VoucherVoided)]

        [event] = await eventually(voids)
        told = {"status": 200, "detail": "Reissued.", "reward": "free_loaf", "code": code, "new_code": f"{code[:-1]}Q"}
        await empty_redis.set(slot.answer(MERCHANT, event.id or ""), json.dumps(told))

    admin = {"Authorization": f"Bearer {await web.new_key('admin')}", "Idempotency-Key": "v1"}
    response, _ = await asyncio.gather(web.client.post(path, json=said, headers=admin), answer())
    assert response.json()["code"] == f"{code[:-1]}Q"
    [noted] = [json.loads(value) for _key, value in await web.records(web.topics.audit)]
    assert (noted["did"], noted["actor"], "wall" in str(noted)) == ("voucher reissued", "key", False)


async def test_one_idempotency_key_is_for_one_request(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    await asyncio.gather(
        web.post(f"/vouchers/{code}/redemptions", {"store": "a"}, Idempotency_Key="k1"),
        answer_as_owner(web, empty_redis, slot, 200),
    )
    other = await web.post(f"/vouchers/{code}/redemptions", {"store": "b"}, Idempotency_Key="k1")
    assert other.status_code == 422
    elsewhere = f"{(int(code[0], 16) + 1) % 4:X}{code[1:]}"
    assert (await web.post(f"/vouchers/{elsewhere}/redemptions", {}, Idempotency_Key="k1")).status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    assert (await web.post(f"/vouchers/{code}/redemptions", {})).status_code == 422


async def test_a_request_that_nobody_answered_is_taken_back_at_its_location(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    pending = await web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="k1")
    where = pending.headers["location"]
    answer = await web.client.delete(where, headers=web.headers())
    assert (answer.status_code, answer.headers["location"]) == (202, where)
    [request] = await requests(web)
    told = [decode_event(value) for _key, value in await web.records(web.topics.customer_events)]
    [back] = [event for event in told if isinstance(event, RedemptionTakenBack)]
    assert (back.code, back.redemption, back.customer) == (code, request.id, request.customer)
    done = {"status": 200, "detail": "Taken back.", "reward": "free_loaf", "code": code, "voucher": "open"}
    await empty_redis.set(slot.answer(MERCHANT, back.id or ""), json.dumps(done))
    again = await web.client.delete(where, headers=web.headers())
    assert (again.status_code, again.json()["status"], again.json()["voucher"]) == (200, "taken_back", "open")


async def test_only_a_till_takes_redemptions_back_and_only_of_codes_that_exist(web, empty_redis):
    code, _slot = await issued(web, empty_redis)
    path = f"/v1/merchants/{MERCHANT}/vouchers/{code}/redemptions"
    reader = {"Authorization": f"Bearer {await web.new_key('read')}"}

    async def refused(where: str, **headers: str) -> int:
        answer = await web.client.delete(where, headers=web.headers() | headers)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code

    assert await refused(f"{path}/{'0' * 32}", **reader) == 403
    assert await refused(f"{path}/hello") == 404
    assert await refused(path) == 422
    assert await refused(path.replace(code, "0-QQQQQQQQQQQQQQQQ"), **{"Idempotency-Key": "k1"}) == 404


@pytest.mark.parametrize("code", ["0-QQQQQQQQQQQQQQQQ", "FFF-ABCDEFGHIJKLMNOP", "hello", "0-SHORT"])
async def test_a_code_that_does_not_exist_is_not_found(web, code):
    response = await web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="k1")
    assert response.status_code == 404


async def test_a_code_is_typed_as_people_type_and_leads_to_the_same_voucher(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    typed = short_of(code).replace("-", " ").replace("0", "o").replace("1", "i").lower()
    response, _ = await asyncio.gather(
        web.post(f"/vouchers/{typed}/redemptions", {"store": "dok-noord"}, Idempotency_Key="k1"),
        answer_as_owner(web, empty_redis, slot, 200),
    )
    assert response.json() == {"status": "redeemed", "code": code, "reward": "free_loaf"}
    assert [request.code for request in await requests(web)] == [code]
    again = await web.post(f"/vouchers/{code}/redemptions", {"store": "dok-noord"}, Idempotency_Key="k1")
    assert (again.status_code, len(await requests(web))) == (200, 1)
    there = response.headers["location"].replace(code, short_of(code))
    assert (await web.client.get(there, headers=web.headers())).json() == response.json()


async def test_a_code_from_before_there_were_short_ones_goes_on_working(web, empty_redis):
    code, slot = await issued(web, empty_redis)
    owner = (await empty_redis.get(slot.voucher(MERCHANT, short_of(code)))).decode().partition(":")[0]
    await empty_redis.delete(slot.voucher(MERCHANT, short_of(code)))
    await empty_redis.set(slot.voucher(MERCHANT, code), owner)
    response, _ = await asyncio.gather(
        web.post(f"/vouchers/{code.lower()}/redemptions", {}, Idempotency_Key="k1"),
        answer_as_owner(web, empty_redis, slot, 200),
    )
    assert response.json()["status"] == "redeemed"


async def test_a_long_code_that_only_begins_like_a_voucher_s_is_not_found(web, empty_redis):
    code, _slot = await issued(web, empty_redis)
    other = f"{code[:-1]}Q"
    assert short_of(other) == short_of(code)
    assert (await web.post(f"/vouchers/{other}/redemptions", {}, Idempotency_Key="k1")).status_code == 404
    assert await requests(web) == []


async def test_who_guesses_hears_nothing_of_a_code_that_is_right(web_settings, published, empty_redis):
    async with open_web(web_settings, Limits(wrong_codes=0.001, wrong_codes_burst=2)) as web:
        code, slot = await issued(web, empty_redis)
        for key in ("k1", "k2"):
            wrong = f"/vouchers/{short_of(code)[:-2]}{key.upper()[-1]}Z/redemptions"
            assert (await web.post(wrong, {}, Idempotency_Key=key)).status_code == 404
        right = await web.post(f"/vouchers/{short_of(code)}/redemptions", {}, Idempotency_Key="k3")
        assert (right.status_code, await requests(web)) == (429, [])
        assert "scanned" in right.json()["detail"]
        scanned, _ = await asyncio.gather(
            web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="k4"),
            answer_as_owner(web, empty_redis, slot, 200),
        )
        assert scanned.status_code == 200


async def test_guesses_under_many_keys_are_counted_together(web_settings, published, empty_redis):
    limits = Limits(wrong_codes_of_merchant=0.001, wrong_codes_of_merchant_burst=2)
    async with open_web(web_settings, limits) as web:
        other_till = {"Authorization": f"Bearer {await web.new_key('till')}"}
        path = f"/v1/merchants/{MERCHANT}/vouchers/0000-0000-000{{}}/redemptions"
        answers = [
            (
                await web.client.post(path.format(last), headers=web.headers() | till | {"Idempotency-Key": last})
            ).status_code
            for last, till in (("A", {}), ("B", other_till), ("C", {}))
        ]
        assert answers == [404, 404, 429]


async def test_trying_out_codes_is_limited(web_settings, published, empty_redis):
    async with open_web(web_settings, Limits(wrong_codes=0.001, wrong_codes_burst=2)) as web:
        path = "/vouchers/0-QQQQQQQQQQQQQQQ{}/redemptions"
        answers = [await web.post(path.format(last), {}, Idempotency_Key=f"k{last}") for last in "ABC"]
        assert [answer.status_code for answer in answers] == [404, 404, 429]
