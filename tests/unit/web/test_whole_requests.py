"""What is taken at once has its time, is measured, and is answered whatever happens, as on the long way."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stamgast.web.around import Around
from stamgast.web.bodies import Bodies
from stamgast.web.metrics import WebMetrics
from stamgast.web.short_way import Answer
from stamgast.web.straight import Straight
from stamgast.web.whole_requests import Coming, WholeRequests
from tests.conftest import eventually

DEPS: Any = SimpleNamespace()
SCOPE = {"type": "http", "method": "POST", "path": "/a/x", "headers": []}


async def post_a(_request: Request) -> Response:
    raise AssertionError("the long way")


async def failed(_request: Request, error: Exception) -> Response:
    if str(error) == "no words":
        raise KeyError(str(error))
    return PlainTextResponse(f"failed: {error}", 500)


class Door:
    """A route that is taken at once: its answers are given by the test."""

    def __init__(self, limit_s: float = 15) -> None:
        self.metrics = WebMetrics()
        self.bodies = Bodies(100, 10)
        self.coming: list[asyncio.Future[str]] = []
        self.refuses: Exception | None = None
        self.said: list[Answer] = []
        around = Around(post_a, self.metrics, self.bodies, failed=failed, limit_s=limit_s)  # type: ignore[arg-type]
        straight = Straight([Route("/a/{name}", post_a, methods=["POST"])])
        self._whole = WholeRequests(DEPS, straight, around, {post_a: self._take}, failed)

    def _take(self, _deps: Any, _scope: Any, path: Any, body: bytes) -> Coming | None:
        if body == b"rare":
            return None
        if self.refuses is not None:
            raise self.refuses
        done = asyncio.get_running_loop().create_future()
        self.coming.append(done)
        return Coming(done, lambda told: PlainTextResponse(f"{path['name']} {told}"))

    def ask(self, body: bytes = b"body", **scope: Any) -> bool:
        return self._whole({**SCOPE, **scope}, body, self.said.append)

    def counted(self, status: int) -> float:
        labels = {"route": "/a/{name}", "method": "POST", "status": str(status)}
        return self.metrics.registry.get_sample_value("stamgast_web_requests_total", labels) or 0


async def test_what_is_done_is_answered_and_counted():
    door = Door()
    assert door.ask()
    door.coming[0].set_result("done")
    await eventually(lambda: door.said)
    assert (door.said[0].status, door.said[0].body, door.counted(200)) == (200, b"x done", 1)
    assert (b"content-length", b"6") in door.said[0].headers


@pytest.mark.parametrize("asked", [{"path": "/b/x"}, {"path": "/a/x/y"}, {"method": "GET"}, {"body": b"rare"}])
async def test_whatever_it_does_not_know_it_does_not_touch(asked: dict[str, Any]):
    door = Door()
    assert not door.ask(**asked)
    assert not door.coming


async def test_what_cannot_even_be_looked_at_goes_the_long_way():
    door = Door()
    door.refuses = RuntimeError("a fault of ours")
    assert not door.ask()


async def test_a_body_that_finds_no_room_goes_the_long_way_which_says_so():
    door = Door()
    assert door.ask(b"x" * 90)
    assert not door.ask(b"x" * 90)
    assert len(door.coming) == 1


async def test_what_takes_too_long_is_told_to_come_again_and_waited_for_no_more():
    door = Door(limit_s=0.02)
    assert door.ask()
    await eventually(lambda: door.said)
    assert (door.said[0].status, door.counted(503)) == (503, 1)
    assert b"took too long" in door.said[0].body
    assert door.coming[0].cancelled()


async def test_what_fails_is_answered_and_its_body_makes_room():
    door = Door()
    for _ in range(30):
        assert door.ask(b"x" * 10)
        door.coming[-1].set_exception(RuntimeError("no"))
    await eventually(lambda: len(door.said) == 30)
    assert {(each.status, each.body) for each in door.said} == {(500, b"failed: no")}
    assert door.bodies.take(0, 100) == 100


async def test_what_there_is_no_answer_to_is_our_mistake_and_keeps_nobody_waiting():
    door = Door()
    assert door.ask()
    door.coming[0].set_exception(RuntimeError("no words"))
    await eventually(lambda: door.said)
    assert (door.said[0].status, door.counted(500)) == (500, 1)
    assert b"our mistake" in door.said[0].body
    assert door.bodies.take(0, 100) == 100
