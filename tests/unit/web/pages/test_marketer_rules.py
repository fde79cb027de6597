"""Rules are shown with what became of them, and are launched by who may, after they said why."""

from collections.abc import AsyncIterator

import httpx
import pytest

from stamgast.users.tokens import read_token
from stamgast.web.access.forms import page_token
from tests.fakes.house import MERCHANT, ORIGIN, PAGE
from tests.fakes.marketed import Marketed

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
