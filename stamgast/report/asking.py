"""What messages cost after all, asked for again and again by a process of its own; what breaks is tried again later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from stamgast.clock.shop_time import Clock
from stamgast.domain.units import SECOND
from stamgast.logs import get_logger
from stamgast.report.prices import Asked

log = get_logger(__name__)


class PriceFigures:
    """For Prometheus."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.asked = Counter(
            "stamgast_prices_asked",
            "Messages whose price was asked for: `told`, `not_known_yet`, `without_rate` (for its currency), `left`",
            ["came"],
            registry=self.registry,
        )
        self.failures = Counter(
            "stamgast_prices_failures", "Rounds that broke off, or found no carrier", registry=self.registry
        )
        self.last = Gauge(
            "stamgast_prices_last_round_seconds",
            "When the last round came to its end, in seconds since 1970",
            registry=self.registry,
        )

    def add(self, asked: Asked) -> None:
        """Count a round that came to its end."""
        for came, count in (
            ("told", asked.told),
            ("not_known_yet", asked.not_known_yet),
            ("without_rate", sum(asked.without_rate.values())),
            ("left", asked.left),
        ):
            self.asked.labels(came).inc(count)

    def text(self) -> bytes:
        """As Prometheus reads them."""
        return generate_latest(self.registry)


async def ask_for_ever(
    ask: Callable[[], Awaitable[Asked]],
    every_s: float,
    figures: PriceFigures,
    clock: Clock,
    *,
    hopeless: type[Exception],
) -> NoReturn:
    """Ask, wait, and ask again, whatever came of it; what is `hopeless` is raised."""
    while True:
        try:
            asked = await ask()
        except hopeless:
            raise
        except Exception as error:  # noqa: BLE001 - Kafka, the carrier, a log that is cut: all of it may be over next time
            figures.failures.inc()
            log.warning("prices could not be asked for", why=str(error) or type(error).__name__)
        else:
            figures.add(asked)
            figures.failures.inc(asked.away)
            figures.last.set(clock.now() / SECOND)
            log.info(
                "asked for prices", told=asked.told, not_known_yet=asked.not_known_yet, left=asked.left,
                without_rate=asked.without_rate, carrier_away=asked.away,
            )  # fmt: skip
        await asyncio.sleep(every_s)
