"""The marketer's pages: readable on every screen, in light and dark, and nothing in them that the policy forbids."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiokafka.errors import KafkaConnectionError
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.looking import seen, served
from tests.fakes.held_log import WHO, HeldLog, furnish
from tests.fakes.marketed import Marketed

pytestmark = pytest.mark.browser

Site = tuple[str, str]
"""Where the pages are, and the cookie of who is signed in."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with ThreadPoolExecutor() as beside:  # Playwright has a loop in this thread
        app, token = beside.submit(asyncio.run, Marketed().app(url="http://127.0.0.1")).result()
    with served(app) as url:
        yield url, token


def looked_at(browser: Browser, site: Site, path: str, picture: str) -> list[str]:
    """What is wrong with a page for somebody who is signed in: as `look_at`, and its script has the cookie as well."""
    url, token = site
    wrong: list[str] = []
    with contextlib.closing(browser.new_context(locale="en-GB")) as context:
        context.add_cookies([{"name": "stamgast", "value": token, "url": url}])
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        answer = page.goto(url + path)
        assert answer is not None
        assert answer.status == 200
        return wrong + seen(page, picture)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_overview_can_be_read_by_everybody(browser: Browser, site: Site, language: str):
    assert looked_at(browser, site, f"/app?lang={language}", f"overview-{language}") == []


def test_a_months_report_can_be_read_by_everybody(browser: Browser, site: Site):
    assert looked_at(browser, site, "/app/report/2026-09?lang=fr", "report-fr") == []


SMALLEST = """() => Math.min(...[...document.querySelectorAll(".pygal-chart text")]
  .map((each) => each.getBoundingClientRect().height))"""
NARROWEST = """() => Math.min(...[...document.querySelectorAll(".facts dd")]
  .map((each) => each.getBoundingClientRect().width / each.parentElement.getBoundingClientRect().width))"""


def test_on_a_phone_charts_can_be_read_and_facts_stand_below_what_they_are_of(browser: Browser, site: Site):
    url, token = site
    with contextlib.closing(browser.new_context(locale="en-GB", viewport={"width": 360, "height": 860})) as context:
        context.add_cookies([{"name": "stamgast", "value": token, "url": url}])
        page = context.new_page()
        for path in ("/app/segments", "/app/report/2026-09"):
            page.goto(f"{url}{path}?lang=de")
            assert page.evaluate(SMALLEST) > 8, path
        assert page.evaluate(NARROWEST) > 0.9
        page.goto(f"{url}/app/connections/replay?lang=fr")
        heading = page.get_by_role("heading", level=1)
        assert heading.evaluate("(it) => it.scrollWidth <= it.clientWidth"), "it stays within its card"
        page.goto(f"{url}/app/segments?lang=fr")
        assert "3,0" in (page.locator(".pygal-chart").text_content() or "")


AS_LONG_AS_THEY_GET = """() => {
  for (const [name, most] of [["months", 13], ["stores", 4], ["rules", 40], ["whys", 40]]) {
    const rows = document.querySelector(`[aria-labelledby=${name}] tbody`);
    while (rows.children.length < most) rows.append(rows.lastElementChild.cloneNode(true));
  }
}"""
"""Thirteen months are shown, and a shop of four stores may have forty rules."""


A4 = ViewportSize(width=710, height=1039)
"""Less its margins, at 96 dpi."""
CUT_OFF = """() => [...document.querySelectorAll(".table")].filter((each) => each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.textContent)"""


@pytest.mark.parametrize("language", ["nl", "de"])
def test_a_months_report_is_one_page_of_paper(browser: Browser, site: Site, language: str):
    url, token = site
    with contextlib.closing(browser.new_context(locale="en-GB")) as context:
        context.add_cookies([{"name": "stamgast", "value": token, "url": url}])
        page = context.new_page()
        page.goto(f"{url}/app/report/2026-09?lang={language}")
        page.evaluate(AS_LONG_AS_THEY_GET)
        printed = page.pdf(format="A4", print_background=True, prefer_css_page_size=True)
        page.emulate_media(media="print")
        page.set_viewport_size(A4)
        assert page.evaluate(CUT_OFF) == [], "paper cannot be scrolled"
        assert not page.get_by_role("button").first.is_visible()
        assert not page.get_by_role("navigation").first.is_visible()
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1


@pytest.mark.parametrize(
    "path",
    ["/app/rules", "/app/rules/free-loaf", "/app/rules/free-loaf/launch?to=live", "/app/rules/free-loaf/backtest"],
)
def test_rules_can_be_read_by_everybody(browser: Browser, site: Site, path: str):
    name = path.removeprefix("/app/").replace("/", "-").partition("?")[0]
    assert looked_at(browser, site, path, name) == []


@pytest.mark.parametrize(
    "path",
    [
        "/app/customers",
        "/app/connections",
        "/app/connections/replay",
        "/app/health",
        "/app/inbox",
        "/app/campaigns",
        "/app/segments?by=source",
        "/app/segments/source/a%20flyer%20with%20rather%20a%20long%20name%20that%20goes%20on",
    ],
)
def test_the_other_pages_can_be_read_by_everybody(browser: Browser, site: Site, path: str):
    assert looked_at(browser, site, path, re.sub("[^a-z]+", "-", path.removeprefix("/app/"))[:40]) == []


def test_what_is_read_from_the_log_follows_a_head_that_stands_there_already(browser: Browser, monkeypatch):
    house, log = Marketed(), HeldLog()
    with ThreadPoolExecutor() as beside:
        app, token = beside.submit(asyncio.run, house.app(url="http://127.0.0.1")).result()
    furnish(house.deps)
    log.stand_for_kafka(monkeypatch)
    where = f"/app/customers/{WHO}/timeline"
    with served(app) as url:
        with contextlib.closing(browser.new_context(locale="en-GB")) as context:
            context.add_cookies([{"name": "stamgast", "value": token, "url": url}])
            page = context.new_page()
            page.goto(f"{url}{where}?lang=en", wait_until="commit")
            expect(page.get_by_role("heading", level=1)).to_have_text("Noor de Wit: Everything that happened")
            expect(page.get_by_text("Being read")).to_be_visible()
            log.let_go()
            expect(page.get_by_role("listitem").filter(has_text="Bought for €3.50")).to_be_visible()
            expect(page.get_by_text("Being read")).to_be_hidden()
        assert looked_at(browser, (url, token), f"{where}?lang=nl", "timeline") == []
        assert looked_at(browser, (url, token), f"/app/customers/{WHO}/consents?lang=fr", "consents") == []
        assert looked_at(browser, (url, token), "/app/rules/free-loaf/history?lang=de", "history") == []
        log.fails = KafkaConnectionError("gone")
        assert looked_at(browser, (url, token), f"{where}?lang=de", "timeline-failed") == []
