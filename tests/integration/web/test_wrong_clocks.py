"""A web process on a machine whose clock is wrong: it says so, and goes on taking purchases by the others' time."""

from __future__ import annotations

import json
import time

import pytest

from stamgast.clock.bounded import BoundedClock
from stamgast.clock.shop_time import RealClock
from stamgast.domain.units import DAY, MINUTE
from tests.conftest import eventually
from tests.integration.web.shop import problem, sale


async def missing(web) -> list[str]:
    return (await web.health.get("/readyz")).json().get("missing", [])


@pytest.mark.parametrize(("shift", "words"), [(365 * DAY, "365 d 0 h ahead of"), (-3 * DAY, "3 d 0 h behind")])
async def test_a_jump_of_its_clock_is_told_and_moves_no_stamp(web, monkeypatch, shift, words):
    with monkeypatch.context() as jump:
        jump.setattr(RealClock, "now", lambda _: time.time_ns() // 1_000_000 + shift)
        assert (await web.post("/purchases", sale("t1"))).status_code == 202  # at once, before it is noticed
        wrong = f"clock: this machine's clock is {words} Redis's and Kafka's"

        async def told() -> bool:
            return await missing(web) == [wrong]

        await eventually(told, why="readiness says by how much, and against what")
        assert (await web.post("/purchases", sale("t2"))).status_code == 202
    stamps = [json.loads(value)["stamgastrecordedat"] for _, value in await web.records(web.topics.purchases)]
    assert len(stamps) == 2
    assert all(abs(stamp - time.time() * 1_000) < 2 * MINUTE for stamp in stamps)

    async def well() -> bool:
        return await missing(web) == []

    await eventually(well, why="it is right again")


async def test_before_any_other_clock_has_borne_its_own_out_nothing_is_taken(web, monkeypatch):
    with monkeypatch.context() as unknown:
        unknown.setattr(BoundedClock, "by_others", None)
        body = problem(await web.post("/purchases", sale("t1")), 503)
        assert "has not been compared" in body["detail"]
    assert (await web.post("/purchases", sale("t1"))).status_code == 202
