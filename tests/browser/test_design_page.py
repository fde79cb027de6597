"""The parts of pages, in any merchant's colour: readable, within the screen, nothing that the policy forbids."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from starlette.applications import Starlette

from stamgast.web.pages.routes import page_routes
from tests.browser.looking import look_at, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served(Starlette(routes=page_routes())) as url:
        yield url


@pytest.mark.parametrize("how", ["lang=de", "lang=nl&colour=f2c94c", "lang=fr&colour=1d4ed8"])
def test_the_parts_of_pages_can_be_read_by_everybody(browser: Browser, site: str, how: str):
    assert look_at(browser, f"{site}/design?{how}", picture="design-" + how.partition("&")[0][-2:]) == []


def test_the_keyboard_reaches_the_content_first(open_page, site: str):
    page = open_page(f"{site}/design?lang=en")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
