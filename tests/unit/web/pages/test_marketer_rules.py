"""Rules are shown with what became of them, and are launched by who may, after they said why."""

from collections.abc import AsyncIterator

import httpx
import pytest

from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.vocabulary import Reason
from stamgast.programs.launches import Launch
from stamgast.programs.launching import Refusal
from stamgast.users.tokens import read_token
from stamgast.web.access.forms import page_token
from stamgast.web.pages.marketer.said import REFUSED, WITHHELD
from tests.fakes.house import MERCHANT, ORIGIN, PAGE
from tests.fakes.marketed import Marketed, seen, totals

JSON = {"Accept": "application/json"}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app, token = await Marketed().app()
    read = read_token(token)
    assert read is not None
    headers = {
        "Cookie": f"__Host-stamgast={token}",
        "Origin": ORIGIN,
        "X-CSRF-Token": page_token(read.secret, MERCHANT),
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers) as client:
        yield client


async def test_every_rule_stands_in_the_list_with_its_sentence(http: httpx.AsyncClient) -> None:
    rules = (await http.get("/app/rules", headers=JSON)).json()["rules"]
    assert [each["rule"] for each in rules] == ["free-loaf", "tenth-visit", "we-miss-you"]
    assert all(each["sentence"] for each in rules)
    page = await http.get("/app/rules?lang=en", headers=PAGE)
    assert "It earns more than it costs." in page.text


async def test_a_rule_shows_its_file_its_messages_and_why_it_did_not_speak(http: httpx.AsyncClient) -> None:
    found = (await http.get("/app/rules/free-loaf", headers=JSON)).json()
    assert [each["what"] for each in found["why_not"]] == ["no_consent", "at least 3 visits"]
    assert "rule: free-loaf" in found["source"]
    page = await http.get("/app/rules/free-loaf?lang=nl", headers=PAGE)
    assert "De klant stemde niet in met zulke berichten" in page.text
    assert 'class="bubble" lang="nl"' in page.text


async def test_a_rule_that_is_not_there_is_named_with_the_nearest_one(http: httpx.AsyncClient) -> None:
    with pytest.raises(Exception, match='Did you mean "free-loaf"'):
        await http.get("/app/rules/free-lof", headers=JSON)


async def test_nothing_is_launched_without_a_reason_or_to_a_status_that_is_none(http: httpx.AsyncClient) -> None:
    asked = await http.get("/app/rules/free-loaf/launch?to=shadow", headers=PAGE)
    assert asked.status_code == 200
    refused = await http.post("/app/rules/free-loaf/launch?lang=en", headers=PAGE, data={"to": "shadow", "why": " "})
    assert (refused.status_code, "Say why." in refused.text) == (422, True)
    with pytest.raises(Exception, match="no status here"):
        await http.post("/app/rules/free-loaf/launch", headers=PAGE, data={"to": "everywhere", "why": "x"})


def test_every_reason_and_refusal_is_said_in_the_readers_language() -> None:
    assert set(WITHHELD) == set(Reason)
    assert set(REFUSED) == set(Refusal)


async def test_conditions_that_were_not_met_are_said_in_the_readers_language() -> None:
    measured = totals() | {counter(Counter.RULE, "free-loaf", Tally.NOT_MET, "visits at least 3"): 12}
    app, token = await Marketed().app(found=seen(totals=measured))
    headers = {"Cookie": f"__Host-stamgast={token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers) as client:
        page = await client.get("/app/rules/free-loaf?lang=de", headers=PAGE)
    assert "Nicht erfüllt: der Kunde mindestens 3 Mal da war" in page.text
    assert '<span lang="en">at least 3 visits</span>' in page.text, "one that the rule asks no more stays as counted"


async def test_a_trip_wire_says_what_it_found_in_the_readers_language() -> None:
    launched = {
        "free-loaf": Launch("paused", "live", tripped="5 of its …", tripped_at=1, wire="failed", figures=(5, 60))
    }
    app, token = await Marketed().app(found=seen(launches=launched))
    headers = {"Cookie": f"__Host-stamgast={token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers) as client:
        page = await client.get("/app/rules/free-loaf?lang=nl", headers=PAGE)
    assert "5 berichten mislukten, van 60 verstuurde" in page.text
    assert "5 of its" not in page.text
