"""A person asks to be forgotten: what is left on the topics, in Redis and on phones. Real processes throughout."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import redis.asyncio
from kafka.admin import ConfigResource, ConfigResourceType

from stamgast.broker import kafka_of
from stamgast.clock.shop_time import on_the_wall
from stamgast.domain.customer import decode_customer, encode_customer
from stamgast.domain.events import ConsentChanged, Enrolled, encode_event, key_of
from stamgast.domain.units import DAY
from stamgast.identity.records import SealedProfile, WrappedKey, decode_entry, entry_key
from stamgast.identity.sealing import DataKey, SealError, WrappingKeys
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.appender import Appender
from stamgast.log.partitioning import partition_for
from stamgast.log.producers import Emitters
from stamgast.log.reading import LogReader
from stamgast.log.replies import Sealed
from stamgast.log.topics import Topics, admin
from stamgast.state.client import RedisClient
from stamgast.state.keys import customers
from streams.maintenance.forgetting import Forgetting
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, RULE, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

WAITS = RULE.replace("status: live", 'status: live\ntiming: {send_between: "20:00-21:00", if_outside: wait}')
SHOP_NUMBER = "+31970102345"
ANNA, BRAM = 1, 2
WORDS = "Is het brood al klaar, mevrouw Zandstra?"
OLD = "test:" + "A" * 43 + "="
NEW = "new:" + "B" + "A" * 42 + "="


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        await deployment.start(rule=WAITS)
        yield deployment
    finally:
        await deployment.end()


def phone(number: int) -> str:
    return f"06120{number:05d}"


async def says(shop: Deployment, number: int, text: str) -> None:
    body = {"from": f"+316120{number:05d}", "to": SHOP_NUMBER, "body": text, "channel": "sms"}
    answer = (await shop.http.post(f"{shop.sandbox_url}/sandbox/inbound", json=body)).json()
    assert answer["webhook_status"] == 200


async def enrolled(shop: Deployment, number: int, **more: Any) -> str:
    """Enrol, and say as whom."""
    consent = {"purpose": "utility", "channel": "sms", "wording_version": "1"}
    body = {"phone": phone(number), "first_name": "Jo", "language": "nl", "consents": [consent]} | more
    answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/customers", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["customer"])


async def shown(shop: Deployment, customer: str, **figures: Any) -> Any:
    """What is shown of a customer, once the worker has applied so much of them."""

    async def there() -> Any:
        answer = await shop.http.get(f"{shop.web_url}/v1/merchants/{MERCHANT}/customers/{customer}")
        found = answer.json()
        return (
            found
            if answer.status_code == 200 and all(found[name] == value for name, value in figures.items())
            else None
        )

    return await eventually(there, seconds=60, every=0.1, why=f"{customer} shows {figures}")


async def records(shop: Deployment, topic: str) -> list[Any]:
    count = next(shop.topics.partitions_of(each) for name, each in shop.topics if name == topic)
    async with LogReader(shop.bootstrap) as reader:
        return [r for n in range(count) async for piece in reader.read_all(topic, n) for r in piece]


async def everything_in_redis(shop: Deployment) -> bytes:
    found = b""
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        async for key in client.scan_iter(count=1_000):
            found += key + b"\n"
            match await client.type(key):
                case b"string":
                    found += await client.get(key) or b""
                case b"hash":
                    found += b"\n".join(part for pair in (await client.hgetall(key)).items() for part in pair)
    return found


async def readable(shop: Deployment, customer: str) -> list[str]:
    """What can still be opened of a customer with the keys that a compacted log would have left."""
    wrapping, owner = WrappingKeys.parse(f"{NEW},{OLD}"), f"{MERCHANT}:{customer}"
    newest = {each.key: each.value for each in await records(shop, shop.topics.identity_keys)}
    keys: list[DataKey] = []
    for value in newest.values():
        entry = decode_entry(value) if value else None
        if isinstance(entry, WrappedKey):
            try:
                keys.append(wrapping.unwrap(entry.id, entry.wrapped_by, entry.wrapped, owner))
            except SealError:
                continue
    sealed = [each.value for each in await records(shop, shop.topics.identities) if each.value]
    profiles = [entry for entry in map(decode_entry, sealed) if isinstance(entry, SealedProfile)]
    replies = [
        msgspec.json.decode(each.value, type=Sealed)
        for each in await records(shop, shop.topics.replies)
        if each.key == key_of(MERCHANT, customer)
    ]
    assert profiles
    named = [each.data_key for each in profiles] + [each.data_key for each in replies]
    return [name for name in named if any(key.id == name for key in keys)]


async def test_a_person_is_forgotten_and_comes_back_as_somebody_else(shop: Deployment) -> None:
    anna, bram = await enrolled(shop, ANNA), await enrolled(shop, BRAM)
    await shop.buy(range(ANNA, BRAM + 1))
    for customer in (anna, bram):
        await shown(shop, customer, purchases=1)
    await says(shop, ANNA, WORDS)
    await says(shop, BRAM, "STOP")
    replies: Any = shop.run("customer", "replies", MERCHANT, phone(ANNA), "--json")
    assert [each["text"] for each in replies["replies"]] == [WORDS]
    consents: Any = shop.run("customer", "consents", MERCHANT, phone(ANNA), "--json")
    for what, at in (("replies", replies["replies"][0]["at"]), ("consents", consents["consents"][0]["said_at"])):
        told = shop.said("customer", what, MERCHANT, phone(ANNA), code=0)
        assert told.startswith(f"{on_the_wall(at, 'Europe/Amsterdam')}  "), (
            "as all that people read, by the shop's clock"
        )
    for name, _topic in shop.topics:
        assert all(WORDS.encode() not in (each.value or b"") for each in await records(shop, name)), name
    assert set((await shop.fates()).values()) == {"held", "suppressed"}  # Anna's waits for the evening
    assert await readable(shop, anna)

    gone: Any = shop.run("customer", "erase", MERCHANT, phone(ANNA), "--json")
    assert (gone["customer"], gone["identifiers"]) == (anna, 1)
    await shop.everything_ended(2)
    assert await shop.messages() == []
    assert await readable(shop, anna) == []
    (destroyed,) = {
        decode_entry(each.value).wrapped
        for each in await records(shop, shop.topics.identity_keys)
        if each.key == entry_key(MERCHANT, "k", anna) and each.value
    }
    assert destroyed.encode() not in await everything_in_redis(shop)
    left = await shown(shop, anna, erased=True)
    assert (left["purchases"], left["consents"]) == (1, {})

    # Again changes nothing; nobody can ask for it with a till's key.
    url = f"{shop.web_url}/v1/merchants/{MERCHANT}/customers"
    assert (await shop.http.delete(f"{url}/{bram}")).status_code == 403
    admin = {"Authorization": f"Bearer {shop.run('keys', 'create', MERCHANT, '--scope', 'admin', '--json')['key']}"}
    assert (await shop.http.delete(f"{url}/{anna}", headers=admin)).json()["identifiers"] == 0
    assert (await shop.http.delete(f"{url}/c{'z' * 24}", headers=admin)).status_code == 404

    # A STOP outlives it, whoever the person is from now on.
    assert (await shop.http.delete(f"{url}/{bram}", headers=admin)).json()["identifiers"] == 1
    new_anna, new_bram = await enrolled(shop, ANNA), await enrolled(shop, BRAM)
    assert {new_anna, new_bram}.isdisjoint({anna, bram})
    await shop.buy(range(ANNA, BRAM + 1), visit=2)
    await shown(shop, new_anna, purchases=1, stopped=False)
    await shown(shop, new_bram, purchases=1, stopped=True)
    await shown(shop, bram, erased=True, purchases=1)
    assert shop.run("verify", "--json")["equal"] is True

    # A new wrapping key: once everything is under it, the old one is not needed.
    await says(shop, ANNA, "Dank u")
    shop.env["STAMGAST_WRAPPING_KEYS"] = f"{NEW},{OLD}"
    first, second = shop.run("keys", "rewrap", "--json"), shop.run("keys", "rewrap", "--json")
    assert (first["keys"], first["rewrapped"], first["unreadable"], first["newest"]) == (2, 2, 0, "new")
    assert (second["keys"], second["rewrapped"]) == (2, 0)
    shop.env["STAMGAST_WRAPPING_KEYS"] = NEW
    kept: Any = shop.run("customer", "replies", MERCHANT, phone(ANNA), "--json")
    assert [each["text"] for each in kept["replies"]] == ["Dank u"]
    assert await readable(shop, anna) == []


BY_WORTH = RULE.replace("then:", "if:\n  - clv: {at_least: 0 EUR, method: simple}\nthen:")
COSTS = PROGRAM + "costs:\n  acquisition: 50 EUR\n  acquisition_by_source: {flyer: 30 EUR}\n  lifespan_years: 3\n"
SEALED = ("10-21", "flyer", "wording-2026", "by-the-oven")


async def test_birthday_source_and_proofs_are_read_by_the_house_alone_and_an_erasure_changes_no_decision(
    kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    shop = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        await shop.start(rule=BY_WORTH, program=COSTS)
        await sealed_and_forgotten(shop)
    finally:
        await shop.end()


async def sealed_and_forgotten(shop: Deployment) -> None:
    consent = {"purpose": "utility", "channel": "sms", "wording_version": SEALED[2], "source": SEALED[3]}
    more = {"birthday": "1988-10-21", "acquisition_source": SEALED[1], "consents": [consent]}
    anna, bram = [await enrolled(shop, number, **more) for number in (ANNA, BRAM)]
    old = await known_from_before(shop)
    await shop.buy(range(ANNA, BRAM + 1))
    for customer in (anna, bram):
        # 12.40 EUR a year for three years, less what winning them cost: by a flyer it is worth it, else not.
        assert (await shown(shop, customer, purchases=1))["clv"]["acquisition_cost"] == 3_000
    await shop.everything_ended(2)
    assert len(await shop.messages()) == 2
    for name, _topic in shop.topics:
        told = [each for each in await records(shop, name) if not each.key or old.encode() not in each.key]
        if name != shop.topics.programs:
            assert not [word for word in SEALED for each in told if word.encode() in (each.value or b"")], name
    held = b"\n".join(line for line in (await everything_in_redis(shop)).split(b"\n{") if old.encode() not in line)
    assert not [word for word in SEALED if word.encode() in held]
    proofs: Any = shop.run("customer", "consents", MERCHANT, phone(ANNA), "--json")
    (proof,) = proofs["consents"]
    assert (proof["wording_version"], proof["source"], proof["granted"]) == (SEALED[2], SEALED[3], True)

    for customer in (anna, old):
        shop.run("customer", "erase", MERCHANT, customer, "--json")
        await shown(shop, customer, erased=True)
    assert not [word for word in SEALED if word.encode() in await everything_in_redis(shop)]
    gone: Any = shop.run("customer", "consents", MERCHANT, anna, "--json")
    assert [(each["granted"], each["wording_version"]) for each in gone["consents"]] == [(True, None)]
    asked: Any = shop.asked("erasures", "verify", "--json", code=1)
    assert asked["told_in_clear"] == [{"merchant": MERCHANT, "of": old, "events": 2}]
    assert asked["states"] == []

    # The log alone, without Anna's key: the same states, and nothing is told anew.
    assert shop.run("verify", "--json")["equal"] is True
    before = len(await records(shop, shop.topics.activations))
    rebuilt: Any = shop.run("rebuild", "--empty", "--json")
    assert rebuilt["equal"] is True
    left = await shown(shop, anna, erased=True, purchases=1)
    assert (left["clv"]["acquisition_cost"], left["consents"]) == (5_000, {})
    assert (await shown(shop, bram, purchases=1))["clv"]["acquisition_cost"] == 3_000
    assert len(await shop.messages()) == 2
    assert len(await records(shop, shop.topics.activations)) == before
    await erased_by_an_older_version(shop, anna)


async def erased_by_an_older_version(shop: Deployment, customer: str) -> None:
    """Its state still holds the source: that is told, and mended."""
    keys = customers(partition_for(key_of(MERCHANT, customer), shop.topics.partitions))
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        state = decode_customer(await client.get(keys.customer(MERCHANT, customer)))
        state.source = SEALED[1]
        await client.set(keys.customer(MERCHANT, customer), encode_customer(state))
    asked: Any = shop.asked("erasures", "verify", "--json", code=1)
    assert asked["states"] == [{"merchant": MERCHANT, "of": customer}]
    assert "verify --mend" in shop.said("erasures", "verify", code=1)
    shop.said("verify", "--mend", code=0)
    mended: Any = shop.asked("erasures", "verify", "--json", code=1)
    assert mended["states"] == []


async def known_from_before(shop: Deployment) -> str:
    """Somebody whose events say birthday, source and proof in the clear, as they did before these were sealed."""
    customer = "c" + "b" * 24
    about: dict[str, Any] = {"merchant": MERCHANT, "customer": customer, "at": 1_790_841_600_000}
    joined = Enrolled(**about, birthday=SEALED[0], acquisition_source=SEALED[1])
    agreed = ConsentChanged(
        **about, purpose="utility", channel="sms", granted=True, wording=SEALED[2], origin=SEALED[3]
    )
    counts = {shop.topics.customer_events: shop.topics.partitions}
    appender = Appender(kafka_of(shop._settings()), counts, client_id="before")
    try:
        key = key_of(MERCHANT, customer)
        await appender.append(shop.topics.customer_events, [(key, encode_event(each)) for each in (joined, agreed)])
    finally:
        await appender.close()
    assert (await shown(shop, customer, purchases=0))["clv"]["acquisition_cost"] == 3_000
    return customer


def make_compaction_quick(shop: Deployment) -> None:
    quick = {"segment.ms": "100", "max.compaction.lag.ms": "1", "min.cleanable.dirty.ratio": "0.0"}
    names = (shop.topics.identity_keys, shop.topics.identities)
    with admin(shop.bootstrap) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, quick) for name in names])


async def test_whether_what_was_forgotten_is_gone_from_the_files_can_be_asked(shop: Deployment) -> None:
    anna = await enrolled(shop, ANNA)
    await enrolled(shop, BRAM)
    nothing: Any = shop.run("erasures", "verify", "--json")
    assert (nothing["gone"], nothing["left"], nothing["states"], nothing["told_in_clear"]) == (True, [], [], [])
    shop.run("customer", "erase", MERCHANT, phone(ANNA), "--json")
    told: Any = shop.asked("erasures", "verify", "--json", code=1)
    assert {each["what"] for each in told["left"]} == {"data key", "profile", "identifier"}
    assert {each["of"] for each in told["left"] if each["what"] != "identifier"} == {anna}
    assert (told["gone"], told["redis_rewritten"]) == (False, False)
    assert "Kafka's files still hold it" in shop.said("erasures", "verify", code=1)

    # Two days later: nobody came, so nothing but a beat lets Kafka close the files and compact them.
    make_compaction_quick(shop)
    emitters, client = Emitters(shop.bootstrap), RedisClient(shop.redis_url)
    customers: Any = SimpleNamespace(emitters=emitters, bootstrap=shop.bootstrap)
    forgetting = Forgetting(customers, shop.topics, client)
    try:
        await forgetting.look(int(time.time() * 1_000))
        assert len(await records(shop, shop.topics.suppressions)) == 0
        ends = len(await records(shop, shop.topics.identity_keys))
        for day in (2, 4):
            await forgetting.look(int(time.time() * 1_000) + day * DAY)
        assert len(await records(shop, shop.topics.identity_keys)) > ends

        async def gone() -> bool:
            return shop.asked("erasures", "verify", "--json")["gone"] is True

        await eventually(gone, seconds=90, every=2, why="everything is gone")
    finally:
        await emitters.close()
        await client.aclose()
    assert "gone from the files of Kafka and Redis" in shop.said("erasures", "verify")
    assert (await shop.http.get(f"{shop.web_health}/readyz")).status_code == 200
