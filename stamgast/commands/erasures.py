"""`stamgast erasures`: is what was forgotten really gone?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from stamgast.commands.answering import WRONG, AsJson, answer, kafka_of, load_settings, new_app, print_json, say
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.people.erasure_check import Left
    from stamgast.people.told_of_the_forgotten import Told
    from stamgast.settings import Settings

app = new_app("Whether people who were forgotten are gone from the files as well.", no_args_is_help=True)


@app.callback()
def erasures() -> None:
    """Whether people who were forgotten are gone from the files as well."""


@app.command()
def verify(*, as_json: AsJson = False) -> None:
    """Look through the logs of identities for what was forgotten and can still be read; exit with 1 if there is any."""
    from stamgast.clock.shop_time import format_time
    from stamgast.commands.finding import Reasons

    with Reasons():
        left, told, rewritten = asyncio.run(_look(load_settings()))
    gone = not left and not told.states and rewritten
    if as_json:
        print_json(
            {
                "gone": gone,
                "left": [
                    {"merchant": each.merchant, "what": each.what, "of": each.of, "since": format_time(each.since)}
                    for each in left
                ],
                "states": [{"merchant": merchant, "of": customer} for merchant, customer in told.states],
                "told_in_clear": [
                    {"merchant": merchant, "of": customer, "events": count}
                    for (merchant, customer), count in told.in_clear.items()
                ],
                "redis_rewritten": rewritten,
            }
        )
    else:
        for each in left:
            since = format_time(each.since)
            answer(f"{each.merchant} {each.of}: the {each.what} was forgotten {since}, and Kafka's files still hold it")
        if left:
            say(
                "Kafka removes it within three days of that; see that a worker runs, and that topics keep our settings."
            )
        for merchant, customer in told.states:
            answer(
                f"{merchant} {customer}: the state in Redis still holds a birthday or a source: stamgast verify --mend"
            )
        if told.in_clear:
            count = sum(told.in_clear.values())
            say(
                f"{so_many(count, 'event')} of {len(told.in_clear):,} of the forgotten tell a birthday, a source or a "
                "consent's proof in the clear, from before these were sealed: that log is kept for ever"
            )
        if not rewritten:
            answer(
                "Redis has not written its append-only file anew since the last erasure; a worker sees to it in minutes"
            )
        if gone:
            answer("What was forgotten is gone from the files of Kafka and Redis. Backups are yours to look after.")
    if not gone:
        raise typer.Exit(WRONG)


async def _look(settings: Settings) -> tuple[list[Left], Told, bool]:
    from contextlib import aclosing

    from stamgast import bootstrap
    from stamgast.log.reading import LogReader
    from stamgast.log.topics import check_topics
    from stamgast.people.erasure_check import left_in_logs
    from stamgast.people.told_of_the_forgotten import told_of_the_forgotten
    from stamgast.state.append_only_files import is_due

    topics = bootstrap.topics_of(settings)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    async with aclosing(bootstrap.open_redis(settings)) as redis, LogReader(kafka_of(settings)) as reader:
        due = await is_due(redis)
        left = await left_in_logs(reader, topics)
        say("looking through the customers' streams …")
        return left, await told_of_the_forgotten(reader, redis, topics), not due
