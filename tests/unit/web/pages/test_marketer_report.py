"""A month's report is a page that can be printed, and a link shows it to whoever has that."""

from collections.abc import AsyncIterator

import httpx
import pytest

from stamgast.users.tokens import read_token
from stamgast.web.access.forms import page_token
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


async def test_the_newest_month_is_found_and_its_figures_are_those_of_the_counters(http: httpx.AsyncClient) -> None:
    assert (await http.get("/app/report")).headers["location"] == "/app/report/2026-09"
    document = (await http.get("/app/report/2026-09", headers=JSON)).json()
    assert (document["month"], document["sums"]["customers"], document["sums"]["redeemed"]) == ("2026-09", 420, 33)
    page = await http.get("/app/report/2026-09?lang=nl", headers=PAGE)
    assert "september 2026" in page.text
    assert "Hij brengt meer op dan hij kost." in page.text


async def test_each_rule_has_the_months_own_figures_and_why_it_did_not_speak(http: httpx.AsyncClient) -> None:
    document = (await http.get("/app/report/2026-09", headers=JSON)).json()
    assert document["rules_known"] == "whole"
    rules = {each["rule"]: each for each in document["rules"]}
    figures = rules["free-loaf"]
    assert (figures["fired"], figures["reached"], figures["sent"], figures["redeemed"]) == (64, 41, 60, 12)
    assert (figures["attributed_profit"], figures["messages"], figures["rewards"]) == (9_140, 450, 1_320)
    assert [(each["kind"], each["times"]) for each in figures["why_not"]] == [
        ("withheld", 31), ("not_met", 5), ("shadow", 2)
    ]  # fmt: skip
    assert figures["changed"]["judgement"] == "earns"
    assert rules["summer-cakes"]["status"] == "", "it is told what a rule did that is gone by now"
    page = (await http.get("/app/report/2026-09?lang=de", headers=PAGE)).text
    assert "Der Kunde hat solchen Nachrichten nicht zugestimmt" in page
    assert "summer-cakes" in page


async def test_what_is_not_known_of_a_month_is_said_instead_of_shown_as_nothing(http: httpx.AsyncClient) -> None:
    before = await http.get("/app/report/2026-06?lang=en", headers=PAGE)
    assert "of that month it is not known" not in before.text, "all that was counted stands in months"
    app, token = await Marketed().app(found=seen(totals=totals() | {"rule|free-loaf|fired": 900}))
    headers = {"Cookie": f"__Host-stamgast={token}"} | PAGE
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers) as client:
        pages = {month: (await client.get(f"/app/report/{month}?lang=en")).text for month in ("2026-06", "2026-07")}
        whole = (await client.get("/app/report/2026-09?lang=en")).text
        gone = (await client.get("/app/report/2024-06?lang=en")).text
        shared = (await client.get("/app/report/2026-07", headers=JSON)).json()
    assert "only since an update of Stamgast after June 2026: of that month it is not known" in pages["2026-06"]
    assert shared["rules_known"] == "part"
    assert "since an update" not in whole
    assert "is kept for two years: of June 2024 it is not known any more" in gone


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
