"""How stores are heard counts from where it stands in the log, in the worker as in a reading of the log alone."""

from typing import Any

from rules.loader import load_published
from stamgast.domain.customer import decode_customer
from stamgast.domain.events import AnyEvent, TimerDue, encode_event
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.feed_health import Health
from stamgast.domain.units import DAY, MINUTE
from stamgast.service import Bundle
from stamgast.state import keys
from streams.customers.in_force import Standing, standing_of
from streams.maintenance.replay import PartitionReplay
from tests.builders import ANNA, KEY, MERCHANT, T0, bought
from tests.fakes.records import LogRecord
from tests.steps import customers_job, customers_partition, written

PROGRAM = f"""\
name: De Winkel
merchant: {MERCHANT}
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {{hoek: {{}}, plein: {{}}}}
feed: {{by_store: true}}
"""
RULE = "rule: STATE\nstatus: live\nwhen: purchase\nif: [{feed: STATE}]\nthen: [{tag: STATE}]\n"


def shop(program: str = PROGRAM) -> Bundle:
    states = ("healthy", "quiet", "stale")
    files = {"program.yaml": program} | {f"rules/{each}.yaml": RULE.replace("STATE", each) for each in states}
    loaded = load_published(files, MERCHANT, {})
    return Bundle(1, "h", loaded.program, loaded.rules)


def turned(at: int, **unwell: Health) -> FeedsTurned:
    return FeedsTurned(merchant=MERCHANT, customer="", at=at, unwell=unwell)


async def in_both(*log: AnyEvent, program: str = PROGRAM) -> Any:
    """Anna's state by the worker, once the log alone has been found to say the same of it and of meta."""
    bundle = shop(program)
    replay = PartitionReplay(0, KEY, lambda *_: bundle)
    replay._in_force[MERCHANT] = bundle
    standing = Standing(clocks="0:bounded", in_force={MERCHANT: bundle}, numbers={MERCHANT: 1})
    records = [LogRecord(offset, encode_event(event), timestamp=event.at) for offset, event in enumerate(log)]
    for record in records:
        replay.apply(record.offset, record.value, record.timestamp)
    effects = await customers_job().step(customers_partition(standing), records)
    value = written(effects)[keys.customers(0).customer(MERCHANT, ANNA)]
    assert value == replay.fold.states[MERCHANT, ANNA]
    fields = {name: each for name, each in effects.writes.meta.items() if name.startswith("h:")}
    assert fields == {name: each for name, each in replay.meta().items() if name.startswith("h:")}
    assert standing_of({name: str(each) for name, each in fields.items()}).store_feeds == replay._store_feeds
    return decode_customer(value)


async def test_a_rule_on_a_purchase_asks_about_the_store_of_that_purchase():
    told = turned(T0, plein=Health.QUIET)
    anna = await in_both(told, bought("t1", T0 + 1, store="plein"))
    assert anna.tags == ["quiet"]
    assert (await in_both(told, bought("t1", T0 + 1, store="hoek"))).tags == ["healthy"]
    assert (await in_both(told, bought("t1", T0 + 1, store="elsewhere"))).tags == ["quiet"], "as its worst store"
    before_and_after = bought("t1", T0 - 1, store="plein"), told, turned(T0 + 1), bought("t2", T0 + 2, store="plein")
    assert (await in_both(*before_and_after)).tags == ["healthy"]


async def test_what_was_said_of_stores_counts_for_nobody_who_did_not_ask():
    told = turned(T0, plein=Health.STALE)
    plain = PROGRAM.replace("by_store: true", "stale_after: 2 days")
    assert (await in_both(told, bought("t1", T0 + 1, store="plein"), program=plain)).tags == ["healthy"]


async def test_while_a_store_is_not_heard_nobody_is_called_absent_and_whoever_is_absent_is_the_day_after():
    first = (await in_both(bought("t1", T0))).timers["lapse"]
    due = TimerDue(merchant=MERCHANT, customer=ANNA, at=first, due=first)
    sale, stale = bought("t1", T0), turned(first - MINUTE, plein=Health.STALE)
    anna = await in_both(sale, stale, due)
    assert (anna.stage, anna.timers["lapse"]) == ("new", first + DAY)
    assert (await in_both(sale, turned(first - MINUTE, plein=Health.QUIET), due)).stage == "lapsing"
    later = TimerDue(merchant=MERCHANT, customer=ANNA, at=first + DAY, due=first + DAY)
    assert (await in_both(sale, stale, due, turned(first + MINUTE), later)).stage == "lapsing"
    closed_for_good = PROGRAM.replace(", plein: {}", "")
    assert (await in_both(sale, stale, due, program=closed_for_good)).stage == "lapsing", "it is no store any more"
