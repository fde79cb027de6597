"""`stamgast clv segments --merchant`: the same table from live states, in integer minor units."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stamgast.commands.answering import answer, fail, load_settings, print_json, say

if TYPE_CHECKING:
    from stamgast.clv.live_segments import By, LiveSegment
    from stamgast.domain.program import Program
    from stamgast.domain.units import Day
    from stamgast.settings import Settings

LIVE_BY: Final[dict[str, By]] = {"segment": "tag", "tag": "tag", "source": "source"}


@dataclass(frozen=True, slots=True)
class Valued:
    """What was read, and what came of it."""

    program: Program
    today: Day
    segments: list[LiveSegment]


def tell_live_segments(merchant: str, by: By, *, as_json: bool) -> None:
    """Value the merchant's segments as they are now, and show them."""
    from aiokafka.errors import KafkaError

    from stamgast.log.topics import TopicsError
    from stamgast.state.errors import StateError

    try:
        valued = asyncio.run(_value(load_settings(), merchant, by))
    except (LookupError, ValueError, TopicsError, KafkaError, StateError) as error:
        fail(str(error))
    document = _document(valued, merchant, by)
    if valued.program.prospects is None:
        say(f"nothing is said of what is to come: no model is in force; `stamgast clv fit --merchant {merchant}`")
    if as_json:
        print_json({**document, "segments": valued.segments})
        return
    say(f"{document['model']}, version {document['parameters_version']}; predicted: {document['predicted']}")
    say(f"trend: {document['trend']}; money in {valued.program.currency}, as of {document['as_of']}")
    _show(valued)


async def _value(settings: Settings, merchant: str, by: By) -> Valued:
    from stamgast.clv.live_segments import Book
    from stamgast.domain.calendar import business_day
    from stamgast.log.bundles import load_record
    from stamgast.log.topics import Topics, check_topics
    from stamgast.refitting import parameters_in_force
    from stamgast.state.customer_states import live_states
    from stamgast.state.nodes import Redis

    topics = Topics(settings.partitions, settings.topic_prefix)
    await asyncio.to_thread(check_topics, settings.kafka_bootstrap, topics)
    program = load_record((await parameters_in_force(settings.kafka_bootstrap, topics, merchant)).record).program
    today = business_day(settings.make_clock().now(), program.time_zone)
    book = Book(program, today)
    redis = Redis(settings.redis_url)
    try:
        async for piece in live_states(redis, topics.partitions, merchant):
            book.add(state for _, state in piece)
    finally:
        redis.close()
    if not len(book):
        raise LookupError(f"nobody has bought at {merchant} yet")
    say(f"read {len(book):,} customers of {merchant}")
    return Valued(program, today, book.segments()[by])


def _document(valued: Valued, merchant: str, by: By) -> dict[str, Any]:
    from stamgast.clv.live_segments import LIVE_TREND
    from stamgast.clv.scoring import METHOD, date_of

    prospects = valued.program.prospects
    return {
        "merchant": merchant,
        "as_of": date_of(valued.today),
        "by": by,
        "method": METHOD,
        "model": prospects.name if prospects else None,
        "parameters_version": prospects.version if prospects else None,
        "predicted": prospects.discounting.words() if prospects else None,
        "trend": LIVE_TREND,
        "currency": valued.program.currency,
    }


def _show(valued: Valued) -> None:
    from rules.words import format_money

    currency = valued.program.currency

    def money(minor: int | None) -> str:
        return "-" if minor is None else format_money(minor, currency).removesuffix(f" {currency}")

    width = max(len("segment"), *(len(each.segment) for each in valued.segments))
    heads = ("customers", "purchases", "historic", "predicted", "contact", "CLV", "cost", "net", "CLV:CAC", "may cost")
    answer(f"{'segment':<{width}} " + " ".join(f"{head:>10}" for head in heads) + f" {'budget':>12} {'trend':>6}")
    for each in valued.segments:
        values = (each.historic, each.predicted, each.contact_cost, each.clv, each.acquisition_cost, each.net)
        ratio, trend = ("-" if figure is None else f"{figure:.2f}" for figure in (each.ratio, each.trend))
        cells = [f"{each.customers:,}", f"{each.purchases:,}", *map(money, values), ratio, money(each.most_to_spend)]
        shown = " ".join(f"{cell:>10}" for cell in cells)
        answer(f"{each.segment:<{width}} {shown} {money(each.acquisition_budget):>12} {trend:>6}")
    for each in valued.segments:
        if each.below:
            answer(f"below 3: a customer of {each.segment} is worth {each.ratio:.2f} times what it cost to win them")


__all__ = ["LIVE_BY", "tell_live_segments"]
