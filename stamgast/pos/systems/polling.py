"""Cursors of polls by a time: where the last one ended, an overlap that catches what came in late, and pages between.

`<since>` begins a poll, an RFC 3339 time; `<since>|<newest>|<page>` is in the midst of one. So whoever mends something
may write a date for a cursor.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from stamgast.pos.systems import moments
from stamgast.pos.types import write_instant

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)


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


def at(cursor: str) -> Poll:
    """The poll that a cursor means. Raises ValueError for what is none."""
    since, _, rest = cursor.partition("|")
    newest, _, page = rest.partition("|")
    for each in (since, newest):
        if each:
            moments.moment(each)
    return Poll(since, newest, page)
