"""`stamgast clv fit --merchant`: from live states, or a CSV, to parameters in force."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from stamgast.commands.answering import fail, load_settings, say

if TYPE_CHECKING:
    from stamgast.clv.internal_cut import Comparison
    from stamgast.clv.state_sample import Live
    from stamgast.domain.clv_parameters import ParameterSet
    from stamgast.domain.spend import Orders
    from stamgast.domain.units import Day
    from stamgast.refitting import Refit
    from stamgast.settings import Settings

Tell = Callable[["ParameterSet"], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. `orders` counts for a CSV; live states know the sum of all purchase days alone."""

    as_of: Day | None
    model: str
    orders: Orders
    with_prior: bool = False


def fit_merchant(merchant: str, live: Live | None, wanted: Wanted, tell: Tell) -> tuple[ParameterSet, dict[str, Any]]:
    """Fit, publish unless it is worse, and return the set with what became of it. Without `live`, states are read."""
    from aiokafka.errors import KafkaError

    from stamgast.log.producers import EmitError
    from stamgast.log.topics import TopicsError
    from stamgast.state.errors import StateError

    settings = load_settings()
    try:
        return asyncio.run(_fit_merchant(settings, merchant, live, wanted, tell))
    except (LookupError, ValueError, TopicsError, KafkaError, EmitError, StateError) as error:
        fail(str(error))


async def _fit_merchant(
    settings: Settings, merchant: str, live: Live | None, wanted: Wanted, tell: Tell
) -> tuple[ParameterSet, dict[str, Any]]:
    from rules.loader import load_bundle
    from stamgast.domain.units import DAY
    from stamgast.log.topics import Topics, check_topics
    from stamgast.refitting import live_sample, parameters_in_force, put_into_force, refit
    from stamgast.state.nodes import Redis

    topics = Topics(settings.partitions, settings.topic_prefix)
    await asyncio.to_thread(check_topics, settings.kafka_bootstrap, topics)
    bundle = (await parameters_in_force(settings.kafka_bootstrap, topics, merchant)).record
    program = load_bundle(bundle.files, merchant, bundle.clv).program
    now = settings.make_clock().now()
    orders: Orders = "all" if live is None else wanted.orders
    if live is None:
        redis = Redis(settings.redis_url)
        try:
            live = await live_sample(redis, topics, program, now if wanted.as_of is None else wanted.as_of * DAY)
        finally:
            redis.close()
        if live is None:
            raise LookupError(f"nobody has bought at {merchant} yet")
        say(f"read {len(live.days):,} customers of {merchant} with {sum(map(len, live.days)):,} purchase days")
    say(f"fitting {wanted.model} …")
    found = await asyncio.to_thread(
        refit, live, program, bundle.clv, wanted.model, orders, with_prior=wanted.with_prior
    )
    tell(found.parameters)
    if found.refusal:
        say(f"not published: {found.refusal}")
        return found.parameters, _document(found, None)
    in_force = await put_into_force(settings.kafka_bootstrap, topics, merchant, found.parameters, now)
    say(f"{merchant}: version {found.parameters.version} comes into force with barrier {in_force.number}")
    return found.parameters, _document(found, in_force.number)


def _document(found: Refit, barrier: int | None) -> dict[str, Any]:
    compared: Comparison | None = found.comparison
    return {
        "open_days": found.parameters.open_days,
        "published": barrier is not None,
        "barrier": barrier,
        "refusal": found.refusal or None,
        "was": found.in_force.versioned().version if found.in_force else None,
        "comparison": None if compared is None else msgspec.to_builtins(compared),
    }
