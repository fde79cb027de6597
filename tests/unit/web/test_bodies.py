"""Bodies of requests: how much of them is held at a time."""

import asyncio

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stamgast.web.around import Around
from stamgast.web.bodies import Bodies
from stamgast.web.metrics import WebMetrics
from stamgast.web.problem import Problem, answer_failure, answer_problem
from tests.conftest import eventually


async def test_bodies_of_all_requests_together_have_a_bound_and_who_finds_no_room_is_told_to_come_again():
    answering, taken = asyncio.Event(), []

    async def take(request: Request) -> Response:
        taken.append(len(await request.body()))
        await answering.wait()
        return Response()

    inner = Starlette(
        routes=[Route("/", take, methods=["POST"])],
        exception_handlers={Problem: answer_problem},
    )
    app = Around(inner, WebMetrics(), Bodies(1_000, 100), failed=answer_failure)
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
