import asyncio
import json
from typing import Any

import pytest

from stamgast.web.limits import Limits
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT, open_web
from tests.integration.web.shop import problem, sale


async def test_a_purchase_is_acknowledged_once_it_is_in_the_log(web):
    response = await web.post("/purchases", sale())
    assert response.status_code == 202
    customer = response.json()["purchases"][0]["customer"]
    [(key, value)] = await web.records(web.topics.purchases)
    record = json.loads(value)
    assert key == b"bakkerij-noord:till1:1"
    assert record["data"]["customer"] == {"customer_id": customer}
    assert record["data"]["totals"]["gross_minor"] == 1240


async def test_the_same_phone_in_any_spelling_is_the_same_customer(web):
    spellings = ["0612345678", "+31 6 12345678", "0031612345678", "06-12345678"]
    batch = [sale(f"t{n}", customer={"phone": phone}) for n, phone in enumerate(spellings)]
    response = await web.post("/purchases", batch)
    assert response.json()["accepted"] == 4
    assert len({each["customer"] for each in response.json()["purchases"]}) == 1


async def test_a_phone_is_read_as_in_the_country_of_the_store(web):
    belgian = sale("t1", store={"retail_store_id": "korenmarkt"}, customer={"phone": "0470123456"})
    abroad = sale("t2", customer={"phone": "+32470123456"})
    response = await web.post("/purchases", [belgian, abroad])
    first, second = response.json()["purchases"]
    assert first["customer"] == second["customer"]


async def test_what_is_wrong_in_a_batch_holds_up_nothing_of_the_rest_and_is_told_item_by_item(web):
    huge = [{"gross_minor": 100, "name": "n" * 400, "line_id": f"{n}"} for n in range(600)]
    landline = {"phone": "020 123 45 67"}
    batch = [
        sale("t1"),
        sale("t2", status="payed", colour="red"),
        sale("t3", customer=landline),
        sale("t4", line_items=huge),
        "text",
        sale("t5", customer=landline | {"membership_number": "M1"}),
    ]
    answer = await web.post("/purchases", batch)
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["refused"]) == (207, 2, 4)
    told = body["purchases"]
    assert [each["status"] for each in told] == [202, 422, 422, 413, 422, 202]
    assert [each.get("transaction_id") for each in told] == ["t1", "t2", "t3", "t4", None, "t5"]
    assert {each["pointer"] for each in told[1]["errors"]} == {"/1/status", "/1/colour"}
    assert [each["pointer"] for each in told[2]["errors"]] == ["/2/customer/phone"]
    assert "not a mobile number" in told[2]["errors"][0]["detail"]
    assert "240,000" in told[3]["errors"][0]["detail"]
    assert told[5]["customer"].startswith("c")
    [warning] = body["warnings"]
    assert (warning["pointer"], warning["purchases"]) == ("/5/customer/phone", 1)
    assert {key for key, _ in await web.records(web.topics.purchases)} == {
        f"{MERCHANT}:{name}".encode() for name in ("t1", "t5")
    }
    figures = (await web.health.get("/metrics")).text
    assert f'stamgast_web_purchases_refused_total{{merchant="{MERCHANT}"}} 4.0' in figures
    assert f'stamgast_unusable_phones_total{{merchant="{MERCHANT}"}} 1.0' in figures


async def test_a_phone_that_is_nobodys_costs_no_sale_and_an_enrolment_by_it_is_refused(web):
    answer = await web.post("/purchases", [sale("t1", customer={"phone": "06 00 00 00 00"}), sale("t2")])
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["purchases"][0].get("customer")) == (202, 2, None)
    assert [each["pointer"] for each in body["warnings"]] == ["/0/customer/phone"]
    assert "counts for whom something else names, else for nobody" in body["warnings"][0]["detail"]
    assert len(await web.records(web.topics.purchases)) == 2
    refused = problem(await web.post("/customers", {"phone": "0123456789"}), 422)
    assert [each["pointer"] for each in refused["errors"]] == ["/phone"]


async def test_a_batch_of_which_nothing_can_be_taken_is_refused_as_one_purchase_is(web):
    landline = sale("t3", customer={"phone": "020 123 45 67"})
    body = problem(await web.post("/purchases", [sale("t2", status="payed"), landline]), 422)
    assert [each["pointer"] for each in body["errors"]] == ["/0/status", "/1/customer/phone"]
    body = problem(await web.post("/purchases", landline), 422)
    assert [each["pointer"] for each in body["errors"]] == ["/customer/phone"]
    assert await web.records(web.topics.purchases) == []


async def test_a_batch_that_is_mended_and_sent_again_whole_is_taken_whole(web):
    batch = [sale("t1"), sale("t2", customer={"phone": "0612345678x"})]
    assert (await web.post("/purchases", batch)).status_code == 207
    batch[1]["customer"] = {"phone": "0612345678"}
    answer = await web.post("/purchases", batch)
    assert (answer.status_code, set(answer.json())) == (202, {"accepted", "purchases"})
    assert set(answer.json()["purchases"][0]) == {"transaction_id", "customer"}


async def test_a_customer_id_that_is_nobodys_is_told_and_credits_nobody(web):
    known = (await web.post("/customers", {"phone": "0612345678"})).json()["customer"]
    mistyped = known[:-1] + ("a" if known[-1] != "a" else "b")
    batch = [sale("t1", customer={"customer_id": known}), sale("t2", customer={"customer_id": mistyped})]
    answer = (await web.post("/purchases", batch)).json()
    assert [each["customer"] for each in answer["purchases"]] == [known, None]
    [warning] = answer["warnings"]
    assert (warning["pointer"], warning["purchases"]) == ("/1/customer/customer_id", 1)
    assert mistyped not in json.dumps(answer)
    of_nobody = {key: json.loads(value)["data"] for key, value in await web.records(web.topics.purchases)}
    assert "customer" not in of_nobody[f"{MERCHANT}:t2".encode()]


async def test_a_refund_and_an_envelope_are_accepted(web):
    refund = {
        "transaction_id": "till1:1",
        "refund_id": "r1",
        "status": "refund",
        "end_date_time": "2026-10-02T07:42:10Z",
        "price_currency": "EUR",
        "totals": {"gross_minor": 350},
        "line_items": [{"original_line_id": "1", "quantity": "1", "gross_minor": 350}],
    }
    event = {"specversion": "1.0", "id": "e1", "source": "urn:till", "type": "stamgast.purchase.v1", "data": sale()}
    response = await web.post("/purchases", [refund, event])
    assert response.status_code == 202, response.text
    ids = {json.loads(value)["id"] for _key, value in await web.records(web.topics.purchases)}
    assert "e1" in ids


async def test_without_a_key_or_with_a_wrong_one_nobody_comes_in(web):
    path = f"/v1/merchants/{MERCHANT}/purchases"
    answer = await web.client.post(path, json=sale())
    assert "Authorization" in problem(answer, 401)["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"
    for text in ("sk_nobody_secret", "nonsense", web.key[:-1]):
        problem(await web.client.post(path, json=sale(), headers={"Authorization": f"Bearer {text}"}), 401)


async def test_a_key_is_for_one_merchant_and_for_its_scopes(web):
    till = {"Authorization": f"Bearer {await web.new_key('till')}"}
    body = problem(await web.client.post(f"/v1/merchants/{MERCHANT}/purchases", json=sale(), headers=till), 403)
    assert "intake" in body["detail"]
    body = problem(await web.client.post("/v1/merchants/platenzaak/purchases", json=sale(), headers=web.headers()), 403)
    assert "another merchant" in body["detail"]


async def test_a_revoked_key_ends_and_its_successor_works(web):
    old, _, _ = web.key.partition("_")[2].partition("_")
    web.key, ended = await web.new_key(), web.key
    await web.keyring.revoke(MERCHANT, old, web.parts.clock.now())

    async def refused() -> bool:
        headers = {"Authorization": f"Bearer {ended}"}
        answer = await web.client.get(f"/v1/merchants/{MERCHANT}/customers/c{'a' * 24}", headers=headers)
        return answer.status_code == 401

    await eventually(refused)
    assert (await web.post("/purchases", sale())).status_code == 202


async def test_a_merchant_without_a_programme_is_told_to_publish_one(web):
    headers = {"Authorization": f"Bearer {await web.new_key(merchant='new-shop')}"}
    body = problem(await web.client.post("/v1/merchants/new-shop/purchases", json=sale(), headers=headers), 404)
    assert "stamgast publish" in body["detail"]


async def test_what_is_not_there_is_said_in_the_same_form(web):
    problem(await web.client.get("/v1/nothing"), 404)
    problem(await web.client.get(f"/v1/merchants/{MERCHANT}/purchases"), 405)


async def test_only_json_comes_in(web):
    path = f"/v1/merchants/{MERCHANT}/purchases"
    headers = web.headers(Content_Type="text/xml")
    problem(await web.client.post(path, content="<sale/>", headers=headers), 415)
    headers = web.headers(Content_Type="application/json", Content_Encoding="gzip")
    problem(await web.client.post(path, content=b"x", headers=headers), 415)
    headers = web.headers(Content_Type="application/json")
    for body, said in [
        (b"{", "not JSON"),
        (b'{"a": "\xff"}', "not JSON"),
        (b'{"a": "\\ud800"}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"", "the body is empty"),
        (b'{"status": "voided", "status": "completed"}', "'status' comes twice"),
        (
            json.dumps(sale()).replace('"totals"', '"totals": {"gross_minor": 1}, "totals"').encode(),
            "'totals' comes twice",
        ),
    ]:
        answer = problem(await web.client.post(path, content=body, headers=headers), 400)
        assert answer["type"] == "urn:stamgast:problem:malformed"
        assert said in answer["detail"]
    assert await web.records(web.topics.purchases) == []


async def test_no_body_and_no_batch_is_unlimited(web_settings, published, empty_redis):
    async with open_web(web_settings, Limits(batch_bytes=20_000)) as web:
        problem(await web.post("/purchases", [sale(f"t{n}") for n in range(100)]), 413)

        async def pieces():
            for _ in range(100):
                yield b" " * 1_000

        headers = web.headers(Content_Type="application/json")
        answer = await web.client.post(f"/v1/merchants/{MERCHANT}/purchases", content=pieces(), headers=headers)
        problem(answer, 413)
        assert await web.records(web.topics.purchases) == []


async def test_a_receipt_that_intake_would_lay_aside_is_refused_at_the_door(web):
    def receipt(lines: int) -> dict[str, Any]:
        each = {"gross_minor": 100, "name": "n" * 400}
        return sale("t1") | {"line_items": [each | {"line_id": f"{n}"} for n in range(lines)]}

    assert (await web.post("/purchases", receipt(450))).status_code == 202
    assert "240,000" in problem(await web.post("/purchases", receipt(550)), 413)["detail"]


async def test_a_batch_of_more_than_a_thousand_is_refused(web):
    problem(await web.post("/purchases", [{"transaction_id": "x"}] * 1_001), 413)


async def test_no_rate_is_unlimited(web_settings, published, empty_redis):
    async with open_web(web_settings, Limits(per_key=0.001, per_key_burst=2)) as web:
        answers = [await web.post("/purchases", sale(f"t{n}")) for n in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert int(answers[2].headers["retry-after"]) > 0
        problem(answers[2], 429)


async def test_wrong_keys_are_limited_too(web_settings, published, empty_redis):
    async with open_web(web_settings, Limits(refusals=0.001, refusals_burst=2)) as web:
        wrong = {"Authorization": "Bearer nonsense"}
        path = f"/v1/merchants/{MERCHANT}/purchases"
        answers = [await web.client.post(path, json=sale(), headers=wrong) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert (await web.post("/purchases", sale())).status_code == 202


async def test_a_thousand_purchases_in_one_request_arrive_in_order_per_transaction(web):
    batch = [sale(f"t{n % 500}", source_version=n, customer={"membership_number": f"M{n % 50}"}) for n in range(1_000)]
    response = await web.post("/purchases", batch)
    assert response.json()["accepted"] == 1_000
    versions: dict[bytes, list[int]] = {}
    for key, value in await web.records(web.topics.purchases):
        versions.setdefault(key, []).append(json.loads(value)["data"]["source_version"])
    assert len(versions) == 500
    assert all(found == sorted(found) and len(found) == 2 for found in versions.values())


@pytest.mark.slow
async def test_nothing_is_acknowledged_that_kafka_does_not_have(kafka, web):
    if not kafka.restartable:
        pytest.skip("this broker cannot be stopped from here")
    await asyncio.to_thread(kafka.stop)
    try:
        body = problem(await web.post("/purchases", sale("t1", customer={"membership_number": "M1"})), 503)
        assert "again" in body["detail"]

        async def tells_of_it() -> bool:
            answer = await web.health.get("/readyz")
            return answer.status_code == 503 and "Kafka: no broker answers" in answer.json()["missing"]

        await eventually(tells_of_it, seconds=60)
    finally:
        await asyncio.to_thread(kafka.start)

    async def accepted() -> bool:
        return (await web.post("/purchases", sale("t2", customer={"membership_number": "M1"}))).status_code == 202

    await eventually(accepted, seconds=60)


async def test_the_process_tells_its_health_and_its_figures(web):
    await web.post("/purchases", sale())
    assert (await web.health.get("/healthz")).json() == {"status": "ok"}
    assert (await web.health.get("/readyz")).status_code == 200
    figures = (await web.health.get("/metrics")).text
    assert 'stamgast_web_purchases_total{merchant="bakkerij-noord"} 1.0' in figures
    assert "till1" not in figures


async def test_the_interface_describes_itself(web):
    document = (await web.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert "/v1/merchants/{merchant}/purchases" in document["paths"]
    text = json.dumps(document)
    assert "#/$defs/" not in text
