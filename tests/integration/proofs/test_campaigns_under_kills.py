"""Campaigns and schedules while workers are killed in the middle of a walk, Redis is lost and the broker restarts.

The oracle here is a list of telephone numbers: who agreed to messages, and who stands in the file. It knows nothing of
the engine, of occasions or of partitions.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stamgast.demo.stage import environment
from stamgast.domain.campaign_events import CampaignDone, CampaignStarted
from stamgast.domain.events import ScheduleDone, ScheduleDue, decode_event
from stamgast.log.reading import LogReader
from stamgast.programs.publish import publish
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs import merchant
from tests.integration.proofs.fleet import Fault
from tests.integration.proofs.judging_messages import activation_of
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import verified

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

_RULES = {
    "listed": "when: {campaign: {spread: 1 minute}}\nthen: [{send: full, by: [sms]}]\n",
    "all": "when: campaign\nthen: [{send: regular, by: [sms]}]\n",
    "dated": 'when: {on: "%s"}\nthen: [{send: missed, by: [sms]}]\n',
}
_LOOKS_AT_ONCE = 5
"""Customers: so that a walk of a partition has several pieces."""


async def campaign(scene: Scene, *words: str) -> dict[str, Any]:
    """What `stamgast campaign … --json` answers."""
    done = await commands.asked("campaign", *words, "--json", env=environment(scene.settings))
    assert done.returncode == 0, done.stderr + done.stdout
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def bring_into_force(scene: Scene) -> datetime:
    """Publish the three rules alone; the moment of the one with a date, a minute or a little more away."""
    folder = scene.folder / "config" / "merchants" / MERCHANT
    zone = ZoneInfo(merchant._zone_of_noon())
    moment = (datetime.now(zone) + timedelta(seconds=110)).replace(second=0, microsecond=0)
    for old in (folder / "rules").glob("*.yaml"):
        old.unlink()
    for name, text in _RULES.items():
        body = text % moment.strftime("%Y-%m-%d %H:%M") if "%s" in text else text
        (folder / "rules" / f"{name}.yaml").write_text(f"rule: {name}\nstatus: live\nearned: true\n{body}")
    (done,) = await publish(scene.settings.kafka_bootstrap, scene.topics.programs, [folder], now())
    assert done.number is not None
    await scene.barriers(done.number)
    return moment


async def begun_and_done(scene: Scene) -> tuple[int, int]:
    """Walks that were begun by the log, and those that came to their end."""
    begun = done = 0
    async with LogReader(scene.settings.kafka_bootstrap) as reader:
        for partition in range(scene.topics.partitions):
            async for records in reader.read_all(scene.topics.customer_events, partition):
                events = [decode_event(record.value) for record in records]
                begun += sum(isinstance(each, CampaignStarted | ScheduleDue) for each in events)
                done += sum(isinstance(each, CampaignDone | ScheduleDone) and each.how == "walked" for each in events)
    return begun, done


async def unproven(scene: Scene) -> set[str]:
    """Activations of which nobody knows whether they left, by their public log."""
    last: dict[str, str] = {}
    async with LogReader(scene.settings.kafka_bootstrap) as reader:
        for partition in range(scene.topics.partitions):
            async for records in reader.read_all(scene.topics.activations, partition):
                for note in (json.loads(record.value) for record in records):
                    if note["kind"] == "outcome":
                        last[note["activation"]] = note["status"]
    return {name for name, status in last.items() if status == "in_doubt"}


async def test_everybody_is_reached_once_whatever_breaks_while_they_are_walked(scene: Scene) -> None:
    if not (scene.server.restartable and scene.kafka.restartable):
        pytest.skip("the services of this run are not ours to break")
    scene.fleet.env["PROOF_WALK"] = str(_LOOKS_AT_ONCE)
    first = scene.fleet.start(Fault("customers.walked", "kill", 4))
    await first.ready()
    await scene.barriers()
    moment = await bring_into_force(scene)
    agreed = {scene.phones[each] for each in scene.people if int(scene.phones[each][4:]) % 6 != 10_000_000 % 6}
    listed = sorted(scene.phones.values())[::2]
    file = scene.folder / "listed.csv"
    file.write_text("phone\n" + "\n".join(listed) + "\n")

    # a worker is killed in the middle of the walk of a list, and another one goes on
    first.arm()
    started = await campaign(scene, "start", "listed", "--audience", str(file), "--yes", "--wait", "0")
    assert started["audience"] == len(agreed & set(listed)), "of the others nothing was ever heard"
    await scene.fleet.struck(first, 1)
    begun, done = await begun_and_done(scene)
    assert done < begun, "it was killed too late to say anything"
    second = scene.fleet.start(Fault("customers.walked", "kill", 6))
    await second.ready()

    # Redis is lost while everybody is walked, and whoever fills it anew is killed in the middle as well
    second.arm()
    await campaign(scene, "start", "all", "--yes", "--wait", "0")
    await scene.fleet.struck(second, 1)
    await asyncio.to_thread(scene.server.empty)
    third = scene.fleet.start()
    await third.ready()

    # the broker restarts when the date has come
    await eventually(lambda: datetime.now(moment.tzinfo) >= moment, seconds=180, every=0.2, why="the date has come")
    await asyncio.to_thread(scene.kafka.kill)
    await asyncio.to_thread(scene.kafka.start)

    async def all_walked() -> bool:
        status = await campaign(scene, "status")
        states = [each["state"] for each in (*status["campaigns"], *status["schedules"])]
        return states == ["walked"] * 3 and not any(each["waiting"] for each in status["campaigns"])

    await eventually(all_walked, seconds=150, every=2, why="everything is walked")

    async def no_turn_is_to_come() -> bool:
        async with scene.redis() as client:
            states = [value async for key in client.scan_iter(match=f"*:c:{MERCHANT}:*", count=1_000)
                      if (value := await client.get(key))]  # fmt: skip
        return not any(b"turn:" in state for state in states)

    await eventually(no_turn_is_to_come, seconds=150, every=1, why="everybody's turn has come")
    await scene.settled(120)
    accepted = (await scene.http.get("/sandbox/messages")).json()
    open_ones = await unproven(scene)
    for name, whom in (("full", agreed & set(listed)), ("regular", agreed), ("missed", agreed)):
        mine = [message for message in accepted if f"! {name}." in message["body"]]
        reached = Counter(message["to"] for message in mine)
        assert set(reached.values()) <= {1}, f"{name} went twice: {reached.most_common(3)}"
        assert reached.keys() <= whom, f"{name} went to somebody whom it is not for"
        lacking = whom - reached.keys()
        assert len(lacking) <= len(open_ones - set(map(activation_of, mine))), f"{name}: {len(lacking)} got none"
    assert await verified(scene) == []
    figures = {"kills": scene.fleet.kills, "sent": len(accepted), "unproven": len(open_ones), "wrong": 0}
    print("PROOF", json.dumps(figures))
