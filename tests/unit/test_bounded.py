"""What grows with time, with backlogs or with what anybody makes up is bounded where it is kept."""

import asyncio
import io
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.console import ConsoleChannel
from stamgast.api_keys.model import ApiKey, encode_key
from stamgast.api_keys.table import ApiKeyTable
from stamgast.domain.customer import Customer, encode_customer
from stamgast.identity.records import Suppression, encode, entry_key
from stamgast.people import opt_out
from stamgast.people.opt_out import Unfinished
from stamgast.state import customer_states
from stamgast.state.customer_states import live_states
from stamgast.state.errors import StateError
from stamgast.state.keys import customers
from stamgast.web.app import Measured
from stamgast.web.bodies import Bodies
from stamgast.web.metrics import WebMetrics
from stamgast.web.problem import Problem, answer_problem
from streams import metrics as worker_metrics
from streams.metrics import Metrics
from tests.builders import MERCHANT
from tests.conftest import eventually


async def test_methods_that_anybody_makes_up_are_counted_together():
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 405, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    metrics = WebMetrics()
    transport = httpx.ASGITransport(Measured(app, metrics))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        for method in ("GET", *(f"X{n}" for n in range(50))):
            await client.request(method, "/")
    counted = [each for each in metrics.requests.collect()[0].samples if each.name.endswith("_total")]
    assert {each.labels["method"]: each.value for each in counted} == {"GET": 1, "other": 50}


async def test_bodies_of_all_requests_together_have_a_bound_and_who_finds_no_room_is_told_to_come_again():
    answering, taken = asyncio.Event(), []

    async def take(request: Request) -> Response:
        taken.append(len(await request.body()))
        await answering.wait()
        return Response()

    app = Starlette(
        routes=[Route("/", take, methods=["POST"])],
        middleware=[Middleware(Bodies, most=1_000, small=100)],
        exception_handlers={Problem: answer_problem},
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        first = asyncio.create_task(client.post("/", content=b"x" * 900))
        await eventually(lambda: taken == [900])
        refused = await client.post("/", content=b"x" * 200)
        assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
        small = asyncio.create_task(client.post("/", content=b"STOP" * 25))
        await eventually(lambda: taken == [900, 100])
        answering.set()
        assert (await small).status_code == 200
        assert (await first).status_code == 200
        assert (await client.post("/", content=b"x" * 900)).status_code == 200


def test_merchants_without_a_programme_are_counted_by_name_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(worker_metrics, "MOST_UNPUBLISHED", 2)
    metrics = Metrics()
    for merchant in ("a", "b", "c", "d", "a"):
        metrics.park(merchant, 10)
    counted = [each for each in metrics.parked.collect()[0].samples if each.name.endswith("_total")]
    assert {each.labels["merchant"]: each.value for each in counted} == {"a": 20, "b": 10, "others": 20}


async def test_a_revoked_key_takes_no_room():
    table = ApiKeyTable()

    def record(revoked_at: int) -> Any:
        key = ApiKey("id", MERCHANT, ("read",), "digest", 1, revoked_at)
        return SimpleNamespace(key=b"id", value=encode_key(key))

    await table.apply([record(0)], {})
    assert len(table._keys) == 1
    await table.apply([record(2)], {})
    assert table._keys == {}


class Told:
    """Finishes what was told about phones; how many at once is noted."""

    def __init__(self) -> None:
        self.ready = True
        self.finished: list[str] = []
        self.fails = 0

    async def finish(self, _merchant: str, phone: str) -> int:
        if self.fails:
            self.fails -= 1
            raise StateError("away")
        self.finished.append(phone)
        return 0


def said(phone: str) -> Any:
    return SimpleNamespace(key=entry_key(MERCHANT, "s", phone), value=encode(Suppression(stopped=True, at=1)))


async def test_what_was_said_before_is_looked_at_a_few_at_a_time_and_what_is_said_now_goes_first(monkeypatch):
    class EndedError(Exception):
        pass

    told, rests = Told(), []
    unfinished = Unfinished(told)  # type: ignore[arg-type]  # all it is asked

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 1:
            await unfinished.apply([said("now")], {})
        if not unfinished._said_before and not unfinished._due:
            raise EndedError

    monkeypatch.setattr(opt_out, "_GRACE_S", 0.0)
    monkeypatch.setattr(opt_out.asyncio, "sleep", rest)
    await unfinished.apply([said(f"{n:04}") for n in range(100)], {})
    await unfinished.open()
    told.fails = 1
    with pytest.raises(EndedError):
        await unfinished.run()
    assert len(told.finished) == 101
    assert set(told.finished) == {"now", *(f"{n:04}" for n in range(100))}
    assert told.finished.index("now") == 31, "behind the first few, but for the one that failed"
    assert rests[0] > 0, "Redis was away"
    assert rests[1:4] == [0, 0, opt_out._LOOK_S]


async def test_the_console_remembers_the_attempts_that_anybody_may_still_ask_for(monkeypatch):
    monkeypatch.setattr("channels.console._MOST_REMEMBERED", 2)
    console = ConsoleChannel(io.StringIO())
    message = SimpleNamespace(channel="sms", to="+31612345678", template="hello", locale="nl")
    prepared: Any = SimpleNamespace(message=message, parts=None, body="Dag", content_sid="", content_variables={})
    for attempt in ("a", "b", "c"):
        await console.send(prepared, attempt, "")
    found = [(await console.find(prepared, attempt, 0)).status for attempt in ("a", "b", "c")]
    assert [bool(status) for status in found] == [False, True, True]


async def test_a_customer_whom_a_scan_tells_twice_is_valued_once(monkeypatch):
    keys = [customers(n % 2).customer(MERCHANT, f"c{n}") for n in (0, 1, 2, 1, 0, 3)]

    async def keys_like(_node: Any, pattern: str) -> AsyncIterator[str]:
        assert pattern.endswith(f":c:{MERCHANT}:*")
        for key in keys:
            yield key

    class Redis:
        async def masters(self) -> list[None]:
            return [None]

        async def session(self, _key: str) -> Any:
            return self

        async def call(self, _command: str, *names: str) -> list[bytes]:
            assert len({name.partition("}")[0] for name in names}) == 1, "one slot a question"
            return [encode_customer(Customer()) for _ in names]

    monkeypatch.setattr(customer_states, "keys_like", keys_like)
    redis: Any = Redis()
    found = [name async for piece in live_states(redis, 2, MERCHANT, at_once=1) for name, _ in piece]
    assert sorted(found) == ["c0", "c1", "c2", "c3"]
