"""Stands for a carrier: it answers as a test tells it to, and nothing leaves."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Collection

from channels.console import ConsoleChannel
from channels.model import Found, Lookup, Outcome, Prepared, SendResult
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Status


class FakeCarrier(ConsoleChannel):
    """A carrier of which a test says how it answers: `channels.model.Carrier`.

    It takes every message. Of probes it gives the answers that it was made with, one after the other. To whoever looks a
    message up it knows one, unless told otherwise.
    """

    def __init__(self, *probes: SendResult | Exception) -> None:
        super().__init__(io.StringIO())
        self.probes = list(probes)
        self.sent: list[str] = []
        """Attempts that were submitted."""
        self.knows = True
        self.away = False
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """What happens while it answers a look-up."""
        self.asked: list[str] = []
        """Attempts that were looked up."""
        self.most_at_once = 0
        self._at_once = 0

    async def send(self, prepared: Prepared, attempt_id: str, status_callback: str) -> SendResult:
        """Take the message."""
        self.sent.append(attempt_id)
        return SendResult(Outcome.ACCEPTED)

    async def probe(self) -> SendResult:
        """The next of its answers."""
        answer = self.probes.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def find(self, prepared: Prepared, attempt_id: str, since: Millis, bound: Collection[str] = ()) -> Found:
        """A message that is nobody else's, if it knows one."""
        if self.away:
            return Found(Lookup.UNAVAILABLE)
        self.asked.append(attempt_id)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0)
        self._at_once -= 1
        if self.meanwhile is not None:
            await self.meanwhile()
        message = f"SM{len(self.asked)}"
        if not self.knows or message in bound:
            return Found(Lookup.NONE)
        return Found(Lookup.FOUND, message, Status.DELIVERED)
