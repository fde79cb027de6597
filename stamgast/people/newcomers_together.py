"""People whom a till enrols at the same time, and of whom nothing is known, become customers together.

Each alone takes a lock, five questions to Redis and three appends one after the other; a queue at the door shares them.
Nobody waits for others to come: while some are being written, the next gather. Whoever is not new, has something in
common with somebody who waits, or is in hand elsewhere, is enrolled alone.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier
from stamgast.state.newcomers import MOST, Joined, Newcomer, Newcomers


class _Call(NamedTuple):
    newcomer: Newcomer
    at: Millis
    answer: asyncio.Future[Joined | None]


@dataclass
class NewcomersTogether:
    """See the module; one for all requests of a process."""

    newcomers: Newcomers
    _waiting: dict[str, list[_Call]] = field(default_factory=dict)
    """Merchant -> those who came while others of the merchant are being written."""
    _named: dict[str, set[Identifier]] = field(default_factory=dict)
    """By what these are named."""
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def enrol(self, merchant: str, newcomer: Newcomer, at: Millis) -> Joined | None:
        """Make a customer of somebody who is new; None: they are to be enrolled alone.

        Raises:
            NotLoadedError, NotAppendedError, StateError: not now; the same again later.
        """
        named = self._named.setdefault(merchant, set())
        waiting = self._waiting.setdefault(merchant, [])
        if len(waiting) >= MOST or not named.isdisjoint(newcomer.identifiers):
            return None
        named.update(newcomer.identifiers)
        call = _Call(newcomer, at, asyncio.get_running_loop().create_future())
        waiting.append(call)
        if merchant not in self._running:
            # A task of its own: a caller who goes away takes nobody else along.
            self._running[merchant] = asyncio.create_task(self._run(merchant))
        return await call.answer

    async def _run(self, merchant: str) -> None:
        try:
            while calls := self._waiting.pop(merchant, None):
                self._named.pop(merchant, None)
                await self._write(merchant, calls)
        finally:
            del self._running[merchant]

    async def _write(self, merchant: str, calls: list[_Call]) -> None:
        try:
            joined = await self.newcomers.enrol(
                merchant, [call.newcomer for call in calls], max(call.at for call in calls)
            )
        except Exception as error:  # noqa: BLE001  each caller hears it, who knows what it means
            for call in calls:
                if not call.answer.done():
                    call.answer.set_exception(error)
            return
        for call, found in zip(calls, joined, strict=True):
            if not call.answer.done():
                call.answer.set_result(found)
