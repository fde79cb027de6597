"""Feeds on a real broker to a real HTTP server: nothing lost, in order, at their own speed, and it is told how they are."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from kafka import TopicPartition
from msgspec.structs import replace
from standardwebhooks import Webhook

from stamgast.broker import kafka_of
from stamgast.commands import feeds as command
from stamgast.domain.told import StampsLine, encode_line
from stamgast.feeds.record import Feed, Name, encode, feed_key
from stamgast.feeds.secrets import FeedSeal, new_secret
from stamgast.feeds.shelf import read_feeds
from stamgast.feeds.table import FeedTable
from stamgast.identity.sealing import WrappingKeys
from stamgast.local.brokers import Broker
from stamgast.log.appender import Appender
from stamgast.log.tail import Tail
from stamgast.log.topics import Topics, admin
from stamgast.settings import Settings
from streams.feeds.carrying import Carrying
from streams.feeds.health import Patience
from streams.metrics import Metrics
from tests.conftest import PARTITIONS, eventually
from tests.fakes.receiver import Asked, Receiver, Says

MERCHANT, OTHER = "bakkerij-noord", "platenzaak"
QUICK = Patience(first_s=0.02, most_s=0.1, refused=3, later=6, own_first_s=0.01, own_most_s=0.05, post_s=3.0)


def line(customer: str, number: int, merchant: str = MERCHANT) -> tuple[bytes, bytes]:
    said = StampsLine("stamps", "stamped", merchant, customer, 1_000 + number, f"till:{number}", "bread", 1, 0, number)
    return f"{merchant}:{customer}".encode(), encode_line(said)


class Scene:
    """Two workers' carriers, of which each owns what a test gives it."""

    def __init__(self, settings: Settings, topics: Topics) -> None:
        self.settings, self.topics = settings, topics
        self.seal = FeedSeal(WrappingKeys.parse(settings.wrapping_keys.get_secret_value()))
        names = {topics.facts: PARTITIONS, topics.activations: PARTITIONS, topics.feeds: 1}
        self.appender = Appender(kafka_of(settings), names, client_id="test")
        self.secret = new_secret()
        self.owned: list[list[int]] = [[*range(PARTITIONS)], []]
        self.metrics = Metrics()
        self.patience = QUICK
        self.tasks: list[asyncio.Task[Any]] = []
        self.carriers: list[Carrying] = []

    async def open(self, workers: int = 2) -> None:
        for number in range(workers):
            table = FeedTable()
            tail = Tail(kafka_of(self.settings), {self.topics.feeds: 1}, table, name="feeds")
            self.tasks.append(asyncio.create_task(tail.run()))
            carrier = Carrying(
                lambda number=number: self.owned[number],  # type: ignore[misc]
                table,
                self.seal,
                bootstrap=kafka_of(self.settings),
                topics=self.topics,
                append=self.appender.append,
                metrics=self.metrics,
                patience=self.patience,
                every_s=0.05,
                settle_s=0.3,
            )
            await carrier.start()
            self.carriers.append(carrier)

    async def close(self) -> None:
        for carrier in self.carriers:
            await carrier.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.appender.close()

    async def add(self, name: str, url: str, *, merchant: str = MERCHANT, **more: Any) -> Feed:
        begins = more.pop("begins", None) or await command._begins(self.settings, None)
        sealed = (self.seal.seal(Name(merchant, name), self.secret),)
        return await self.put(Feed(merchant, name, url, 1, begins, sealed=sealed, per_second=5_000, turn=1, **more))

    async def put(self, feed: Feed) -> Feed:
        await self.appender.append(self.topics.feeds, [(feed_key(feed.id), encode(feed))])
        return feed

    async def change(self, feed: Feed, **more: Any) -> Feed:
        return await self.put(replace(feed, at=feed.at + 1, **more))

    async def tell(self, *lines: tuple[bytes, bytes]) -> None:
        await self.appender.append(self.topics.facts, lines)

    async def shown(self, name: str) -> dict[str, Any]:
        table = await read_feeds(kafka_of(self.settings), self.topics.feeds)
        ends = await command._begins(self.settings, None)
        feed = next(each for each in table.all() if each.name == name)
        return command._row(feed, table.progress(feed), ends, gone=table.is_gone(feed))


@pytest.fixture
async def scene(settings: Settings, topics: Topics) -> AsyncIterator[Scene]:
    made = Scene(settings, topics)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def crm() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.end()


@pytest.fixture
def books() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.end()


def all_lines(customers: int, each: int) -> list[tuple[bytes, bytes]]:
    return [line(f"c{customer}", number) for number in range(each) for customer in range(customers)]


def whole(receiver: Receiver, customers: int, each: int) -> bool:
    """Everything arrived, and first of each customer in order."""
    return receiver.of_each() == {f"c{customer}": [*range(each)] for customer in range(customers)}


async def test_what_happens_arrives_signed_in_order_and_nobody_elses(scene: Scene, crm: Receiver) -> None:
    await scene.tell(line("c0", 99))  # before there was a feed
    await scene.add("crm", crm.url)
    await scene.tell(*all_lines(20, 10), line("c0", 98, OTHER), (b"bakkerij-noord:x", b"no JSON"))
    note = {"kind": "decided", "activation": "a1", "merchant": MERCHANT, "customer": "c0", "at": 5}
    await scene.appender.append(scene.topics.activations, [(b"bakkerij-noord:c0", json.dumps(note).encode())])
    await eventually(lambda: len(crm.first()) == 201)
    kinds = {each.type for each in crm.first()}
    assert kinds == {"fact.stamps.stamped", "activation.decided"}
    facts = [each for each in crm.asked if b"fact.stamps" in each.body]
    assert all(Webhook(scene.secret).verify(each.body, each.headers) for each in facts)
    assert [each.data["at"] - 1_000 for each in facts if each.data["customer"] == "c7"] == [*range(10)]
    assert set(crm.times().values()) == {1}

    async def is_told() -> bool:
        row = await scene.shown("crm")
        return (row["sent"], row["behind"], row["unreadable"], row["state"]) == (201, 0, 1, "running")

    await eventually(is_told)


async def test_only_what_is_asked_for_is_sent(scene: Scene, crm: Receiver) -> None:
    await scene.add("crm", crm.url, only=("fact.voucher", "activation"))
    await scene.tell(*all_lines(3, 2), (b"bakkerij-noord:c1", line("c1", 7)[1].replace(b'"stamps"', b'"voucher"')))
    await eventually(lambda: [each.type for each in crm.first()] == ["fact.voucher.stamped"])


async def test_one_that_is_down_is_asked_again_and_holds_up_no_other(
    scene: Scene, crm: Receiver, books: Receiver
) -> None:
    crm.says = lambda _asked: 500
    await scene.add("crm", crm.url)
    await scene.add("books", books.url)
    await scene.tell(*all_lines(10, 10))
    await eventually(lambda: whole(books, 10, 10))

    async def is_down() -> bool:
        row = await scene.shown("crm")
        return (row["state"], row["trouble"], bool(row["failing_since"])) == ("down", "it answers 500", True)

    await eventually(is_down)
    assert any("feed crm" in note for note in scene.carriers[0].notes())
    assert not crm.first()
    crm.says = lambda _asked: 200
    await eventually(lambda: whole(crm, 10, 10))
    await eventually(lambda: not scene.carriers[0].notes())
    assert not (await scene.shown("crm"))["laid_aside"]


async def test_one_that_fails_now_and_then_gets_everything_in_order(scene: Scene, crm: Receiver) -> None:
    for carrier in scene.carriers:
        carrier._patience = dataclasses.replace(QUICK, refused=1_000, later=1_000)
    count = iter(range(100_000))
    crm.says = lambda _asked: (200, 503, 200, (302, {"location": crm.url}), 200, 429, 200)[next(count) % 7]
    await scene.add("crm", crm.url)
    await scene.tell(*all_lines(10, 20))
    await eventually(lambda: whole(crm, 10, 20), seconds=60)


async def test_who_asks_to_be_left_alone_is(scene: Scene, crm: Receiver) -> None:
    asked: list[float] = []

    def says(_asked: Asked) -> Says:
        asked.append(time.monotonic())
        return (429, {"retry-after": "1"}) if len(asked) == 1 else 200

    crm.says = says
    await scene.add("crm", crm.url)
    await scene.tell(*all_lines(1, 3))
    await eventually(lambda: whole(crm, 1, 3))
    assert asked[1] - asked[0] >= 1


async def test_one_that_hangs_is_not_waited_for_for_ever(scene: Scene, crm: Receiver, books: Receiver) -> None:
    crm.says = lambda _asked: None
    await scene.add("crm", crm.url)
    await scene.add("books", books.url)
    await scene.tell(*all_lines(3, 3))
    await eventually(lambda: whole(books, 3, 3))

    async def is_told() -> bool:
        return (await scene.shown("crm"))["trouble"] == "no answer within 3 s"

    await eventually(is_told)
    crm.says = lambda _asked: 200
    await eventually(lambda: whole(crm, 3, 3))


async def test_one_that_is_dead_is_found_again(scene: Scene, crm: Receiver) -> None:
    await scene.add("crm", crm.url)
    await scene.tell(*all_lines(2, 2))
    await eventually(lambda: whole(crm, 2, 2))
    crm.end()
    await scene.tell(line("c0", 2))
    await eventually(scene.carriers[0].notes)
    again = Receiver(crm.server.server_port)
    try:
        await eventually(lambda: again.ordinals("c0") == [2])
    finally:
        again.end()


async def test_one_that_has_gone_is_asked_no_more_until_it_is_resumed(scene: Scene, crm: Receiver) -> None:
    crm.says = lambda _asked: 410
    feed = await scene.add("crm", crm.url)
    await scene.tell(*all_lines(1, 3))

    async def is_gone() -> bool:
        return (await scene.shown("crm"))["state"] == "gone"

    await eventually(is_gone)
    crm.says = lambda _asked: 200
    asked = len(crm.asked)
    await scene.tell(line("c0", 3))
    for _ in range(3):
        await scene.carriers[0].look()
    assert len(crm.asked) == asked
    await scene.change(feed, wake=1)
    await eventually(lambda: whole(crm, 1, 4))


async def test_one_record_that_is_not_taken_is_laid_aside_and_can_be_sent_again(scene: Scene, crm: Receiver) -> None:
    crm.says = lambda asked: 422 if asked.data["customer"] == "c1" and asked.data["at"] == 1_003 else 200
    feed = await scene.add("crm", crm.url)
    await scene.tell(*all_lines(5, 10))
    await eventually(lambda: len(crm.first()) == 49, seconds=60)
    assert crm.ordinals("c1") == [0, 1, 2, 4, 5, 6, 7, 8, 9]

    async def is_told() -> list[Any]:
        laid: list[Any] = (await scene.shown("crm"))["laid_aside"]
        return laid

    laid = await eventually(is_told)
    assert [each["why"] for each in laid] == ["it answers 422"]
    crm.says = lambda _asked: 200
    await scene.change(feed, again=1)
    await eventually(lambda: crm.ordinals("c1")[-1] == 3)

    async def is_settled() -> bool:
        row = await scene.shown("crm")
        return not row["laid_aside"] and row["sent"] == 50

    await eventually(is_settled)


async def test_when_all_is_refused_nothing_is_laid_aside(scene: Scene, crm: Receiver) -> None:
    crm.says = lambda _asked: 401
    await scene.add("crm", crm.url)
    await scene.tell(*all_lines(5, 4))
    await eventually(lambda: len(crm.asked) > 40)
    assert not (await scene.shown("crm"))["laid_aside"]
    crm.says = lambda _asked: 200
    await eventually(lambda: whole(crm, 5, 4))


async def test_a_paused_one_waits_and_a_replayed_one_sends_the_same_ids(scene: Scene, crm: Receiver) -> None:
    feed = await scene.add("crm", crm.url)
    await scene.tell(*all_lines(3, 3))
    await eventually(lambda: whole(crm, 3, 3))
    feed = await scene.change(feed, paused=True)
    await eventually(lambda: not scene.carriers[0]._couriers)
    await scene.tell(line("c0", 3))
    assert (await scene.shown("crm"))["state"] == "paused"
    assert (await scene.shown("crm"))["behind"] == 1
    feed = await scene.change(feed, paused=False)
    await eventually(lambda: crm.ordinals("c0") == [0, 1, 2, 3])
    assert set(crm.times().values()) == {1}
    begins = await command._begins(scene.settings, 0)
    await scene.change(feed, begins=begins, turn=2)
    await eventually(lambda: set(crm.times().values()) == {2})
    assert len(crm.times()) == 10


async def test_partitions_that_move_between_workers_lose_nothing(scene: Scene, crm: Receiver) -> None:
    await scene.add("crm", crm.url)
    lines = all_lines(20, 30)
    for round_, begin in enumerate(range(0, len(lines), 100)):
        await scene.tell(*lines[begin : begin + 100])
        mine = {number for number in range(PARTITIONS) if (number + round_) % 2}
        scene.owned[:] = [[*mine], [*(set(range(PARTITIONS)) - mine)]]
        await eventually(lambda begin=begin: len(crm.first()) >= begin)  # type: ignore[misc]
    await eventually(lambda: whole(crm, 20, 30), seconds=60, every=0.2)
    assert sum(crm.times().values()) < 2 * len(lines)


async def test_what_retention_removed_is_told_as_lost(scene: Scene, crm: Receiver, kafka: Broker) -> None:
    if not kafka.is_kafka:
        pytest.skip("the embedded broker removes no records")
    begins = await command._begins(scene.settings, None)
    await scene.tell(*[line("c0", number) for number in range(10)])
    ends = await command._begins(scene.settings, None)
    number = next(each for each in range(PARTITIONS) if ends["facts.v1"][each])

    def remove() -> None:

        with admin(kafka.bootstrap) as client:
            client.delete_records({TopicPartition(scene.topics.facts, number): 4})

    await asyncio.to_thread(remove)
    await scene.add("crm", crm.url, begins=begins)
    await eventually(lambda: crm.ordinals("c0") == [*range(4, 10)])

    async def is_told() -> bool:
        return (await scene.shown("crm"))["lost"] == 4

    await eventually(is_told)


async def test_what_it_holds_is_bounded_however_much_there_is(scene: Scene, crm: Receiver) -> None:
    crm.says = lambda _asked: 500
    await scene.tell(*all_lines(400, 10))
    await scene.add("crm", crm.url, begins=dict.fromkeys(("facts.v1", "activations.v1"), (0,) * PARTITIONS))
    await eventually(lambda: len(crm.asked) > 20)
    courier = scene.carriers[0]._couriers[Name(MERCHANT, "crm")]
    assert 0 < 256 - courier._room() <= 256 + 2 * PARTITIONS
    with contextlib.suppress(AttributeError):
        assert sum(len(task.get_name()) for task in asyncio.all_tasks() if task.get_name() == "feed lane") < 10 * 300


async def test_what_is_removed_stays_removed(scene: Scene, crm: Receiver) -> None:
    feed = await scene.add("crm", crm.url)
    await scene.tell(*all_lines(3, 3))
    await eventually(lambda: whole(crm, 3, 3))
    await scene.appender.append(scene.topics.feeds, [(feed_key(feed.id), None)])
    await eventually(lambda: not scene.carriers[0]._couriers)
    await scene.tell(line("c0", 3))
    for _ in range(3):
        await scene.carriers[0].look()
    assert crm.ordinals("c0") == [0, 1, 2]
