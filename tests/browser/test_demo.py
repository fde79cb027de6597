"""The trial's page in a real browser: seven loaves fill a card, the message stands on the phone, all else is a link away."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import look_at
from tests.processes import alive, children_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A trial with its page; ended as by Ctrl-C."""
    folder = tmp_path_factory.mktemp("demo")
    env = {**os.environ, "TMPDIR": str(folder), "STAMGAST_CONFIG_DIR": str(ROOT / "config")}
    command = [sys.executable, "-m", "stamgast.cli", "demo"]
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, cwd=ROOT, text=True
    ) as demo:
        try:
            assert demo.stderr is not None
            for line in demo.stderr:
                said.append(line)
                if found := re.search(r"open (http://\S+)", line):
                    break
            assert found, "".join(said)
            threading.Thread(target=lambda: said.extend(demo.stderr or ()), daemon=True).start()
            yield found[1]
            started = children_of(demo.pid)
            with httpx.stream("GET", f"{found[1]}events", trust_env=False, timeout=60) as events:  # a page is open
                next(events.iter_raw())
                demo.send_signal(signal.SIGINT)
                assert demo.wait(60) == 0, "".join(said)
            assert alive(started) == []
            assert "force" not in "".join(said)
        finally:
            demo.kill()


@pytest.fixture
def page(open_page, demo_url: str, request: pytest.FixtureRequest) -> Page:
    page: Page = open_page(demo_url, *getattr(request, "param", (1280, 900)))
    expect(page.locator(".demo-who").first).to_be_visible()
    return page


def choose(page: Page, place: int) -> str:
    button = page.locator(".demo-who").nth(place)
    button.click()
    expect(button).to_have_attribute("aria-current", "true")
    return button.inner_text().splitlines()[-1]


def test_seven_loaves_fill_the_card_and_the_message_stands_on_the_phone(page, open_page):
    name = choose(page, 1)
    expect(page.locator("#card")).to_contain_text(name)
    bread = page.get_by_role("button", name="Bread €3.50")
    for stamps in range(1, 7):
        bread.click()
        expect(page.locator(".stampcard .on")).to_have_count(stamps)
    bread.click()
    expect(page.locator(".stampcard")).to_contain_text("Filled 1 time so far")
    code = page.locator(".stampcard code")
    expect(code).to_have_count(1)
    expect(page.locator("section:has(#phone) .bubble")).to_have_count(1)
    expect(page.locator(".stampcard .notice")).to_contain_text(re.compile(r"Until \d+ \w+ 199\d"))
    expect(page.locator("section:has(#phone) .bubble")).to_contain_text(code.inner_text())
    phone = open_page(page.get_by_role("link", name=f"{name}'s phone").get_attribute("href"))
    expect(phone.locator("#thread")).to_contain_text(code.inner_text())
    card = open_page(page.get_by_role("link", name=f"The card of {name}").get_attribute("href"))
    expect(card.locator("main")).to_contain_text(code.inner_text())


def test_taking_a_receipt_back_takes_its_stamp_back(page):
    choose(page, 2)
    page.get_by_role("button", name="Baguette").click()
    expect(page.locator("#receipt")).to_contain_text("Last: Baguette")
    expect(page.locator(".stampcard .on")).to_have_count(1)
    refund = page.get_by_role("button", name="Take it back")
    refund.click()
    expect(page.locator("#receipt")).to_contain_text("was taken back")
    expect(page.locator(".stampcard .on")).to_have_count(0)
    expect(refund).to_be_disabled()


def test_everything_can_be_done_from_the_keyboard(page):
    page.locator(".demo-who").nth(3).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".demo-who").nth(3)).to_have_attribute("aria-current", "true")
    expect(page.locator(".demo-who").nth(3)).to_be_focused()
    page.get_by_role("button", name="Coffee").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#receipt")).to_contain_text("Coffee")
    expect(page.get_by_role("button", name="Coffee")).to_be_focused()


def test_without_a_script_each_button_is_a_page(browser: Browser, demo_url):
    context = browser.new_context(java_script_enabled=False, locale="nl-NL")
    page = context.new_page()
    page.goto(f"{demo_url}?who=4")
    page.get_by_role("button", name="Koffie").click()
    expect(page.locator("#receipt")).to_contain_text("Laatst: Koffie")
    expect(page.locator(".demo-who").nth(4)).to_have_attribute("aria-current", "true")
    context.close()


def test_it_can_be_read_on_every_screen_and_in_every_language(browser: Browser, demo_url, open_page):
    assert look_at(browser, demo_url, picture="demo") == []
    for language in ("nl", "fr", "de"):
        page = open_page(f"{demo_url}?lang={language}", 360, 740)
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), language


def test_a_button_under_the_finger_stays_the_same_while_figures_change(page):
    buttons = ".demo-who, .demo-shelf button"
    page.evaluate(f"document.querySelectorAll('{buttons}').forEach((each) => {{ each.same = true; }})")
    page.evaluate("document.documentElement.dataset.told = 0")
    expect(page.locator("html")).to_have_attribute("data-told", re.compile(r"[3-9]|\d\d+"))
    assert page.evaluate(f"[...document.querySelectorAll('{buttons}')].every((each) => each.same)")


def test_both_shops_go_on_by_themselves_until_time_is_held(page):
    expect(page.locator("[data-live=records] tbody tr").first).to_be_visible()
    expect(page.locator(".demo-figures dd").first).not_to_have_text("0")
    page.get_by_role("button", name="Hold the time").click()
    go_on = page.get_by_role("button", name="Let time go on")
    expect(go_on).to_be_visible()
    page.get_by_role("button", name="Rolls").click()
    expect(page.locator("#receipt")).to_contain_text("Rolls")
    go_on.click()
    expect(page.get_by_role("button", name="Hold the time")).to_be_visible()


def test_every_page_behind_it_is_a_link_away_signed_in_and_paired(browser: Browser, demo_url):
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(demo_url)
    ways = page.locator("a[href^='/open']").evaluate_all("(links) => links.map((each) => each.href)")
    assert len(ways) > 12
    for way in ways:
        answer = page.goto(way)
        assert answer is not None
        assert answer.status == 200, way
        assert "/app/sign-in" not in page.url
        assert "/till/pair" not in page.url
    assert page.locator(".head-name").inner_text() == "Bakkerij Noord"
    context.close()


def test_no_other_page_may_press_the_till_and_web_itself_lets_nobody_in(page, demo_url):
    with httpx.Client(base_url=demo_url, trust_env=False) as client:
        press = {"who": "0", "product": "bread"}
        assert client.post("/sell", data=press, headers={"Origin": "http://evil.example"}).status_code == 403
        assert client.post("/sell", data=press, headers={"Origin": "null"}).status_code == 403
        assert client.get("/open?to=/app", headers={"Host": "evil.example"}).status_code == 403
        assert client.post("/sell", json=press).status_code == 415
        assert client.post("/sell", data=press | {"who": "99"}).status_code == 422
        assert client.post("/sell", data=press | {"product": "gold"}).status_code == 422
        assert client.post("/refund", data={"who": "0", "receipt": "another"}).status_code == 409
        assert client.get("/open?to=https://evil.example").status_code == 422
        where = client.get("/open?to=/app").headers["location"]
        web = str(httpx.URL(where).copy_with(path="/", query=None))
        assert httpx.get(f"{web}open?to=/app", trust_env=False).status_code == 404
        assert "/app/sign-in" in httpx.get(where, headers={"Accept": "text/html"}, trust_env=False).headers["location"]
