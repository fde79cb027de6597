"""Forgetting a person over HTTP: whole, once, and not half-undone by an enrolment at the same moment."""

import asyncio
from typing import Any

from redis.asyncio import Redis

from stamgast.domain.events import Erased
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Alias, encode
from stamgast.state.identity_log import NAME
from stamgast.state.keys import shard_of, view_shards
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT, open_web
from tests.integration.web.shop import JAN, events

OTHERS = 200_000
SHARDS = view_shards(NAME)


async def test_an_erased_person_is_gone_and_comes_back_as_somebody_else(web):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    identities = web.parts.identities
    theirs = [Identifier("phone", "+31612345678"), Identifier("membership", "M-100")]
    key = await web.new_key("admin")
    gone = await web.client.delete(
        f"/v1/merchants/{MERCHANT}/customers/{customer}", headers={"Authorization": f"Bearer {key}"}
    )
    assert (gone.status_code, gone.json()["identifiers"]) == (200, 2)
    assert await identities.profile(MERCHANT, customer) is None
    assert await identities.customer_of(MERCHANT, theirs[0]) is None
    again = await web.post("/customers", JAN)
    assert again.status_code == 201
    assert again.json()["customer"] != customer


async def test_an_erasure_that_was_cut_short_is_finished_by_asking_again(web):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    admin = {"Authorization": f"Bearer {await web.new_key('admin')}"}
    url = f"/v1/merchants/{MERCHANT}/customers/{customer}"
    await web.parts.identities.erase(MERCHANT, customer, [], 1)  # as far as the data key and the profile
    assert (await web.client.delete(url, headers=admin)).json()["identifiers"] == 2
    assert await web.parts.identities.known_as(MERCHANT, customer) == []
    assert len([event for event in await events(web) if isinstance(event, Erased)]) == 1
    assert (await web.client.delete(url, headers=admin)).status_code == 404  # no worker has made a state of it


async def test_enrolling_and_forgetting_at_the_same_moment_leaves_one_or_the_other_whole(web):
    admin = {"Authorization": f"Bearer {await web.new_key('admin')}"}
    customer = (await web.post("/customers", JAN)).json()["customer"]
    identities, phone = web.parts.identities, Identifier("phone", "+31612345678")
    for _ in range(5):
        url = f"/v1/merchants/{MERCHANT}/customers/{customer}"
        gone, came = await asyncio.gather(web.client.delete(url, headers=admin), web.post("/customers", JAN))
        assert (gone.status_code, came.status_code) in {(200, 200), (200, 201)}
        held = await identities.customer_of(MERCHANT, phone)
        assert held != customer
        if held is None:  # it came first, and was forgotten with the rest
            assert await identities.profile(MERCHANT, came.json()["customer"]) is None
            held = (await web.post("/customers", JAN)).json()["customer"]
        profile = await identities.profile(MERCHANT, held)
        assert profile is not None
        assert profile.name == JAN["name"]
        customer = held


async def test_forgetting_somebody_asks_redis_for_theirs_however_many_others_there_are(web, empty_redis):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    await fill(empty_redis, OTHERS)
    before = await asked(empty_redis)
    key = await web.new_key("admin")
    gone = await web.client.delete(
        f"/v1/merchants/{MERCHANT}/customers/{customer}", headers={"Authorization": f"Bearer {key}"}
    )
    after = await asked(empty_redis)
    assert (gone.status_code, gone.json()["identifiers"]) == (200, 2)
    assert after.get("scan", 0) == before.get("scan", 0)
    assert after["get"] - before["get"] < 100


async def test_nothing_links_an_erased_person_to_what_named_them(web, empty_redis):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    assert await lists_of(empty_redis, customer) != []
    await web.client.delete(
        f"/v1/merchants/{MERCHANT}/customers/{customer}",
        headers={"Authorization": f"Bearer {await web.new_key('admin')}"},
    )
    assert await lists_of(empty_redis, customer) == []


async def test_people_who_were_known_before_there_were_lists_of_their_identifiers_are_found(
    web, web_settings, empty_redis
):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    identities = web.parts.identities
    theirs = sorted(await identities.known_as(MERCHANT, customer))
    await as_before_there_were_lists(empty_redis, customer)
    async with open_web(web_settings) as other:

        async def found() -> bool:
            return sorted(await other.parts.identities.known_as(MERCHANT, customer)) == theirs

        await eventually(found)


async def test_a_record_that_comes_late_undoes_no_list(web):
    view = web.parts.identities._view
    name, old, new = f"a:{MERCHANT}:somebody", record_of("first"), record_of("second")
    await view.put([(name, 7, old)])
    await view.put([(name, 9, new)])
    for offset, value in ((7, old), (8, old), (9, new)):
        await view.put([(name, offset, value)])
    assert await view.read_list(f"n:{MERCHANT}:first") == []
    assert await view.read_list(f"n:{MERCHANT}:second") == [name]


def record_of(customer: str) -> bytes:
    return encode(Alias("phone", customer, 1))


async def fill(redis: Redis, count: int) -> None:
    """Aliases of other people, as the view holds them."""
    for start in range(0, count, 10_000):
        pipeline = redis.pipeline(transaction=False)
        for number in range(start, start + 10_000):
            name = f"a:{MERCHANT}:{number:064x}"
            pipeline.set(shard_of(SHARDS, name).entry(name), b"0 " + record_of(f"other{number}"))
        await pipeline.execute()


async def asked(redis: Redis) -> dict[str, int]:
    """Command -> how often Redis was asked it."""
    stats = await redis.info("commandstats")
    return {name.removeprefix("cmdstat_"): stat["calls"] for name, stat in stats.items()}


async def lists_of(redis: Redis, customer: str) -> list[bytes]:
    return [key async for key in redis.scan_iter(f"{{{NAME}*}}:n:{MERCHANT}:{customer}")]


async def as_before_there_were_lists(redis: Any, customer: str) -> None:
    await redis.delete(*await lists_of(redis, customer))
    for shard in SHARDS:
        for field, value in (await redis.hgetall(shard.meta)).items():
            if field.startswith(b"read2:"):
                await redis.hset(shard.meta, field.replace(b"read2:", b"at:"), value)
                await redis.hdel(shard.meta, field)
