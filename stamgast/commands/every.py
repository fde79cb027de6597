"""How commands are told to do their work again and again, and do it until they are ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


def seconds_of(every: str) -> float:
    """The seconds of `--every "6 hours"`; say what is wrong with it and exit."""
    from rules.yaml.words import WordError, parse_duration
    from stamgast.commands.answering import misuse
    from stamgast.domain.units import MINUTE, SECOND

    try:
        span = parse_duration(every)
    except WordError as error:
        misuse(f"--every: {error} {error.hint}".strip())
    if span < MINUTE:
        misuse("--every: a minute is the least")
    return span / SECOND


def repeat(work: Callable[[], Awaitable[None]], every_s: float, *, what: str) -> None:
    """Work, wait, and work again until the process is ended; what breaks is logged and tried again the next time."""
    from stamgast.lifecycle.ending import Ending, end_process
    from stamgast.logs import get_logger

    log = get_logger(__name__)

    async def go_on() -> None:
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001  Kafka or Redis away, a log that is cut: it may be over next time
                log.warning("what is done again and again failed", what=what, why=str(error) or type(error).__name__)
            await asyncio.sleep(every_s)

    async def run(ending: Ending) -> None:
        import contextlib

        with contextlib.suppress(asyncio.CancelledError):
            await ending.over(go_on())
        end_process(0)

    try:
        with Ending() as ending:
            asyncio.run(run(ending))
    except KeyboardInterrupt:
        return
