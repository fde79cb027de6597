"""The phone page in a real browser: what people would see, what they can answer, at desktop and phone width."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from stamgast.sandbox import SandboxOptions, SandboxServer
from stamgast.sandbox.options import DEFAULT_ACCOUNT, Delays

pytestmark = pytest.mark.browser

MG = "MG" + "1" * 32
HX = "HX" + "0a" * 16
NOOR, ZOE = "+31612345678", "+32470123456"


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(SandboxOptions(delays=Delays(sent=0, delivered=0, read=0))) as server:
        yield server


@pytest.fixture
def control(sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.base_url, trust_env=False, auth=(DEFAULT_ACCOUNT, "x")) as client:
        yield client


@pytest.fixture
def open_phones(open_page, sandbox) -> Callable[..., Page]:
    def opened(width: int, height: int, where: str = "", **more: str) -> Page:
        page = open_page(f"{sandbox.base_url}/{where}", width, height, **more)
        expect(page.locator("#link")).to_have_text("live")
        return page

    return opened


def send(control, to=NOOR, **fields):
    form = {"To": to, "MessagingServiceSid": MG, **fields}
    answer = control.post(f"/2010-04-01/Accounts/{DEFAULT_ACCOUNT}/Messages.json", data=form)
    assert answer.status_code == 201, answer.text


def send_whatsapp(control, to=NOOR, name="Noor"):
    control.post("/sandbox/contents", json={HX: "Dag {{1}}, je gratis brood ligt klaar."}, auth=None)
    send(control, f"whatsapp:{to}", ContentSid=HX, ContentVariables=f'{{"1": "{name}"}}')


def test_a_message_appears_live_with_its_parts_and_ticks(open_phones, sandbox, control):
    page = open_phones(1280, 860)
    expect(page.get_by_role("heading", name="SANDBOX")).to_be_visible()
    send(control, Body="Hoi Noor, je spaarkaart is vol!")
    row = page.locator("#list a")
    expect(row).to_contain_text("Hoi Noor, je spaarkaart is vol!")
    row.click()
    bubble = page.locator(".bubble")
    expect(bubble).to_have_attribute("data-status", "delivered")
    expect(bubble).to_contain_text("1 part")
    send(control, Body="Zoë, " + "brood " * 15)
    expect(page.locator(".bubble").nth(1)).to_contain_text("2 parts · Unicode")
    send_whatsapp(control)
    expect(page.locator("#tab-whatsapp .new")).to_have_text("1")
    page.locator("#tab-whatsapp").click()
    expect(page.locator(".bubble")).to_have_attribute("data-status", "read")
    expect(page.locator(".bubble p")).to_have_text("Dag Noor, je gratis brood ligt klaar.")
    expect(page.locator("#totals")).to_have_text("1 phone · 3 messages")


def test_the_list_has_the_hour_of_today_in_the_shop_and_else_the_date(open_phones, sandbox, control):
    for number, day in ((ZOE, 31 * 24), ("+447400123456", 24), (NOOR, 0)):
        sandbox.options.now = lambda hours=day: 1_790_841_600_000 - hours * 3_600_000  # 2026-10-01T08:00:00Z
        send(control, number, Body="Hoi!")
    page = open_phones(1280, 860)
    expect(page.locator("#list time")).to_have_text([re.compile(r"^\d\d:00$"), "30 Sept", "31 Aug"])
    expect(page.locator("#list strong")).to_have_text(["+31 6 1234 5678", "+44 7400 123456", "+32 470 12 34 56"])
    expect(page.locator("#time")).to_have_text(re.compile(r"^shop time Thu, 1 Oct 2026, \d\d:00 \w+"))
    sandbox.options.now = lambda: 1_822_377_600_000  # a year later
    send(control, Body="Nog een")
    expect(page.locator("#list time").last).to_have_text("31 Aug 2026")


def test_a_person_answers_stop_and_the_carrier_then_refuses(open_phones, sandbox, control):
    send(control, Body="Hoi!")
    page = open_phones(1280, 860, f"#{NOOR}")
    page.get_by_role("button", name="STOP").click()
    expect(page.locator(".bubble.mine p")).to_have_text("STOP")
    expect(page.locator(".sys")).to_contain_text("21610")
    expect(page.locator("#said")).to_have_text("No address of the shop is set (inbound_url).")
    send(control, Body="Nog een")
    expect(page.locator(".bubble.failed .why")).to_contain_text("21610")
    page.locator("#text").fill("Dank je wel")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.mine p").nth(1)).to_have_text("Dank je wel")


def test_a_phone_that_is_off_keeps_its_messages_waiting(open_phones, sandbox, control):
    send(control, Body="Een")
    page = open_phones(1280, 860, f"#{NOOR}")
    power = page.get_by_role("switch")
    power.click()
    expect(page.locator("#asleep")).to_be_visible()
    send(control, Body="Twee")
    expect(page.locator(".bubble").nth(1)).to_have_attribute("data-status", "sent")
    power.click()
    expect(page.locator(".bubble").nth(1)).to_have_attribute("data-status", "delivered")


def test_nothing_that_comes_in_is_ever_taken_for_markup(open_phones, sandbox, control):
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    send(control, Body=attack)
    send(control, ZOE, Body="</p><h1>groot</h1>")
    page = open_phones(1280, 860, f"#{NOOR}")
    expect(page.locator(".bubble p")).to_have_text(attack)
    expect(page.locator("#list")).to_contain_text("<h1>groot</h1>")
    assert page.locator("#list h1, .bubble img, .bubble script").count() == 0
    assert "owned" not in page.title()


def test_everything_can_be_done_with_the_keyboard(open_phones, sandbox, control):
    send(control, Body="Hoi!")
    page = open_phones(1280, 860)
    expect(page.locator("#list a")).to_have_count(1)
    page.locator("#query").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_be_focused()
    page.locator("#tab-sms").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-whatsapp")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#tab-whatsapp")).to_be_focused()
    page.locator("#text").focus()
    page.keyboard.type("KAART")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.mine p")).to_have_text("KAART")
    page.keyboard.press("Escape")
    expect(page.locator("#welcome")).to_be_visible()


def test_on_a_small_screen_the_list_and_the_phone_are_two_pages(open_phones, sandbox, control):
    send(control, Body="Hoi!")
    send(control, ZOE, Body="Dag Zoë")
    page = open_phones(390, 844, expected="404")
    page.locator("#list a", has_text="Dag Zoë").click()
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator(".bubble p")).to_have_text("Dag Zoë")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="All phones").click()
    expect(page.locator("nav")).to_be_visible()
    page.locator("#query").fill("+31698765432")
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_have_text("+31 6 9876 5432")
    page.locator("#text").fill("JOIN brood")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.mine p")).to_have_text("JOIN brood")


def test_after_the_sandbox_was_gone_the_page_catches_up(open_phones, sandbox, control):
    page = open_phones(1280, 860, f"#{NOOR}", expected=".")
    sandbox.stop()
    expect(page.locator("#link")).to_have_text("connecting again")
    sandbox.start()
    send(control, Body="Gemist?")
    expect(page.locator("#link")).to_have_text("live")
    expect(page.locator(".bubble p")).to_have_text("Gemist?")


@pytest.mark.parametrize(("width", "height"), [(1280, 860), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_and_the_page_has_its_landmarks(
    open_phones, sandbox, control, width, height, scheme, tmp_path
):
    send(control, Body="Hoi Noor, je spaarkaart is vol! Haal je gratis brood bij Bakkerij Noord. Stop? Antwoord STOP")
    send_whatsapp(control)
    page = open_phones(width, height, f"#{NOOR}")
    page.emulate_media(color_scheme=scheme)
    expect(page.locator(".bubble")).to_have_attribute("data-status", "read")
    picture = Path(os.environ.get("STAMGAST_PICTURES") or tmp_path) / f"phones-{width}-{scheme}.png"
    page.screenshot(path=picture)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for role in ("banner", "main"):
        assert page.get_by_role(role).count() == 1
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, a')].filter(e => !(e.innerText || e.textContent || "
        "e.getAttribute('aria-label') || (e.labels && e.labels.length))).length"
    )
    assert nameless == 0
    assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d', {willReadFrequently: true});
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; })
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = (element) => { for (let e = element; e; e = e.parentElement) {
    const color = rgba(getComputedStyle(e).backgroundColor); if (color[3] > 250) return color; } return [255, 255, 255]; };
  const poor = [];
  for (const element of document.querySelectorAll('h1, h2, p, span, time, button, strong, summary, label')) {
    if (!element.innerText || !element.checkVisibility() || element.classList.contains('hidden-text')) continue;
    if (![...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) poor.push(`${element.className || element.tagName} ${ratio.toFixed(2)}: ${element.innerText.slice(0, 30)}`);
  }
  return poor;
}"""
