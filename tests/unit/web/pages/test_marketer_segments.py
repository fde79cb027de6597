"""Segments are shown to who may see figures, their customers to who may see customers, and a wrong name is told."""

import httpx
import pytest

from stamgast.users.rights import Role
from tests.fakes.house import JSON, ORIGIN, PAGE
from tests.fakes.marketed import Marketed, seen


async def get(path: str, headers: dict[str, str], *, role: Role = Role.OWNER, **shop: object) -> httpx.Response:
    app, token = await Marketed().app(role, seen(**shop))
    cookies = {"Cookie": f"__Host-stamgast={token}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=cookies, timeout=30
    ) as http:
        return await http.get(path, headers=headers)


async def test_segments_are_listed_by_kind_and_link_to_their_page() -> None:
    shown = (await get("/app/segments", JSON)).json()
    assert (shown["by"], shown["kinds"]) == ("source", ["source", "tag", "cohort"])
    assert {each["segment"]: each["ratio"] for each in shown["rows"]}["search"] == 5.2
    assert [each["segment"] for each in (await get("/app/segments?by=tag", JSON)).json()["rows"]] == [
        "(none)",
        "regular",
    ]
    page = (await get("/app/segments?by=source&lang=en", PAGE)).text
    assert 'href="/app/segments/source/search"' in page
    assert "without any" in page
    assert (await get("/app/segments/source/search", PAGE)).status_code == 200


async def test_a_segment_says_what_a_new_customer_is_worth_and_may_cost() -> None:
    shown = (await get("/app/segments/source/search", JSON)).json()
    assert (shown["row"]["value_of_new"], shown["winning_may_cost"], shown["keeping_may_cost"]) == (2_600, 866, 17)
    assert [each["customer"] for each in shown["sample"]] == ["4a9f2c1d", "77b0e6a3"]
    assert shown["sample"][0]["spend"] == 8_430


async def test_who_may_not_see_customers_is_shown_figures_alone() -> None:
    shown = (await get("/app/segments/source/search", JSON, role=Role.VIEWER)).json()
    assert (shown["sample"], shown["row"]["customers"]) == (None, 312)


async def test_a_shop_without_a_model_reads_what_it_takes() -> None:
    page = (await get("/app/segments?lang=en", PAGE, segments=(), valued_at=None)).text
    assert "it takes a fitted model" in page or "valued once a day" in page


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/app/segments?by=sorce", "is no kind of segments"),
        ("/app/segments/source/serch", "search"),
        ("/app/segments/cohort/search", "Nothing is known of a segment"),
    ],
)
async def test_a_wrong_name_gets_the_nearest_right_one(path: str, said: str) -> None:
    with pytest.raises(Exception, match=said):
        await get(path, JSON)
