"""`stamgast rebuild`: fill an empty Redis from Kafka."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from stamgast.commands.answering import WRONG, AsJson, answer, fail, load_settings, misuse, new_app, print_json, say

app = new_app("Fill an empty Redis from Kafka.")


@app.command()
def rebuild(
    *,
    empty: Annotated[bool, typer.Option("--empty", help="First forget everything in the Redis database.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply what the log holds beyond what Redis knows, send nothing, verify, and end. Workers may run meanwhile."""
    from aiokafka.errors import KafkaError

    from stamgast.bootstrap import SettingsError, id_key_of, topics_of
    from stamgast.clock import is_real
    from stamgast.commands.verify import as_json_document
    from stamgast.commands.verify import tell as tell_report
    from stamgast.log.topics import TopicsError, check_topics
    from stamgast.state.errors import StateError
    from streams.rebuilding import NotThereError
    from streams.rebuilding import empty as forget
    from streams.rebuilding import rebuild as run
    from streams.verifying import verify_all

    settings = load_settings()
    try:
        key, topics = id_key_of(settings), topics_of(settings)
        check_topics(settings.kafka_bootstrap, topics)
        if empty:
            asyncio.run(forget(settings.redis_url))
        rebuilt = asyncio.run(run(settings, lambda done, total: say(f"{done:,} of {total:,} records applied")))
        real_time = is_real(settings.clock)
        report = asyncio.run(verify_all(settings.kafka_bootstrap, settings.redis_url, topics, key, real_time=real_time))
    except SettingsError as error:
        misuse(str(error))
    except (TopicsError, KafkaError, StateError, NotThereError) as error:
        fail(str(error))
    if as_json:
        print_json({"records": rebuilt.records} | as_json_document(report))
    else:
        answer(f"{rebuilt.records:,} records are applied")
        tell_report(report)
    raise typer.Exit(0 if report.equal else WRONG)
