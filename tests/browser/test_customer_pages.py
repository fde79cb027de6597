"""The pages of customers, on a phone, a tablet and a desk, in light and dark; by keyboard, and without a script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import look_at, served
from tests.browser.shown_card import PATH, site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(site()) as where:
        yield where


PAGES = {
    "card": f"{PATH}?lang=nl&done=claimed",
    "card-new": f"{PATH}?state=new&lang=de",
    "preferences": f"{PATH}/preferences?lang=fr&done=sure",
    "data": f"{PATH}/data?waits=erase&done=wrong&lang=en",
    "join": "/j/brood?lang=nl&wrong=phone",
    "join-sent": "/j/brood?lang=fr&sent=1",
    "claim": "/r/token?own=1&lang=de",
    "claimed": "/r/token?outcome=taken&lang=nl",
}


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it(browser: Browser, url: str, name: str):
    assert look_at(browser, url + PAGES[name], picture=f"customer-{name}") == []


def test_a_voucher_is_shown_at_the_till_by_keyboard_and_without_a_script(browser: Browser, url: str):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{url}{PATH}?lang=en")
    summary = page.get_by_text("Show at the till")
    expect(page.locator("details .qr")).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details .qr")).to_be_visible()
    expect(page.get_by_role("img", name="4 stamps of 7")).to_be_visible()
    context.close()
