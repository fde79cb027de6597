"""So many at once and no more: neither a task for each of many things, nor one thing after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Thing = TypeVar("Thing")


async def each_of(things: Iterable[Thing], do: Callable[[Thing], Awaitable[None]], width: int) -> None:
    """Do it for each, `width` at a time, begun in their order. What one raises is raised, and the others end."""
    waiting = iter(things)

    async def work() -> None:
        for thing in waiting:
            await do(thing)

    workers = [asyncio.create_task(work()) for _ in range(width)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
