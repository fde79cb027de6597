"""The whole way with a real worker: purchases over HTTP, a full card, a voucher, its redemption at the till."""

from typing import Any

import pytest

from tests.conftest import eventually
from tests.integration.proofs.forge import Forged
from tests.integration.web.conftest import MERCHANT
from tests.integration.web.shop import bread


async def voucher_of(web: Any, worker: Forged) -> tuple[str, str]:
    """Seven loaves are bought; the customer, and the code of what they gave."""
    joined = await web.post("/customers", {"phone": "0612345678", "language": "nl"})
    customer = joined.json()["customer"]
    batch = [bread(n, {"phone": "+31612345678"}, days_ago=7 - n) for n in range(7)]
    assert (await web.post("/purchases", batch)).status_code == 202

    async def voucher() -> Any:
        assert worker.exit_code is None, worker.log_tail()
        answer = await web.get(f"/customers/{customer}")
        return answer.status_code == 200 and answer.json()["vouchers"]

    [found] = await eventually(voucher, seconds=60)
    assert found["reward"] == "free_loaf"
    return customer, found["code"]


@pytest.mark.slow
async def test_seven_loaves_give_one_that_a_till_redeems_once(web, worker):
    customer, code = await voucher_of(web, worker)
    shown = (await web.get(f"/customers/{customer}")).json()
    assert (shown["purchases"], shown["spend"], shown["stamps"]) == (7, 2450, {"bread": 0})
    assert shown["cards_completed"] == {"bread": 1}
    reading = {"Authorization": f"Bearer {await web.new_key('read')}"}
    seen = (await web.client.get(f"/v1/merchants/{MERCHANT}/customers/{customer}", headers=reading)).json()
    hidden = [{k: v for k, v in each.items() if "code" not in k} for each in shown["vouchers"]]
    assert seen == {k: v for k, v in shown.items() if k != "card_url"} | {"vouchers": hidden}, (
        "a card's address is as good as a code"
    )
    listed = f"/v1/merchants/{MERCHANT}/customers/{customer}/vouchers"
    told = (await web.client.get(listed, headers=reading)).json()["vouchers"]
    assert [sorted(each) for each in told] == [["expires_at", "issued_at", "reward", "state", "valid_until"]]

    path = f"/vouchers/{shown['vouchers'][0]['short_code'].lower()}/redemptions"
    first = await web.post(path, {"store": "dok-noord"}, Idempotency_Key="receipt-1")
    assert (first.status_code, first.json()["reward"]) == (200, "free_loaf"), first.text
    again = await web.post(path, {"store": "dok-noord"}, Idempotency_Key="receipt-1")
    assert again.json() == first.json()
    other = await web.post(path, {"store": "dok-noord"}, Idempotency_Key="receipt-2")
    assert other.status_code == 409, other.text
    assert (await web.get(f"/customers/{customer}")).json()["vouchers"] == []
    [used] = (await web.get(f"/customers/{customer}/vouchers")).json()["vouchers"]
    assert (used["code"], used["state"]) == (code, "redeemed")
    foreign = f"/vouchers/{code[:-4]}AAAA/redemptions"
    assert (await web.post(foreign, {}, Idempotency_Key="receipt-3")).status_code == 404


@pytest.mark.slow
async def test_a_till_that_hears_nothing_takes_its_request_back_and_the_voucher_stays_usable(web, worker):
    customer, code = await voucher_of(web, worker)
    path = f"/v1/merchants/{MERCHANT}/vouchers/{code}/redemptions"

    async def take_back(where: str, **headers: str) -> Any:
        return await web.client.delete(where, headers=web.headers(**headers))

    async def still_held() -> bool:
        return [v["code"] for v in (await web.get(f"/customers/{customer}")).json()["vouchers"]] == [code]

    early = await take_back(path, Idempotency_Key="receipt-1")
    assert (early.status_code, early.json()["voucher"]) == (200, "open"), early.text
    late = await web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="receipt-1")
    assert (late.status_code, late.json()["type"]) == (409, "urn:stamgast:problem:taken-back"), late.text

    used = await web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="receipt-2")
    assert used.status_code == 200, used.text
    assert not await still_held()
    for _ in range(2):
        back = await take_back(used.headers["location"])
        assert back.status_code == 200, back.text
        assert back.json() == {"status": "taken_back", "code": code, "reward": "free_loaf", "voucher": "open"}
    assert await still_held()
    repeated = await web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="receipt-2")
    assert repeated.status_code == 409, repeated.text
    looked_up = await web.client.get(used.headers["location"], headers=web.headers())
    assert looked_up.json()["type"] == "urn:stamgast:problem:taken-back"

    again = await web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="receipt-3")
    assert again.status_code == 200, again.text
    other = await take_back(used.headers["location"])
    assert (other.status_code, await still_held()) == (200, False), "what another request redeemed stays redeemed"
