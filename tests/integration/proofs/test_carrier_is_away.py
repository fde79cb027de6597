"""The carrier is away for a while, in every way in which it can be, and shops go on selling.

STAMGAST_PROOF_OUTAGE_S=120 makes each outage two minutes long, with the product's own patience; else they are short.
STAMGAST_PROOF_OUTAGES=slow,lost_after chooses among their kinds.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import defaultdict

import pytest

from stamgast.settings import Settings
from tests.conftest import eventually
from tests.integration.pacing import until
from tests.integration.proofs import merchant
from tests.integration.proofs.fleet import Worker
from tests.integration.proofs.judging_messages import activation_of
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

LONG = float(os.environ.get("STAMGAST_PROOF_OUTAGE_S") or 0)
OUTAGE_S = LONG or 3.0
MOST_IN_DOUBT = Settings.model_fields["sender_width"].default + 5
LONG_PATIENCE = {
    f"STAMGAST_{name.upper()}": str(Settings.model_fields[name].default) for name in ("post_limit_s", "probes_s")
}
ALL_KINDS = "error_500_before,error_500_after,lost_before,lost_after,slow_before,slow"
KINDS = (os.environ.get("STAMGAST_PROOF_OUTAGES") or ALL_KINDS).split(",")


async def test_outages_of_every_kind_put_few_messages_in_doubt_and_each_one_arrives_once(scene: Scene) -> None:
    scene.fleet.env = LONG_PATIENCE if LONG else {"PROOF_READ_S": "1"}
    await scene.publish(merchant.write_first(scene.folder / "config", if_unproven="send_again"), merchant.FIRST)
    worker = scene.fleet.start()
    await worker.ready()
    await scene.barriers(1)
    feeder = scene.feeder(live=1.0, rate=6 if LONG else 20)
    feeder.start()
    for kind in KINDS:
        await goes_on(scene)
        await scene.switch(reset=True, slow_ms=int(1_000 * OUTAGE_S / 2) if not LONG else 20_000, **{kind: "always"})
        began = time.monotonic()
        await until(began + OUTAGE_S)
        status, note = await asyncio.to_thread(worker.answer, "/readyz")
        assert (status, "the carrier has failed since" in note) == (200, True), f"{kind}: {note}"
        await scene.switch(reset=True)
        ended = time.monotonic()
        await is_over(worker)
        figures = {"outage": kind, "seconds": OUTAGE_S, "note": note.splitlines()[-1]}
        print("OUTAGE", json.dumps(figures | {"over_after": round(time.monotonic() - ended, 1)}))
    await goes_on(scene)
    await feeder.stop()
    # Customers have several messages waiting, which go one after the other; counting posts would hold the sandbox up.
    await eventually(lambda: has_rested(scene), seconds=90 + 8 * OUTAGE_S, every=1, why="nothing waits any more")
    verdict = await judged(scene)
    posts = await scene.posts()
    for kind in KINDS:
        failed = [post for post in posts if post["fault"] == kind]
        in_doubt = sum(post["status_callback"] is not None for post in failed)
        print("OUTAGE", json.dumps({"outage": kind, "in_doubt": in_doubt, "probes": len(failed) - in_doubt}))
        assert 0 < in_doubt <= MOST_IN_DOUBT, kind
    attempts: dict[str, list[bool]] = defaultdict(list)
    for post in posts:
        if post["status_callback"]:
            attempts[activation_of(post)].append(post["accepted"])
    lost = [len(each) for each in attempts.values() if not any(each)]
    # Outages follow each other closely here: a second attempt may meet the next one, and there is no third.
    assert verdict.unproven <= len(lost)
    assert set(lost) <= {1, 2}
    assert lost.count(1) <= verdict.undecided, "what the carrier did not know went once more, unless it was taken back"
    assert verdict.expected > 0


async def test_a_busy_carrier_is_used_at_the_pace_it_asks_for_and_nothing_is_in_doubt(scene: Scene) -> None:
    worker = scene.fleet.start()
    await worker.ready()
    await scene.barriers()
    feeder = scene.feeder(live=1.0)
    feeder.start()
    await goes_on(scene)
    await scene.switch(**{"429": "always"})
    began = len(await scene.posts())
    await until(time.monotonic() + OUTAGE_S)
    asked = len(await scene.posts()) - began
    await scene.switch(reset=True)
    await feeder.stop()
    verdict = await judged(scene, unproven=0)
    # `Retry-After: 1`: what was under way at the beginning, and then one a second.
    assert 0 < asked <= Settings.model_fields["sender_width"].default + OUTAGE_S + 1
    assert verdict.expected > 0


async def goes_on(scene: Scene) -> None:
    """Wait until the carrier takes messages."""
    before = sum(post["accepted"] for post in await scene.posts())

    async def more() -> bool:
        return sum(post["accepted"] for post in await scene.posts()) > before + 20

    await eventually(more, seconds=60, every=0.1, why="messages go out")


async def has_rested(scene: Scene) -> bool:
    """Whether nothing is left to do anywhere."""
    left = await scene.left()
    assert not left, left
    return True


async def is_over(worker: Worker) -> None:
    """Wait until the worker says no more that the carrier fails."""

    def asked() -> bool:
        return "the carrier has failed" not in worker.answer("/readyz")[1]

    seconds = 20 + 2 * OUTAGE_S
    await eventually(lambda: asyncio.to_thread(asked), seconds=seconds, every=0.1, why="the outage is over")
