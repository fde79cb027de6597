"""A rule is played on the shop's past from its page: asked for, told of as it goes on, and shown."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from stamgast.marketer.backtests import Run, Stands
from stamgast.users.tokens import read_token
from stamgast.web.access.forms import page_token
from tests.fakes.backtested import FOUND, Remembered
from tests.fakes.house import MERCHANT, NOON, ORIGIN, PAGE
from tests.fakes.marketed import TODAY, Marketed

JSON = {"Accept": "application/json"}
WHERE = "/app/rules/free-loaf/backtest"


@pytest.fixture
def played() -> Remembered:
    return Remembered()


@pytest.fixture
async def http(played: Remembered) -> AsyncIterator[httpx.AsyncClient]:
    house = Marketed()
    app, token = await house.app()
    house.deps.backtests = played
    read = read_token(token)
    assert read is not None
    headers = {
        "Cookie": f"__Host-stamgast={token}",
        "Origin": ORIGIN,
        "X-CSRF-Token": page_token(read.secret, MERCHANT),
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers) as client:
        yield client


def run(stands: Stands, **more: Any) -> Run:
    return Run("free-loaf", TODAY - 30, TODAY - 1, NOON, stands, **more)


async def test_the_month_that_ended_yesterday_is_played_unless_days_are_said(
    http: httpx.AsyncClient, played: Remembered
) -> None:
    assert (await http.post(WHERE, headers=PAGE, data={})).headers["location"] == WHERE
    await http.post(WHERE, headers=PAGE, data={"first": "2026-09-01", "last": "2026-09-02"})
    assert [(each.last - each.first, each.edited) for each in played.asked] == [(29, False), (1, False)]
    assert played.asked[0].last == TODAY - 1


async def test_a_text_that_is_being_edited_is_played_before_it_is_in_force(
    http: httpx.AsyncClient, played: Remembered
) -> None:
    text = (await http.get("/app/rules/free-loaf/edit", headers=JSON)).json()["text"]
    await http.post(WHERE, headers=PAGE, data={"text": text.replace("at_least: 3", "at_least: 2")})
    assert played.asked[0].edited
    assert "at_least: 2" in played.asked[0].record.files["rules/free-loaf.yaml"]
    with pytest.raises(Exception, match=r"rules/free-loaf\.yaml:\d+:\d+"):
        await http.post(WHERE, headers=PAGE, data={"text": text.replace("visits:", "visitz:")})


@pytest.mark.parametrize(
    ("first", "last"), [("2026-09-10", "2026-09-01"), ("1.9.", "2026-09-10"), ("2020-01-01", "2026-09-01"), ("", "2030-01-01")]
)  # fmt: skip
async def test_days_that_cannot_be_played_are_refused(
    http: httpx.AsyncClient, played: Remembered, first: str, last: str
) -> None:
    refused = await http.post(f"{WHERE}?lang=en", headers=PAGE, data={"first": first, "last": last})
    assert (refused.status_code, "These days cannot be played" in refused.text) == (422, True)
    assert played.asked == []


async def test_what_came_of_it_is_shown_in_words_and_figures(http: httpx.AsyncClient, played: Remembered) -> None:
    played.run = run(Stands.DONE, found=FOUND)
    page = await http.get(f"{WHERE}?lang=nl", headers=PAGE)
    assert "De klant heeft zich voor het onderwerp afgemeld" in page.text
    assert "Hoi Noor" in page.text
    document = (await http.get(WHERE, headers=JSON)).json()
    assert document["run"]["found"]["rules"]["free-loaf"]["would_send"] == 39
    assert any("20 withheld" in each for each in document["words"])
    assert msgspec.convert(document["run"], Run) == played.run


@pytest.mark.parametrize(
    ("stands", "words"),
    [
        (Stands.RUNNING, "20 of 60 customers"),
        (Stands.TOO_LONG, "It took too long for a page."),
        (Stands.TOO_LARGE, "This past is too large for a page."),
        (Stands.FAILED, "It could not be played."),
    ],
)
async def test_how_it_stands_is_said(http: httpx.AsyncClient, played: Remembered, stands: Stands, words: str) -> None:
    played.run = run(stands, done=20, of=60, why="KafkaError")
    page = await http.get(f"{WHERE}?lang=en", headers=PAGE)
    assert (page.status_code, words in page.text) == (200, True)
    assert ("live.js" in page.text) == (stands is Stands.RUNNING)


async def test_one_is_played_after_another(http: httpx.AsyncClient, played: Remembered) -> None:
    played.busy = True
    with pytest.raises(Exception, match="Another backtest is being played"):
        await http.post(WHERE, headers=PAGE, data={})
