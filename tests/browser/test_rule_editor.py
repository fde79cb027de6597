"""A rule's text is edited in the browser: completed, checked as one writes, and by keyboard alone."""

import asyncio
import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import seen, served
from tests.fakes.marketed import Marketed

pytestmark = pytest.mark.browser

EDIT = "/app/rules/free-loaf/edit?lang=en"


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[str, str]]:
    with ThreadPoolExecutor() as beside:  # Playwright has a loop in this thread
        app, token = beside.submit(asyncio.run, Marketed().app(url="http://127.0.0.1")).result()
    with served(app) as url:
        yield url, token


@contextlib.contextmanager
def opened(browser: Browser, site: tuple[str, str], wrong: list[str], **how: bool) -> Iterator[Page]:
    url, token = site
    with contextlib.closing(browser.new_context(locale="en-GB", **how)) as context:  # type: ignore[arg-type]
        context.add_cookies([{"name": "stamgast", "value": token, "url": url}])
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(url + EDIT)
        yield page


def test_it_completes_underlines_what_is_wrong_and_shows_what_changes(browser: Browser, site: tuple[str, str]) -> None:
    wrong: list[str] = []
    with opened(browser, site, wrong) as page:
        editor = page.get_by_role("textbox", name="rules/free-loaf.yaml")
        expect(editor).to_be_visible()
        editor.focus()
        page.keyboard.press("Control+End")
        page.keyboard.type("\nstar")
        page.get_by_role("option", name="starts").click()
        page.keyboard.type("loud")
        told = page.locator("#told")
        expect(told).to_contain_text("starts")
        expect(page.locator(".cm-lintRange-error")).to_have_text("loud")
        page.keyboard.press("Control+Backspace")
        page.keyboard.type("2026-12-01")
        expect(page.locator(".cm-lintRange-error")).to_have_count(0)
        assert seen(page, "rule-edit") == []
        page.keyboard.press("Tab")
        expect(editor).not_to_be_focused()
        page.get_by_role("button", name="See what changes").click()
        expect(page.locator("ins").last).to_have_text("+starts: 2026-12-01")
        assert seen(page, "rule-compare") == []
    assert wrong == []


def test_names_of_the_shop_are_offered_where_they_may_stand(browser: Browser, site: tuple[str, str]) -> None:
    with opened(browser, site, []) as page:
        page.get_by_role("textbox", name="rules/free-loaf.yaml").focus()
        page.keyboard.press("Control+a")
        page.keyboard.type("rule: free-loaf\nwhen:\nstamp_card_com")
        page.get_by_role("option", name="stamp_card_completed").click()
        expect(page.locator(".cm-content")).to_contain_text("stamp_card_completed: ")
        page.keyboard.press("Control+Space")
        expect(page.get_by_role("option", name="bread")).to_be_visible()


def test_without_scripts_it_is_a_form(browser: Browser, site: tuple[str, str]) -> None:
    with opened(browser, site, [], java_script_enabled=False) as page:
        area = page.get_by_label("rules/free-loaf.yaml")
        area.fill(area.input_value().replace("visits:", "visitz:"))
        page.get_by_role("button", name="See what changes").click()
        expect(page.locator(".problems .bad").first).to_contain_text('Did you mean "visits"')
