"""`stamgast day`: what a merchant's day came to, and what was taken in although it looked wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.domain.program import Program
    from stamgast.settings import Settings

app = new_app("What a day came to.")

_DAY_0 = 719_163
"""1970-01-01 as Python counts days."""


@app.command()
def day(
    *,
    merchant: Annotated[str | None, typer.Option(help="Only this merchant.")] = None,
    date: Annotated[str | None, typer.Option(help="The day, such as 2026-11-29; today without it.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep it for GET /v1/merchants/…/days/….")] = False,
    every: Annotated[
        str | None,
        typer.Option(help='Keep today and yesterday, again after so long ("1 hour"), until Ctrl-C.'),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Reckon a day from the logs: purchases, enrolments, messages, warnings, dead letters, what waits for review.

    Web may not read the logs: over HTTP it tells what --keep or --every kept last.
    """
    from stamgast.commands.every import repeat, seconds_of
    from stamgast.commands.finding import Reasons

    number = None if date is None else _number_of(date)
    if every is not None:
        if date is not None:
            misuse("--every keeps today and yesterday: leave out --date")
        every_s, settings = seconds_of(every), load_settings()
        repeat(lambda: _keep_newest(settings, merchant), every_s, what="reckoning the day")
        return
    settings = load_settings()
    with Reasons():
        documents = asyncio.run(_reckon(settings, merchant, number))
        if keep:
            asyncio.run(_keep(settings, documents))
    if as_json:
        print_json({"days": documents})
        return
    if not documents:
        fail("no merchant has published yet")
    for document in documents:
        _tell(document)


def _number_of(date: str) -> int:
    from datetime import date as calendar

    try:
        return calendar.fromisoformat(date).toordinal() - _DAY_0
    except ValueError:
        misuse(f"--date {date!r} is no day: write it as 2026-11-29")


async def _keep_newest(settings: Settings, merchant: str | None) -> None:
    for back in (1, 0):
        await _keep(settings, await _reckon(settings, merchant, None, back=back))


async def _keep(settings: Settings, documents: list[dict[str, Any]]) -> None:
    from contextlib import aclosing

    import msgspec

    from stamgast import bootstrap
    from stamgast.state.kept_days import keep_day

    async with aclosing(bootstrap.open_redis(settings)) as redis:
        for each in documents:
            await keep_day(redis, each["merchant"], each["date"], msgspec.json.encode(each))


async def _reckon(
    settings: Settings, merchant: str | None, number: int | None, *, back: int = 0
) -> list[dict[str, Any]]:
    from stamgast import bootstrap
    from stamgast.broker import kafka_of
    from stamgast.clock.shop_time import format_time, is_real
    from stamgast.identity.sealing import derive_source_key
    from stamgast.log.dead_letters import DeadLetterSeal
    from stamgast.log.reading import LogReader
    from stamgast.state.errors import StateError
    from stamgast.to_review import list_waiting
    from streams.intake.record_mac import Proofs
    from streams.maintenance.day import Reckoning

    topics, now = bootstrap.topics_of(settings), settings.make_clock().now()
    programs = await _programs(settings, merchant)
    proofs = Proofs(derive_source_key(bootstrap.id_key_of(settings)))
    seal, real = DeadLetterSeal(bootstrap.wrapping_keys_of(settings)), is_real(settings.clock)
    documents = []
    async with LogReader(kafka_of(settings)) as reader:
        for program in programs:
            which = _today(program, now) - back if number is None else number
            report = await Reckoning(reader, topics, program, which, proofs=proofs, seal=seal, real_time=real).run()
            try:
                waiting: int | None = len(await list_waiting(settings, program.merchant))
            except StateError:  # all the rest stands in the logs
                waiting = None
            documents.append(
                {"merchant": program.merchant, "date": _date_of(which), "time_zone": program.time_zone}
                | report.as_json()
                | {"waiting_for_review": waiting, "reckoned_at": format_time(now)}
            )
    return documents


async def _programs(settings: Settings, merchant: str | None) -> list[Program]:
    from stamgast import bootstrap
    from stamgast.broker import kafka_of
    from stamgast.lookup import newest_bundle
    from stamgast.programs.publish import newest_bundles

    topics = bootstrap.topics_of(settings)
    all_of_them = [] if merchant else sorted(await newest_bundles(kafka_of(settings), topics.programs))
    names = [merchant] if merchant else all_of_them
    return [(await newest_bundle(settings, topics, name))[1].program for name in names]


def _today(program: Program, now: int) -> int:
    from stamgast.domain.calendar import business_day

    return business_day(now, program.time_zone)


def _date_of(number: int) -> str:
    from datetime import date as calendar

    return calendar.fromordinal(number + _DAY_0).isoformat()


def _tell(document: dict[str, Any]) -> None:
    answer(f"{document['merchant']}, {document['date']} ({document['time_zone']})")
    answer(
        f"    {so_many(document['purchases'], 'purchase')}, {document['changes']:,} changed, "
        f"{so_many(document['refunds'], 'refund')}, {so_many(document['enrolled'], 'customer')} enrolled"
    )
    messages = ", ".join(f"{count:,} {status}" for status, count in document["messages"].items()) or "none"
    answer(f"    messages: {messages}")
    for kind, found in document["warnings"].items():
        some = "; ".join(" ".join(example.values()) for example in found["examples"])
        answer(f"    {kind}: {found['count']:,} ({some})")
    letters = document["dead_letters"]
    if letters["count"]:
        answer(f"    dead letters: {letters['count']:,} (`stamgast dead-letters list`)")
        for example in letters["examples"]:
            answer(f"        {example['id']}: {example['reason']}")
    if document["waiting_for_review"] is None:
        answer("    what waits for review is not known while Redis is away or being filled")
    elif document["waiting_for_review"]:
        wait = so_many(document["waiting_for_review"], "purchase waits", "purchases wait")
        answer(f"    {wait}: `stamgast purchases review {document['merchant']}`")
