"""How long until somebody sees a page, a customer's, a till's or the marketer's, with a million customers in Redis?

One web process answers all of them, and an empty page of the same server beside each. In Chromium, where there is one:
first contentful paint, from the navigation on. Else, and beside it, how long the whole answer takes to come; of a card
as a picture that alone.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import redis
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from benchmarks.bakery import customer_id
from benchmarks.figures import Figure, table, tell
from benchmarks.latency import settings_of
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill
from benchmarks.ten_purchases import MERCHANT, shipped_bakery
from rules.loader import load_merchant
from stamgast.bootstrap import web_parts
from stamgast.domain.counters import Counter
from stamgast.domain.day_sums import KEPT, month_of, names_of_sale, of_day
from stamgast.domain.events import key_of
from stamgast.domain.units import DAY
from stamgast.fold import Fold
from stamgast.identity.ids import Identifier
from stamgast.lifecycle.garbage import collect_rarely
from stamgast.log.partitioning import partition_for
from stamgast.log.segments import AllValued, Point, SegmentWorth, encode_word
from stamgast.marketer.backtests import Backtests
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.settings import Settings
from stamgast.state.keys import customers
from stamgast.users.rights import Role
from stamgast.users.roster import NewPasskey
from stamgast.web.access.cookies import Cookie
from stamgast.web.access.doors import Way, open_to
from stamgast.web.app import create_app
from stamgast.web.deps import Deps
from stamgast.web.limits import Limits
from stamgast.web.serve import deps_over, serving

TARGET_MS: Final = 300.0
_EMPTY: Final = "/empty"
_TIMES: Final = 20
_BATCH: Final = 5_000
_AWAY, _PATIENCE = 503, 30
"""A broker that stands still for a moment on a full machine is no page's time."""
_CONFIG: Final = Path(__file__).parents[1] / "config" / "merchants" / MERCHANT
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def run(scene: Scene) -> None:
    """Fill Redis, then open each page in turn, twenty times."""
    count = scene.sized(1_000_000, 2_000)
    fold = shipped_bakery(2_000)
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
        _fill(client, fold, count)
    with all_topics(scene) as topics, TemporaryDirectory() as folder:
        files = dict(load_merchant(_CONFIG).files)
        record = BundleRecord(merchant=MERCHANT, hash=bundle_hash(files, {}), files=files)
        fill(scene, topics.programs, [(MERCHANT.encode(), encode_bundle(record))], partitions=1)
        fill(scene, topics.segments, _segments(count), partitions=1)
        settings = Settings(_env_file=None, **settings_of(scene, topics.prefix, Path(folder)))
        found = asyncio.run(_measure(settings, scene.sized(_TIMES, 2)))
    rows = [(path, *times) for path, times in found.items()]
    heads = ("page", "first paint, ms", "beside an empty one", "answer, ms", "beside an empty one")
    table(f"Pages with {count:,} customers in Redis, median of {_TIMES}", heads, rows)
    slowest = max(times[0] or times[2] for times in found.values())
    tell([Figure("pages_first_paint", slowest, "ms, the slowest page", "target, at most", TARGET_MS)])
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall(asynchronous=True)  # a million of them take longer than a client waits for an answer


def _fill(client: Any, fold: Fold, count: int) -> None:
    """Write states, and counters as so many customers' commits would have left them."""
    states = list(fold.states.values())
    for start in range(0, count, _BATCH):
        with client.pipeline(transaction=False) as pipe:
            for number in range(start, min(start + _BATCH, count)):
                name = customer_id(number)
                keys = customers(partition_for(key_of(MERCHANT, name), PARTITIONS))
                pipe.set(keys.customer(MERCHANT, name), states[number % len(states)])
            pipe.execute()
    times, today = count // len(states) or 1, int(time.time() * 1000) // DAY
    of_all = {name: by for name, by in fold.counters.items() if f"|{Counter.RULE_MONTH}|" not in name}
    counters = {name: by * times // PARTITIONS + 1 for name, by in of_all.items()}
    for back in range(KEPT):
        for store in ("dok-noord", "korenmarkt"):
            counters |= {f"{MERCHANT}|{name}": 100 + back for name in names_of_sale(today - back, store)}
        counters |= {f"{MERCHANT}|{of_day(today - back, 'visits')}": 90 + back}
    for name, by in _rule_months(fold).items():
        client.hset(customers(0).rule_months, name, by)
    for partition in range(PARTITIONS):
        client.hset(
            customers(partition).stats, mapping={n: by for n, by in counters.items() if "|rule_month|" not in n}
        )
        if partition:
            client.copy(customers(0).rule_months, customers(partition).rule_months)


def _rule_months(fold: Fold) -> dict[str, int]:
    """Two years of them, as many as the fold has in a month."""
    begins = f"{MERCHANT}|{Counter.RULE_MONTH}|"
    months = {name[len(begins) :].partition("|")[0] for name in fold.counters if name.startswith(begins)}
    known = {name: by for name, by in fold.counters.items() if name.startswith(begins + max(months))}
    now = date.today()  # noqa: DTZ011  any will do
    found: dict[str, int] = {}
    for back in range(25):
        year, month = divmod(now.year * 12 + now.month - 1 - back, 12)
        begin = f"{begins}{year:04d}-{month + 1:02d}"
        found |= {begin + name[len(begins + max(months)) :]: by for name, by in known.items()}
    return found


def _segments(count: int) -> list[tuple[bytes, bytes]]:
    """As many as are followed of each kind, with a year behind them and a sample of customers."""
    now = int(time.time() * 1000)
    past = tuple(Point(now - week * 7 * DAY, 1_000 + week, 1_500 + week, 3.1) for week in range(52, 0, -1))
    found = []
    for by in ("source", "tag", "cohort"):
        for number in range(100):
            worth = SegmentWorth(
                merchant=MERCHANT, by=by, segment=f"{by}-{number}", at=now, currency="EUR", customers=count // 100,
                clv=4_000, acquisition_cost=500, ratio=3.2, below=False, value_of_new=1_600, historic=2_300,
                predicted=1_800, margin=0.4, lifespan_months=18.0, typical_gap_days=9.0, p_buy_90_days=0.6,
                winning_may_cost=533, keeping_may_cost=18, customers_with_cost=count // 100,
                sample=tuple(customer_id(each) for each in range(10)), past=past,
            )  # fmt: skip
            found.append((worth.key.encode(), encode_word(worth)))
    valued = AllValued(merchant=MERCHANT, at=now, bundle="-", values=(10, *[count // 10] * 9))
    return [*found, (MERCHANT.encode(), encode_word(valued))]


async def _measure(settings: Settings, times: int) -> dict[str, tuple[float, float, float, float]]:
    """Page -> first paint, the empty page's, the answer's milliseconds, the empty one's."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(web_parts(settings))
        played = Backtests(parts.redis, settings)
        stack.push_async_callback(played.close)
        deps = deps_over(parts, limits=Limits(per_visitor=1e9, per_visitor_burst=1e9), backtests=played)
        app = create_app(deps)
        app.router.routes.insert(0, Route(_EMPTY, _empty))
        port = await stack.enter_async_context(serving(app, "127.0.0.1", 0))
        tables = (
            parts.merchants,
            parts.segments,
            parts.letters,
            parts.replies,
            parts.files,
            parts.roster.table,
            parts.identities,
        )
        while not all(table.loaded for table in (*tables, parts.roster.table, parts.identities)):
            await asyncio.sleep(0.05)
        is_local = settings.public_url.startswith("http:")
        tokens = {Cookie.SESSION: await _sign_in(parts), Cookie.TILL: await _pair(parts)}
        cookie = "; ".join(f"{each if is_local else f'__Host-{each}'}={token}" for each, token in tokens.items())
        pages = (*_marketers(parts), *await _customers(deps), "/till", "/app/sign-in")
        collect_rarely()  # as web does
        return await asyncio.to_thread(_open_all, f"http://127.0.0.1:{port}", cookie, pages, times)


def _marketers(parts: Any) -> tuple[str, ...]:
    report = f"/app/report/{month_of(parts.clock.now() // DAY)}"
    rule, customer = "/app/rules/free-loaf", f"/app/customers/{customer_id(7)}"
    of_rule = [f"{rule}/{each}" for each in ("history", "launch?to=paused", "edit", "backtest")]
    of_customer = [f"{customer}/{each}" for each in ("timeline", "consents", "export", "erase")]
    segments = ("/app/segments", "/app/segments/source/source-7")
    others = ("/app/campaigns", "/app/inbox", "/app/connections", "/app/health")
    account = ("/app/users", "/app/audit", "/app/tills", "/app/tills/use", "/app/sessions")
    rules, customers_ = ("/app/rules", rule, *of_rule), ("/app/customers", customer, *of_customer)
    return ("/app", report, *rules, *customers_, *segments, *others, *account)


async def _customers(deps: Deps) -> tuple[str, ...]:
    """Somebody who has a card is known by a phone."""
    names = [Identifier("phone", "+31612345678")]
    found = await deps.identities.resolve(MERCHANT, names, deps.clock.now(), deps.last_heard)
    keys = customers(partition_for(key_of(MERCHANT, found.customer), PARTITIONS))
    like = customers(partition_for(key_of(MERCHANT, customer_id(7)), PARTITIONS)).customer(MERCHANT, customer_id(7))
    state = await deps.redis.call("GET", like)
    await deps.redis.call("SET", keys.customer(MERCHANT, found.customer), state)
    card = f"/c/{await deps.identities.cards.token(MERCHANT, found.customer)}"
    receipt = f"/r/{deps.identities.receipt_tokens.of(MERCHANT, 'a-receipt')}"
    return card, f"{card}/preferences", f"{card}/data", f"{card}.png", "/j/brood", receipt


def _open_all(
    url: str, cookie: str, pages: tuple[str, ...], times: int
) -> dict[str, tuple[float, float, float, float]]:
    painted = _painted(url, cookie, pages, times)
    found = {}
    heads = {"Cookie": cookie, "Accept": "text/html"}
    with httpx.Client(base_url=url, headers=heads, timeout=30, follow_redirects=True) as client:
        for path in pages:
            ours: list[float] = []
            empty: list[float] = []
            for round_ in range(times + 1):  # the first one compiles the bundle
                for where, kept in ((path, ours), (_EMPTY, empty)):
                    for _ in range(_PATIENCE):
                        began = time.perf_counter()
                        answer = client.get(where)
                        if answer.status_code != _AWAY:
                            break
                        time.sleep(1)
                    if round_:
                        kept.append((time.perf_counter() - began) * 1000)
                    if answer.status_code != 200:
                        raise RuntimeError(f"{where} answers {answer.status_code}")
            found[path] = (*painted.get(path, (0.0, 0.0)), median(ours), median(empty))
    return found


def _painted(url: str, cookie: str, pages: tuple[str, ...], times: int) -> dict[str, tuple[float, float]]:
    """First contentful paint of each page and of the empty one beside it; nothing without a Chromium."""
    chromium = os.environ.get("STAMGAST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        return {}
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  for those who have a browser

    found: dict[str, tuple[float, float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(extra_http_headers={"Cookie": cookie})
        page = context.new_page()
        for path in (each for each in pages if not each.endswith(".png")):
            kept: dict[str, list[float]] = {path: [], _EMPTY: []}
            for round_ in range(times + 1):
                for where, paints in kept.items():
                    answer = page.goto(url + where, wait_until="load")
                    for _ in range(_PATIENCE):
                        if answer is None or answer.status != _AWAY:
                            break
                        page.wait_for_timeout(1_000)
                        answer = page.goto(url + where, wait_until="load")
                    if answer is None or answer.status != 200:
                        raise RuntimeError(f"{where} answers {answer and answer.status}")
                    while (painted := page.evaluate(_PAINT)) is None:  # the policy forbids what Playwright waits with
                        page.wait_for_timeout(5)
                    if round_:
                        paints.append(painted)
            found[path] = median(kept[path]), median(kept[_EMPTY])
            print(path, *(round(each) for each in found[path]), flush=True)  # for a run that ends early
        browser.close()
    return found


async def _pair(parts: Any) -> str:
    _, token = await parts.roster.pair(MERCHANT, "dok-noord", "Counter", "", parts.clock.now())
    text: str = token.text
    return text


async def _sign_in(parts: Any) -> str:
    now = parts.clock.now()
    invited = await parts.roster.invite("Noor", {MERCHANT: Role.OWNER}, now)
    made = NewPasskey(b"noor", "credential-noor", "key", 0)
    passkey = await parts.roster.add_passkey(invited.user, made, "phone", now, invited.invitation.id)
    token: str = (await parts.roster.open_session(invited.user, passkey, 0, "Chromium", now)).text
    return token


@open_to(Way.PUBLIC)
async def _empty(_request: Request) -> Response:
    return HTMLResponse("<!doctype html><title>Empty</title><p>Nothing")
