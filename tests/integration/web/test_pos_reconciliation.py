"""What webhooks missed is found by polling: through the API's pages and troubles to Kafka, and the cursor only then."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stamgast.broker import kafka_of
from stamgast.domain.feed_health import FeedStats, Health
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.log.appender import NotAppendedError
from stamgast.pos.adapter import ApiError, Page
from stamgast.pos.connections import Connection
from stamgast.pos.registry import Registry
from stamgast.pos.systems.moments import millis_of
from stamgast.settings import Settings
from stamgast.state.keys import feed
from stamgast.tills.client import Apis, Patience
from stamgast.tills.feeds import Place
from stamgast.tills.hearing import Heard, Hearing
from stamgast.tills.intake import Door
from stamgast.tills.reconcile import Reconciler, is_due
from stamgast.tills.record import CursorRecord, Name, encode_feed, record_of
from stamgast.tills.shelf import append_connections, read_connections
from tests.builders import sure
from tests.conftest import eventually
from tests.fakes.doorbell import Doorbell
from tests.fakes.people import lately
from tests.fakes.pos_api import PosApi
from tests.integration.web.conftest import MERCHANT, Web

BACK = Name(MERCHANT, "back")


def visit(number: int, **other: Any) -> dict[str, Any]:
    sale = {"id": number, "version": 1, "at": "2026-10-01T07:42:10Z", "place": "dok-noord", "cents": 100 + number}
    return sale | other


class Scene:
    """A connection that is polled, and what came of it."""

    def __init__(self, web: Web, api: PosApi, connection: Connection, settings: Settings) -> None:
        self.web, self.api, self.connection, self.settings = web, api, connection, settings
        parts, topics = web.parts, web.topics
        self.at = parts.clock.now()
        door = Door(parts.identities, None, self.append, topics.purchases, lately, payments=parts.tills.payments)
        self.reconciler = Reconciler(parts.tills, door, self.append, topics.connections, topics.dead_letters)
        self.refuses = ""

    async def append(self, topic: str, records: Any) -> list[int]:
        if topic == self.refuses:
            raise NotAppendedError("Kafka did not acknowledge")
        return await self.web.parts.appender.append(topic, records)

    async def poll(self, *, deep: bool = False) -> Any:
        program = sure(await self.web.parts.merchants.get(MERCHANT))
        return await self.reconciler.poll(self.connection, program, self.at, deep=deep)

    async def amounts(self) -> list[int]:
        records = await self.web.records(self.web.topics.purchases)
        return sorted(json.loads(value or b"")["data"]["totals"]["gross_minor"] for _, value in records)

    async def cursor(self) -> CursorRecord | None:
        """As any other process would read it."""
        return (await read_connections(kafka_of(self.settings), self.web.topics.connections)).cursor(BACK)


@pytest.fixture
async def scene(web: Web, web_settings: Settings) -> AsyncIterator[Scene]:
    tills = web.parts.tills
    tills.registry = Registry({"doorbell": Doorbell}, ())
    tills.apis = Apis(tills.seal, Patience(attempts=3, first_wait_s=0.001))
    async with PosApi().served() as api:
        api.lists["/visits"] = ("visits", "id", [visit(number) for number in range(1, 6)])
        sealed = {"api": (tills.seal.seal(MERCHANT, "back", "api", "key"),)}
        connection = Connection(MERCHANT, "back", "doorbell", "D1", {}, sealed, api_url=api.url)
        await append_connections(kafka_of(web_settings), web.topics.connections, [record_of(connection, 1)])
        await eventually(lambda: tills.connections.loaded and tills.connections.all(MERCHANT), why="it is in force")
        yield Scene(web, api, connection, web_settings)


async def test_pages_come_one_after_the_other_and_the_next_look_goes_on_there(scene: Scene):
    found = await scene.poll()
    assert (found.pages, found.taken, found.more) == (3, 5, False)
    assert await scene.amounts() == [101, 102, 103, 104, 105]
    assert sure(await scene.cursor()).cursor == "5"

    scene.api.lists["/visits"][2].append(visit(6))
    assert (await scene.poll()).taken == 1
    assert scene.api.asked[-1] == "/visits?after=5"


class AheadOfTime(Doorbell):
    """A doorbell of a place whose clock is ahead: what rings there is of another century."""

    async def poll(self, cursor: str, api: Any) -> Page:
        page = await super().poll("", api)
        return page._replace(cursor="9999-12-31T23:59:59Z", more=False)


async def test_a_sale_of_a_till_whose_clock_is_ahead_does_not_take_the_cursor_beyond_now(scene: Scene):
    sure(scene.web.parts.tills).registry = Registry({"doorbell": AheadOfTime}, ())
    assert (await scene.poll()).taken == 2
    assert millis_of(sure(await scene.cursor()).cursor) == scene.at, "what is sold from now on is found"


async def test_throttling_and_faults_on_the_way_lose_nothing(scene: Scene):
    scene.api.next_answers.extend([(429, {"retry-after": "0"}), (500, {}), (429, {"retry-after": "0"}), (503, {})])
    with pytest.raises(ApiError):
        await scene.poll()
    failing = sure(await scene.cursor())
    assert (failing.cursor, failing.failing_since, failing.trouble) == ("", scene.at, "the API answers 429")
    assert (await scene.poll()).taken == 5
    assert (sure(await scene.cursor()).failing_since, await scene.amounts()) == (0, [101, 102, 103, 104, 105])


async def test_the_cursor_stays_where_kafka_did_not_acknowledge(scene: Scene):
    scene.refuses = scene.web.topics.purchases
    with pytest.raises(NotAppendedError):
        await scene.poll()
    assert await scene.cursor() is None
    scene.refuses = scene.web.topics.connections
    with pytest.raises(NotAppendedError):
        await scene.poll()
    scene.refuses = ""
    assert (await scene.poll()).taken == 5, "what was told twice changes nothing: it has its versions"


async def test_an_object_that_cannot_be_read_is_laid_aside_and_holds_up_no_other(scene: Scene):
    scene.api.lists["/visits"][2][1] = visit(2, cents="much")
    del scene.api.lists["/visits"][2][2]["at"]
    found = await scene.poll()
    assert (found.taken, found.laid_aside) == (3, 2)
    assert len(await scene.web.records(scene.web.topics.dead_letters)) == 2


async def test_a_long_look_begins_days_back_and_moves_nothing_back(scene: Scene):
    for day in range(6):
        scene.at += DAY
        scene.api.lists["/visits"][2].append(visit(6 + day))
        await scene.poll()
    asked = len(scene.api.asked)
    found = await scene.poll(deep=True)
    assert scene.api.asked[asked] == "/visits?after=6", "where a look began four days ago"
    assert found.taken == 5
    cursor = sure(await scene.cursor())
    assert (cursor.cursor, cursor.nightly_at) == ("11", scene.at)


async def test_a_credential_that_is_refused_is_told_and_is_in_no_text(scene: Scene):
    scene.api.authorization = "Bearer another"
    with pytest.raises(ApiError, match="refuses the credential"):
        await scene.poll()
    assert "key" not in sure(await scene.cursor()).trouble.replace("credential", "")


async def test_what_is_due_follows_the_hour_and_the_night(scene: Scene):
    program = sure(await scene.web.parts.merchants.get(MERCHANT))
    noon = 1_790_848_800_000  # 2026-10-01 12:00 in Brussels
    looked = CursorRecord("5", noon, ((noon - 5 * DAY, "1"),))
    assert is_due(None, program, noon) == (True, False)
    assert is_due(looked, program, noon + HOUR - 1) == (False, False)
    assert is_due(looked, program, noon + HOUR) == (True, False)
    assert is_due(looked, program, noon + 15 * HOUR) == (True, True)
    assert is_due(CursorRecord("5", noon, failing_since=noon), program, noon + 1) == (True, False)


async def test_what_is_usual_for_a_store_is_found_again_when_redis_has_lost_it(scene: Scene):
    program, feeds = sure(await scene.web.parts.merchants.get(MERCHANT)), sure(scene.web.parts.tills).feeds
    place, noon = Place(MERCHANT, "dok-noord"), 1_790_848_800_000
    stats = FeedStats()
    for minute in range(0, 10 * 24 * 60, 20):
        stats.note(noon + minute * MINUTE, noon + minute * MINUTE, "Europe/Brussels")
    redis = scene.web.parts.redis
    await redis.set(feed(*place), encode_feed(stats))
    await scene.reconciler.look_after_feeds(scene.connection, program)
    await redis.call("DEL", feed(*place))

    late = FeedStats()
    late.note(stats.last + HOUR, stats.last + HOUR, "Europe/Brussels")
    await redis.set(feed(*place), encode_feed(late))
    assert not late.is_usual(late.last)
    hearing = Hearing(sure(scene.web.parts.tills).connections, feeds)
    heard = (await hearing.of(program, late.last + 10 * HOUR))["dok-noord"]
    assert (heard.health, heard.last) == (Health.STALE, late.last), "by what was written down, until it is found again"
    for _ in range(2):
        await scene.reconciler.look_after_feeds(scene.connection, program)
        found = await feeds.stats(place)
        assert (found.first, found.last, found.sales) == (stats.first, late.last, stats.sales + 1), "added once"
    assert found.health(late.last + 10 * HOUR, "Europe/Brussels") is Health.STALE


async def test_a_store_whose_till_could_not_be_polled_for_an_hour_is_stale_until_it_can(scene: Scene):
    program = sure(await scene.web.parts.merchants.get(MERCHANT))
    hearing = Hearing(sure(scene.web.parts.tills).connections, sure(scene.web.parts.tills).feeds)
    scene.api.authorization = "Bearer another"
    with pytest.raises(ApiError):
        await scene.poll()
    since = scene.at
    assert (await hearing.of(program, since + HOUR - 1))["dok-noord"] == Heard(Health.HEALTHY, 0, since)
    scene.at += HOUR
    with pytest.raises(ApiError):
        await scene.poll()
    assert set((await hearing.of(program, scene.at)).values()) == {Heard(Health.STALE, 0, since)}, "it names no stores"
    scene.api.authorization = "Bearer key"
    await scene.poll()
    assert {each.health for each in (await hearing.of(program, scene.at)).values()} == {Health.HEALTHY}
