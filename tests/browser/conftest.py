"""A Chromium for each module, and pages on which nothing may go wrong."""

import os
import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

expect.set_options(timeout=180_000)  # a busy machine is no defect of a page


def chromium() -> str:
    found = os.environ.get("STAMGAST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("there is no Chromium on this machine")
    return found


@pytest.fixture(scope="module")  # no longer: while it is open, no other test may run a loop of its own
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`open_page(url, width, height)`; what goes wrong in a page fails the test, unless it is told to expect it."""
    opened: list[tuple[BrowserContext, list[str]]] = []

    def open_one(url: str, width: int = 1280, height: int = 860, *, expected: str = "(?!)") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
        wrong: list[str] = []
        opened.append((context, wrong))

        def note(text: str) -> None:
            if not re.search(expected, text):
                wrong.append(text)

        page = context.new_page()
        page.on("console", lambda message: note(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: note(str(error)))
        page.goto(url, wait_until="domcontentloaded")
        return page

    yield open_one
    assert [text for _, wrong in opened for text in wrong] == []
    for context, _ in opened:
        context.close()
