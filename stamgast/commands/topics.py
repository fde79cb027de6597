"""`stamgast topics`: create them, check them, or take a new cluster for ours."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from stamgast.commands.answering import WRONG, AsJson, answer, fail, kafka_of, load_settings, new_app, print_json, say
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.log.topics import Cluster, Topics
    from stamgast.state.adopting import Log
    from stamgast.state.keys import PartitionKeys

app = new_app("Create the topics, or adopt a new cluster.", no_args_is_help=True)


@app.callback()
def topics() -> None:
    """Create the topics, or adopt a new cluster."""


@app.command()
def create(*, as_json: AsJson = False) -> None:
    """Create the topics that are missing and check all of them; run it as often as you like."""
    from stamgast.log.topics import Topics, TopicsError, create_topics, differing_settings

    settings = load_settings()
    topics = Topics(settings.partitions, settings.topic_prefix)
    try:
        cluster = create_topics(kafka_of(settings), topics, replication_factor=settings.replication_factor)
        different = [] if cluster.is_embedded else differing_settings(kafka_of(settings), topics)
    except TopicsError as error:
        fail(str(error))
    for difference in different:
        say(f"note: {difference}")
    if as_json:
        print_json({"cluster": cluster.id, "topics": cluster.topic_ids, "partitions": settings.partitions})
    else:
        answer(f"{len(cluster.topic_ids)} topics are there on cluster {cluster.id}")


@app.command()
def adopt(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, even at a terminal.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be forgotten; exit 1 if anything.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take the cluster that is there for ours: forget what Redis made from another one; workers compute it again.

    If this is the wrong cluster, set STAMGAST_KAFKA_BOOTSTRAP right instead.
    """
    from aiokafka.errors import KafkaError

    from stamgast.log.topics import Topics, TopicsError, check_topics
    from stamgast.state.adopting import find_misfits, forget
    from stamgast.state.errors import StateError

    settings = load_settings()
    topics = Topics(settings.partitions, settings.topic_prefix)
    forgotten = 0
    try:
        cluster = check_topics(kafka_of(settings), topics)
        logs = asyncio.run(_logs(kafka_of(settings), topics, cluster))
        views = {name: cluster.topic_ids[name] for name in (topics.identities, topics.identity_keys)}
        misfits = asyncio.run(find_misfits(settings.redis_url, logs, views))
        for misfit in misfits:
            say(f"{misfit.what}: {misfit.why}")
        if misfits and not dry_run:
            if sys.stdin.isatty() and not yes:
                typer.confirm("Forget these in Redis and compute them again from Kafka?", abort=True, err=True)
            forgotten = asyncio.run(forget(settings.redis_url, misfits))
    except (TopicsError, KafkaError, StateError) as error:
        fail(str(error))
    if as_json:
        found = [{"what": misfit.what, "why": misfit.why} for misfit in misfits]
        print_json({"cluster": cluster.id, "misfits": found, "keys_forgotten": forgotten})
    else:
        answer(f"{len(misfits)} did not fit cluster {cluster.id}; {so_many(forgotten, 'key')} forgotten")
    if misfits and dry_run:
        raise typer.Exit(WRONG)


async def _logs(bootstrap: str, topics: Topics, cluster: Cluster) -> dict[PartitionKeys, Log]:
    from stamgast.log.reading import LogReader, TopicPartition
    from stamgast.state.adopting import Log
    from stamgast.state.keys import customers, transactions

    names = {topics.customer_events: customers, topics.purchases: transactions}
    pairs = [TopicPartition(topic, number) for topic in names for number in range(topics.partitions)]
    async with LogReader(bootstrap) as reader:
        begins, ends = await reader.begins(pairs), await reader.ends(pairs)
    return {
        names[pair.topic](pair.partition): Log(cluster.id, cluster.topic_ids[pair.topic], begins[pair], ends[pair])
        for pair in pairs
    }
