"""A month's report is a page that can be printed, and a link shows it to whoever has that."""

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


async def test_the_newest_month_is_found_and_its_figures_are_those_of_the_counters(http: httpx.AsyncClient) -> None:
    assert (await http.get("/app/report")).headers["location"] == "/app/report/2026-09"
    document = (await http.get("/app/report/2026-09", headers=JSON)).json()
    assert (document["month"], document["sums"]["customers"], document["sums"]["redeemed"]) == ("2026-09", 420, 33)
    page = await http.get("/app/report/2026-09?lang=nl", headers=PAGE)
    assert "september 2026" in page.text
    figures = document["rules"][0]
    assert (figures["rule"], figures["sent"], figures["changed"]["judgement"]) == ("free-loaf", 640, "earns")
    assert "Hij brengt meer op dan hij kost." in page.text


async def test_a_link_shows_the_report_to_somebody_who_is_not_signed_in_and_nothing_else(
    http: httpx.AsyncClient,
) -> None:
    made = await http.post("/app/report/2026-09/link", headers=PAGE)
    assert made.status_code == 200
    link = made.text.partition(f'href="{ORIGIN}/report/')[2].partition('"')[0]
    shown = await http.get(f"/report/{link}", headers=PAGE | {"Cookie": ""})
    assert shown.status_code == 200
    assert "/app/" not in shown.text, "there is nowhere else to go"
    with pytest.raises(Exception, match="no report under this address"):
        await http.get(f"/report/{link[:-3]}", headers=PAGE)
