"""Does this machine's clock agree with Redis's and with Kafka's? Asked at the start and every ten seconds.

A clock that is a year ahead would age every customer for good. So nothing is stamped before another clock has borne
this one out; what is stamped lies within a minute of what the others say (`stamgast.clock.bounded`); and a worker whose
clock is further off than that hands its partitions over until it is right again. One of two that agrees is enough: then
the other is wrong, and that is told. Who cannot be asked says nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Final, NamedTuple

from stamgast.clock.bounded import TOLERANCE, BoundedClock
from stamgast.clock.shop_time import Heard, RealClock
from stamgast.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from stamgast.lifecycle.cancellation import heed_cancellation
from stamgast.logs import get_logger

log = get_logger(__name__)

_EVERY_S: Final = 10.0
_AGAIN_S: Final = 1.0
"""While something is wrong."""
_LOOK_S: Final = 0.5
_PATIENCE_S: Final = 8.0
"""Longer than asking either takes by its own patience."""
_NOT_COMPARED: Final = "this machine's clock could not be compared with Redis's or Kafka's yet"

_UNITS: Final = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))

Ask = Callable[[], Awaitable[Heard | None]]


class Verdict(NamedTuple):
    """What comes of a comparison: what is wrong with this machine's clock, or with another's."""

    trouble: str = ""
    warning: str = ""
    believed: str = ""
    """Whose time it is now: `Redis` or `Kafka`; nobody's if no two agree."""


def judge(
    redis: Millis | None, kafka: Millis | None, tolerance: Millis = TOLERANCE, *, known: bool = False
) -> Verdict | None:
    """Judge this machine's clock by how far it is ahead of the others; None if neither said anything.

    `known`: the others have borne it out before, and it has run evenly since then.
    """
    ahead = {name: value for name, value in (("Redis", redis), ("Kafka", kafka)) if value is not None}
    agree = [name for name, value in ahead.items() if abs(value) <= tolerance]
    if not ahead:
        return None
    if len(agree) == len(ahead):
        return Verdict(believed=agree[0])
    if agree:
        (wrong,) = ahead.keys() - {agree[0]}
        text = f"{wrong}'s clock is {_distance(-ahead[wrong])} this machine's and {agree[0]}'s"
        return Verdict(warning=text, believed=agree[0])
    if len(ahead) == 1:
        ((name, value),) = ahead.items()
        other = "Kafka" if name == "Redis" else "Redis"
        if known:
            return Verdict(warning=f"{name}'s clock is {_distance(-value)} this machine's, which was right before")
        return Verdict(f"this machine's clock is {_distance(value)} {name}'s, and {other}'s is not known", "", name)
    first, second = ahead["Redis"], ahead["Kafka"]
    if abs(first - second) <= TOLERANCE:
        return Verdict(f"this machine's clock is {_distance(first)} Redis's and Kafka's", "", "Redis")
    return Verdict(
        f"this machine's clock is {_distance(first)} Redis's and {_distance(second)} Kafka's: no two of the three agree"
    )


class ClockWatch:
    """Compares, moves the bounds of `clock` on, and tells. For any thread: `fit`, `trouble` and `warning`."""

    def __init__(
        self, clock: BoundedClock, *, redis: Ask, kafka: Ask, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self.trouble = _NOT_COMPARED
        """Why nothing may be stamped by this machine's clock, for people; empty while it is right."""
        self.warning = ""
        """What is wrong with another clock, for people."""
        self._redis = redis
        self._kafka = kafka
        self._monotonic = monotonic

    @property
    def fit(self) -> bool:
        """Say whether this machine's clock is right enough to own partitions."""
        return not self.trouble

    @property
    def notes(self) -> list[str]:
        """What there is to tell, a line each."""
        return [text for text in (self.trouble, self.warning) if text]

    async def run(self) -> None:
        """Compare for ever: every ten seconds, and as soon as the machine's time jumps."""
        while True:
            await self.compare()
            compared = self._monotonic()
            heed_cancellation()
            await asyncio.sleep(_LOOK_S)
            while self._monotonic() - compared < self._pause() and not self._has_jumped():  # noqa: ASYNC110  who sets a clock sets no event
                await asyncio.sleep(_LOOK_S)

    async def compare(self) -> None:
        """Ask both now, and judge."""
        redis, kafka = await asyncio.gather(_heard(self._redis), _heard(self._kafka))
        by_redis, by_kafka = self._ahead_of(redis), self._ahead_of(kafka)
        # Back within half of what is allowed: one at the border would hand over and take again all the time.
        tolerance = TOLERANCE if self.fit or self.trouble == _NOT_COMPARED else TOLERANCE // 2
        known = self.fit and self.clock.by_others is not None and not self.clock.strays
        verdict = judge(by_redis, by_kafka, tolerance, known=known)
        if verdict is None:
            return  # who is away is told of elsewhere; what was known moves on with the machine's monotonic time
        believed = {"Redis": redis, "Kafka": kafka}.get(verdict.believed)
        if believed is not None:
            self.clock.bear_out(*believed)
        self.clock.log_lag = self._lag(kafka)
        self._tell(verdict)

    def _has_jumped(self) -> bool:
        return self.fit and self.clock.strays

    def _pause(self) -> float:
        return _EVERY_S if self.fit else _AGAIN_S

    def _ahead_of(self, heard: Heard | None) -> Millis | None:
        if heard is None:
            return None
        return self.clock.machine_now() - int((self._monotonic() - heard.at) * 1_000) - heard.moment

    def _lag(self, kafka: Heard | None) -> Millis:
        others = self.clock.by_others
        if kafka is None or others is None:
            return self.clock.log_lag
        lag = others - int((self._monotonic() - kafka.at) * 1_000) - kafka.moment
        return lag if lag > TOLERANCE else 0

    def _tell(self, verdict: Verdict) -> None:
        """Say what is new; how far off a clock is changes a little each time, and is no news."""
        if verdict.trouble and not (self.trouble and self.trouble != _NOT_COMPARED):
            log.error("this machine's clock is wrong", why=verdict.trouble)
        elif self.trouble and not verdict.trouble and self.trouble != _NOT_COMPARED:
            log.warning("this machine's clock is right again")
        if verdict.warning and not self.warning:
            log.warning("another clock is wrong", why=verdict.warning)
        self.trouble, self.warning = verdict.trouble, verdict.warning


async def _heard(ask: Ask) -> Heard | None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await ask()
    except Exception as error:  # noqa: BLE001  whoever cannot be asked, for whatever reason, says nothing
        log.debug("a clock could not be asked", why=repr(error))
        return None


async def ahead_of(ask: Ask) -> Millis | None:
    """Say how far this machine's clock is ahead of another one; None if that does not answer."""
    heard = await _heard(ask)
    if heard is None:
        return None
    return RealClock().now() - int((time.monotonic() - heard.at) * 1_000) - heard.moment


def _distance(ahead: Millis) -> str:
    return f"{span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'}"


def span(length: Millis) -> str:
    """Write a length of time for people, rounded: `365 d 0 h`, `2 h 5 min`, `3 min 4 s`, `12 s`."""
    for (large, name), (small, part) in pairwise(_UNITS):
        rounded = (length + small // 2) // small * small
        if rounded >= large:
            return f"{rounded // large} {name} {rounded % large // small} {part}"
    return f"{(length + SECOND // 2) // SECOND} s"
