"""One trial with its processes up: the driver plays, watchers look on, and in the end the books are closed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from redis.asyncio import Redis

from rules.rule_set import RuleSet
from stamgast.broker import kafka_of
from stamgast.clock.shop_time import DrivenClock, format_time
from stamgast.demo.account import Account
from stamgast.demo.board import Board, Where
from stamgast.demo.books import Books, Summary
from stamgast.demo.carrier import Carrier
from stamgast.demo.cdnow import Receipt
from stamgast.demo.counts import read_counts
from stamgast.demo.driver import Driver, Pace
from stamgast.demo.page import make_server
from stamgast.demo.record_shop import RecordShop
from stamgast.demo.settling import Engine, NotSettledError
from stamgast.demo.shop import Shop
from stamgast.demo.shop_time import ShopTime
from stamgast.demo.signing_in import SignIn
from stamgast.demo.stage import Stage
from stamgast.demo.till import Till
from stamgast.domain.program import Program
from stamgast.domain.units import Day
from stamgast.lifecycle.cancellation import end_all
from stamgast.lifecycle.listening import listen
from stamgast.local.processes import ProcessError
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics

BAKERY: Final = "bakkerij-noord"
RECORDS: Final = "platenzaak"

_LOOK_EVERY_S: Final = 0.05
_CHECK_EVERY_S: Final = 0.5
_REPORT_EVERY_S: Final = 5.0
_CONNECTIONS: Final = 32
_TO_WATCH: Final = Pace(live_s=1.0, after_s=6.0)
_FLAT_OUT: Final = Pace()

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How the trial was asked for. `for_s`: machine seconds to drive; None: until the end, or Ctrl-C with a page.

    `hold_on`: the shop day at whose end time is held, for whoever looks at the page.
    """

    headless: bool = False
    for_s: float | None = None
    port: int = 0
    hold_on: Day | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: the two merchants' programmes, the bakery's rules, and the purchase log."""

    programs: Mapping[str, Program]
    bakery_rules: RuleSet
    receipts: Sequence[Receipt]


class Trial:
    """Wires the parts over one stage and runs them."""

    def __init__(self, options: Options, stage: Stage, cast: Cast, say: Say) -> None:
        self._options = options
        self._stage = stage
        self._cast = cast
        self._say = say
        self._up = time.monotonic()
        self._first_message_after_s: float | None = None

    async def run(self) -> Summary:
        """Play until it is over or cancelled, then close the books.

        Raises:
            ProcessError: a process of the engine ended.
        """
        async with AsyncExitStack() as stack:
            return await self._play(stack)

    async def _play(self, stack: AsyncExitStack) -> Summary:
        settings, programs = self._stage.settings, self._cast.programs
        topics = Topics(settings.partitions, settings.topic_prefix)
        redis = self._stage.open_redis()
        stack.push_async_callback(redis.aclose)
        reader = await stack.enter_async_context(LogReader(kafka_of(settings)))
        web = await stack.enter_async_context(_http(self._stage.web_url))
        carrier = Carrier(await stack.enter_async_context(_http(self._stage.sandbox_url)))
        engine = Engine(redis, reader, topics)
        shop_time = ShopTime(DrivenClock(settings.clock_file), engine)
        account, stopping = Account(), asyncio.Event()
        shops = {merchant: Shop(web, merchant, key) for merchant, key in self._stage.keys.items()}
        till = Till(shops[BAKERY], programs[BAKERY], account, shop_time)
        records = RecordShop(shops[RECORDS], programs[RECORDS], account)
        driver = Driver(till, records, self._cast.receipts, shop_time, stopping)
        await carrier.prepare(programs, quick=self._options.headless)
        await till.open(self._cast.bakery_rules)
        watching: list[Coroutine[Any, Any, None]] = [self._watch_processes(), self._watch_messages(carrier)]
        if not self._options.headless:
            where = Where(redis, topics.partitions, self._stage.web_url, self._stage.sandbox_url)
            board = Board(till, records, driver, carrier, where)
            sign_in = SignIn(settings, web, [BAKERY, RECORDS], shop_time.now)
            stack.push_async_callback(sign_in.aclose)
            await stack.enter_async_context(self._serving(board, sign_in))
            watching.append(board.keep_up())
        watching.append(self._report(account, driver, shop_time, redis, topics.partitions))
        pace = _FLAT_OUT if self._options.headless else _TO_WATCH
        await self._until_over(driver.play(pace, self._options.hold_on), watching, stopping)
        books = Books(account, engine, carrier, redis, reader, topics, shop_time)
        return await books.close(self._first_message_after_s)

    async def _until_over(
        self, playing: Coroutine[Any, Any, None], watching: list[Coroutine[Any, Any, None]], stopping: asyncio.Event
    ) -> None:
        """Wait for the driver, or for the time that was asked for; a watcher that fails ends it all."""
        play = asyncio.create_task(playing)
        watchers = [asyncio.create_task(each) for each in watching]
        ends = asyncio.create_task(self._stop_in_time(stopping))
        try:
            while not play.done():
                running = [task for task in (play, *watchers) if not task.done()]
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._look_at(task)
        finally:
            await end_all([play, ends, *watchers])

    def _look_at(self, task: asyncio.Task[None]) -> None:
        """Raise what a task died of; if a process of ours died first, that is the reason."""
        error = task.exception()
        if isinstance(error, NotSettledError):
            self._say(str(error))  # the books will show what is missing
        elif error is not None:
            self._stage.check()
            raise error

    async def _stop_in_time(self, stopping: asyncio.Event) -> None:
        if self._options.for_s is not None:
            await asyncio.sleep(self._up + self._options.for_s - time.monotonic())
            stopping.set()

    async def _watch_processes(self) -> None:
        while True:
            self._stage.check()
            await asyncio.sleep(_CHECK_EVERY_S)

    async def _watch_messages(self, carrier: Carrier) -> None:
        while not await carrier.has_messages():  # noqa: ASYNC110  another process knows, and has to be asked
            await asyncio.sleep(_LOOK_EVERY_S)
        self._first_message_after_s = round(time.monotonic() - self._up, 2)
        self._say(f"the first message is on a phone after {self._first_message_after_s} s")

    async def _report(
        self, account: Account, driver: Driver, shop_time: ShopTime, redis: Redis, partitions: int
    ) -> None:
        while True:
            await asyncio.sleep(_REPORT_EVERY_S)
            counts = await read_counts(redis, partitions)
            sent = ", ".join(
                f"{channel} {status} {number:,}"
                for channel, statuses in sorted(counts.messages.items())
                for status, number in sorted(statuses.items())
            )
            self._say(
                f"{format_time(shop_time.now())[:16]} {driver.phase}: {account.sent:,} purchases sent, "
                f"{counts.purchases + account.taken_back:,} applied, {counts.customers:,} customers, "
                f"{counts.cards_completed:,} full cards, {counts.lapsing:,} lapsing; {sent or 'no message yet'}"
            )

    @asynccontextmanager
    async def _serving(self, board: Board, sign_in: SignIn) -> AsyncIterator[None]:
        """Serve the page while the context is open."""
        try:
            listening = listen("127.0.0.1", self._options.port)
        except OSError as error:
            raise ProcessError(f"the page cannot have port {self._options.port}: {error.strerror}") from error
        server = make_server(board, sign_in)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        port = listening.getsockname()[1]
        self._say(f"open http://127.0.0.1:{port}/ : both shops, and the way to every page behind them")
        self._say("Ctrl-C ends everything")
        try:
            yield
        finally:
            server.should_exit = True
            await task
            listening.close()


def _http(base_url: str) -> httpx.AsyncClient:
    """Make a client for a process of ours; loopback is never behind a proxy."""
    kept = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    return httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=30, limits=kept)
