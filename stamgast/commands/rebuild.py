"""`stamgast rebuild`: fill an empty Redis from Kafka."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json, say

app = new_app("Fill an empty Redis from Kafka.")


@app.command()
def rebuild(
    *,
    empty: Annotated[bool, typer.Option("--empty", help="First forget everything in the Redis database.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply whatever the log holds beyond what Redis knows, send nothing, and end. Workers may run meanwhile."""
    from aiokafka.errors import KafkaError

    from stamgast.bootstrap import SettingsError, topics_of
    from stamgast.log.topics import TopicsError, check_topics
    from stamgast.state.errors import StateError
    from streams.rebuilding import NotThereError
    from streams.rebuilding import empty as forget
    from streams.rebuilding import rebuild as run

    settings = load_settings()
    try:
        check_topics(settings.kafka_bootstrap, topics_of(settings))
        if empty:
            asyncio.run(forget(settings.redis_url))
        rebuilt = asyncio.run(run(settings, lambda done, total: say(f"{done:,} of {total:,} records applied")))
    except SettingsError as error:
        misuse(str(error))
    except (TopicsError, KafkaError, StateError, NotThereError) as error:
        fail(str(error))
    if as_json:
        print_json({"records": rebuilt.records})
    else:
        answer(f"{rebuilt.records:,} records are applied; `stamgast verify` compares the outcome with the log")
