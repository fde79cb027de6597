"""`stamgast verify`: compare the live state with a recomputation from the log, and mend what differs."""

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
    say,
)
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.settings import Settings
    from streams.maintenance.differences import Report

app = new_app("Compare the live state with a recomputation.")


@app.command()
def verify(
    *,
    mend: Annotated[
        bool, typer.Option("--mend", help="Let the owners of partitions that differ fill them anew from the log.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes that share the partitions.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Fold every partition from its records alone; compare customers, transactions, vouchers, answers, messages."""
    from aiokafka.errors import KafkaError

    from stamgast.log.topics import TopicsError
    from stamgast.state.errors import StateError

    settings = load_settings()
    try:
        report = asyncio.run(_verify(settings, jobs, mend=mend))
    except (TopicsError, KafkaError, StateError) as error:
        fail(str(error))
    if as_json:
        print_json(as_json_document(report))
    else:
        tell(report)
    raise typer.Exit(0 if report.equal else WRONG)


async def _verify(settings: Settings, jobs: int, *, mend: bool) -> Report:
    from stamgast.commands.verify_jobs import look
    from stamgast.identity.sealing import decode_key
    from stamgast.log.topics import Topics, check_topics
    from streams.maintenance.mend import fill_anew

    topics = Topics(settings.partitions, settings.topic_prefix)
    try:
        decode_key(settings.id_key.get_secret_value(), "ID_KEY")
    except ValueError as error:
        misuse(str(error))
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)

    report = await look(settings, jobs)
    if not mend or report.equal:
        return report
    for difference in report.differences:
        say(difference)
    say(f"{verdict_of(report)}; they are filled anew from the log: {', '.join(report.partitions.values())}")
    if not await fill_anew(settings.redis_url, report.partitions, say):
        return report
    return await look(settings, jobs)


def as_json_document(report: Report) -> dict[str, Any]:
    """Return what `verify --json` and `rebuild --json` answer."""
    return {
        "equal": report.equal,
        "customers": report.customers,
        "transactions": report.transactions,
        "behind": report.behind,
        "waiting": report.waiting,
        "differences": report.differences,
        "different": report.different,
        "partitions": sorted(report.partitions.values()),
    }


def tell(report: Report) -> None:
    """Print what differs, a line each, with what the operator can do."""
    for difference in report.differences:
        answer(difference)
    if (more := report.different - len(report.differences)) > 0:
        answer(f"... and {more:,} more")
    behind = (
        f" (of what is applied: {so_many(report.behind, 'record is', 'records are')} still to come)"
        if report.behind
        else ""
    )
    waiting = (
        f"; {so_many(report.waiting, 'event waits', 'events wait')} for a bundle, or behind events that do"
        if report.waiting
        else ""
    )
    counts = f"{so_many(report.customers, 'customer')}, {so_many(report.transactions, 'transaction')}"
    answer(f"{counts}: {verdict_of(report)}{behind}{waiting}")
    if not report.equal:
        answer("`stamgast verify --mend` lets their partitions be filled anew from the log")


def verdict_of(report: Report) -> str:
    """Say in a few words what was found."""
    if report.equal:
        return "equal"
    of = f"in {len(report.partitions)} partition{'s' if len(report.partitions) > 1 else ''}"
    return f"{report.different:,} difference{'s' if report.different > 1 else ''} {of}"
