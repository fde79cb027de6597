"""A page that has to read the log shows its head before the log has been read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from aiokafka.errors import KafkaConnectionError
from starlette.requests import Request
from starlette.responses import Response

from stamgast.web.app import create_app
from stamgast.web.pages.later import answer_later
from stamgast.web.pages.rendering import PageRoute
from stamgast.web.serve import serving
from tests.conftest import eventually
from tests.fakes.held_log import WHO, HeldLog, furnish
from tests.fakes.house import JSON, NOON, PAGE
from tests.fakes.marketed import Marketed

TIMELINE = f"/app/customers/{WHO}/timeline"
PAGES = [TIMELINE, f"/app/customers/{WHO}/consents", "/app/audit", "/app/rules/free-loaf/history"]
FRAME: dict[str, Any] = {
    "visitor": SimpleNamespace(name="Noor", role="owner"), "shop": "Bakkerij", "places": [SimpleNamespace(where="/app", name="Overview")],
    "roles": {"owner": "owner"}, "here": "/app",
}  # fmt: skip
FAILED = {
    "en": "This could not be read just now",
    "nl": "Dit kon nu niet worden gelezen",
    "fr": "Impossible de lire ceci",
    "de": "Das konnte gerade nicht gelesen werden",
}


@pytest.fixture
def log(monkeypatch) -> HeldLog:
    found = HeldLog()
    found.stand_for_kafka(monkeypatch)
    return found


@asynccontextmanager
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """Of somebody who is signed in; the app as it is served, on loopback."""
    house = Marketed()
    _, token = await house.app(url="http://127.0.0.1")
    furnish(house.deps)
    async with (
        serving(create_app(house.deps), "127.0.0.1", 0) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Cookie": f"stamgast={token}"}, trust_env=False
        ) as client,
    ):
        yield client


async def upto(chunks: AsyncIterator[str], word: str) -> str:
    """What arrives until a word has."""
    text = ""
    async with asyncio.timeout(60):
        while word not in text:
            text += await anext(chunks)
    return text


@pytest.mark.parametrize("path", PAGES)
async def test_a_pages_head_is_there_while_the_log_is_still_read(log: HeldLog, path: str) -> None:
    async with browser() as client, client.stream("GET", f"{path}?lang=en", headers=PAGE) as shown:
        chunks = shown.aiter_text()
        head = await upto(chunks, "Being read")
        assert (shown.status_code, shown.headers["content-language"]) == (200, "en")
        assert "</nav>" in head
        assert "</h1>" in head
        assert "</html>" not in head
        log.open.set()
        assert (await upto(chunks, "</html>")).count("</section>") == 1
        assert log.asked == 1


async def test_the_head_says_who_it_is_and_how_they_stand(log: HeldLog) -> None:
    async with browser() as client, client.stream("GET", f"{TIMELINE}?lang=nl", headers=PAGE) as shown:
        chunks = shown.aiter_text()
        head = await upto(chunks, "Wordt gelezen")
        assert "Noor de Wit" in head
        assert "<dt>Aankopen</dt><dd>7</dd>" in head
        log.open.set()
        rest = await upto(chunks, "</html>")
        assert "3,50" in rest
        assert f"{TIMELINE}?before={NOON - 1}" in rest


async def test_such_a_page_is_guarded_as_every_other_is(log: HeldLog) -> None:
    log.open.set()
    async with browser() as client:
        later = await client.get(f"{TIMELINE}?lang=de", headers=PAGE)
        other = await client.get(f"/app/customers/{WHO}/export?lang=de", headers=PAGE)
    own = {"content-length", "date", "transfer-encoding", "x-accel-buffering"}
    assert {name: value for name, value in later.headers.items() if name not in own} == {
        name: value for name, value in other.headers.items() if name not in own
    }
    assert later.headers["x-accel-buffering"] == "no"
    assert later.cookies["language"] == "de"


@pytest.mark.parametrize("language", FAILED)
@pytest.mark.parametrize("fails", [KafkaConnectionError("gone"), ValueError("our mistake")])
async def test_where_the_log_cannot_be_read_the_page_says_so_and_is_whole(
    log: HeldLog, language: str, fails: Exception
) -> None:
    log.fails = fails
    log.open.set()
    async with browser() as client:
        shown = await client.get(f"{TIMELINE}?lang={language}", headers=PAGE)
    assert (shown.status_code, FAILED[language] in shown.text) == (200, True)
    assert shown.text.rstrip().endswith("</html>")
    assert "gone" not in shown.text
    assert "our mistake" not in shown.text


async def test_a_script_and_who_asks_for_the_head_alone_have_what_they_had(log: HeldLog) -> None:
    async with browser() as client:
        alone = await client.head(TIMELINE, headers=PAGE)
        assert (alone.status_code, alone.text, log.asked) == (200, "", 0)
        log.open.set()
        document = await client.get(TIMELINE, headers=JSON)
        assert document.json() == {
            "customer": WHO,
            "lines": [{"at": NOON, "kind": "bought", "what": "dok-noord", "amount": 350, "currency": "EUR"}],
            "before": NOON - 1,
            "newest": True,
        }
        log.fails = KafkaConnectionError("gone")
        assert (await client.get(TIMELINE, headers=JSON)).status_code == 500


async def test_who_is_refused_is_refused_before_anything_is_shown_or_read(log: HeldLog) -> None:
    async with browser() as client:
        assert (await client.get("/app/customers/nobody/timeline", headers=PAGE)).status_code == 404
        assert (await client.get("/app/rules/none/history", headers=PAGE)).status_code == 404
        client.headers["Cookie"] = ""
        assert (await client.get(TIMELINE, headers=PAGE)).status_code in (303, 401)
    assert log.asked == 0


async def test_who_goes_away_is_read_for_no_longer(log: HeldLog) -> None:
    async with browser() as client:
        async with client.stream("GET", f"{TIMELINE}?lang=en", headers=PAGE) as shown:
            await upto(shown.aiter_text(), "Being read")

        async def given_up() -> bool:
            return log.left == 1

        await eventually(given_up)


async def test_a_log_that_never_answers_is_waited_for_as_long_as_a_request_is(open_site: Callable[..., Any]) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    async def page(request: Request) -> Response:
        return await answer_later(request, "account/audit.html", never, within_s=0.01, **FRAME)

    async with open_site(PageRoute("/never", page)) as client:
        assert "This could not be read just now" in (await client.get("/never?lang=en")).text
