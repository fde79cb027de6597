"""Cancellation that is sure to arrive: what runs for ever asks on each round whether it was told to end.

`asyncio.wait_for` of Python 3.11, which redis-py sends each command through, answers with its result instead of
raising if the cancellation comes in the turn in which the result does; whoever waits for the task then waits for ever.
Python remembers that the task was told to end, and that can be asked.
"""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """Raise `CancelledError` if the current task was told to end and something it called kept that to itself."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
