"""`stamgast clv segments --merchant`: the same table from live states, in integer minor units."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from stamgast.clock.shop_time import format_time
from stamgast.commands.answering import answer, fail, kafka_of, load_settings, print_json, say
from stamgast.commands.clv_segment_tables import show_segments, worth_of_new
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.clv.segments.live_segments import By, LiveSegment
    from stamgast.domain.program import Program
    from stamgast.domain.units import Day
    from stamgast.log.segments import SegmentWorth
    from stamgast.people.sources import UnnamedSources
    from stamgast.settings import Settings

LIVE_BY: Final[dict[str, By]] = {"segment": "tag", "tag": "tag", "source": "source", "cohort": "cohort", "shop": "shop"}


@dataclass(frozen=True, slots=True)
class Valued:
    """What was read, and what came of it."""

    program: Program
    today: Day
    segments: list[LiveSegment]
    known: Mapping[str, SegmentWorth]
    """What the workers have told of them, by their keys."""


def tell_live_segments(merchant: str, by: By, *, as_json: bool) -> None:
    """Value the merchant's segments as they are now, and show them."""
    from aiokafka.errors import KafkaError

    from stamgast.log.topics import TopicsError
    from stamgast.state.errors import StateError
    from stamgast.state.views import NotLoadedError

    try:
        valued = asyncio.run(_value(load_settings(), merchant, by))
    except (LookupError, ValueError, TopicsError, KafkaError, StateError, NotLoadedError, TimeoutError) as error:
        fail(str(error) or "Redis or Kafka did not answer in time")
    document = _document(valued, merchant, by)
    if valued.program.prospects is None:
        say(f"nothing is said of what is to come: no model is in force; run `stamgast clv fit --merchant {merchant}`")
    if as_json:
        print_json({**document, "segments": [_with_fall(each, valued, by) for each in valued.segments]})
        return
    if valued.program.prospects is not None:
        say(f"{document['model']}, version {document['parameters_version']}; predicted: {document['predicted']}")
    say(f"trend: {document['trend']}; money in {valued.program.currency}, as of {document['as_of']}")
    _show(valued, by)


async def _value(settings: Settings, merchant: str, by: By) -> Valued:
    from stamgast.bootstrap import id_key_of
    from stamgast.clv.segments.live_segments import Book
    from stamgast.domain.calendar import business_day
    from stamgast.filling import Filling
    from stamgast.identity.veiling import Veils
    from stamgast.log.reading import LogReader
    from stamgast.log.segments import read_segments
    from stamgast.log.topics import Topics, check_topics
    from stamgast.people.sources import UnnamedSources
    from stamgast.programs.record import load_record
    from stamgast.programs.refit import parameters_in_force
    from stamgast.state.customer_states import live_states
    from stamgast.state.nodes import Redis

    topics = Topics(settings.partitions, settings.topic_prefix)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    record = (await parameters_in_force(kafka_of(settings), topics, merchant)).record
    program = load_record(record).program.behind(Veils(id_key_of(settings)).of(merchant))
    today = business_day(settings.make_clock().now(), program.time_zone)
    book, unnamed = Book(program, today), UnnamedSources(program)
    redis = Redis(settings.redis_url)
    try:
        filling = Filling(redis, topics, settings.kafka_bootstrap)
        await filling.check()
        async for piece in live_states(redis, topics.partitions, merchant):
            book.add(state for _, state in piece)
            unnamed.add(piece)
        await filling.check()  # it may have been lost meanwhile
    finally:
        redis.close()
    if not len(book):
        raise LookupError(f"nobody has bought at {merchant} yet")
    say(f"read {so_many(len(book), 'customer')} of {merchant}")
    async with LogReader(kafka_of(settings)) as reader:
        known = (await read_segments(reader, topics.segments)).of(merchant)
    return Valued(program, today, book.segments(await _names_of(settings, unnamed))[by], known)


async def _names_of(settings: Settings, unnamed: UnnamedSources) -> dict[str, str]:
    from stamgast.lookup import open_people

    if not unnamed:
        return {}
    async with open_people(settings) as people:
        return await unnamed.names(people.identities)


def _with_fall(segment: LiveSegment, valued: Valued, by: By) -> dict[str, Any]:
    """Return the figures, with since when they have been below three as far as workers have noticed."""
    worth = _worth(segment, valued, by)
    since = worth.below_since if worth else None
    return {
        **msgspec.structs.asdict(segment),
        "below_since": None if since is None else format_time(since),
        "fell_from": worth.fell_from if worth else None,
    }


def _worth(segment: LiveSegment, valued: Valued, by: By) -> SegmentWorth | None:
    from stamgast.log.segments import key_of_segment

    return valued.known.get(key_of_segment(valued.program.merchant, by, segment.segment)) if segment.new_below else None


def _document(valued: Valued, merchant: str, by: By) -> dict[str, Any]:
    from stamgast.clv.scoring import METHOD, date_of
    from stamgast.clv.segments.live_segments import LIVE_TREND

    prospects = valued.program.prospects
    return {
        "merchant": merchant,
        "as_of": date_of(valued.today),
        "by": by,
        "method": METHOD,
        "model": prospects.name if prospects else None,
        "parameters_version": prospects.version if prospects else None,
        "predicted": prospects.words() if prospects else None,
        "trend": LIVE_TREND,
        "currency": valued.program.currency,
    }


def _show(valued: Valued, by: By) -> None:
    from stamgast.domain.currencies import format_money

    currency = valued.program.currency

    def money(minor: float | None) -> str:
        return "-" if minor is None else format_money(int(minor), currency).removesuffix(f" {currency}")

    show_segments(valued.segments, money)
    for each in valued.segments:
        if each.new_below:
            worth = _worth(each, valued, by)
            since = f" (since {format_time(worth.below_since)}{_from(worth)})" if worth and worth.below_since else ""
            answer(f"below 3: {worth_of_new(each)}{since}")


def _from(worth: SegmentWorth) -> str:
    return "" if worth.fell_from is None else f", from {worth.fell_from:.2f}"


__all__ = ["LIVE_BY", "tell_live_segments"]
