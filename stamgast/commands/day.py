"""`stamgast day`: what a merchant's day came to, and what was taken in although it looked wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json

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
    as_json: AsJson = False,
) -> None:
    """Reckon a day from the logs: purchases, enrolments, messages, warnings, dead letters, what waits for review."""
    from stamgast.commands.finding import Reasons

    number = None if date is None else _number_of(date)
    settings = load_settings()
    with Reasons():
        documents = asyncio.run(_reckon(settings, merchant, number))
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


async def _reckon(settings: Settings, merchant: str | None, number: int | None) -> list[dict[str, Any]]:
    from stamgast import bootstrap
    from stamgast.broker import kafka_of
    from stamgast.clock.shop_time import is_real
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
            which = _today(program, now) if number is None else number
            report = await Reckoning(reader, topics, program, which, proofs=proofs, seal=seal, real_time=real).run()
            try:
                waiting: int | None = len(await list_waiting(settings, program.merchant))
            except StateError:  # all the rest stands in the logs
                waiting = None
            documents.append(
                {"merchant": program.merchant, "date": _date_of(which), "time_zone": program.time_zone}
                | report.as_json()
                | {"waiting_for_review": waiting}
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
        f"    {document['purchases']:,} purchases, {document['changes']:,} changed, {document['refunds']:,} refunds, "
        f"{document['enrolled']:,} customers enrolled"
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
        answer(
            f"    {document['waiting_for_review']:,} purchases wait: `stamgast purchases review {document['merchant']}`"
        )
