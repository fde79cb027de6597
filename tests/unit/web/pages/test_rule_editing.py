"""A rule is edited on its page: what is wrong is said as `check` says it, and nothing comes into force unseen."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest

from stamgast.marketer.rule_files import source_of
from stamgast.programs.editing import tag_of
from stamgast.users.rights import Role
from stamgast.users.tokens import read_token
from stamgast.web.access.forms import page_token
from tests.fakes.house import MERCHANT, ORIGIN, PAGE
from tests.fakes.marketed import Marketed, bakery

JSON = {"Accept": "application/json"}
EDIT, CHECK = "/app/rules/free-loaf/edit", "/app/rules/free-loaf/check"


async def client_of(role: Role) -> httpx.AsyncClient:
    house = Marketed()
    app, token = await house.app(role)
    house.deps.kafka, house.deps.topics = "", SimpleNamespace(programs="programs.v1")
    read = read_token(token)
    assert read is not None
    headers = {
        "Cookie": f"__Host-stamgast={token}",
        "Origin": ORIGIN,
        "X-CSRF-Token": page_token(read.secret, MERCHANT),
    }
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with await client_of(Role.MARKETER) as client:
        yield client


@pytest.fixture(scope="module")
def text() -> str:
    return source_of(bakery().packed, "free-loaf")


async def test_the_text_can_be_edited_in_a_plain_form(http: httpx.AsyncClient, text: str) -> None:
    page = await http.get(EDIT, headers=PAGE)
    assert f"<textarea {page.text.partition('<textarea ')[2].partition('>')[0]}>\n{text[:20]}" in page.text
    document = (await http.get(EDIT, headers=JSON)).json()
    assert (document["text"], document["based"], document["file"]) == (text, tag_of(text), "rules/free-loaf.yaml")


async def test_a_wrong_text_is_answered_with_places_and_the_nearest_words(http: httpx.AsyncClient, text: str) -> None:
    wrong = text.replace("visits:", "visitz:").replace("\n", "\r\n")
    found = (await http.post(CHECK, headers=JSON, data={"text": wrong})).json()
    problem = next(each for each in found["problems"] if each["severity"] == "error")
    assert (problem["file"], problem["length"]) == ("rules/free-loaf.yaml", len("visitz"))
    assert 'Did you mean "visits"' in problem["hint"]
    page = await http.post(EDIT, headers=PAGE, data={"text": wrong})
    assert page.status_code == 422
    assert "visitz:" in page.text, "what was written is not lost"


async def test_a_right_text_is_read_back_as_it_is_written(http: httpx.AsyncClient, text: str) -> None:
    found = (await http.post(CHECK, headers=JSON, data={"text": text})).json()
    assert found["sentence"]
    assert not [each for each in found["problems"] if each["severity"] == "error"]


async def test_what_changes_is_shown_before_anything_does(http: httpx.AsyncClient, text: str) -> None:
    new = text.replace("visits: {at_least: 3}", "visits: {at_least: 2}")
    page = await http.post(f"{EDIT}?lang=en", headers=PAGE, data={"text": new, "based": tag_of(text)})
    assert page.status_code == 200
    assert "<del>-" in page.text
    assert "visits: {at_least: 2}" in page.text.partition("<ins>")[2].partition("</ins>")[0]
    unsaid = {"text": new, "based": tag_of(text), "step": "save", "why": " "}
    refused = await http.post(f"{EDIT}?lang=en", headers=PAGE, data=unsaid)
    assert (refused.status_code, "Say why." in refused.text) == (422, True)
    on = await http.post(EDIT, headers=PAGE, data={"text": new, "based": tag_of(text), "step": "edit"})
    assert "visits: {at_least: 2}" in on.text.partition("<textarea")[2]


async def test_failing_tests_and_another_text_meanwhile_have_to_be_seen_first(
    http: httpx.AsyncClient, text: str
) -> None:
    new = text.replace("visits: {at_least: 3}", "visits: {at_least: 30}")
    sent = {"text": new, "based": tag_of(text), "step": "save", "why": "stricter"}
    failing = await http.post(f"{EDIT}?lang=en", headers=PAGE, data=sent)
    assert (failing.status_code, "mend it, or say that it is meant" in failing.text) == (422, True)
    stale = await http.post(f"{EDIT}?lang=en", headers=PAGE, data=sent | {"based": "x" * 16, "anyway": "yes"})
    assert (stale.status_code, "Somebody else changed this rule meanwhile" in stale.text) == (422, True)


async def test_the_editor_completes_with_the_language_and_the_shops_own_names(http: httpx.AsyncClient) -> None:
    words = (await http.get("/app/rules/free-loaf/words", headers=JSON)).json()
    give = next(each for each in words["$defs"]["action"]["anyOf"] if "give" in each["properties"])
    assert "free_loaf" in give["properties"]["give"]["x-names"]
    store = words["$defs"]["condition"]["properties"]["store"]
    assert store["anyOf"][1]["items"]["x-names"] == ["dok-noord", "korenmarkt"]
    assert words["$defs"]["condition"]["properties"]["stamps"]["x-keys"] == ["bread"]


async def test_who_only_looks_may_not_edit() -> None:
    async with await client_of(Role.VIEWER) as viewer:
        shown = await viewer.get("/app/rules/free-loaf", headers=PAGE)
        assert EDIT not in shown.text
        for path in (EDIT, CHECK):
            with pytest.raises(Exception, match="edit rules"):
                await viewer.post(path, headers=JSON, data={"text": "rule: free-loaf"})
