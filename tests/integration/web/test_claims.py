"""Receipts that were nobody's and are claimed afterwards, from HTTP through Kafka into the customer's state and back."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
from datetime import datetime
from typing import Any

import pytest
import segno
from PIL import Image

from stamgast.bootstrap import id_key_of
from stamgast.claims_to_review import list_claims
from stamgast.clock.shop_time import on_the_wall
from stamgast.domain.claims import Limit
from stamgast.domain.events import PurchaseChanged
from stamgast.domain.units import DAY, HOUR
from stamgast.identity.staff import seal_phone
from stamgast.programs.publish import publish
from stamgast.settings import Settings
from stamgast.state.transactions import KnownTransactions
from stamgast.web.velocity import Counted, too_many
from streams.maintenance.verify import verify_all
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.forge import Forged
from tests.integration.web.conftest import CONFIG, MERCHANT, Web, environment
from tests.integration.web.shop import bread, events, problem

pytestmark = pytest.mark.slow


class Shop:
    """What a till and a customer do."""

    def __init__(self, web: Web, worker: Forged) -> None:
        self.web, self.worker = web, worker

    async def joins(self, phone: str) -> str:
        joined = await self.web.post("/customers", {"phone": phone, "language": "nl"})
        return str(joined.json()["customer"])

    async def sells(self, number: int, *, days_ago: int = 3, **more: Any) -> str:
        """A sale without a customer, and its transaction id once a worker knows it."""
        sale: dict[str, Any] = bread(number, {}, days_ago=days_ago) | more
        if not sale["customer"]:
            del sale["customer"]
        assert (await self.web.post("/purchases", sale)).status_code == 202
        name = str(sale["transaction_id"])

        async def known() -> Any:
            assert self.worker.exit_code is None, self.worker.log_tail()
            return await self._known(name, sale["source_version"])

        await eventually(known, seconds=60)
        return name

    async def _known(self, name: str, version: int) -> bool:
        partition_of = self.web.parts.appender.partition_of
        known = KnownTransactions(self.web.parts.redis, lambda key: partition_of(self.web.topics.purchases, key))
        found = (await known.of(MERCHANT, [name])).get(name)
        return found is not None and found.snapshot is not None and found.snapshot.version >= version

    async def claims(self, key: str, customer: str, **receipt: Any) -> Any:
        body = {"customer": {"customer_id": customer}} | receipt
        answer = await self.web.post("/claims", body, Idempotency_Key=key)
        where = answer.headers.get("location", "")
        if answer.status_code == 202 and answer.json()["status"] == "pending":

            async def answered() -> Any:
                found = await self.web.client.get(where, headers=self.web.headers())
                return found if found.status_code != 202 or found.json()["status"] != "pending" else None

            return await eventually(answered, seconds=60)
        return answer

    async def shows(self, customer: str, **expected: Any) -> dict[str, Any]:
        async def shown() -> Any:
            answer = await self.web.get(f"/customers/{customer}")
            found = answer.json()
            return found if {name: found.get(name) for name in expected} == expected else None

        return dict(await eventually(shown, seconds=60, why=f"{expected}"))


async def assert_verified(web: Web, settings: Settings) -> None:
    """What is live is what the log says, the list of what waits included."""
    report = await verify_all(web.bootstrap, settings.redis_url, web.topics, id_key_of(settings), real_time=True)
    assert report.equal, report.differences


async def said(settings: Settings, *words: str, code: int = 0) -> str:
    """What `stamgast claims` says."""
    done = await commands.asked("claims", *words, env=environment(settings))
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def shop(web: Web, worker: Forged) -> Shop:
    return Shop(web, worker)


async def test_a_receipt_is_claimed_once_with_the_day_of_its_sale_and_its_refund_follows(shop, web, web_settings):
    anna, bram = await shop.joins("0612345678"), await shop.joins("0612345679")
    receipt = await shop.sells(1)
    token = (await web.post("/claims/tokens", {"transaction_id": receipt})).json()["token"]
    claimed = await shop.claims("k1", anna, token=token)
    assert (claimed.status_code, claimed.json()["status"]) == (200, "claimed"), claimed.text
    assert (claimed.json()["customer"], claimed.json()["transaction_id"]) == (anna, receipt)
    again = await shop.claims("k1", anna, token=token)
    assert (again.status_code, again.json()) == (200, claimed.json())
    problem(await web.post("/claims", {"customer": {"customer_id": bram}, "token": token}, Idempotency_Key="k1"), 422)
    taken = problem(await shop.claims("k2", bram, token=token), 409)
    assert taken["type"].endswith("already-claimed")
    await shop.shows(anna, purchases=1, spend=350, stamps={"bread": 1})
    [told] = [each for each in await events(web) if isinstance(each, PurchaseChanged)]
    assert told.after is not None
    sold = datetime.fromisoformat(bread(1, {}, days_ago=3)["end_date_time"]).timestamp() * 1_000
    assert abs(told.after.occurred_at - sold) < HOUR  # its stamps and its day are those of the sale
    assert told.happened_at == told.at  # and what is sent about it is news

    back = {
        "status": "refund", "transaction_id": receipt, "refund_id": "r1", "source_version": 1, "price_currency": "EUR",
        "end_date_time": bread(1, {}, days_ago=0)["end_date_time"], "totals": {"gross_minor": 350},
        "line_items": [{"line_id": "r", "original_line_id": "1", "quantity": "1", "gross_minor": 350}],
    }  # fmt: skip
    assert (await web.post("/purchases", back)).status_code == 202
    await shop.shows(anna, purchases=0, spend=0, stamps={"bread": 0})
    await assert_verified(web, web_settings)


async def test_a_token_is_given_as_a_picture_too_in_a_link_of_the_shops_own(shop, web):
    told = await web.post(
        "/claims/tokens", {"transaction_id": "till1:1", "qr": "png", "link": "https://bakery.example/r#"}
    )
    answer = told.json()
    assert (told.status_code, answer["link"]) == (201, f"https://bakery.example/r#{answer['token']}")
    kind, _, picture = answer["qr"].partition(",")
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        assert (kind, image.format, image.width) == ("data:image/png;base64", "PNG", image.height)
        assert image.convert("L").getpixel((0, 0)) == 255  # the quiet zone
    drawn = segno.make(answer["link"], micro=False, error="m", boost_error=False)
    assert image.width == (drawn.symbol_size(border=4)[0]) * 6
    plain = (await web.post("/claims/tokens", {"transaction_id": "till1:1", "qr": "svg"})).json()
    assert base64.b64decode(plain["qr"].partition(",")[2]).lstrip().startswith(b"<?xml")
    assert plain["token"] == answer["token"]
    problem(await web.post("/claims/tokens", {"transaction_id": "t", "link": "javascript:alert(1)"}), 422)


async def test_what_staff_claim_waits_for_a_person(shop, web, web_settings, tmp_path):
    folder = tmp_path / MERCHANT
    shutil.copytree(CONFIG / MERCHANT, folder)
    sealed = seal_phone(id_key_of(web_settings), MERCHANT, "+31612345678")
    program = folder / "program.yaml"
    program.write_text(f"{program.read_text()}\nstaff: {{anna: {{phone: {sealed}}}}}\n")
    await publish(web.bootstrap, web.topics.programs, [folder], 1)

    async def heard() -> bool:
        found = await web.parts.merchants.get(MERCHANT)
        return found is not None and bool(found.staff)

    await eventually(heard)
    anna, bram = await shop.joins("0612345678"), await shop.joins("0612345679")
    claimed = await shop.claims("k1", anna, transaction_id=await shop.sells(1))
    assert (claimed.status_code, claimed.json()["status"]) == (202, "in_review"), claimed.text
    assert "one of the staff claims it" in await said(web_settings, "review", MERCHANT)
    others = await shop.claims("k2", bram, transaction_id=await shop.sells(2))
    assert others.json()["status"] == "claimed"
    figures = (await web.health.get("/metrics")).text
    assert f'stamgast_web_claims_total{{merchant="{MERCHANT}",outcome="claimed"}} 1.0' in figures
    await assert_verified(web, web_settings)


async def test_what_cannot_be_claimed_says_why(shop, web):
    anna = await shop.joins("0612345678")
    old = await shop.sells(1, days_ago=15)
    hers = await shop.sells(2, customer={"customer_id": anna})
    void = await shop.sells(3, status="voided")
    for key, receipt, status, slug in (
        ("k1", old, 409, "too-late"),
        ("k2", hers, 409, "already-claimed"),
        ("k3", void, 409, "nothing-to-claim"),
        ("k4", "till1:999", 404, "no-receipt"),
    ):
        refused = problem(await shop.claims(key, anna, transaction_id=receipt), status)
        assert refused["type"].endswith(slug)
    later = await shop.sells(999)
    assert problem(await shop.claims("k4", anna, transaction_id=later), 404)  # the same key, the same answer
    assert (await shop.claims("k5", anna, transaction_id=later)).status_code == 200


async def test_of_two_claims_at_once_one_gets_it(shop):
    anna, bram = await shop.joins("0612345678"), await shop.joins("0612345679")
    receipt = await shop.sells(1)
    answers = await asyncio.gather(
        *(shop.claims(f"k{n}", (anna, bram)[n % 2], transaction_id=receipt) for n in range(10))
    )
    codes = sorted(each.status_code for each in answers)
    assert codes == [200, *[409] * 9]
    winner = next(each.json()["customer"] for each in answers if each.status_code == 200)
    await shop.shows(winner, purchases=1)
    assert (await shop.web.get(f"/customers/{({anna, bram} - {winner}).pop()}")).json()["purchases"] == 0


async def test_the_till_that_names_its_customer_afterwards_knows_better(shop):
    anna, bram = await shop.joins("0612345678"), await shop.joins("0612345679")
    receipt = await shop.sells(1)
    assert (await shop.claims("k1", anna, transaction_id=receipt)).status_code == 200
    await shop.shows(anna, purchases=1)
    await shop.sells(1, source_version=2, customer={"customer_id": bram})
    await shop.shows(bram, purchases=1, stamps={"bread": 1})
    await shop.shows(anna, purchases=0, stamps={"bread": 0})


async def test_too_many_claims_wait_for_a_person_and_are_not_lost(shop, web_settings):
    anna = await shop.joins("0612345678")
    receipts = [await shop.sells(n) for n in range(7)]
    answers = [await shop.claims(f"k{n}", anna, transaction_id=each) for n, each in enumerate(receipts)]
    assert [(each.status_code, each.json()["status"]) for each in answers] == [
        *[(200, "claimed")] * 5, (202, "in_review"), (202, "in_review"),
    ]  # fmt: skip
    await shop.shows(anna, purchases=5, stamps={"bread": 5})
    listed = json.loads(await said(web_settings, "review", MERCHANT, "--json"))["claims"]
    assert [each["transaction"] for each in listed] == receipts[5:]
    assert all((each["customer"], each["over"], each["spend"]) == (anna, ["customer"], 350) for each in listed)
    told = await said(web_settings, "review", MERCHANT)
    assert "too many of: customer" in told
    assert f"  {on_the_wall(listed[0]['occurred_at'], 'Europe/Amsterdam')}  customer " in told
    confirmed = json.loads(await said(web_settings, "confirm", MERCHANT, receipts[5], "--json"))
    assert (confirmed["applied"], confirmed["customer"]) == (True, anna)
    assert "counts for nothing" in await said(web_settings, "refuse", MERCHANT, receipts[6])
    assert "claims review" in await said(web_settings, "refuse", MERCHANT, receipts[6], code=1)
    await shop.shows(anna, purchases=6, stamps={"bread": 6})
    assert json.loads(await said(web_settings, "review", MERCHANT, "--json"))["claims"] == []
    assert (await shop.claims("k5", anna, transaction_id=receipts[5])).json()["status"] == "claimed"
    assert problem(await shop.claims("k6", anna, transaction_id=receipts[6]), 409)["type"].endswith("refused")


async def test_a_lost_redis_is_filled_with_the_same_claims(shop, web_settings, empty_redis):
    anna = await shop.joins("0612345678")
    receipts = [await shop.sells(n) for n in range(6)]
    before = [await shop.claims(f"k{n}", anna, transaction_id=each) for n, each in enumerate(receipts)]
    await shop.shows(anna, purchases=5)
    waiting = await list_claims(web_settings, MERCHANT)
    await empty_redis.flushall()
    await shop.shows(anna, purchases=5, stamps={"bread": 5})

    async def listed() -> Any:
        return await list_claims(web_settings, MERCHANT) == waiting

    await eventually(listed, seconds=60)
    for number, (receipt, answer) in enumerate(zip(receipts, before, strict=True)):

        async def the_same(number: int = number, receipt: str = receipt, answer: Any = answer) -> bool:
            again = await shop.claims(f"k{number}", anna, transaction_id=receipt)
            assert again.status_code != 503, "what web looks up is being filled too"
            return (again.status_code, again.json()) == (answer.status_code, answer.json())

        await eventually(the_same, seconds=60, every=0.2)
    await assert_verified(shop.web, web_settings)


async def test_a_token_of_another_receipt_or_that_was_changed_is_none(shop, web):
    anna = await shop.joins("0612345678")
    receipt = await shop.sells(1)
    token = (await web.post("/claims/tokens", {"transaction_id": receipt})).json()["token"]
    for wrong in (token[:-1], token[1:], "x" + token, token.partition(".")[0] + ".", "ü", "a.b", "." * 1_200):
        refused = problem(await shop.claims("k1", anna, token=wrong), 422)
        assert refused["errors"][0]["pointer"] == "/token", wrong
    both = problem(await shop.claims("k1", anna, token=token, transaction_id=receipt), 422)
    assert "token or transaction_id" in both["errors"][0]["detail"]
    web.key = await web.new_key("intake")
    assert problem(await shop.claims("k1", anna, transaction_id=receipt), 403)["type"].endswith("scope")
    assert (await shop.claims("k1", anna, token=token)).status_code == 200


async def test_what_is_too_many_in_a_day_is_counted_by_name_and_once_a_request(web):
    redis, at, found = web.parts.redis, web.parts.clock.now(), []
    for number in range(40):
        who = {Limit.CUSTOMER: Counted(f"c{number % 20}", 2), Limit.OPERATOR: Counted("o1", 30)}
        for _repeat in range(2):
            over = await too_many(redis, MERCHANT, f"k{number}", who, at + number)
        found.append(over)
    assert found == [()] * 30 + [("operator",)] * 10
    third = {Limit.CUSTOMER: Counted("c0", 2)}
    assert await too_many(redis, MERCHANT, "k40", third, at + DAY - 1) == ("customer",)
    assert await too_many(redis, MERCHANT, "k40", third, at + DAY + 1) == ()
    assert await too_many(redis, "another", "k40", {Limit.OPERATOR: Counted("o1", 30)}, at) == ()
    assert await redis.call("ZCARD", (await anext(redis.keys(f"web:claims:{MERCHANT}:operator:*")))) == 30
