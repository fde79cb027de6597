"""Cursors of polls by a time: where the last one ended, an overlap that catches what came in late, and pages between.

`<since>` begins a poll, an RFC 3339 time; `<since>|<newest>|<page>` is in the midst of one. So whoever mends something
may write a date for a cursor.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from stamgast.domain.units import Millis
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems import moments
from stamgast.pos.systems.part import Part
from stamgast.pos.types import write_instant

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Poll(NamedTuple):
    """Where a poll stands. Times are RFC 3339 in UTC; empty: none yet."""

    since: str = ""
    newest: str = ""
    """The latest time among what was found."""
    page: str = ""
    """The system's own token of the page to read next."""

    @property
    def cursor(self) -> str:
        """As the poller keeps it."""
        return "|".join(self) if self.page else self.newest or self.since

    def begins(self, overlap: timedelta) -> str:
        """From when on to ask; empty for everything."""
        return write_instant(moments.moment(self.since) - overlap) if self.since else ""

    def read(self, times: list[datetime], page: str) -> "Poll":
        """After a page of objects with these times, of which `page` names the next one; empty where it was the last."""
        known = self.newest or self.since
        newest = max([*times, *([moments.moment(known)] if known else [])], default=None)
        return Poll(self.since, write_instant(newest) if newest else "", page)


def times_of(parts: Iterable[Part], *names: str, zone: str = "") -> list[datetime]:
    """When these were changed, by the first of these fields; milliseconds will do.

    One that cannot be read is passed over: its object is refused by itself, and holds up no others.
    """
    found = []
    for each in parts:
        with suppress(RefusedError):
            found.append(each.instant(*names, zone=zone))
    return found


def own_id(part: Part, *names: str) -> str:
    """An object's id; empty where it cannot be read, so that the object is refused by itself."""
    try:
        return part.maybe(*names) or ""
    except RefusedError:
        return ""


def not_ahead(cursor: str, now: Millis) -> str:
    """The same cursor, not ahead of now: a sale of a till whose clock is would hide all that come before its day."""
    try:
        poll = at(cursor)
    except ValueError:
        return cursor
    latest = write_instant(EPOCH + timedelta(milliseconds=now))
    since, newest = (latest if each and moments.millis_of(each) > now else each for each in poll[:2])
    return Poll(since, newest, poll.page).cursor if (since, newest) != poll[:2] else cursor


def at(cursor: str) -> Poll:
    """The poll that a cursor means. Raises ValueError for what is none."""
    since, _, rest = cursor.partition("|")
    newest, _, page = rest.partition("|")
    for each in (since, newest):
        if each:
            moments.moment(each)
    return Poll(since, newest, page)
