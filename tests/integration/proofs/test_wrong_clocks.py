"""Machines whose clock is a year ahead or behind, one worker of two and all of them; and what one did before is mended."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from stamgast.demo.stage import environment
from stamgast.domain.activation import Note
from stamgast.domain.customer import decode_customer
from stamgast.domain.events import decode_event, key_of
from stamgast.domain.units import MINUTE
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from stamgast.settings import Settings
from stamgast.state.keys import customers, transactions
from stamgast.state.outbox import encode_note
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.forge import Forged, preload
from tests.integration.proofs.judging import read_log
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene, open_scene
from tests.integration.proofs.shifted import YEAR, ShiftedWorker, spoil
from tests.integration.proofs.verdicts import judged, verified

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]
preload(spoil.__module__)


@pytest.fixture
async def scene(
    settings: Settings, kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> AsyncIterator[Scene]:
    """A small one: sixty people."""
    async with open_scene(settings, kafka, redis_server, topics, tmp_path) as made:
        await made.enrol(60)
        yield made


async def test_a_worker_whose_clock_is_wrong_hands_over_ages_nobody_and_goes_on_once_it_is_right(scene: Scene) -> None:
    sound = scene.fleet.start()
    shifted = ShiftedWorker("shifted", scene.settings, scene.folder / "shifted", "+365d")
    second = None
    try:
        await sound.ready()
        await scene.barriers()
        feeder = scene.feeder()
        feeder.start()

        # It starts a year ahead beside one that is right, is set right, and falls back three days.
        await says(shifted, 503, "365 d 0 h ahead of Redis's and Kafka's")
        assert "365 d 0 h ahead of" in await refused(shifted, "keys", "create", MERCHANT)
        before = await scene.tokens()
        shifted.set("+0")
        await shifted.ready()
        await scene.taken_anew(before)
        before = await scene.tokens()
        shifted.set("-3d")
        await says(shifted, 503, "3 d 0 h behind Redis's and Kafka's")
        await scene.taken_anew(before)
        await scene.applied(40)

        # It is alone, and jumps ahead while all is its own: nobody works until it is right again.
        shifted.set("+0")
        await shifted.ready()
        before = await scene.tokens()
        assert await asyncio.to_thread(sound.process.stop, seconds=90) == 0
        await scene.taken_anew(before)
        await scene.applied(20)
        shifted.set("+365d")
        await says(shifted, 503, "365 d 0 h ahead of Redis's and Kafka's")
        await owns_nothing(shifted)

        # A second one is wrong as well, the other way: with both of two nobody works.
        second = ShiftedWorker("second", scene.settings, scene.folder / "shifted", "-3d")
        await says(second, 503, "3 d 0 h behind Redis's and Kafka's")
        await owns_nothing(second)
        held = await scene.watermarks()
        await feeder.stop()
        assert await scene.watermarks() == held
        second.set("+0")
        shifted.set("+0")
        await eventually(lambda: both_ready(shifted, second), seconds=60, every=0.2, why="both work")

        await judged(scene)
        assert await wild_records(scene) == []
        assert await lapsed_ahead_of_time(scene) == []
        assert await asyncio.to_thread(second.process.stop, seconds=90) == 0
        assert await asyncio.to_thread(shifted.process.stop, seconds=90) == 0
    finally:
        shifted.process.kill()
        if second is not None:
            second.process.kill()


async def test_what_a_year_ahead_did_to_a_log_is_described_and_repaired(scene: Scene) -> None:
    spoiling = Forged("spoiling", spoil, log=scene.folder / "spoiling.log", env=environment(scene.settings))
    try:
        await scene.barriers()
        feeder = scene.feeder()
        await feeder.transactions(60)
        await eventually(lambda: lapsed_ahead_of_time(scene), seconds=60, every=0.2, why="a year goes by in seconds")
        await scene.settled()
        assert await asyncio.to_thread(spoiling.stop, seconds=90) == 0
    finally:
        spoiling.kill()
    assert len(await wild_records(scene)) > 60
    await note_a_claim(scene)
    worker = scene.fleet.start()
    await worker.ready()

    code, found = await clock_repair(scene)
    assert code == 1
    assert {each["service"] for each in found["partitions"]} == {"customers"}
    assert sum(each["records"] for each in found["partitions"]) == len(await wild_records(scene))
    assert all(YEAR - MINUTE < each["most_ahead_ms"] <= YEAR for each in found["partitions"])
    assert [(each["template"], each["customer"]) for each in found["sent"]] == [("missed", scene.people[0])]

    code, done = await clock_repair(scene, "--yes")
    assert code == 0
    assert done["asked"] == len(found["partitions"])
    await eventually(lambda: times_are_right(scene), seconds=60, every=0.2, why="the partitions are filled anew")
    await feeder.transactions(40)
    await feeder.stop()
    await scene.settled()
    assert await verified(scene) == []
    assert await lapsed_ahead_of_time(scene) == []
    assert await times_are_right(scene)
    code, after = await clock_repair(scene)
    assert (code, after["partitions"]) == (0, [])


async def note_a_claim(scene: Scene) -> None:
    """A message of the time to come: this late a rule sends nothing, but one whose timer was due just then had gone."""
    claimed = Note(
        kind="claimed", activation="f" * 32, merchant=MERCHANT, customer=scene.people[0], at=now() + YEAR, attempt="1",
        rule="missed", template="missed",
    )  # fmt: skip
    record = (key_of(MERCHANT, scene.people[0]), encode_note(claimed))
    await scene.parts.appender.append(scene.topics.activations, [record])


async def both_ready(*workers: ShiftedWorker) -> bool:
    """At the same time: one that comes back takes partitions from the other, which is not ready for a moment then."""
    answers = [await asyncio.to_thread(worker.answer, "/readyz") for worker in workers]
    return answers == [(200, "ok\n")] * len(workers)


async def says(worker: ShiftedWorker, status: int, words: str) -> None:
    """Wait until its readiness says so."""

    def told() -> bool:
        assert worker.process.exit_code is None, worker.process.log_tail()
        answered = worker.answer("/readyz")
        return answered[0] == status and words in answered[1]

    await eventually(
        lambda: asyncio.to_thread(told), seconds=60, every=0.1, why=f"{words}\n{worker.process.log_tail(40)}"
    )


async def refused(machine: ShiftedWorker, *command: str) -> str:
    """What a command says on this machine, where it does nothing."""
    run = [sys.executable, "-m", "stamgast.cli", *command]
    done = await asyncio.to_thread(
        subprocess.run, run, capture_output=True, text=True, timeout=180, check=False, env=machine.env
    )
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    return done.stderr


async def owns_nothing(worker: ShiftedWorker) -> None:
    """Wait until it has handed everything over."""

    def handed_over() -> bool:
        figures = worker.answer("/metrics")[1].splitlines()
        owned = [line.split()[-1] for line in figures if line.startswith("stamgast_owned_partitions{")]
        return set(owned) <= {"0.0"}  # one that never owned anything says nothing of it

    await eventually(lambda: asyncio.to_thread(handed_over), every=0.1, why="it owns nothing")


async def wild_records(scene: Scene) -> list[str]:
    """Events whose stamp no clock but a wrong one can have given."""
    log = await read_log(scene.settings.kafka_bootstrap, scene.topics.customer_events, scene.topics.partitions)
    return [
        f"{record.offset}: {event.at - record.timestamp} ms ahead"
        for records in log.values()
        for record in records
        if abs((event := decode_event(record.value)).at - record.timestamp) > 2 * MINUTE
    ]


async def lapsed_ahead_of_time(scene: Scene) -> list[str]:
    """Customers who were called absent on a day that is still to come."""
    async with scene.redis() as client:
        values = [
            await client.get(name)
            for number in range(scene.topics.partitions)
            async for name in client.scan_iter(f"{customers(number).customer('*', '*')}")
        ]
    states = [decode_customer(value) for value in values if value]
    return [f"{state.stage} at {state.stage_at}" for state in states if state.stage_at > now() + MINUTE]


async def times_are_right(scene: Scene) -> bool:
    """Whether no partition's time is ahead, and each is whole."""
    async with scene.redis() as client:
        metas: list[Any] = [
            await client.hmget(keys(number).meta, "time", "half", "wm")
            for keys in (transactions, customers)
            for number in range(scene.topics.partitions)
        ]
    return all(wm is not None and half is None and int(time or 0) < now() + MINUTE for time, half, wm in metas)


async def clock_repair(scene: Scene, *more: str) -> tuple[int, dict[str, Any]]:
    """What `stamgast clock repair` answers."""
    done = await commands.asked("clock", "repair", "--json", *more, env=environment(scene.settings))
    assert done.stdout, done.stderr[-2_000:]
    return done.returncode, json.loads(done.stdout)
