"""Cancellation that is sure to arrive: what runs for ever asks on each round whether it was told to end.

`asyncio.wait_for` of Python 3.11, which redis-py sends each command through, answers with its result instead of
raising if the cancellation comes in the turn in which the result does; whoever waits for the task then waits for ever.
Python remembers that the task was told to end, and that can be asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

_AGAIN_S: Final = 0.2


def heed_cancellation() -> None:
    """Raise `CancelledError` if the current task was told to end and something it called kept that to itself."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def until_told(work: Callable[[], Awaitable[None]]) -> None:
    """Do something that goes on for ever, again if it ends by a cancellation that was not for the current task.

    Clients that cancel tasks of their own let that out now and then; what runs for ever would end by it without a word.
    """
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            heed_cancellation()
            await asyncio.sleep(_AGAIN_S)
        else:
            return


async def end_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks that have nothing to tidy up, again and again, until each of them has ended."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_S)
