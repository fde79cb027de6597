"""Looks at a page as people have it: on a phone, a tablet and a desk, in light and in dark, and through axe-core."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.resources
import os
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, Response
from starlette.types import ASGIApp

from stamgast.web.serve import serving

WIDTHS = {"phone": 360, "tablet": 768, "desk": 1280}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PICTURES = os.environ.get("STAMGAST_PICTURES", "")
_HEIGHT = 860
_GRAVE = ("serious", "critical")
_OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""What is another in the dark; the rest is the same there, and takes ten times as long."""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_AXE = """async (rules) => (await axe.run(document, {resultTypes: ['violations'],
    ...(rules ? {runOnly: {type: 'rule', values: rules}} : {})})).violations
  .map((each) => [each.impact, each.id, each.nodes.slice(0, 3).map((node) => node.html + ' ' + node.failureSummary)])"""


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """An app on loopback, in a thread of its own: Playwright has a loop in this one. Yields its address."""
    loop, ready, done = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    where: list[int] = []

    async def run() -> None:
        async with serving(app, "127.0.0.1", 0) as port:
            where.append(port)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield f"http://127.0.0.1:{where[0]}"
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


def look_at(
    browser: Browser, url: str, *, picture: str = "", status: int = 200, headers: Mapping[str, str] | None = None
) -> list[str]:
    """What is wrong with a page: a grave finding of axe-core, something wider than the screen, an error in the console.

    A style or a script that the policy forbids is an error in the console. `picture` names the files that are written
    into `STAMGAST_PICTURES`, to be looked at by eye. `headers` go with each request: a `Cookie`, for one.
    """
    wrong: list[str] = []
    extra = dict(headers or {})
    # Nothing moves from the start: what fades in has too little contrast meanwhile.
    made = browser.new_context(locale="en-GB", reduced_motion="reduce", extra_http_headers=extra)
    with contextlib.closing(made) as context:
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if _is_wrong(said.type, said.text, status) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        answer: Response | None = page.goto(url)
        if answer is None or answer.status != status:
            wrong.append(f"{url} answers {answer.status if answer else 'nothing'}, not {status}")
        wrong += seen(page, picture)
    return wrong


def seen(page: Page, picture: str = "") -> list[str]:
    """The same of a page that is open already, as it stands."""
    wrong: list[str] = []
    page.evaluate(axe())
    for name, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": _HEIGHT})
        if wider := page.evaluate(_WIDER):
            wrong.append(f"{name}: {wider} px wider than the screen")
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if scheme == "dark" and name != "phone":
                found = []  # a colour is the same on every width
            else:
                found = page.evaluate(_AXE, _OF_COLOUR if scheme == "dark" else None)
            wrong += [f"{name}, {scheme}: {rule}: {nodes}" for impact, rule, nodes in found if impact in _GRAVE]
            if picture and PICTURES:
                page.screenshot(path=Path(PICTURES) / f"{picture}-{name}-{scheme}.png", full_page=True)
    return wrong


@cache
def axe() -> str:
    """axe-core's source."""
    return importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()


def _is_wrong(kind: str, text: str, status: int) -> bool:
    """A page that is meant to refuse is an error to Chromium."""
    return kind == "error" and not (status >= 400 and f"status of {status}" in text)
