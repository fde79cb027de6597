"""What a merchant's customers spent in the last year, from live states and what each purchase left of its spend."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from stamgast.commands.answering import fail, kafka_of, load_settings, say
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.clv.changes import LastYear
    from stamgast.clv.data.state_sample import StatesRead
    from stamgast.domain.standing import Standing
    from stamgast.domain.units import Day, Minor
    from stamgast.settings import Settings
    from stamgast.state.nodes import Redis

_AT_ONCE: Final = 1_000


def live_last_year(merchant: str) -> LastYear:
    """Read them, and the parameters in force; exit with 1 where nobody has bought or nothing is in force."""
    from aiokafka.errors import KafkaError

    from stamgast.log.topics import TopicsError
    from stamgast.state.errors import StateError

    try:
        return asyncio.run(_read(load_settings(), merchant))
    except (LookupError, ValueError, TopicsError, KafkaError, StateError) as error:
        fail(str(error))


async def _read(settings: Settings, merchant: str) -> LastYear:
    import numpy as np

    from stamgast.clv.changes import LastYear
    from stamgast.domain.calendar import business_day
    from stamgast.domain.clv_parameters import ParameterSet
    from stamgast.domain.currencies import exponent_of
    from stamgast.filling import Filling
    from stamgast.log.topics import Topics, check_topics
    from stamgast.programs.record import load_record
    from stamgast.programs.refit import parameters_in_force
    from stamgast.state.nodes import Redis

    topics = Topics(settings.partitions, settings.topic_prefix)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    record = (await parameters_in_force(kafka_of(settings), topics, merchant)).record
    program = load_record(record).program
    if not record.clv:
        raise LookupError(f"no model is in force; run `stamgast clv fit --merchant {merchant}`")
    parameters = msgspec.convert(record.clv, ParameterSet).versioned()
    today = business_day(settings.make_clock().now(), program.time_zone)
    redis = Redis(settings.redis_url)
    try:
        filling = Filling(redis, topics, settings.kafka_bootstrap)
        await filling.check()
        read, last = await _accounts(redis, topics.partitions, merchant, today)
        await filling.check()  # it may have been lost meanwhile
    finally:
        redis.close()
    live = read.live(program.currency)
    if live is None:
        raise LookupError(f"nobody has bought at {merchant} yet")
    say(f"read {so_many(len(live.days), 'customer')} of {merchant}; money in {program.currency}")
    time = parameters.time(program.closed)
    unit = 10 ** exponent_of(program.currency)
    return LastYear(live.without(time), np.array([last[name] / unit for name in live.sample.names]), parameters, time)


async def _accounts(redis: Redis, partitions: int, merchant: str, today: Day) -> tuple[StatesRead, dict[str, Minor]]:
    """Read each customer: what a fit needs, and what they spent in the last year."""
    from stamgast.clv.changes import YEAR_DAYS
    from stamgast.clv.data.state_sample import StatesRead
    from stamgast.state.customer_states import live_accounts

    read, last = StatesRead(today), dict[str, int]()
    waiting: list[tuple[str, Standing]] = []
    async for name, state, spent in live_accounts(redis, partitions, merchant):
        last[name] = sum(spend for day, spend in spent if today - YEAR_DAYS < day <= today)
        waiting.append((name, state))
        if len(waiting) == _AT_ONCE:
            read.add(waiting)
            waiting.clear()
    read.add(waiting)
    return read, last
