"""What staff are to be told about the shop itself is appended to the log of the entry that stands for them.

Whoever watches says it for as long as it is so and new. It is appended unless that entry has heard it, which its state
tells: so what a worker could not say any more its successor says, what came there before the bundle that names whoever
is to hear it is said again, and what is said twice is heard once (`stamgast.service.alerts`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from stamgast.domain.alerts import LONGEST, REFUSED, STAFF_ROOM, AlertKind, Broken
from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.customer import decode_customer
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import StaffAlerted, encode_event, key_of
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.service.alerts import is_told
from stamgast.service.notices import LIFE
from stamgast.state.keys import customers
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)

_MOST: Final = 10_000
"""Of what was said by this owner; who forgets looks at the state again."""
_DIGITS_OF_CODES: Final = 9
_AGAIN_S: Final = 60.0
"""So long what was said may take to be heard."""


class StaffNews:
    """Of one owned partition's watches."""

    def __init__(self, owned: OwnedPartition, topics: Topics) -> None:
        self._owned = owned
        self._topics = topics
        self._said: dict[tuple[str, ...], float] = {}
        """What it is -> until when (monotonic) it is not looked at again."""

    async def tell(self, program: Program, news: StaffAlerted) -> bool:
        """Let staff hear it, if somebody is to, it is not old, and they have not; say whether that is done with.

        Raises StateError or EmitError.
        """
        alert = program.alerts.get(AlertKind(news.kind))
        if alert is None or not alert.concerns(news.what) or is_old(news.since, news.at):
            return True
        name = (news.merchant, news.kind, news.how, news.what, news.mark)
        machine = time.monotonic()
        rests_until = self._said.get(name, 0.0)
        if rests_until > machine:
            return rests_until == math.inf
        partition, record = placed(news, self._topics)
        value = await self._owned.lease.look_elsewhere("GET", customers(partition).customer(news.merchant, STAFF_ROOM))
        heard = _has_heard(value, news)
        if not heard:
            log.info("staff are told", merchant=news.merchant, kind=news.kind, what=news.what)
            await append(self._owned.emitters, self._topics.customer_events, partition, [record])
        if len(self._said) >= _MOST:
            self._said.clear()
        self._said[name] = math.inf if heard else machine + _AGAIN_S
        return heard


class ToStaff:
    """The same for what no partition's owner watches: over whichever is in this worker's hands."""

    def __init__(
        self,
        owned: Callable[[], Mapping[int, OwnedPartition]],
        topics: Topics,
        program_of: Callable[[str], Awaitable[Program | None]],
    ) -> None:
        self._owned = owned
        self._topics = topics
        self._program_of = program_of
        self._by: tuple[OwnedPartition, StaffNews] | None = None

    async def tell(
        self, merchant: str, kind: AlertKind, what: str, how: str, *, mark: str, at: Millis, since: Millis
    ) -> None:
        """Let a merchant's staff hear of something that is so `since` then, over a partition that is owned here.

        Without a `mark` it is told once of the shop's day on which it began. Raises StateError or EmitError.
        """
        owned = next(iter(self._owned().values()), None)
        program = await self._program_of(merchant) if owned is not None else None
        if owned is None or program is None:
            return
        if self._by is None or self._by[0] is not owned:
            self._by = owned, StaffNews(owned, self._topics)
        news = StaffAlerted(
            merchant=merchant,
            customer=STAFF_ROOM,
            at=at,
            kind=kind,
            what=what[:LONGEST],
            how=how,
            mark=mark or str(date_of(business_day(since, program.time_zone))),
            since=at,
            found=since,
        )
        await self._by[1].tell(program, news)


def placed(news: StaffAlerted, topics: Topics) -> tuple[int, tuple[bytes, bytes]]:
    """The partition of customers that it belongs to, and its record."""
    key = key_of(news.merchant, STAFF_ROOM)
    return partition_for(key, topics.partitions), (key, encode_event(news))


def news_of_broken(program: Program, rule: str, how: Broken, number: int, at: Millis) -> StaffAlerted | None:
    """What staff hear of a rule that rests under the bundle of that number; None where nobody is to.

    Every partition that comes to it may say so: it is heard once.
    """
    alert = program.alerts.get(AlertKind.RULE_PAUSED)
    if alert is None or not rule:
        return None
    return StaffAlerted(
        merchant=program.merchant,
        customer=STAFF_ROOM,
        at=at,
        kind=AlertKind.RULE_PAUSED,
        what=rule,
        how=how,
        mark=str(number),
        since=at,
    )


def news_of_refused(program: Program, channel: str, code: str, since: Millis, at: Millis) -> StaffAlerted | None:
    """What staff hear of a channel on which the carrier refuses whoever sends for the shop; None where nobody is to.

    Every process that is refused may say so: of one day it is heard once.
    """
    alert = program.alerts.get(AlertKind.SENDER_REFUSED)
    if alert is None:
        return None
    return StaffAlerted(
        merchant=program.merchant,
        customer=STAFF_ROOM,
        at=at,
        kind=AlertKind.SENDER_REFUSED,
        what=channel,
        how=REFUSED,
        mark=str(date_of(business_day(since, program.time_zone))),
        since=since,
        found=since,
        of=int(code) if code.isdecimal() and len(code) <= _DIGITS_OF_CODES else 0,
    )


def _has_heard(value: bytes | None, news: StaffAlerted) -> bool:
    try:
        return value is not None and is_told(decode_customer(value), news)
    except UNREADABLE:  # `stamgast verify` tells of it
        return False


def is_old(since: Millis, now: Millis) -> bool:
    """Whether something is so since longer than anybody is to hear of it."""
    return now - since >= LIFE
