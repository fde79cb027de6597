"""What a merchant's customers spent in the last year, from live states and what each purchase left of its spend."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from stamgast.commands.answering import fail, kafka_of, load_settings, say
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.clv.changes import LastYear
    from stamgast.settings import Settings


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

    from stamgast.clv.changes import YEAR_DAYS, LastYear
    from stamgast.clv.data.state_sample import Bought, sample_of_states
    from stamgast.domain.calendar import business_day
    from stamgast.domain.clv_parameters import ParameterSet
    from stamgast.domain.currencies import exponent_of
    from stamgast.filling import Filling
    from stamgast.log.topics import Topics, check_topics
    from stamgast.programs.record import load_record
    from stamgast.programs.refit import parameters_in_force
    from stamgast.state.customer_states import live_accounts
    from stamgast.state.nodes import Redis

    topics = Topics(settings.partitions, settings.topic_prefix)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    record = (await parameters_in_force(kafka_of(settings), topics, merchant)).record
    program = load_record(record).program
    if not record.clv:
        raise LookupError(f"no model is in force; run `stamgast clv fit --merchant {merchant}`")
    parameters = msgspec.convert(record.clv, ParameterSet).versioned()
    today = business_day(settings.make_clock().now(), program.time_zone)
    states: list[tuple[str, Bought]] = []
    last: dict[str, int] = {}
    redis = Redis(settings.redis_url)
    try:
        filling = Filling(redis, topics, settings.kafka_bootstrap)
        await filling.check()
        async for name, state, spent in live_accounts(redis, topics.partitions, merchant):
            states.append((name, Bought.of(state)))
            last[name] = sum(spend for day, spend in spent if today - YEAR_DAYS < day <= today)
        await filling.check()  # it may have been lost meanwhile
    finally:
        redis.close()
    live = sample_of_states(states, today, program.currency)
    if live is None:
        raise LookupError(f"nobody has bought at {merchant} yet")
    say(f"read {so_many(len(live.days), 'customer')} of {merchant}; money in {program.currency}")
    time = parameters.time(program.closed)
    unit = 10 ** exponent_of(program.currency)
    return LastYear(live.without(time), np.array([last[name] / unit for name in live.sample.names]), parameters, time)
