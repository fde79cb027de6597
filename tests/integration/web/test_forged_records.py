"""Somebody who may write to our topics makes up records: none of them is believed, and nothing true is lost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from msgspec import structs

from stamgast.api_keys.admin import Keyring
from stamgast.api_keys.model import decode_api_key, encode_key, make_key
from stamgast.broker import kafka_of
from stamgast.clock.shop_time import RealClock, format_time
from stamgast.domain.activation import Note
from stamgast.domain.events import decode_event, encode_event, key_of
from stamgast.identity.records import Suppression, encode, entry_key
from stamgast.log.appender import Appender
from stamgast.log.dead_letters import DeadLetters, Stored
from stamgast.log.reading import LogReader
from stamgast.log.segments import SegmentWorth, encode_word
from stamgast.log.topics import SIGNED, Topics
from stamgast.programs.publish import publish
from stamgast.programs.record import bundle_hash, decode_bundle, encode_bundle
from stamgast.settings import Settings
from stamgast.state.outbox import encode_note
from stamgast.state.views import NotLoadedError
from streams.maintenance.verify import verify_all
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.web.conftest import CONFIG, MERCHANT, Web, environment, open_web
from tests.integration.web.shop import bread

STRICT = "2026-01-01T00:00:00Z"


@pytest.fixture
def strict(web_settings: Settings) -> Settings:
    return web_settings.model_copy(update={"signed_since": STRICT})


@pytest.fixture
async def signed(strict: Settings, topics: Topics, empty_redis: Any) -> AsyncIterator[Web]:
    await publish(kafka_of(strict), topics.programs, [CONFIG / MERCHANT], 0)
    async with open_web(strict) as running:
        yield running


class Forger:
    """Appends as anybody can who may write."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self.topics = topics
        self._appender = Appender(bootstrap, {topics.prefix + name: 1 for name in SIGNED}, client_id="forger")
        counts = {name: topics.partitions_of(topic) for name, topic in topics}
        self._appender._partitions.update(counts)

    async def append(self, topic: str, *records: tuple[bytes, bytes | None]) -> None:
        await self._appender.append(topic, records)

    async def close(self) -> None:
        await self._appender.close()


@pytest.fixture
async def forger(settings: Settings, topics: Topics) -> AsyncIterator[Forger]:
    made = Forger(settings.kafka_bootstrap, topics)
    yield made
    await made.close()


async def status_of(web: Web, key: str) -> int:
    path = f"/v1/merchants/{MERCHANT}/public-key"
    return (await web.client.get(path, headers={"Authorization": f"Bearer {key}"})).status_code


async def test_a_key_that_somebody_made_up_opens_nothing_and_ends_none(signed: Web, forger: Forger):
    made_up = make_key(MERCHANT, ("admin",), [], 0)
    [(key_id, value)] = await signed.records(signed.topics.api_keys)
    ended = decode_api_key(value or b"")
    await forger.append(
        signed.topics.api_keys,
        (made_up.record.id.encode(), encode_key(made_up.record)),
        (key_id, None),
        (key_id, encode_key(type(ended)(ended.id, ended.merchant, ended.scopes, ended.digest, ended.created_at, 1))),
    )
    true = await signed.new_key("intake")
    await eventually(lambda: _is(signed, true, 200))
    assert await status_of(signed, made_up.text) == 401
    assert await status_of(signed, signed.key) == 200
    assert "stamgast_unsigned_records" in (await signed.health.get("/metrics")).text


async def _is(web: Web, key: str, status: int) -> bool:
    return await status_of(web, key) == status


async def test_a_start_and_a_programme_that_somebody_made_up_change_nothing(signed: Web, forger: Forger, empty_redis):
    await signed.post("/customers", {"phone": "0612345678"})
    await signed.message("+31612345678", "STOP", "SM1")
    identities = signed.parts.identities
    phone_hash = identities.hash_phone(MERCHANT, "+31612345678")
    start = encode(Suppression(stopped=False, at=signed.parts.clock.now()))
    await forger.append(signed.topics.suppressions, (entry_key(MERCHANT, "s", phone_hash), start))
    [(_, packed)] = await signed.records(signed.topics.programs)
    true = decode_bundle(packed or b"")
    files = dict(true.files) | {"program.yaml": true.files["program.yaml"].replace("Bakkerij", "Rovers")}
    forged = structs.replace(true, hash=bundle_hash(files, true.clv, true.feed), files=files, published_at=1)
    await forger.append(signed.topics.programs, (MERCHANT.encode(), encode_bundle(forged)))
    await empty_redis.flushall()  # everything is read again

    async def stopped() -> bool:
        with suppress(NotLoadedError):  # for a moment
            return await identities.stopped_at(MERCHANT, phone_hash) is not None
        return False

    await eventually(stopped, seconds=60)
    program = await signed.parts.merchants.get(MERCHANT)
    assert program is not None
    assert "Rovers" not in program.name


@pytest.mark.slow
async def test_a_source_that_somebody_made_up_hides_no_true_purchase(
    signed: Web, strict: Settings, forger: Forger, tmp_path: Any
):
    env = environment(strict) | {"STAMGAST_SIGNED_SINCE": STRICT}
    worker = commands.started("worker", "worker", log=tmp_path / "worker.log", env=env)
    try:
        customer = (await signed.post("/customers", {"phone": "0612345678"})).json()["customer"]

        async def purchases(count: int) -> bool:
            assert worker.exit_code is None, worker.log_tail()
            answer = await signed.get(f"/customers/{customer}")
            return answer.status_code == 200 and answer.json()["purchases"] == count

        assert (await signed.post("/purchases", bread(1, {"phone": "0612345678"}, days_ago=2))).status_code == 202
        await eventually(lambda: purchases(1), seconds=60)
        events = [value or b"" for _, value in await signed.records(signed.topics.customer_events)]
        true = next(event for event in map(decode_event, events) if event.source is not None)
        topic, partition, _, _ = true.source
        far = json.loads(encode_event(true)) | {"source": [topic, partition, 10**12, 0]}
        await forger.append(signed.topics.customer_events, (key_of(MERCHANT, customer), json.dumps(far).encode()))
        for number in range(2, 6):
            assert (
                await signed.post("/purchases", bread(number, {"phone": "0612345678"}, days_ago=1))
            ).status_code == 202
        await eventually(lambda: purchases(5), seconds=60)
        await forger.append(signed.topics.customer_events, (key_of(MERCHANT, customer), json.dumps(far).encode()))
        key = b"\0" * 32

        async def letters(count: int) -> bool:
            return len(await signed.records(signed.topics.dead_letters)) == count

        await eventually(lambda: letters(2), seconds=60)
        report = await verify_all(kafka_of(strict), strict.redis_url, signed.topics, key, real_time=True)
        assert not report.differences
        assert report.behind == 0, "what is believed by nobody does not wait to be applied"
    finally:
        worker.stop()


async def test_what_stood_there_before_records_were_signed_is_believed(
    web_settings: Settings, topics: Topics, settings: Settings, empty_redis: Any
):
    await publish(settings.kafka_bootstrap, topics.programs, [CONFIG / MERCHANT], 0)
    old = await Keyring(settings.kafka_bootstrap, topics.api_keys).create(MERCHANT, ("intake",), 0)
    since = format_time(RealClock().now() + 1)
    async with open_web(web_settings.model_copy(update={"signed_since": since})) as web:
        assert await status_of(web, old.text) == 200
        assert await status_of(web, web.key) == 200
        late = await Keyring(settings.kafka_bootstrap, topics.api_keys).create(MERCHANT, ("read",), 0)
        assert await status_of(web, late.text) == 401


async def test_attempts_segments_and_letters_that_somebody_made_up_are_not_read(
    signed: Web, strict: Settings, forger: Forger
):
    """A made-up attempt was the first in the log, and kept the true message from going."""
    topics = signed.topics
    asking = kafka_of(strict.model_copy(update={"all_signed_since": STRICT}))
    note = Note(kind="claimed", activation="a1", merchant=MERCHANT, customer="c", at=1, attempt="theirs")
    worth = SegmentWorth(
        merchant=MERCHANT, by="tag", segment="regulars", at=1, currency="EUR", customers=1, clv=1, acquisition_cost=1,
        ratio=1.0, below=True,
    )  # fmt: skip
    letter = Stored(topic=topics.purchases, partition=0, offset=1, reason="none", at=1, sealed="x")
    said = {
        topics.activations: (b"k", encode_note(note)),
        topics.segments: (worth.key.encode(), encode_word(worth)),
        topics.dead_letters: (letter.id.encode(), msgspec.json.encode(letter)),
    }
    for topic, record in said.items():
        await forger.append(topic, record)
    lenient = kafka_of(strict)
    assert [await count(lenient, topics, topic) for topic in said] == [1, 1, 1]
    assert [await count(asking, topics, topic) for topic in said] == [0, 0, 0]
    seal: Any = None
    assert [len(DeadLetters(address, topics, seal).all()) for address in (lenient, asking)] == [1, 0]
    ours = Appender(asking, {topics.activations: topics.partitions}, client_id="ours")
    await ours.append(topics.activations, [said[topics.activations]])
    await ours.close()
    assert await count(asking, topics, topics.activations) == 1


async def count(address: str, topics: Topics, topic: str) -> int:
    """How many records are believed there."""
    partitions = dict(topics)[topic]
    async with LogReader(address) as reader:
        numbers = range(topics.partitions_of(partitions))
        return sum([len(records) for n in numbers async for records in reader.read_all(topic, n)])
