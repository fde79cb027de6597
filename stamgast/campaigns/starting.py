"""How a campaign starts and stops: what is appended to the log of each partition of customers.

Lists go first, everywhere, and the starts behind them: until then nobody is walked. A start is the same record in all
partitions, so that where only some of them got it the others can be given it later (`finish`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

from aiokafka.errors import KafkaError

from stamgast import bootstrap
from stamgast.broker import kafka_of
from stamgast.campaigns.audience import Aim, Counted, RefusedCampaignError, in_pieces
from stamgast.campaigns.status import Campaign
from stamgast.domain.campaign_events import (
    AudienceFixed,
    AudienceListed,
    CampaignPlace,
    CampaignStarted,
    CampaignStopped,
)
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import AnyEvent, decode_event, encode_event, key_of
from stamgast.domain.units import Millis
from stamgast.log.producers import EmitError, Emitters
from stamgast.log.reading import LogReader, TopicPartition
from stamgast.log.topics import Topics
from stamgast.settings import Settings
from stamgast.state.keys import customers
from stamgast.state.partition_meta import WATERMARK

_PART: Final = 2_000
"""Customers in one record of a list: some 60 kB."""
_TRIES: Final = 3
_FINISH: Final = "Do the same again with --finish"


class NotEverywhereError(RuntimeError):
    """Some partitions have it, and Kafka did not take it for the others; the text says how to go on."""


async def start(
    settings: Settings, aimed: Aim, counted: Counted, occasion: Millis, *, by_calendar: bool = False
) -> CampaignStarted:
    """Append the list, if there is one, and then the start, to every partition.

    `by_calendar`: it says whom the rule's occasions by the calendar are for, and starts nothing.

    Raises:
        NotEverywhereError: it has started in some partitions alone.
        EmitError: nothing has started.
    """
    topics, merchant = bootstrap.topics_of(settings), aimed.bundle.program.merchant
    logs, rule = await _ends(settings, topics), aimed.rule.id
    about: dict[str, Any] = {"merchant": merchant, "customer": "", "at": occasion, "rule": rule, "occasion": occasion}
    async with _emitters(settings) as emitters:
        firsts = [-1] * topics.partitions
        for partition, members in enumerate(counted.members or ()):
            parts: list[AnyEvent] = [
                AudienceListed(customers=tuple(piece), **about) for piece in in_pieces(members, _PART)
            ]
            if parts:
                firsts[partition] = (await _append(emitters, topics, partition, parts))[0]
        places = zip(counted.sizes, firsts, logs, strict=True)
        told = tuple(CampaignPlace(*place) for place in places)
        kind = AudienceFixed if by_calendar else CampaignStarted
        event = kind(audience=aimed.name, size=counted.size, places=told, **about)
        again = "Do the same again" if by_calendar else _FINISH
        await _everywhere(emitters, topics, event, range(topics.partitions), again)
    return event


async def is_on_its_way(settings: Settings, merchant: str, rule: str) -> bool:
    """Whether a start stands in the log that no worker has come to: it begins by itself. Raises StateError."""
    topics, partition = bootstrap.topics_of(settings), 0
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        applied = WATERMARK.read(await redis.call("HGET", customers(partition).meta, WATERMARK.name))
    pair = (topics.customer_events, partition)
    async with LogReader(kafka_of(settings)) as reader:
        end = (await reader.ends([pair]))[TopicPartition(*pair)]
        begin = (await reader.begins([pair]))[TopicPartition(*pair)]
        async for records in reader.read(*pair, max(begin, applied + 1), end):
            for record in records:
                event = _started(record.value or b"") if record.key == key_of(merchant, "") else None
                if event is not None and event.rule == rule:
                    return True
    return False


def _started(value: bytes) -> CampaignStarted | None:
    try:
        event = decode_event(value)
    except UNREADABLE:
        return None
    return event if type(event) is CampaignStarted else None


async def finish(settings: Settings, campaign: Campaign) -> Sequence[int]:
    """Start a campaign in the partitions that lack it; return these. Raises as `start`."""
    topics = bootstrap.topics_of(settings)
    missing = [number for number in range(topics.partitions) if number not in campaign.marks]
    if not missing:
        return ()
    partition, mark = next(iter(campaign.marks.items()))
    event = await _started_at(settings, topics, partition, mark.start)
    async with _emitters(settings) as emitters:
        await _everywhere(emitters, topics, event, missing)
    return missing


async def stop(settings: Settings, campaign: Campaign, at: Millis) -> None:
    """Say everywhere that it is stopped. Raises as `start`."""
    topics = bootstrap.topics_of(settings)
    event = CampaignStopped(
        merchant=campaign.merchant, customer="", at=at, rule=campaign.rule, occasion=campaign.occasion
    )  # fmt: skip
    async with _emitters(settings) as emitters:
        await _everywhere(emitters, topics, event, range(topics.partitions))


async def _started_at(settings: Settings, topics: Topics, partition: int, offset: int) -> CampaignStarted:
    async with LogReader(kafka_of(settings)) as reader:
        async for records in reader.read(topics.customer_events, partition, offset, offset + 1):
            event = decode_event(records[0].value)
            if isinstance(event, CampaignStarted):
                return event
    raise RefusedCampaignError("the log does not hold the campaign's start any more")


async def _ends(settings: Settings, topics: Topics) -> list[int]:
    async with LogReader(kafka_of(settings)) as reader:
        ends = await reader.ends([(topics.activations, number) for number in range(topics.partitions)])
    return [ends[TopicPartition(topics.activations, number)] for number in range(topics.partitions)]


async def _everywhere(
    emitters: Emitters, topics: Topics, event: AnyEvent, partitions: Sequence[int], again: str = _FINISH
) -> None:
    done: list[int] = []
    for partition in partitions:
        try:
            await _append(emitters, topics, partition, [event])
        except (EmitError, KafkaError) as error:
            if not done:
                raise
            lacking = ", ".join(str(each) for each in partitions if each not in done)
            raise NotEverywhereError(
                f"Kafka did not take it for partitions {lacking}; the others have it. {again}"
            ) from error
        done.append(partition)


async def _append(emitters: Emitters, topics: Topics, partition: int, events: Sequence[AnyEvent]) -> list[int]:
    """Append; what is told twice changes nothing, so that it is tried again."""
    records = [(key_of(event.merchant, ""), encode_event(event)) for event in events]
    for attempt in range(_TRIES):
        try:
            return await (await emitters.current()).emit(topics.customer_events, partition, records)
        except (EmitError, KafkaError):
            if attempt + 1 == _TRIES:
                raise
    raise AssertionError


@asynccontextmanager
async def _emitters(settings: Settings) -> AsyncIterator[Emitters]:
    emitters = Emitters(kafka_of(settings), client_id="stamgast-campaign")
    try:
        yield emitters
    finally:
        await emitters.close()
