"""Purchases that come in at the same time are taken in together: one question who they are of, one append.

Nobody waits for others to come: while some are on their way, the next gather. Each caller hears of its own alone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.log.appender import NotAppendedError
from stamgast.pos.reading import Item
from stamgast.purchases.accept import Accepted
from stamgast.state.errors import StateError
from stamgast.state.views import NotLoadedError

Accept = Callable[[Sequence[Sequence[Item]], Program, Millis], Awaitable[list[Accepted]]]
"""Takes in groups of purchases of one merchant; says of each group what became of it, in their order."""

MOST: Final = 200
"""Purchases that are taken in at once."""


_NOT_NOW: Final = (NotAppendedError, NotLoadedError, StateError)
"""It is the same for each of them, and would take as long again."""


@dataclass(eq=False, slots=True)
class _Call:
    items: Sequence[Item]
    program: Program
    at: Millis
    accept: Accept
    answer: asyncio.Future[Accepted]


@dataclass
class Gathering:
    """See the module; one for all requests of a process."""

    _waiting: dict[str, list[_Call]] = field(default_factory=dict)
    """Merchant -> calls that came while others of the merchant are on their way."""
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def accept(self, items: Sequence[Item], program: Program, at: Millis, accept: Accept) -> Accepted:
        """As `accept` would of these items alone."""
        return await self.begin(items, program, at, accept)

    def begin(self, items: Sequence[Item], program: Program, at: Millis, accept: Accept) -> asyncio.Future[Accepted]:
        """The same without waiting: what becomes of them, to come. Whoever does not want it any more cancels it."""
        call = _Call(items, program, at, accept, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(program.merchant, []).append(call)
        if program.merchant not in self._running:
            # A task of its own: a caller who goes away takes nobody's purchases along.
            self._running[program.merchant] = asyncio.create_task(self._run(program.merchant))
        return call.answer

    async def _run(self, merchant: str) -> None:
        try:
            while calls := self._waiting.pop(merchant, None):
                for together in _alike(calls):
                    # Whoever was told to come again while Kafka hung comes again: both would be twice as much to do.
                    if wanted := [call for call in together if not call.answer.done()]:
                        await _take(wanted)
        finally:
            del self._running[merchant]


def _alike(calls: list[_Call]) -> list[list[_Call]]:
    """Calls under the same programme and in the same way, in their order, as many at once as a request may have.

    What comes in turn by two ways is two batches, and not as many as there are calls.
    """
    found: list[list[_Call]] = []
    newest: dict[tuple[int, Accept], list[_Call]] = {}
    sizes: Counter[tuple[int, Accept]] = Counter()
    """Of the newest batch of a kind: how many purchases it has."""
    for call in calls:
        kind = id(call.program), call.accept
        if kind not in newest or sizes[kind] + len(call.items) > MOST:
            found.append([])
            newest[kind], sizes[kind] = found[-1], 0
        newest[kind].append(call)
        sizes[kind] += len(call.items)
    return found


async def _take(calls: Sequence[_Call]) -> None:
    """Take in what several calls brought; what goes wrong with it all, each tries for itself."""
    first = calls[0]
    try:
        done = await first.accept([call.items for call in calls], first.program, max(call.at for call in calls))
    except _NOT_NOW as error:
        for call in calls:
            _fail(call, error)
        return
    except Exception as error:  # noqa: BLE001  its own caller hears it, who knows what it means
        if len(calls) == 1:
            _fail(first, error)
            return
        for call in calls:
            await _take([call])
        return
    for call, accepted in zip(calls, done, strict=True):
        if not call.answer.done():
            call.answer.set_result(accepted)


def _fail(call: _Call, error: Exception) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)
