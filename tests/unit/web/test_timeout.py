"""A request that nobody answers in time is answered all the same."""

import asyncio

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from stamgast.web.around import Around
from stamgast.web.bodies import Bodies
from stamgast.web.metrics import WebMetrics
from stamgast.web.problem import answer_failure


async def asleep(_: Request) -> PlainTextResponse:
    await asyncio.Event().wait()
    return PlainTextResponse("never")


async def reads(request: Request) -> PlainTextResponse:
    await request.body()
    return await asleep(request)


async def slow_line(size: int):
    for _ in range(4):
        await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.04)
        yield b"x" * size


async def echoes(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def slowly(_: Request) -> StreamingResponse:
    async def lines():
        for _ in range(3):
            await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.05)
            yield "line\n"

    return StreamingResponse(lines())


def client() -> httpx.AsyncClient:
    inner = Starlette(
        routes=[
            Route("/asleep", asleep),
            Route("/slowly", slowly),
            Route("/reads", reads, methods=["POST"]),
            Route("/echoes", echoes, methods=["POST"]),
        ],
    )
    app = Around(inner, WebMetrics(), Bodies(1_000, 1_000), failed=answer_failure, limit_s=0.08)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://web")


async def test_a_store_that_hangs_is_told_with_a_problem_and_when_to_ask_again():
    async with client() as http:
        answer = await http.get("/asleep")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "2"
    assert "Send the same request again" in answer.json()["detail"]


async def test_each_of_several_that_hang_is_told_in_its_own_time_whatever_was_answered_meanwhile():
    async with client() as http:
        hanging = [asyncio.create_task(http.post("/reads", content=b"1"))]
        await http.post("/echoes", content=b"2")
        hanging += [asyncio.create_task(http.get("/asleep")), asyncio.create_task(http.post("/reads", content=b"3"))]
        assert [(await each).status_code for each in hanging] == [503, 503, 503]
        assert (await http.post("/echoes", content=b"4")).status_code == 200
        assert (await http.get("/asleep")).status_code == 503, "after a while in which nothing was waited for"


async def test_an_answer_that_has_begun_may_take_its_time():
    async with client() as http:
        answer = await http.get("/slowly")
    assert answer.text == "line\n" * 3


async def test_a_slow_line_may_take_its_time_and_what_hangs_after_it_may_not():
    async with client() as http:
        assert (await http.post("/echoes", content=slow_line(5))).text == "20"
        assert (await http.post("/reads", content=b"all of it")).status_code == 503
