"""The carrier loses requests, answers and callbacks, refuses, and takes its time."""

from __future__ import annotations

import pytest

from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

NOT_TAKEN = {"lost_before", "error_500_before"}


async def test_whatever_the_carrier_does_nobody_gets_a_message_twice_and_what_is_unproven_is_shown(
    scene: Scene,
) -> None:
    for worker in [scene.fleet.start(), scene.fleet.start()]:
        await worker.ready()
    await scene.barriers()
    await scene.switch(
        seed=5, slow_ms=700, slow=0.05, lost_before=0.05, lost_after=0.05, error_500_before=0.05, error_500_after=0.05,
        no_sid=0.05, callbacks={"lose": 0.15, "duplicate": 0.15, "reorder": 0.15}, **{"429": 0.1},
    )  # fmt: skip
    feeder = scene.feeder(live=0.9)
    await feeder.transactions(240)
    await feeder.stop()
    verdict = await judged(scene)
    posts = [post for post in await scene.posts() if post["status_callback"]]
    unproven = sum(post["fault"] in NOT_TAKEN for post in posts)
    assert {post["fault"] for post in posts} > NOT_TAKEN | {"lost_after", "429"}
    assert verdict.unproven == unproven > 0, "each attempt that the carrier never took is shown, and no other one"
