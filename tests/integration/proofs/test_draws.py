"""Draws while workers are killed in each of their steps, and instant prizes that several workers give at once.

The oracles know nothing of the engine but what anybody may: a ticket is HMAC-SHA256(seed, `customer|entry`), and the
lowest ones win. Who takes part they know from the purchases that they made up themselves.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stamgast.demo.stage import environment
from stamgast.domain.customer import Customer
from stamgast.domain.events import AnyEvent, OwnEvent, Purchase, PurchaseChanged, encode_event, key_of
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics, create_topics, delete_topics
from stamgast.settings import Settings
from stamgast.state.keys import customers
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs import merchant
from tests.integration.proofs.fleet import Fault, Worker
from tests.integration.proofs.judging import live_customers
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import LETTERS, Scene, open_scene

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

PARTITIONS = 8
PEOPLE = 600
PRIZES = {"loaf": 2, "coffee": 5}
RESERVES = 3
KILLS = (
    Fault("draws.DrawWished", "kill", nth=3),
    Fault("draws.answered", "kill"),
    Fault("draws.DrawTicketed", "kill", nth=4),
    Fault("draws.answered", "kill"),
    Fault("customers.half_emitted", "kill", nth=3),
    Fault("draws.DrawnFor", "kill", nth=2),
    Fault("customers.commit", "kill", nth=3),
)
"""In this order, each of another worker: asked, called, told, drawn (in some partitions or none), told to customers."""
LATE = 2
"""Of them the last ones may come too late: everybody was told by then."""


@pytest.fixture
def topics(kafka: Broker) -> Iterator[Topics]:
    """As always, with eight partitions."""
    mine = Topics(PARTITIONS, prefix=f"t{uuid.uuid4().hex[:8]}.")
    create_topics(kafka.bootstrap, mine)
    yield mine
    delete_topics(kafka.bootstrap, mine)


@pytest.fixture
async def stage(
    settings: Settings, kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> AsyncIterator[Scene]:
    async with open_scene(settings, kafka, redis_server, topics, tmp_path) as made:
        yield made


def write_shop(config: Path, draws: str, rule: str) -> Path:
    """The merchant of the proofs with one rule and one draw."""
    folder = merchant.write_first(config)
    for old in (folder / "rules").glob("*.yaml"):
        old.unlink()
    (folder / "rules" / "enter.yaml").write_text(rule)
    (folder / "program.yaml").write_text((folder / "program.yaml").read_text() + draws)
    return folder


def names_of(count: int) -> list[str]:
    return [f"cstranger{number:016}".translate(LETTERS) for number in range(count)]


async def append(scene: Scene, events: Sequence[AnyEvent]) -> None:
    for start in range(0, len(events), 1_000):
        records = [(key_of(MERCHANT, each.customer), encode_event(each)) for each in events[start : start + 1_000]]
        await scene.parts.appender.append(scene.topics.customer_events, records)


async def asked(scene: Scene, *words: str) -> dict[str, Any]:
    done = await commands.asked("draws", *words, "--json", env=environment(scene.settings))
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def caught_up(scene: Scene) -> bool:
    """Whether all that stands in the log of customers is applied."""
    pairs = [(scene.topics.customer_events, number) for number in range(PARTITIONS)]
    async with LogReader(scene.settings.kafka_bootstrap) as reader:
        ends = await reader.ends(pairs)
    async with scene.redis() as client:
        marks = [int(await client.hget(customers(n).meta, "wm") or -1) for n in range(PARTITIONS)]
    return all(ends[pair] - 1 <= mark for pair, mark in zip(pairs, marks, strict=True))


def sale(customer: str, number: int, *, refunded: bool = False) -> PurchaseChanged:
    bought = Purchase(occurred_at=now(), store="shop", currency="EUR", spend=1_000)
    about: dict[str, Any] = {"merchant": MERCHANT, "customer": customer, "at": now(), "transaction": f"sale:{number}"}
    if not refunded:
        return PurchaseChanged(**about, after=bought, happened_at=now())
    gone = Purchase(occurred_at=now(), store="shop", currency="EUR", spend=0, refunded=1_000, counts=False)
    return PurchaseChanged(**about, before=bought, after=gone, happened_at=now())


def entry_of(number: int) -> str:
    """How the entry of a sale is called, said once more by hand."""
    return hashlib.blake2b(f"enter\x1fsale:{number}\x1f0".encode(), digest_size=8).hexdigest()


async def prizes_of(scene: Scene, cause: str) -> dict[str, list[str]]:
    """Customer -> what they hold for that."""
    live: dict[Any, Customer] = await live_customers(scene.settings.redis_url, PARTITIONS)
    found = {name[1]: [v.reward for v in each.vouchers if v.cause.startswith(cause)] for name, each in live.items()}
    return {name: rewards for name, rewards in found.items() if rewards}


async def nobody_is_left(scene: Scene) -> bool:
    """Whether everybody who took part was told."""
    async with scene.redis() as client:
        return not any([await client.hlen(customers(n).entries) for n in range(PARTITIONS)])


async def struck_or_too_late(scene: Scene, worker: Worker) -> bool:
    """Whether the worker's fault struck; if everybody was told before it could, the worker is killed as it is."""

    async def asked() -> bool:
        return bool(worker.struck) or len(await prizes_of(scene, "drawn:")) == sum(PRIZES.values())

    await eventually(asked, seconds=200, every=0.1, why=f"{worker.name}: {worker.faults}")
    if worker.struck:
        await scene.fleet.struck(worker, 1)
        return True
    worker.process.kill()
    return False


async def test_a_draw_over_eight_partitions_is_drawn_once_whoever_is_killed_in_whichever_step(stage: Scene) -> None:
    first = stage.fleet.start(KILLS[0])
    await first.ready()
    await stage.barriers()
    zone = ZoneInfo(merchant._zone_of_noon())
    moment = (datetime.now(zone) + timedelta(seconds=130)).replace(second=0, microsecond=0)
    at = moment.strftime("%Y-%m-%d %H:%M")
    prizes = ", ".join(f"{reward}: {stock}" for reward, stock in PRIZES.items())
    draws = (
        f'draws:\n  big: {{opens: {moment:%Y-%m-%d}, closes: "{at}", drawn: "{at}", prizes: {{{prizes}}}, '
        f"reserves: {RESERVES}}}\n"
    )
    rule = "rule: enter\nstatus: live\nwhen: purchase\nthen: [{enter_draw: big}]\n"
    await stage.publish(write_shop(stage.folder / "config", draws, rule), ())
    await stage.barriers(1)
    names = names_of(PEOPLE)
    sales = [(name, number) for number, name in enumerate([*names, *names[::3]])]
    await append(stage, [sale(name, number) for name, number in sales])
    await append(stage, [sale(name, number, refunded=True) for name, number in sales[::5]])
    await eventually(lambda: caught_up(stage), seconds=100, every=0.3, why="everybody takes part")
    assert datetime.now(zone) < moment, "the machine was too slow for this proof"
    open_now = await asked(stage, "show", "big")
    assert (open_now["seed"], open_now["winners"], open_now["state"]) == (None, [], "open")

    worker = first
    worker.arm()
    struck = 0
    for fault in (*KILLS[1:], None):
        struck += await struck_or_too_late(stage, worker)
        worker = stage.fleet.start(*([fault] if fault else []))
        worker.arm()
    assert struck >= len(KILLS) - LATE
    await worker.ready()

    async def drawn() -> dict[str, Any]:
        document = await asked(stage, "verify", "big")
        assert document["valid"] is True, document["problems"]
        return document

    document = await eventually(drawn, seconds=120, every=1.0, why="it is drawn in all partitions")
    standing = {(name, entry_of(number)) for name, number in sales} - {
        (name, entry_of(number)) for name, number in sales[::5]
    }
    seed = bytes.fromhex(document["seed"])
    assert hashlib.sha256(seed).hexdigest() == open_now["commitment"]
    best: dict[str, str] = {}
    for name, entry in standing:
        ticket = hmac.digest(seed, f"{name}|{entry}".encode(), "sha256").hex()
        best[name] = min(ticket, best.get(name, ticket))
    should = sorted(best, key=best.__getitem__)[: sum(PRIZES.values()) + RESERVES]
    assert document["entries"] == len(standing)
    assert [each["customer"] for each in (*document["winners"], *document["reserves"])] == should
    expected = dict(zip(should, [reward for reward, stock in PRIZES.items() for _ in range(stock)], strict=False))

    async def given() -> bool:
        assert await prizes_of(stage, "drawn:") == {name: [reward] for name, reward in expected.items()}
        assert await nobody_is_left(stage), "all were told"
        return await caught_up(stage)

    await eventually(given, seconds=90, every=0.5, why="each winner has one prize")


async def test_of_instant_prizes_never_more_are_given_than_there_are_by_three_workers_at_once(stage: Scene) -> None:
    entries, stock, a_day = 10_000, 300, 250
    day = datetime.now(ZoneInfo(merchant._zone_of_noon())).strftime("%Y-%m-%d")
    wheel = f"prizes: {{loaf: {{odds: 1 in 4, stock: {stock}, per_day: {a_day}}}}}"
    draws = f"events: {{spin: {{}}}}\ndraws:\n  wheel: {{opens: {day}, closes: {day}, {wheel}}}\n"
    rule = "rule: enter\nstatus: live\nwhen: {event: spin}\nthen: [{instant_win: wheel}]\n"
    await stage.publish(write_shop(stage.folder / "config", draws, rule), ())
    doomed = stage.fleet.start(Fault("customers.commit", "kill", nth=12))
    for worker in (stage.fleet.start(), stage.fleet.start(), doomed):
        await worker.ready()
    await stage.barriers(1)
    doomed.arm()
    spins = [
        OwnEvent(merchant=MERCHANT, customer=name, at=now(), id=f"spin:{number}", name="spin", happened_at=now())
        for number, name in enumerate(names_of(entries // 2) * 2)
    ]
    await append(stage, spins)
    await append(stage, spins[::10])  # posted again
    await stage.fleet.struck(doomed, 1, seconds=120)
    await stage.fleet.start().ready()

    async def answered() -> bool:
        async with stage.redis() as client:
            assert not any([await client.hlen(customers(n).asks) for n in range(PARTITIONS)])
        return await caught_up(stage)

    await eventually(answered, seconds=240, every=0.5, why="everybody is answered")
    held = await prizes_of(stage, "posted:")
    given = Counter(reward for rewards in held.values() for reward in rewards)
    assert given.keys() == {"loaf"}
    assert a_day - 5 <= given["loaf"] <= a_day
    document = await asked(stage, "show", "wheel")
    assert document["entries"] == entries
    assert len(document["winners"]) == given["loaf"]
