"""Two customers who are one person: everything as if they had always been one, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from stamgast.bootstrap import id_key_of
from stamgast.domain.customer import decode_customer
from stamgast.domain.events import key_of
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.local.brokers import Broker
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics, create_topics, delete_topics
from stamgast.people.merger import Merger, NotMergeableError
from stamgast.settings import Settings
from stamgast.state.keys import customers
from streams.maintenance.verify import verify_all
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.web.conftest import MERCHANT, Web, environment
from tests.integration.web.shop import bread, events

pytestmark = pytest.mark.slow

PERSON = {"phone": "0612345678", "language": "nl", "name": "Noor"}
PARTITIONS = 8
MANY = 2_000
"""20,000 were tried as well, with more than 2,000 rewards: 53 s."""
FIGURES = ("purchases", "spend", "visits", "profit", "refunds", "stamps", "cards_completed")


@pytest.fixture
def topics(kafka: Broker) -> Iterator[Topics]:
    """Of eight partitions, as shops have: the two customers, and each of their transactions, stand anywhere in them."""
    mine = Topics(PARTITIONS, prefix=f"t{uuid.uuid4().hex[:8]}.")
    create_topics(kafka.bootstrap, mine)
    yield mine
    delete_topics(kafka.bootstrap, mine)


async def command(settings: Settings, *words: str, code: int = 0) -> Any:
    done = await commands.asked("customer", *words, "--json", env=environment(settings))
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr + done.stdout


async def enrol(web: Web, **who: Any) -> str:
    return str((await web.post("/customers", who)).json()["customer"])


async def buy(web: Web, numbers: Sequence[int], who: dict[str, str]) -> None:
    batch = [bread(number, who, days_ago=3 + number % 40) for number in numbers]
    for start in range(0, len(batch), 100):
        assert (await web.post("/purchases", batch[start : start + 100])).status_code in {200, 202, 207}


async def shows(web: Web, customer: str, within: float = 60, **expected: Any) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    async def shown() -> bool:
        answer = await web.get(f"/customers/{customer}")
        seen.clear()
        seen.update(answer.json())
        return {name: seen.get(name) for name in expected} == expected

    await eventually(shown, seconds=within, why=f"{customer} shows {expected}")
    return seen


async def assert_verified(web: Web, settings: Settings) -> None:
    report = await verify_all(web.bootstrap, settings.redis_url, web.topics, id_key_of(settings), real_time=True)
    assert report.equal, report.differences


def figures(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: shown[name] for name in FIGURES} | {"vouchers": len(shown["vouchers"])}


@pytest.fixture
def merger(web: Web) -> Merger:
    async def state_of(merchant: str, customer: str) -> Any:
        keys = customers(partition_for(key_of(merchant, customer), web.topics.partitions))
        value = await web.parts.redis.get(keys.customer(merchant, customer))
        return None if value is None else decode_customer(value)

    return Merger(web.parts.identities, web.parts.appender.append, state_of, web.topics, web.bootstrap)


async def test_what_came_under_a_providers_id_is_brought_along_and_all_is_as_if_it_had_always_been_so(
    web, worker, web_settings
):
    noor, alike = await enrol(web, **PERSON), await enrol(web, phone="0612345679", language="nl")
    await buy(web, range(10), {"customer_id": noor})
    await buy(web, range(100, 110), {"customer_id": alike})
    await buy(web, range(10, 25), {"provider_customer_id": "p-1"})
    await buy(web, range(110, 125), {"customer_id": alike})
    right = figures(await shows(web, alike, purchases=25))
    await shows(web, noor, purchases=10)
    provider = (await web.post("/customers/lookup", {"provider_customer_id": "p-1"})).json()["customer"]
    await shows(web, provider, purchases=15)

    looked = await command(web_settings, "merge", MERCHANT, "p-1", "0612345678", "--dry-run")
    assert (looked["former"], looked["into"], looked["purchases"], looked["merged"]) == (provider, noor, 15, False)
    await shows(web, provider, purchases=15)
    done = await command(web_settings, "merge", MERCHANT, "p-1", "0612345678", "--yes", "--why", "the same person")
    assert (done["merged"], done["applied"]) == (True, True)
    assert figures(await shows(web, noor, purchases=25)) == right
    await shows(web, provider, purchases=0, spend=0, visits=0, erased=True, vouchers=[])

    await buy(web, [25], {"provider_customer_id": "p-1"})
    await shows(web, noor, purchases=26)
    back = bread(12, {"provider_customer_id": "p-1"}, days_ago=1) | {"status": "voided", "source_version": 2}
    assert (await web.post("/purchases", back)).status_code == 202
    await shows(web, noor, purchases=25)
    again = await command(web_settings, "merge", MERCHANT, provider, noor, "--yes")
    assert again["merged"]
    await shows(web, noor, purchases=25)
    back_again = ("merge", MERCHANT, noor, provider, "--yes")
    assert "was forgotten, or was merged" in await command(web_settings, *back_again, code=1)
    forgotten = await enrol(web, phone="0687654321")
    await buy(web, [500], {"customer_id": forgotten})
    await shows(web, forgotten, purchases=1)
    await command(web_settings, "erase", MERCHANT, forgotten)
    await shows(web, forgotten, erased=True)
    refused = await command(web_settings, "merge", MERCHANT, forgotten, noor, "--yes", code=1)
    assert "nobody may be them" in refused
    await assert_verified(web, web_settings)


async def test_a_phone_of_two_is_reached_by_none_who_stopped_and_erasing_the_one_erases_both(
    web, worker, web_settings, merger
):
    agreed = [{"purpose": "marketing", "channel": "sms", "wording_version": "1", "source": "till"}]
    old = await enrol(web, **PERSON | {"consents": agreed, "membership_number": "M-1"})
    new = await enrol(web, phone="0687654321", email="noor@example.nl")
    await buy(web, range(3), {"membership_number": "M-1"})
    await shows(web, old, purchases=3)
    await web.message("+31612345678", "STOP")
    await shows(web, old, stopped=True)
    at = web.parts.clock.now()
    plan = await merger.plan(MERCHANT, old, new, at)
    assert (plan.purchases, plan.consents_lost, plan.opts_out) == (3, ("marketing:sms",), True)
    assert (await merger.do(MERCHANT, plan, at)).applied
    await shows(web, new, purchases=3, stopped=True, consents={})
    known = await web.parts.identities.profile(MERCHANT, new)
    assert (known.phone, known.name, known.email) == ("+31687654321", "Noor", "noor@example.nl")
    for name in ({"phone": "0612345678"}, {"membership_number": "M-1"}):
        assert (await web.post("/customers/lookup", name)).json()["customer"] == new
    assert not await web.parts.identities.has_key(MERCHANT, old)
    with pytest.raises(NotMergeableError, match="one already"):
        await merger.plan(MERCHANT, new, new, at)
    await command(web_settings, "erase", MERCHANT, new)
    for name in ({"phone": "0612345678"}, {"phone": "0687654321"}, {"membership_number": "M-1"}):
        assert (await web.post("/customers/lookup", name)).status_code == 404
    assert await web.parts.identities.profile(MERCHANT, new) is None


async def test_who_has_used_a_reward_is_not_merged_away_unasked(web, worker, web_settings):
    rich, other = await enrol(web, **PERSON), await enrol(web, phone="0687654321")
    await buy(web, range(7), {"customer_id": rich})
    shown = await shows(web, rich, purchases=7)
    code = shown["vouchers"][0]["code"]
    assert (await web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="r1")).status_code in {200, 202}
    await eventually(lambda: _was_redeemed(web, code), seconds=60, why="it was redeemed")
    refused = await command(web_settings, "merge", MERCHANT, rich, other, "--yes", code=1)
    assert "the other way round" in refused
    await shows(web, rich, purchases=7)
    assert (await web.post(f"/customers/{rich}/merge", {"into": other})).status_code == 403, "it takes scope admin"
    web.key = await web.new_key("admin")
    asked = await web.post(f"/customers/{rich}/merge", {"into": other})
    assert (asked.status_code, asked.json()["type"]) == (409, "urn:stamgast:problem:rewards-used")
    assert "has used 1 reward, which" in asked.json()["detail"]
    done = await command(web_settings, "merge", MERCHANT, other, rich, "--yes")
    assert done["merged"]


async def test_over_http_what_cannot_be_merged_says_why(web, worker):
    noor, nobody = await enrol(web, **PERSON), "c" + "a" * 24
    web.key = await web.new_key("admin")
    for former, body, status, why in (
        (nobody, {"into": noor}, 404, "knows no customer"),
        (noor, {"into": nobody}, 404, "knows no customer"),
        (noor, {"into": noor}, 409, "they are one already"),
        (noor, {"into": "noor"}, 422, "into"),
        (noor, {"in_to": noor}, 422, "in_to"),
        ("noor", {"into": noor}, 404, "not a customer id"),
    ):
        answer = await web.post(f"/customers/{former}/merge", body)
        assert (answer.status_code, why in answer.text) == (status, True), answer.text


async def _was_redeemed(web: Web, code: str) -> bool:
    return any(isinstance(each, VoucherRedeemed) and each.code == code for each in await events(web))


class CutError(Exception):
    """The command was killed."""


async def test_a_merger_that_is_killed_at_each_of_its_steps_ends_as_one_that_was_not(
    web, worker, web_settings, tmp_path, merger
):
    whole, alike = await enrol(web, **PERSON), await enrol(web, phone="0612345679")
    await buy(web, range(300), {"membership_number": "M-7"})
    await buy(web, range(1000, 1300), {"customer_id": alike})
    right = figures(await shows(web, alike, purchases=300))
    former = (await web.post("/customers/lookup", {"membership_number": "M-7"})).json()["customer"]
    await shows(web, former, purchases=300)
    at, append, process = web.parts.clock.now(), merger.append, worker
    for left in range(6):
        writes = iter(range(left))

        async def cut(topic: str, records: Any, writes: Any = writes) -> Any:
            if next(writes, None) is None:
                raise CutError
            return await append(topic, records)

        killed = Merger(merger.identities, cut, merger.state_of, merger.topics, merger.bootstrap)
        try:
            plan = await killed.plan(MERCHANT, former, whole, at)
            await killed.do(MERCHANT, plan, at, wait_s=0)
        except CutError:
            process.kill()
            log = tmp_path / f"worker{left}.log"
            process = commands.started("worker", "worker", log=log, env=environment(web_settings))
    try:
        done = await merger.do(MERCHANT, await merger.plan(MERCHANT, former, whole, at), at, wait_s=60)
        assert done.applied
        assert figures(await shows(web, whole, purchases=300)) == right
        await shows(web, former, purchases=0, spend=0)
        assert len([key for key, _ in await web.records(web.topics.dead_letters)]) == 0
        await assert_verified(web, web_settings)
    finally:
        process.stop()


async def test_both_at_once_end_as_one_of_them_with_every_purchase_once(web, worker, web_settings, merger):
    first, second = await enrol(web, **PERSON), await enrol(web, phone="0687654321")
    await buy(web, range(20), {"customer_id": first})
    await buy(web, range(20, 40), {"customer_id": second})
    await shows(web, first, purchases=20)
    await shows(web, second, purchases=20)
    at = web.parts.clock.now()
    one, other = await merger.plan(MERCHANT, first, second, at), await merger.plan(MERCHANT, second, first, at)
    both = [merger.do(MERCHANT, each, at, wait_s=30) for each in (one, other)]
    ended = await asyncio.gather(*both, return_exceptions=True)
    assert [type(each) for each in ended].count(NotMergeableError) == 1, ended
    there, gone = (second, first) if isinstance(ended[1], NotMergeableError) else (first, second)
    await shows(web, there, purchases=40, erased=False)
    await shows(web, gone, purchases=0, erased=True)
    third = await enrol(web, phone="0687654322")
    assert (await merger.do(MERCHANT, await merger.plan(MERCHANT, there, third, at), at, wait_s=30)).applied
    await shows(web, third, purchases=40)
    late = bread(3, {"customer_id": third}, days_ago=1) | {"source_version": 2, "totals": {"gross_minor": 300}}
    await web.post("/purchases", late)
    await shows(web, third, purchases=40, spend=39 * 350 + 300)
    await assert_verified(web, web_settings)


async def test_somebody_who_bought_absurdly_often_is_merged_whole(web, worker, web_settings, merger):
    """Records of one transaction each: nothing of it grows with what somebody bought."""
    former, into = await enrol(web, **PERSON), await enrol(web, phone="0687654321")
    await buy(web, range(MANY), {"customer_id": former})
    before = figures(await shows(web, former, purchases=MANY, within=240))
    at = web.parts.clock.now()
    plan = await merger.plan(MERCHANT, former, into, at)
    done = await merger.do(MERCHANT, plan, at, wait_s=240)
    assert (done.applied, done.brought) == (True, MANY)
    after = figures(await shows(web, into, purchases=MANY, within=240))
    assert after == before
    await assert_verified(web, web_settings)


async def test_what_the_one_told_of_themselves_and_wants_to_hear_no_more_holds_for_both(
    web, worker, web_settings, merger
):
    former = await enrol(web, **PERSON, birthday="1988-05-03")
    into = await enrol(web, phone="0612345679", language="nl")
    assert (await web.message("+31612345678", "STOP aanbiedingen", "SM1")).status_code == 200
    await shows(web, into, purchases=0)
    seen: dict[str, Any] = {}

    async def left() -> bool:
        seen.update((await web.get(f"/customers/{former}")).json())
        return list(seen.get("topics_left", {})) == ["offers"]

    await eventually(left, seconds=60)
    await command(web_settings, "merge", MERCHANT, "0612345678", "0612345679", "--yes", "--why", "the same person")

    async def brought() -> bool:
        state = await merger.state_of(MERCHANT, into)
        birthday = web.parts.identities.veil(MERCHANT).birthday(state.birthday) if state is not None else ""
        return state is not None and list(state.left) == ["offers"] and birthday == "05-03"

    await eventually(brought, seconds=60)
    profile = await web.parts.identities.profile(MERCHANT, into)
    assert profile.birthday == "1988-05-03"
    await assert_verified(web, web_settings)
