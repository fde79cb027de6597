"""The trial's till in a real browser: seven loaves fill a card, and the message stands on the phone."""

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
from playwright.sync_api import Page, expect

from tests.processes import alive, children_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PICTURES = Path(os.environ.get("STAMGAST_PICTURES", ""))


@pytest.fixture(scope="module")
def till_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
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
                if found := re.search(r"till: (http://\S+)", line):
                    break
            assert found, "".join(said)
            threading.Thread(target=lambda: said.extend(demo.stderr or ()), daemon=True).start()
            yield found[1]
            started = children_of(demo.pid)
            with httpx.stream("GET", f"{found[1]}events", trust_env=False, timeout=180) as events:  # a page is open
                next(events.iter_raw())
                demo.send_signal(signal.SIGINT)
                assert demo.wait(60) == 0, "".join(said)
            assert alive(started) == []
            assert "force" not in "".join(said)
        finally:
            demo.kill()


@pytest.fixture
def page(open_page, till_url: str, request: pytest.FixtureRequest) -> Page:
    page: Page = open_page(till_url, *getattr(request, "param", (1280, 900)))
    expect(page.locator("#people button").first).to_be_visible()
    return page


NAMES = """[...document.querySelectorAll('#shelf strong')].map((name) => {
  const text = document.createRange(); text.selectNodeContents(name);
  const [inner, outer] = [text, name.closest('button')].map((each) => each.getBoundingClientRect());
  return [Math.min(inner.left - outer.left, outer.right - inner.right), Math.round(inner.top - outer.top)];
})"""
"""How far each product's name stands from its tile's sides, and from its top."""


def choose(page: Page, place: int) -> str:
    button = page.locator("#people button").nth(place)
    button.click()
    expect(button).to_have_attribute("aria-checked", "true")
    return button.inner_text().splitlines()[-1]


def picture(page: Page, name: str) -> None:
    if os.environ.get("STAMGAST_PICTURES"):
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def test_seven_loaves_fill_the_card_and_the_message_stands_on_the_phone(page, open_page):
    name = choose(page, 1)
    expect(page.locator("#card-title")).to_have_text(name)
    bread = page.get_by_role("button", name="Bread €3.50")
    for stamps in range(1, 7):
        bread.click()
        expect(page.locator("#of")).to_have_text(f"{stamps} of 7")
        expect(page.locator("#stamps .on")).to_have_count(stamps)
    picture(page, "till-six-stamps")
    bread.click()
    expect(page.locator("#full")).to_have_text("One full card so far")
    expect(page.locator("#vouchers .voucher code")).to_have_count(1)
    expect(page.locator("#messages li")).to_have_count(1)
    expect(page.locator("#vouchers .voucher")).to_contain_text(re.compile(r"valid until \d+ \w+ 199\d"))
    code = page.locator("#vouchers .voucher code").inner_text()
    expect(page.locator("#messages li")).to_contain_text(code)
    picture(page, "till-full-card")

    phone = open_page(page.locator("#phone-link").get_attribute("href"))
    expect(phone.locator("#thread")).to_contain_text(code)


def test_taking_a_receipt_back_takes_its_stamp_back(page):
    name = choose(page, 2)
    page.get_by_role("button", name="Baguette").click()
    expect(page.locator("#receipt")).to_contain_text(f"{name}'s last receipt: Baguette")
    expect(page.locator("#of")).to_have_text("1 of 7")
    refund = page.get_by_role("button", name="Take the last receipt back")
    refund.click()
    expect(page.locator("#receipt")).to_contain_text("taken back")
    expect(page.locator("#of")).to_have_text("0 of 7")
    expect(refund).to_be_disabled()


def test_everything_can_be_done_from_the_keyboard(page):
    page.locator("#people button[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    chosen = page.locator("#people button[aria-checked=true]")
    expect(chosen).to_be_focused()
    expect(page.locator("#card-title")).to_have_text(chosen.inner_text().splitlines()[-1])
    page.get_by_role("button", name="Coffee").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#receipt")).to_contain_text("Coffee")


@pytest.mark.parametrize("page", [(360, 740), (768, 1024), (1280, 900)], indirect=True)
def test_nothing_runs_off_the_side_at_any_width(page):
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    for button in page.locator("#shelf button, #people button, #refund").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    names = page.evaluate(NAMES)
    assert min(beside for beside, _ in names) >= 6
    assert len({above for _, above in names}) == 1, "names of products stand at one height, with a stamp or without"
    picture(page, f"till-{page.viewport_size['width']}")


def test_a_button_under_the_finger_stays_the_same_while_figures_change(page):
    page.evaluate("document.querySelectorAll('#people button, #shelf button').forEach((each) => { each.same = true; })")
    page.evaluate(
        "() => { let seen = 0; const count = () => { document.documentElement.dataset.seen = ++seen > 2 ? 'enough' : seen; };"
        " live.addEventListener('message', count); }"
    )
    expect(page.locator("html")).to_have_attribute("data-seen", "enough")
    assert page.evaluate("[...document.querySelectorAll('#people button, #shelf button')].every((each) => each.same)")


def test_figures_of_both_shops_arrive_by_themselves(page):
    expect(page.locator("#live")).to_contain_text("purchases sent")
    expect(page.locator("#live dd").first).not_to_have_text("0")
    expect(page.locator("#by-status")).to_contain_text("WhatsApp")


def test_no_other_page_may_press_the_till(page, till_url):
    with httpx.Client(base_url=till_url, trust_env=False) as client:
        press = {"regular": 0, "product": "bread"}
        assert client.post("/api/sell", json=press, headers={"Origin": "http://evil.example"}).status_code == 403
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
        assert client.post("/api/sell", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 422
        assert client.post("/api/sell", json={"regular": 99, "product": "bread"}).status_code == 422
        assert client.post("/api/sell", json=press | {"product": "gold"}).status_code == 422
        assert (
            client.post("/api/refund", content=b"[" * 2000, headers={"Content-Type": "application/json"}).status_code
            == 422
        )
