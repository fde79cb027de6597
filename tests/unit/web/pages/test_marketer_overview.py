"""The overview is shown to who may see it, as a page or as JSON, and draws nothing where nothing happened."""

import httpx
import pytest

from stamgast.users.rights import Role
from tests.builders import card, program
from tests.fakes.house import ORIGIN, PAGE
from tests.fakes.marketed import Marketed, seen

JSON = {"Accept": "application/json"}


async def get(path: str, headers: dict[str, str], *, role: Role = Role.OWNER, **shop: object) -> httpx.Response:
    app, token = await Marketed().app(role, seen(**shop))
    cookies = {"Cookie": f"__Host-stamgast={token}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=cookies) as client:
        return await client.get(path, headers=headers)


async def test_scripts_get_the_figures_that_the_page_shows() -> None:
    document = (await get("/app", JSON)).json()
    assert document["people"]["customers"] == 1_240
    assert document["cards"][0]["holding"] == [79, 68, 57, 46, 35, 24]
    assert [each["needs"] for each in document["attention"]] == [
        "store_quiet", "rule_broke", "to_review", "segment_fell"
    ]  # fmt: skip


@pytest.mark.parametrize(("language", "words"), [("nl", "Dit vraagt aandacht"), ("fr", "À surveiller")])
async def test_people_read_it_in_their_language(language: str, words: str) -> None:
    page = await get(f"/app?lang={language}", PAGE)
    assert page.status_code == 200
    assert words in page.text
    assert "<style" not in page.text, "the policy would forbid it"
    assert "style=" not in page.text


async def test_a_shop_in_which_nothing_has_happened_has_a_page_without_charts() -> None:
    page = await get("/app", PAGE, totals={}, segments=(), unwell={}, broken=(), valued_at=None, values=())
    assert page.status_code == 200
    assert "<svg" not in page.text


async def test_what_a_shop_calls_its_things_stays_text() -> None:
    page = await get("/app", PAGE, program=program(card("<b>bread", 3), name="<script>alert(1)</script>"))
    assert "<script>alert" not in page.text
    assert "<b>bread" not in page.text


async def test_a_cashier_is_not_shown_the_figures() -> None:
    with pytest.raises(Exception, match="see overview"):
        await get("/app", JSON, role=Role.CASHIER)
