"""A start that Kafka took for some partitions alone, and what brings it to the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rules.engine import Audience
from stamgast.campaigns import starting
from stamgast.campaigns.audience import Aim, Counted
from stamgast.campaigns.status import Campaign
from stamgast.domain.campaign_events import AudienceFixed, AudienceListed, CampaignStarted
from stamgast.domain.events import AnyEvent
from stamgast.log.producers import EmitError
from stamgast.settings import Settings
from stamgast.state.campaign_marks import after
from tests.builders import MERCHANT, T0, bundle, hello_rule, program

AIM = Aim(bundle(program(), hello_rule()), hello_rule(), Audience("invited", file="invited.csv"))
COUNTED = Counted([1, 0, 2, 0], [["anna"], [], ["bert", "carl"], []])
SETTINGS = Settings(_env_file=None, partitions=4)


class Log:
    """What was appended to each partition; those that are `away` take no starts."""

    def __init__(self) -> None:
        self.partitions: list[list[AnyEvent]] = [[], [], [], []]
        self.away: set[int] = set()

    async def append(self, _emitters: Any, _topics: Any, partition: int, events: Sequence[AnyEvent]) -> list[int]:
        if partition in self.away and isinstance(events[0], CampaignStarted):
            raise EmitError("Kafka is away")
        begin = len(self.partitions[partition])
        self.partitions[partition] += events
        return list(range(begin, begin + len(events)))

    def starts(self) -> list[list[CampaignStarted]]:
        return [[each for each in events if isinstance(each, CampaignStarted)] for events in self.partitions]

    def campaign(self) -> Campaign:
        """As the owners of those partitions know it that have heard of it."""
        found = Campaign(MERCHANT, "hello", T0, 4)
        for number, events in enumerate(self.partitions):
            for offset, event in enumerate(events):
                if isinstance(event, CampaignStarted):
                    [found.marks[number]] = after(event, number, offset, {}).values()
        return found


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log()

    @asynccontextmanager
    async def emitters(_settings: Settings) -> AsyncIterator[None]:
        yield None

    async def ends(*_: Any) -> list[int]:
        return [7, 8, 9, 10]

    async def started_at(_settings: Settings, _topics: Any, partition: int, offset: int) -> AnyEvent:
        return made.partitions[partition][offset]

    monkeypatch.setattr(starting, "_emitters", emitters)
    monkeypatch.setattr(starting, "_append", made.append)
    monkeypatch.setattr(starting, "_ends", ends)
    monkeypatch.setattr(starting, "_started_at", started_at)
    return made


async def test_finishing_brings_the_very_start_to_the_partitions_that_lack_it(log: Log) -> None:
    log.away = {1, 3}
    with pytest.raises(starting.NotEverywhereError, match=r"partitions 1, 2, 3; the others have it.*--finish"):
        await starting.start(SETTINGS, AIM, COUNTED, T0)
    assert [len(each) for each in log.starts()] == [1, 0, 0, 0]
    assert [isinstance(events[0], AudienceListed) if events else None for events in log.partitions] == [
        True, None, True, None,
    ], "lists stand everywhere before anything starts"  # fmt: skip
    assert log.campaign().state == "starting"
    log.away = set()
    assert list(await starting.finish(SETTINGS, log.campaign())) == [1, 2, 3]
    [[first], *others] = log.starts()
    assert others == [[first]] * 3
    assert [(place.size, place.first) for place in first.places] == [(1, 0), (0, -1), (2, 0), (0, -1)]
    assert log.campaign().state == "walking"


async def test_there_is_nothing_to_finish_where_everybody_has_it(log: Log) -> None:
    await starting.start(SETTINGS, AIM, COUNTED, T0)
    assert list(await starting.finish(SETTINGS, log.campaign())) == []
    assert [len(each) for each in log.starts()] == [1, 1, 1, 1]


async def test_what_is_fixed_for_a_date_starts_nothing_and_is_fixed_again_where_it_broke_off(log: Log) -> None:
    log.away = {3}
    with pytest.raises(starting.NotEverywhereError, match=r"partitions 3; the others have it. Do the same again$"):
        await starting.start(SETTINGS, AIM, COUNTED, T0, by_calendar=True)
    assert {type(each) for events in log.starts() for each in events} == {AudienceFixed}
