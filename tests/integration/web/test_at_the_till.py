"""The till's page over HTTP, with a worker, Kafka and Redis: enrol, stamps, redeem at two tills, undo, attach."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stamgast.clock.shop_time import format_time
from stamgast.domain.events import ConsentChanged, decode_event
from stamgast.domain.voucher_codes import short_of
from stamgast.people.consents import told_of
from stamgast.state.keys import undoable
from stamgast.web.access.cookies import Cookie
from stamgast.web.access.forms import page_token
from stamgast.web.owners_answer import id_of
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT, PUBLIC_URL
from tests.integration.web.shop import bread

PHONE = "06 12 34 56 78"


class Till:
    """A tablet that is paired."""

    def __init__(self, web: Any, token: Any, device: Any) -> None:
        self.web, self.device, self.token = web, device, token

    async def send(self, where: str, accept: str = "application/json", **form: str) -> Any:
        headers = {"Cookie": f"__Host-{Cookie.TILL.value}={self.token.text}", "Origin": PUBLIC_URL, "Accept": accept}
        form["csrf"] = page_token(self.token.secret, MERCHANT)
        return await self.web.client.post(f"/till/{where}", data=form, headers=headers)

    async def page(self, where: str, status: int = 200, **form: str) -> Any:
        """What it shows; asked again while the worker takes the customer's partition: a repeat changes nothing."""

        async def answered() -> Any:
            answer = await self.send(where, **form)
            return answer if answer.status_code not in (202, 503) else None

        answer = await eventually(answered, why=f"the worker answers {where}")
        assert answer.status_code == status, answer.text
        return answer.json()


async def paired(web: Any) -> Till:
    device, token = await web.parts.roster.pair(MERCHANT, "dok-noord", "Counter", "", web.parts.clock.now())
    return Till(web, token, device)


@pytest.mark.multi_worker
async def test_a_till_enrols_gives_stamps_redeems_once_and_undoes_for_two_minutes(web, worker, empty_redis):
    till, other = await paired(web), await paired(web)
    unknown = await till.page("find", 404, scanned=PHONE)
    assert (unknown["why"], unknown["typed"], unknown["person"]) == ("nobody", PHONE, None)
    enrolled = await till.page("enrol", phone=PHONE, language="nl", agree="yes", key="k-enrol-1")
    customer = enrolled["person"]["customer"]
    assert enrolled["done"]["deed"] == "enrolled"
    await the_proof_says_which_wording_was_read(web, customer, till)
    assert (await till.page("enrol", phone=PHONE, language="nl", agree="no", key="k-enrol-2"))["done"][
        "deed"
    ] == "known"

    async def person(text: str = PHONE) -> Any:
        return (await till.page("find", scanned=text))["person"]

    two: dict[str, Any] = {"scanned": PHONE, "card": "bread", "stamps": "2", "reason": "goodwill", "key": "k-stamps-1"}
    given = await till.page("stamps", **two)
    assert (given["done"]["deed"], given["person"]["cards"][0]["stamps"]) == ("stamped", 2)
    moment = format_time(web.parts.clock.now() - 60_000)
    again = await till.page("stamps", **two, happened_at=moment)  # sent anew by a till that was offline meanwhile
    assert again["person"]["cards"][0]["stamps"] == 2, "a page that is loaded again gives nothing twice"
    undo = {"what": "stamps", "customer": customer, "key": "k-stamps-1"}
    assert (await other.page("undo", 409, **undo))["why"] == "undo-over", "of another till"
    assert (await till.page("undo", **undo))["person"]["cards"][0]["stamps"] == 0
    await till.page("stamps", scanned=customer.upper(), card="bread", reason="forgotten", key="k-stamps-2")
    name = undoable(MERCHANT, id_of(f"till:{till.device.id}:k-stamps-2"))
    await empty_redis.set(name, f"{till.device.id}  {web.parts.clock.now() - 121_000}")
    again = await till.page("stamps", scanned=customer, card="bread", reason="forgotten", key="k-stamps-2")
    assert again["done"]["undo"] is None, "a repeat begins no new two minutes"
    late = await till.page("undo", 409, what="stamps", customer=customer, key="k-stamps-2")
    assert late["why"] == "undo-over", "two minutes are over"
    for number in range(6):
        await web.post("/purchases", bread(number, {"phone": PHONE}, days_ago=7 - number))

    async def voucher() -> Any:
        return next(iter((await person())["vouchers"]), None)

    code = (await eventually(voucher, why="a full card gives a voucher"))["code"]
    card = (await web.get(f"/customers/{customer}")).json()["card_url"]
    assert (await person(card))["customer"] == customer, "the link that a phone shares"
    assert (await till.page("find", scanned=short_of(code).lower()))["person"]["found"] == code
    assert (await till.page("find", 404, scanned=f"https://loyalty.example.com/c/{'a' * 31}"))["why"] == "nobody"
    shown = await till.page("find", scanned=code)
    assert (shown["person"]["found"], shown["why"]) == (code, "")
    answers = await asyncio.gather(
        till.send("redeem", customer=customer, code=code, key="k-redeem-1"),
        other.send("redeem", customer=customer, code=code, key="k-redeem-2"),
    )
    assert sorted(each.status_code for each in answers) == [200, 409], "one yes"
    yes = next(each for each in answers if each.status_code == 200)
    no = next(each for each in answers if each.status_code == 409)
    assert (yes.json()["done"]["deed"], no.json()["why"]) == ("redeemed", "not-redeemable")
    assert (await till.page("find", 409, scanned=code))["why"] == "closed"
    winner = till if yes is answers[0] else other
    undo = yes.json()["done"]["undo"]
    back = await winner.page("undo", what="redemption", customer=customer, code=code, key=undo["key"])
    assert [each["code"] for each in back["person"]["vouchers"]] == [code]
    page = await till.send("find", accept="text/html", scanned=code)
    assert PHONE.replace(" ", "")[1:] not in page.text.replace(" ", "")
    await a_sale_is_attached(web, till, customer)


async def the_proof_says_which_wording_was_read(web: Any, customer: str, till: Till) -> None:
    records = await web.records(web.topics.customer_events)
    consents = [event for _, value in records if isinstance(event := decode_event(value), ConsentChanged)]
    proof = told_of(consents[0], await web.parts.identities.key_of(MERCHANT, customer)).proof
    assert proof is not None
    assert proof.wording.startswith("till:")
    assert proof.origin == f"till {till.device.id}"


async def a_sale_is_attached(web: Any, till: Till, customer: str) -> None:
    lost = bread(100, {}, days_ago=0)
    del lost["customer"]
    assert (await web.post("/purchases", lost)).status_code == 202
    attempts = iter(range(1_000))

    async def attached() -> Any:
        key = f"k-attach-{next(attempts)}"
        answer = (await till.send("attach", customer=customer, receipt="till1:100", key=key)).json()
        return (answer["done"] or {}).get("deed") == "attached"

    await eventually(attached, why="the sale is theirs")
    taken = await till.page("attach", 409, customer=customer, receipt="till1:100", key="k-attach-again")
    assert taken["why"] == "already-claimed"
