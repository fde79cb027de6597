"""`stamgast clock`: move driven shop time forward; mend what a wrong clock did to real time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import (
    WRONG,
    AsJson,
    answer,
    fail,
    kafka_of,
    load_settings,
    misuse,
    new_app,
    print_json,
)
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.domain.units import Millis
    from stamgast.settings import Settings
    from streams.maintenance.clock_repair import Aged, Sent

SHOWN = 50
"""Messages listed at most; all are counted, and `--json` lists all."""

app = new_app("Move driven shop time (STAMGAST_CLOCK=driven), or mend what a wrong clock did.", no_args_is_help=True)


@app.callback()
def clock() -> None:
    """Move driven shop time (STAMGAST_CLOCK=driven), or mend what a wrong clock did."""


@app.command("set")
def set_time(
    time: Annotated[str, typer.Argument(help="RFC 3339, such as 2026-10-01T08:00:00Z; never earlier than now.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Move driven shop time forward to TIME; every process sees it at once."""
    from stamgast.clock.shop_time import DrivenClock, format_time, parse_time

    settings = load_settings()
    try:
        moment = parse_time(time)
    except ValueError as error:
        misuse(str(error))
    if settings.clock.strip() != "driven":  # the file would lie there until somebody drives, and be their beginning
        fail(f"STAMGAST_CLOCK is {settings.clock!r}, and only `driven` time can be set; nothing is written")
    now = DrivenClock(settings.clock_file).move_to(moment)
    if now != moment:
        fail(f"shop time is {format_time(now)} already and never moves backwards")
    if as_json:
        print_json({"now": format_time(now)})
    else:
        answer(format_time(now))


@app.command()
def repair(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this it is only described.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find partitions whose time a wrong clock moved ahead, and with `--yes` let them be filled anew from Kafka.

    Exits with 1 while any is left that is not going to be.
    """
    from aiokafka.errors import KafkaError

    from stamgast.clock.shop_time import is_real
    from stamgast.commands.stamping import stamp_of
    from stamgast.log.topics import TopicsError
    from stamgast.state.errors import StateError

    settings = load_settings()
    if not is_real(settings.clock):
        fail(f"STAMGAST_CLOCK is {settings.clock!r}: invented time is compared with no other clock and needs no repair")
    now = stamp_of(settings)
    try:
        aged, sent, asked = asyncio.run(_repair(settings, now, do=yes))
    except (TopicsError, KafkaError, StateError) as error:
        fail(str(error))
    if as_json:
        print_json(_as_document(aged, sent, now, asked))
    else:
        _tell(aged, sent, now, asked)
    if any(not each.asked for each in aged) and not yes:
        raise typer.Exit(WRONG)


async def _repair(settings: Settings, now: Millis, *, do: bool) -> tuple[list[Aged], list[Sent], int]:
    from stamgast.bootstrap import topics_of
    from stamgast.log.topics import check_topics
    from stamgast.state.nodes import Redis
    from streams.maintenance.clock_repair import ask_for_all, find_aged, find_sent
    from streams.maintenance.rebuild import refuse_other_clocks

    topics = topics_of(settings)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    await refuse_other_clocks(settings)
    redis = Redis(settings.redis_url)
    try:
        aged = await find_aged(kafka_of(settings), redis, topics, now)
        theirs = [each.partition for each in aged if each.service == "customers"]
        sent = await find_sent(kafka_of(settings), topics, theirs)
        return aged, sent, await ask_for_all(redis, aged) if do else 0
    finally:
        redis.close()


def _tell(aged: list[Aged], sent: list[Sent], now: Millis, asked: int) -> None:
    from stamgast.clock.shop_time import format_time

    for each in aged:
        answer(_in_words(each, now))
    if sent:
        gone = so_many(len(sent), "message")
        answer(f"{gone} went out by that clock; what is gone cannot be taken back, nor is it sent again:")
    for message in sent[:SHOWN]:
        answer(
            f"  {format_time(message.at)}  {message.merchant} {message.customer}: {message.rule}, {message.template}"
        )
    if not aged:
        answer("no partition's time was moved by a wrong clock")
    elif asked:
        answer(f"{asked} of them will be filled anew from Kafka by their workers; then `stamgast verify` compares")
    elif any(not each.asked for each in aged):
        answer("set the clock right first if it still is wrong; then `--yes` lets them be filled anew from Kafka")


def _in_words(each: Aged, now: Millis) -> str:
    from stamgast.clock.shop_time import format_time
    from stamgast.clock.watch import span

    where = f"{each.service} partition {each.partition}"
    ahead = f"its time is {span(each.time - now)} ahead" if each.time > now else "its time has come by now"
    state = " (it is going to be filled anew)" if each.asked else ""
    if not each.records:
        return f"{where}: {ahead}{state}"
    what = "customers" if each.service == "customers" else "transactions"
    were = "was" if each.records == 1 else "were"
    return (
        f"{where}: {ahead}; {so_many(each.records, 'record')} of {len(each.whose):,} {what} {were} stamped up to "
        f"{span(each.most)} ahead, from {format_time(each.first)} to {format_time(each.last)}{state}"
    )


def _as_document(aged: list[Aged], sent: list[Sent], now: Millis, asked: int) -> dict[str, Any]:
    import msgspec

    return {
        "partitions": [
            {
                "service": each.service,
                "partition": each.partition,
                "ahead_ms": max(0, each.time - now),
                "records": each.records,
                "affected": len(each.whose),
                "most_ahead_ms": each.most,
                "first": each.first,
                "last": each.last,
                "to_be_filled_anew": each.asked or asked > 0,
            }
            for each in aged
        ],
        "sent": [msgspec.to_builtins(each) for each in sent],
        "asked": asked,
    }
