"""Staff hear of a feed to which nothing is sent: after ten minutes, or at once where nobody can mend it but them."""

from types import SimpleNamespace
from typing import Any

from stamgast.domain.alerts import AlertKind, Stopped
from stamgast.domain.units import HOUR, MINUTE
from stamgast.feeds.record import Feed, Name, Progress, encode, feed_key, progress_key
from stamgast.feeds.table import FeedTable
from stamgast.log.topics import Topics
from streams.feeds.carrying import Carrying
from streams.metrics import Metrics
from tests.builders import MERCHANT, T0
from tests.fakes.clock import StillClock

CRM = Name(MERCHANT, "crm")


class Staff:
    """In the place of `ToStaff`: notes what they would be told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    async def tell(
        self, merchant: str, kind: AlertKind, what: str, how: str, *, mark: str, at: int, since: int
    ) -> None:
        assert (merchant, kind) == (MERCHANT, AlertKind.FEED_DOWN)
        self.told.append((what, how, mark, at, since))


def carrying(*, wall: int = T0) -> tuple[Carrying, FeedTable, Staff]:
    table, staff, unused = FeedTable(), Staff(), None
    table.loaded = True
    seal: Any = unused
    append: Any = unused
    ours = Carrying(
        lambda: [0],
        table,
        seal,
        bootstrap="nowhere",
        topics=Topics(4),
        append=append,
        metrics=Metrics(),
        staff=staff,  # type: ignore[arg-type]
        clock=StillClock(T0 + 7 * HOUR),
        wall=lambda: wall / 1_000,
    )
    return ours, table, staff


def failing(since: int, *, is_told: bool = True) -> Any:
    return SimpleNamespace(health=SimpleNamespace(is_told=is_told, failing_since=since))


async def test_a_feed_that_takes_nothing_for_ten_minutes_is_told_by_the_shops_clock():
    for minutes, is_told, expected in ((9, True, []), (10, False, []), (10, True, [Stopped.DOWN])):
        ours, _, staff = carrying()
        ours._couriers[CRM] = failing(T0 - minutes * MINUTE, is_told=is_told)
        await ours._tell_sometimes()
        assert [how for _, how, *_ in staff.told] == expected
    assert staff.told == [("crm", Stopped.DOWN, "", T0 + 7 * HOUR, T0 + 7 * HOUR - 10 * MINUTE)]
    await ours._tell_sometimes()
    assert len(staff.told) == 1, "it is not looked at anew every moment"


async def test_a_feed_that_wants_nothing_more_is_told_until_somebody_resumed_or_paused_it():
    for changes, expected in (({}, [Stopped.GONE]), ({"wake": 1}, []), ({"paused": True}, [])):
        ours, table, staff = carrying()
        feed = Feed(MERCHANT, "crm", "https://crm.example", T0, {}, **changes)
        table.note(feed_key(CRM), encode(feed))
        table.note(progress_key(CRM, 0), encode(Progress(T0, 0, {}, gone_at_wake=0)))
        await ours._tell_sometimes()
        assert [how for _, how, *_ in staff.told] == expected


async def test_a_feed_that_cannot_be_used_is_told():
    ours, _, staff = carrying()
    ours._unusable[CRM] = (Feed(MERCHANT, "crm", "https://crm.example", T0, {}), "its secret does not open")
    await ours._tell_sometimes()
    assert [(what, how) for what, how, *_ in staff.told] == [("crm", Stopped.UNUSABLE)]
