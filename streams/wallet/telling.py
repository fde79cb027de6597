"""Tells one of the wallets of every card that changed, at least once; while it is down, all of them wait.

Of a customer whose card changed again and again within a moment it is told once, and not at all if the card shows what
it showed when it was told last (docs/adr/0215).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mode import Service

from stamgast.clock.pauses import pause_after
from stamgast.logs import get_logger
from stamgast.state.client import RedisClient
from stamgast.state.passes import WalletPasses
from stamgast.wallet.answers import Answer, Came
from streams.metrics import Metrics
from streams.runtime.job import TROUBLE
from streams.wallet.at_once import each_of
from streams.wallet.cards import CardsShown
from streams.wallet.changes import Change, Changes, Who
from streams.wallet.health import Patience, WalletHealth
from streams.wallet.sides import Side, Target

log = get_logger(__name__)

_WIDTH: Final = 32
"""Things that are told at once."""
_AT_ONCE: Final = 500
"""Customers whose wallets are asked for with one question."""
_REMEMBERED_S: Final = 400 * 86_400
_DOWN: Final = (Came.LATER, Came.UNFIT)


class Telling(Service):
    """See the module."""

    def __init__(
        self,
        side: Side,
        changes: Changes,
        cards: CardsShown,
        passes: WalletPasses,
        *,
        redis: RedisClient,
        metrics: Metrics,
        patience: Patience | None = None,
        wall: Callable[[], float] = time.time,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._side = side
        self._changes = changes
        self._cards = cards
        self._passes = passes
        self._redis = redis
        self._metrics = metrics
        self._patience = patience or Patience()
        self.health = WalletHealth(self._patience, wall)

    def notes(self) -> list[str]:
        """What is wrong, for people: a wallet's trouble is no reason to call the worker unready."""
        return [f"wallet {self._side.wallet}: {self.health.trouble}"] if self.health.is_told else []

    @Service.task
    async def _keep(self) -> None:
        failures = 0
        while not self.should_stop:
            try:
                async with self._changes:
                    while not self.should_stop:
                        await self.step()
                        failures = 0
            except TROUBLE as error:
                failures += 1
                log.warning("a wallet waits", wallet=self._side.wallet.value, why=repr(error))
            except Exception as error:
                failures += 1
                log.error("telling a wallet broke; it begins again where it was", exc_info=error)
            await self.sleep(pause_after(failures or 1, first_s=self._patience.first_s))

    async def on_stop(self) -> None:
        """End connections."""
        await self._side.close()

    async def step(self) -> None:
        """Tell what has changed. Raises `TROUBLE`; then it is told again."""
        batch = await self._changes.next()
        if await self.tell(batch.changed):
            await self._changes.commit(batch.reached)

    async def tell(self, changed: Mapping[Who, Change]) -> bool:
        """Tell of these; False if we are to end before all were told. Raises `TROUBLE`."""
        versions: dict[Who, str] = {}
        todo: list[Target] = []

        async def look(one: tuple[Who, Change]) -> None:
            who, change = one
            try:
                content = await self._cards.shown(who, change.at)
                version = "" if content is None else content.version
                if change.anyway or version != await self._told(who):
                    todo.extend(self._side.targets(who, await self._passes.of(*who)))
                    versions[who] = version
            except TROUBLE:
                raise
            except Exception as error:  # noqa: BLE001  a key that is missing, a spoilt state: of this one alone
                self._pass_over(who, error)

        async def remember(one: tuple[Who, str]) -> None:
            await self._redis.call("SET", self._key(one[0]), one[1], "EX", _REMEMBERED_S)

        await each_of((await self._in_wallets(changed)).items(), look, _WIDTH)
        if not await self._send_all(todo):
            return False
        await each_of(versions.items(), remember, _WIDTH)
        return True

    async def _in_wallets(self, changed: Mapping[Who, Change]) -> dict[Who, Change]:
        by_merchant: defaultdict[str, list[str]] = defaultdict(list)
        for who in changed:
            by_merchant[who.merchant].append(who.customer)
        found: dict[Who, Change] = {}
        for merchant, names in by_merchant.items():
            for first in range(0, len(names), _AT_ONCE):
                held = await self._passes.who_has(merchant, names[first : first + _AT_ONCE])
                found |= {Who(merchant, name): changed[Who(merchant, name)] for name in held}
        return found

    async def _send_all(self, todo: Sequence[Target]) -> bool:
        throttled: dict[Target, int] = {}
        while todo:
            self._show(len(todo))
            left, asked_s = await self._round(todo, throttled)
            self._show(len(left))
            todo = left
            if todo:
                await self.sleep(max(self.health.pause_s, asked_s, self._patience.first_s))
                if self.should_stop:
                    return False
        return True

    async def _round(self, todo: Sequence[Target], throttled: dict[Target, int]) -> tuple[list[Target], float]:
        """Send all once, but no more as soon as the other side is down; what is left, and how long it is to wait."""
        left: list[Target] = []
        asked = [0.0]
        if self.health.failures:  # one tells how it is
            await self._one(todo[0], left, throttled, asked)
            todo = todo[1:]

        async def each(target: Target) -> None:
            if self.health.failures:
                left.append(target)
            else:
                await self._one(target, left, throttled, asked)

        await each_of(todo, each, _WIDTH)
        return left, max(asked)

    async def _one(self, target: Target, left: list[Target], throttled: dict[Target, int], asked: list[float]) -> None:
        began = time.monotonic()
        answer = await self._sent(target)
        self._metrics.wallet_told.labels(self._side.wallet, answer.came).inc()
        if answer.came in _DOWN:
            if not self.health.failures:
                log.warning("a wallet takes nothing", wallet=self._side.wallet.value, why=answer.why)
            self.health.failed(answer, began)
            left.append(target)
            return
        self.health.taken()
        if answer.came is Came.REFUSED:
            log.error("a wallet does not take a card", wallet=self._side.wallet.value, why=answer.why)
        elif answer.came is Came.THROTTLED:
            times = throttled[target] = throttled.get(target, 0) + 1
            if times < self._patience.throttled:  # else it was woken often enough: it asks for all that is new
                left.append(target)
                asked.append(max(answer.wait_s, self._patience.throttled_s * times))

    async def _sent(self, target: Target) -> Answer:
        """What came of telling it: trouble of ours loses none, and one that breaks holds up no other."""
        try:
            answer = await self._side.send(target)
            if answer.came is Came.GONE:
                await self._side.gone(target)
        except TROUBLE as error:
            return Answer(Came.LATER, f"it cannot be read what to tell: {type(error).__name__}")
        except Exception as error:  # noqa: BLE001  as in `tell`
            self._pass_over(target.who, error)
            return Answer(Came.REFUSED, "it cannot be read what to tell")
        return answer

    def _pass_over(self, who: Who, error: Exception) -> None:
        log.error("a wallet passes a card over", merchant=who.merchant, customer=who.customer, why=repr(error))

    async def _told(self, who: Who) -> str:
        return (await self._redis.get(self._key(who)) or b"").decode()

    def _key(self, who: Who) -> str:
        return f"wallet:told:{self._side.wallet}:{who.merchant}:{who.customer}"

    def _show(self, waiting: int) -> None:
        self._metrics.wallet_failing.labels(self._side.wallet).set(self.health.failing_since / 1_000)
        self._metrics.wallet_waiting.labels(self._side.wallet).set(waiting)
