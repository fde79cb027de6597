"""`stamgast clv fit --merchant`: from live states, or a CSV, to parameters in force."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from stamgast.commands.answering import fail, kafka_of, load_settings, misuse, say
from stamgast.commands.signing import who_of
from stamgast.commands.stamping import stamp
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.clv.data.state_sample import Live
    from stamgast.clv.selection.validation_split import Comparison
    from stamgast.domain.clv_parameters import ParameterSet
    from stamgast.domain.models.gamma_gamma import Orders
    from stamgast.domain.program import Program
    from stamgast.domain.units import Day
    from stamgast.log.topics import Topics
    from stamgast.programs.refit import Refit
    from stamgast.settings import Settings

_PAST: Final = (
    "it is of a day in the past: live states know who had come by then, but not what they had spent; without --as-of "
    "it is of today, and from a file any day can be published"
)
Tell = Callable[["ParameterSet"], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. `orders` counts for a CSV; live states know the sum of all purchase days alone."""

    as_of: Day | None
    model: str
    orders: Orders
    with_prior: bool = False
    force: bool = False
    """Publish what is worse than the parameters in force, or cannot be compared with them."""


def fit_merchant(merchant: str, live: Live | None, wanted: Wanted, tell: Tell) -> tuple[ParameterSet, dict[str, Any]]:
    """Fit, publish unless there is a reason not to, and return the set with what became of it.

    Without `live`, states are read.
    """
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
    from stamgast.domain.calendar import business_day
    from stamgast.log.topics import Topics, check_topics
    from stamgast.programs.record import load_record
    from stamgast.programs.refit import parameters_in_force, put_into_force, refit

    topics = Topics(settings.partitions, settings.topic_prefix)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    bundle = (await parameters_in_force(kafka_of(settings), topics, merchant)).record
    program = load_record(bundle).program
    now = await stamp(settings)
    today = business_day(now, program.time_zone)
    as_of = _day_of(wanted, today)
    orders: Orders = "all" if live is None else wanted.orders
    is_past = live is None and as_of < today
    if live is None:
        live = await _read_states(settings, topics, program, as_of, today)
    say(f"fitting {wanted.model} …")
    found = await asyncio.to_thread(
        refit, live, program, bundle.clv, wanted.model, orders, with_prior=wanted.with_prior
    )
    tell(found.parameters)
    refusal = _PAST if is_past else found.refusal
    if is_past or (refusal and not wanted.force):
        say(f"not published: {refusal}" + ("" if is_past else "; --force publishes it all the same"))
        return found.parameters, _document(found, refusal, None)
    say(f"published all the same: {refusal}" if refusal else _on_what_grounds(found))
    in_force = await put_into_force(
        kafka_of(settings, to_append=True), topics, merchant, found.parameters, now, who=who_of(settings)
    )
    say(f"{merchant}: version {found.parameters.version} comes into force with barrier {in_force.number}")
    return found.parameters, _document(found, refusal, in_force.number)


def _day_of(wanted: Wanted, today: Day) -> Day:
    """The day to fit at the end of; exit with 2 if it is still to come, for nobody has been away until then."""
    from stamgast.clv.scoring import date_of

    if wanted.as_of is not None and wanted.as_of > today:
        misuse(f"--as-of is {date_of(wanted.as_of)}, and today is {date_of(today)}; give a day that has come")
    return today if wanted.as_of is None else wanted.as_of


async def _read_states(settings: Settings, topics: Topics, program: Program, as_of: Day, today: Day) -> Live:
    from stamgast.filling import Filling
    from stamgast.programs.refit import live_sample
    from stamgast.state.nodes import Redis

    redis = Redis(settings.redis_url)
    try:
        filling = Filling(redis, topics, settings.kafka_bootstrap)
        await filling.check()
        live = await live_sample(redis, topics, program, as_of, today)
        await filling.check()  # it may have been lost meanwhile
    finally:
        redis.close()
    if live is None:
        raise LookupError(f"nobody has bought at {program.merchant} " + ("yet" if as_of == today else "by that day"))
    bought = so_many(sum(map(len, live.days)), "purchase day")
    say(f"read {so_many(len(live.days), 'customer')} of {program.merchant} with {bought}")
    return live


def _on_what_grounds(found: Refit) -> str:
    compared = found.comparison
    if compared is None:
        return "note: nothing was in force to compare it with"
    how = "" if compared.unseen else ", both fitted to them"
    return f"compared over the last {compared.days} days{how}: log score {compared.difference:+.4f} (smaller is better)"


def _document(found: Refit, refusal: str, barrier: int | None) -> dict[str, Any]:
    from stamgast.clv.scoring import date_of

    compared: Comparison | None = found.comparison
    return {
        "open_days": found.parameters.open_days,
        "published": barrier is not None,
        "barrier": barrier,
        "refusal": refusal or None,
        "was": found.in_force.versioned().version if found.in_force else None,
        "comparison": None if compared is None else msgspec.to_builtins(compared) | {"cut": date_of(compared.cut)},
    }
