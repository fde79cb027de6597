"""Polls of APIs that list by the time of the last change: the next page begins where the last one ended."""

from datetime import datetime, timedelta
from typing import Final

from stamgast.pos.adapter import Found, Page
from stamgast.pos.systems.moments import moment
from stamgast.pos.systems.polling import at
from stamgast.pos.types import write_instant

OVERLAP: Final = timedelta(minutes=5)
"""What is written at the same moment may be seen late: each poll begins so much before where the last one ended."""
_SECOND: Final = timedelta(seconds=1)


def begins(cursor: str) -> str:
    """From when on to ask; empty for everything. Raises ValueError for a cursor that is none."""
    poll = at(cursor)
    return poll.page or poll.begins(OVERLAP)


def page(cursor: str, found: list[Found], times: list[datetime], *, full: bool) -> Page:
    """What was found, and the next cursor. `times`: of the last changes; `full`: there may be more.

    A full page that ends where it began would come again for ever: it is left by a second.
    """
    poll, token = at(cursor), ""
    if full and times:
        newest = max(times)
        if (begin := begins(cursor)) and newest <= moment(begin):
            newest = moment(begin) + _SECOND
        token = write_instant(newest)
    return Page(found, poll.read(times, token).cursor, bool(token))
