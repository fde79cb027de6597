"""A store that falls silent: a real worker says so to every partition, and a rule on the next purchase there reads it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stamgast.clock.shop_time import format_time
from stamgast.domain.feed_health import FeedStats
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.log.topics import Topics
from stamgast.programs.publish import publish
from stamgast.settings import Settings
from stamgast.state.keys import customers, feed
from stamgast.state.partition_meta import STORE_FEEDS
from stamgast.tills.record import encode_feed
from tests.builders import sure
from tests.conftest import eventually
from tests.integration.proofs.forge import Forged
from tests.integration.web.conftest import CONFIG, MERCHANT, Web

pytestmark = pytest.mark.slow

RULE = "rule: late\nstatus: live\nwhen: purchase\nif: [{feed: stale}]\nthen: [{tag: late}]\n"


@pytest.fixture
async def published(settings: Settings, topics: Topics, tmp_path: Path) -> None:
    folder = tmp_path / MERCHANT
    shutil.copytree(CONFIG / MERCHANT, folder)
    program = folder / "program.yaml"
    program.write_text(program.read_text() + "feed: {by_store: true}\n")
    (folder / "rules" / "late.yaml").write_text(RULE)
    await publish(settings.kafka_bootstrap, topics.programs, [folder], 0)


async def test_a_rule_reads_that_the_store_of_a_purchase_had_fallen_silent(
    web: Web, worker: Forged, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("stamgast.tills.feeds._EVERY_S", 3_600.0)  # until it is kept below, nobody hears of the sale
    now, redis = web.parts.clock.now(), web.parts.redis
    stats = FeedStats()
    for at in range(now - 30 * DAY, now - 9 * HOUR, 20 * MINUTE):
        stats.note(at, at, "Europe/Brussels")
    await redis.set(feed(MERCHANT, "dok-noord"), encode_feed(stats))

    async def said() -> list[dict[str, str]]:
        numbers = range(web.topics.partitions)
        metas = [await redis.call("HGET", customers(n).meta, STORE_FEEDS.name(MERCHANT)) for n in numbers]
        assert worker.exit_code is None, worker.log_tail()
        return [dict(STORE_FEEDS.read(meta)) for meta in metas]

    async def everywhere(expected: dict[str, str]) -> bool:
        return await said() == [expected] * web.topics.partitions

    await eventually(lambda: everywhere({"dok-noord": "stale"}), seconds=120, why=worker.log_tail())
    names = {}
    for store, phone in (("dok-noord", "+31612000081"), ("korenmarkt", "+31612000082")):
        names[store] = (await web.post("/customers", {"phone": phone, "language": "nl"})).json()["customer"]
        purchase = {
            "transaction_id": f"{store}:1", "source_version": 1, "status": "completed", "end_date_time": format_time(now),
            "store": {"retail_store_id": store}, "customer": {"phone": phone}, "price_currency": "EUR",
            "totals": {"gross_minor": 700},
        }  # fmt: skip
        assert (await web.post("/purchases", purchase)).status_code == 202

    async def tagged() -> bool:
        answers = [(await web.get(f"/customers/{names[store]}")).json() for store in ("dok-noord", "korenmarkt")]
        if any(each.get("purchases") != 1 for each in answers):
            return False
        assert [each["tags"] for each in answers] == [["late"], []]
        return True

    await eventually(tagged, seconds=60, why="both purchases are there")
    await sure(web.parts.tills).feeds.keep()
    await eventually(lambda: everywhere({}), seconds=60, why="a sale came: it is heard again")
