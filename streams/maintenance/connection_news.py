"""What people hear of the connections to systems of tills: by metrics at once, and staff by a message.

A look that fails once is no news: webhooks that could not be made again, and an API that could not be polled, are told
after an hour. Webhooks that were made again are told at once; nothing is left to do then.
"""

from __future__ import annotations

from typing import Final

from stamgast.domain.alerts import AlertKind, Fails
from stamgast.domain.feed_health import FAILING
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.tills.reconcile import Looked
from stamgast.tills.record import CursorRecord, Name
from streams.customers.staff_news import ToStaff
from streams.metrics import Metrics

log = get_logger(__name__)

_MILLIS_A_SECOND: Final = 1_000


class ConnectionNews:
    """Of one worker that polls."""

    def __init__(self, metrics: Metrics, staff: ToStaff) -> None:
        self._metrics = metrics
        self._staff = staff

    async def polled(self, name: Name, cursor: CursorRecord | None, now: Millis) -> None:
        """A look at what changed has ended, one way or the other. Raises StateError or EmitError."""
        since = 0 if cursor is None else cursor.failing_since
        self._metrics.connection_failing.labels(*name).set(since / _MILLIS_A_SECOND)
        if since and now - since >= FAILING:
            await self._tell(name, Fails.UNPOLLED, since, now)

    async def looked(self, name: Name, looked: Looked | None, now: Millis) -> None:
        """Its webhooks were looked after. Raises StateError or EmitError."""
        if looked is None or not looked.before.seen_at:
            return  # what was never there is nobody's wish
        after = looked.now
        self._metrics.webhooks_missing.labels(*name).set(bool(after.trouble))
        if after.made_at != looked.before.made_at:
            self._metrics.webhooks_made.labels(*name).inc()
            await self._tell(name, Fails.RENEWED, after.made_at, now)
        elif after.trouble and now - after.failing_since >= FAILING:
            await self._tell(name, Fails.LOST, after.failing_since, now)

    async def _tell(self, name: Name, how: Fails, since: Millis, now: Millis) -> None:
        kind = AlertKind.CONNECTION_FAILS
        await self._staff.tell(name.merchant, kind, name.connection, how, mark=str(since), at=now, since=since)
