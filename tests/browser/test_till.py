"""The till's page in Chromium: with a scanner, by thumb, without a script, and without a connection."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
import segno
from playwright.sync_api import Browser, BrowserContext, Page, expect

from stamgast.domain.claims import ClaimOutcome
from stamgast.domain.counters import AtTill, counter
from stamgast.domain.counters import Counter as CounterName
from stamgast.domain.till_events import StampsHanded
from stamgast.domain.voucher_codes import short_of
from stamgast.domain.voucher_terms import Worth
from stamgast.marketer.till_use import week_of
from stamgast.state.keys import customers
from stamgast.web.access.cookies import Cookie
from stamgast.web.app import create_app
from stamgast.web.pages.languages import COOKIE
from tests.browser.conftest import ARGUMENTS, chromium
from tests.browser.looking import seen, served
from tests.fakes.counter import ANOUK, CODE, PHONE, Counter
from tests.fakes.house import MERCHANT

pytestmark = pytest.mark.browser

NEW_PHONE = "+31687654321"


class Shop:
    """A counter that is served, and the cookie of a till that is paired there."""

    def __init__(self, url: str, counter: Counter, cookie: str) -> None:
        self.url, self.counter, self.cookie = url, counter, cookie

    def tablet(self, browser: Browser, speaks: str = "en", **how: Any) -> tuple[BrowserContext, Page]:
        context = browser.new_context(locale="en-GB", viewport={"width": 360, "height": 740}, **how)
        for name, value in ((Cookie.TILL.value, self.cookie), (COOKIE, speaks)):
            context.add_cookies([{"name": name, "value": value, "url": self.url}])
        page = context.new_page()
        page.goto(f"{self.url}/till")
        return context, page


def done(work: Any) -> Any:
    """What waits for nothing, done at once: Playwright has the loop of this thread."""
    try:
        work.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it waits for something")


@contextmanager
def shop(redis_url: str) -> Iterator[Shop]:
    counter = Counter(redis_url, round(time.time() * 1_000))  # the browser's clock is the machine's
    done(counter.house.open())
    _device, token = done(counter.house.till())
    with served(create_app(counter.house.deps)) as address:
        counter.house.deps.public_url = f"http://localhost:{urlsplit(address).port}"
        yield Shop(counter.house.deps.public_url, counter, token.text)


@pytest.fixture
def till(redis_server) -> Iterator[Shop]:
    with shop(redis_server.url) as opened:
        yield opened


def scan(page: Page, text: str) -> None:
    """As a scanner does it: it types wherever the focus is, and ends with Enter."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_scanner_finds_redeems_and_undoes_and_the_next_scan_needs_no_hand(browser: Browser, till: Shop):
    context, page = till.tablet(browser)
    page.locator("main").focus()
    scan(page, CODE)
    expect(page.get_by_role("heading", name="Anouk")).to_be_visible()
    expect(page.get_by_text(short_of(CODE))).to_be_visible()
    assert seen(page, "till-person") == []
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="Redeem").click()
    expect(page.get_by_text("Redeemed", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_contain_text("1:5")
    assert seen(page, "till-redeemed") == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone")).to_be_visible()
    expect(page.get_by_role("button", name="Redeem")).to_be_visible()
    page.get_by_text("Give stamps by hand").click()
    page.locator("#hand-stamps").fill("2")
    page.locator("#hand-reason").select_option("goodwill")
    assert seen(page, "till-stamps") == []
    page.get_by_role("button", name="Give them").click()
    expect(page.get_by_text("2 stamps given")).to_be_visible()
    expect(page.get_by_text("6 / 7")).to_be_visible()
    page.locator("#scanned").fill("+31600000000")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody is known by this")
    assert page.url == f"{till.url}/till", "nothing of a person stands in an address"
    context.close()


def filmed(text: str, path: Path) -> Path:
    """What a camera sees that is held before a QR: one frame, over and over."""
    wide, high, dot = 640, 480, 8
    code = [[bool(each) for each in row] for row in segno.make(text, micro=False, error="m").matrix]
    left, top = (wide - dot * len(code)) // 2, (high - dot * len(code)) // 2

    def light(x: int, y: int) -> int:
        row, column = (y - top) // dot, (x - left) // dot
        return 30 if 0 <= row < len(code) and 0 <= column < len(code) and code[row][column] else 220

    frame = bytes(light(x, y) for y in range(high) for x in range(wide)) + b"\x80" * (wide * high // 2)
    path.write_bytes(f"YUV4MPEG2 W{wide} H{high} F10:1 Ip A1:1 C420jpeg\n".encode() + b"FRAME\n" + frame)
    return path


def test_a_camera_reads_a_card_in_a_browser_that_reads_no_codes_itself(browser: Browser, till: Shop, tmp_path: Path):
    films = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={filmed(CODE, tmp_path / 'qr.y4m')}",
    ]
    seeing = browser.browser_type.launch(executable_path=chromium(), args=[*ARGUMENTS, *films])
    _context, page = till.tablet(seeing)
    page.evaluate("delete window.BarcodeDetector")
    page.get_by_role("button", name="Camera").click()
    expect(page.get_by_role("heading", name="Anouk")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
    expect(page.get_by_text(short_of(CODE))).to_be_visible()
    seeing.close()


def test_a_till_without_a_camera_says_so(browser: Browser, till: Shop):
    context, page = till.tablet(browser)
    page.get_by_role("button", name="Camera").click()
    expect(page.get_by_role("alert")).to_contain_text("The camera cannot be used here")
    context.close()


def test_a_voucher_for_money_asks_for_the_total_and_says_what_to_take_off_and_what_is_left(
    browser: Browser, till: Shop
):
    till.counter.takes_off(Worth(amount=1_000, keeps_rest=True))
    context, page = till.tablet(browser)
    scan(page, PHONE)
    total = page.get_by_label("Total of the receipt")
    expect(total).to_be_visible()
    expect(page.get_by_text("€10.00")).to_be_visible()
    assert seen(page, "till-money") == []
    total.fill("6 euro")
    page.get_by_role("button", name="Redeem").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert till.counter.events == []
    page.get_by_label("Total of the receipt").fill("7,50")
    page.get_by_label("Number of the receipt").fill("4711")
    page.get_by_role("button", name="Redeem").click()
    expect(page.get_by_text("Take off €7.50")).to_be_visible()
    expect(page.get_by_text("€2.50 is left on it.")).to_be_visible()
    expect(page.get_by_text("more uses")).to_have_count(0)
    assert seen(page, "till-money-off") == []
    [used] = till.counter.events
    assert (used.total, used.receipt) == (750, till.counter.events[0].receipt)
    assert used.receipt.endswith("4711")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone")).to_be_visible()
    expect(page.get_by_label("Total of the receipt")).to_be_visible()
    context.close()


def test_a_sale_is_attached_and_one_that_somebody_has_to_look_at_first_says_so(browser: Browser, till: Shop):
    context, page = till.tablet(browser)
    scan(page, PHONE)
    for number, (outcome, said) in enumerate(
        [
            (ClaimOutcome.CLAIMED, "The sale is theirs."),
            (ClaimOutcome.IN_REVIEW, "Somebody of the shop looks at this receipt first."),
            (ClaimOutcome.TAKEN, "This receipt is somebody's already."),
        ]
    ):
        till.counter.comes_to = outcome
        page.get_by_text("Attach a sale").click()
        page.locator("#attach-receipt").fill(str(number))
        page.get_by_role("button", name="Attach it").click()
        expect(page.locator("[data-live]")).to_contain_text(said)
    assert seen(page, "till-review") == []
    assert [(each.customer_id, each.store) for each in till.counter.claimed] == [(ANOUK, "dok-noord")] * 3
    context.close()


def test_somebody_is_enrolled_in_three_taps_after_their_phone_with_what_was_read_to_them(browser: Browser, till: Shop):
    context, page = till.tablet(browser)
    page.locator(".till-new > summary").click()
    page.get_by_label("Mobile number").fill(NEW_PHONE)
    page.get_by_label("Français").check()
    assert seen(page, "till-enrol") == []
    page.get_by_role("button", name="They agree").click()
    expect(page.get_by_text("Welcome! The card is ready.")).to_be_visible()
    [(given, told)] = till.counter.enrolled
    assert (given.language, len(given.consents), told.consents_since) == ("fr", 4, ())
    assert {each.wording_version[:5] for each in given.consents} == {"till:"}
    context.close()


def test_without_a_script_each_form_is_a_page(browser: Browser, till: Shop):
    context, page = till.tablet(browser, java_script_enabled=False)
    page.locator("#scanned").fill(PHONE)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name="Redeem").click()
    expect(page.get_by_text("Redeemed", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone")).to_be_visible()
    assert page.url == f"{till.url}/till/undo"
    page.goto(page.url)
    expect(page.locator("#scanned")).to_be_visible()
    context.close()


def test_without_a_connection_stamps_and_enrolments_wait_with_their_time_and_vouchers_do_not(
    browser: Browser, till: Shop
):
    context, page = till.tablet(browser)
    page.locator("#scanned").fill(PHONE)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("button", name="Redeem")).to_be_enabled()
    context.set_offline(True)
    expect(page.get_by_text("Offline", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Redeem")).to_be_disabled()
    page.locator("#offline-scanned").fill(PHONE)
    page.locator("#offline-stamps").fill("3")
    page.get_by_role("button", name="Keep them").click()
    page.locator(".till-new > summary").click()
    page.get_by_label("Mobile number").fill("12")
    page.get_by_role("button", name="A card without messages").click()
    expect(page.locator("[data-lines] > li")).to_have_count(2)
    assert seen(page, "till-offline") == []
    assert till.counter.events == []
    till.counter.house.now += 5_000
    context.set_offline(False)
    expect(page.get_by_text("was not taken")).to_be_visible()
    expect(page.locator("[data-lines] > li")).to_have_count(1)
    assert seen(page, "till-refused") == []
    page.get_by_role("button", name="I have seen it").click()
    expect(page.locator("[data-waiting]")).to_be_hidden()
    assert page.evaluate("Object.keys(localStorage)") == []
    [given] = till.counter.events
    assert isinstance(given, StampsHanded)
    assert (given.customer, given.stamps) == (ANOUK, 3)
    context.close()


def test_the_page_opens_without_a_server_and_keeps_nobody(browser: Browser, redis_server):
    with shop(redis_server.url) as till:
        context, page = till.tablet(browser)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_function("caches.open('till-shell').then((cache) => cache.match('/till')).then(Boolean)")
        page.locator("#scanned").fill(PHONE)
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("heading", name="Anouk")).to_be_visible()
    page.goto(f"{till.url}/till")
    expect(page.get_by_text("Offline", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Keep them")).to_be_visible()
    assert "Anouk" not in page.content()
    context.close()


def test_an_owner_sees_who_gives_more_by_hand_than_usual(browser: Browser, till: Shop, redis_server):
    house = till.counter.house
    session = done(house.session(done(house.user())))
    this = datetime.fromtimestamp(house.now / 1_000, UTC).date()
    with redis.Redis.from_url(redis_server.url) as stats:
        for ago in range(9):
            week = week_of(this - timedelta(weeks=ago))
            for who, many in (("usual", 6), ("busy", 48 if ago == 0 else 5)):
                for what in AtTill:
                    name = f"{MERCHANT}|{counter(CounterName.TILL, 'till-1', who, week, what)}"
                    stats.hset(customers(2).stats, name, many)
    context = browser.new_context(locale="en-GB")
    for name, value in ((Cookie.SESSION.value, session.text), (COOKIE, "en")):
        context.add_cookies([{"name": name, "value": value, "url": till.url}])
    page = context.new_page()
    page.goto(f"{till.url}/app/tills/use")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("busy")
    expect(rows.first.get_by_text("more than usual")).to_have_count(2)
    assert seen(page, "till-use") == []
    context.close()
    with redis.Redis.from_url(redis_server.url) as stats:
        stats.delete(customers(2).stats)


def test_the_till_speaks_each_language(browser: Browser, till: Shop):
    for language in ("nl", "fr", "de"):
        context, page = till.tablet(browser, language)
        assert page.locator("html").get_attribute("lang") == language
        assert seen(page, f"till-{language}") == []
        context.close()
