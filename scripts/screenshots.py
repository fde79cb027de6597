"""Makes the README's pictures: plays the trial to a fixed evening with fixed keys, and opens its pages in Chromium.

    make screenshots                 # all of them, into docs/pictures
    make screenshots ARGS="till"     # one

The same commit shows the same customers, figures and codes each time; when a message arrives within a second is all
that may differ. Needs Chromium (`STAMGAST_CHROMIUM`, or `chromium` on the path).
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "pictures"
MOST_BYTES: Final = 200_000
HELD_ON: Final = "1998-04-24"
SEED: Final = "pictures"
PATIENCE_S: Final = 900.0
_CHROMIUM: Final = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
RECORDS: Final = "platenzaak"
RULE: Final = "five-off"


class Picture(NamedTuple):
    """How wide and high, and what is opened for it on the trial's page."""

    width: int
    height: int
    go: Callable[[Page, str], None]


def _demo(page: Page, url: str) -> None:
    page.goto(url)
    page.locator(".demo-who").first.click()  # her card is full, and the message is there
    page.locator("section:has(#phone) .bubble").first.wait_for()


def _till(page: Page, url: str) -> None:
    phone = _shown(url)["bakery"]["regulars"][0]["phone"]
    page.goto(f"{url}open?to=/till&lang=en")
    page.locator("#scanned").fill(phone)
    page.keyboard.press("Enter")
    page.locator("#person").wait_for()


def _card(page: Page, url: str) -> None:
    page.goto(_shown(url)["bakery"]["regulars"][0]["card_url"])


def _app(page: Page, url: str) -> None:
    page.goto(f"{url}open?to=/app&merchant={RECORDS}&lang=en")


def _rule(page: Page, url: str) -> None:
    page.goto(f"{url}open?to=/app/rules&merchant={RECORDS}&lang=en")
    page.goto(urljoin(page.url, f"/app/rules/{RULE}?lang=en"))


def _report(page: Page, url: str) -> None:
    page.goto(f"{url}open?to=/app/report&merchant={RECORDS}&lang=en")


PICTURES: Final = {
    "trial": Picture(1280, 800, _demo),
    "card": Picture(360, 740, _card),
    "till": Picture(360, 740, _till),
    "app": Picture(1280, 800, _app),
    "rule": Picture(1280, 800, _rule),
    "report": Picture(900, 1200, _report),
}


@contextlib.contextmanager
def trial() -> Iterator[str]:
    """The trial's page, when the evening has come on which it stays."""
    command = [sys.executable, "-m", "stamgast.cli", "demo", "--hold-on", HELD_ON, "--seed", SEED]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT, text=True) as demo:
        try:
            said = demo.stderr or ()
            found = next((seen for line in said if (seen := re.search(r"open (http://\S+)", line))), None)
            if found is None:
                raise SystemExit("the trial did not start")
            last: deque[str] = deque(maxlen=20)
            threading.Thread(target=_drain, args=(said, last), daemon=True).start()  # else it would wait for a reader
            until = time.monotonic() + PATIENCE_S
            while not _is_held(found[1], demo):
                if demo.poll() is not None:
                    raise SystemExit(f"the trial ended:\n{''.join(last)}")
                if time.monotonic() > until:
                    raise SystemExit(f"the evening of {HELD_ON} did not come within {PATIENCE_S:.0f} s")
                time.sleep(1)
            yield found[1]
            demo.send_signal(signal.SIGINT)
            demo.wait(60)
        finally:
            demo.terminate()


def take(browser: Browser, url: str, name: str) -> None:
    """One picture. Raises `SystemExit` where it is too large, or the page refuses."""
    picture = PICTURES[name]
    size: Any = {"width": picture.width, "height": picture.height}
    context = browser.new_context(viewport=size, locale="en-GB", color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    picture.go(page, url)
    page.wait_for_load_state("load")
    path = FOLDER / f"{name}.png"
    with Image.open(io.BytesIO(page.screenshot())) as seen:
        seen.convert("RGB").quantize(256).save(path, optimize=True)  # pages have few colours, and a README many readers
    context.close()
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{path} has {path.stat().st_size:,} bytes; at most {MOST_BYTES:,} are wanted in a README")
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")


def _is_held(url: str, demo: subprocess.Popen[str]) -> bool:
    """Whether shop time stands still by now; a trial that closes answers no more, and says why when it has ended."""
    try:
        return bool(_shown(url)["held"])
    except httpx.ConnectError:
        demo.wait(PATIENCE_S)
        return False
    except (httpx.HTTPStatusError, httpx.TimeoutException):  # a busy machine
        return False


def _drain(said: Iterable[str], last: deque[str]) -> None:
    with contextlib.suppress(ValueError):  # closed at the end
        last.extend(said)


def _shown(url: str) -> Any:
    return httpx.get(url, headers={"Accept": "application/json"}, timeout=60, trust_env=False).raise_for_status().json()


def main(wanted: list[str]) -> None:
    """Make those that are named, or all."""
    if unknown := set(wanted) - set(PICTURES):
        raise SystemExit(f"there is no picture {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    chromium = os.environ.get("STAMGAST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        raise SystemExit("there is no Chromium on this machine: install it, or set STAMGAST_CHROMIUM")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with trial() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM)
        for name in wanted or PICTURES:
            take(browser, url, name)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
