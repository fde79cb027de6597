"""`stamgast rebuild`: fill an empty Redis from Kafka."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from stamgast.commands.answering import MISUSE, WRONG, AsJson, answer, kafka_of, load_settings, new_app, print_json, say
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.settings import Settings

app = new_app("Fill an empty Redis from Kafka.")


@app.command()
def rebuild(
    *,
    empty: Annotated[bool, typer.Option("--empty", help="First forget everything in the Redis database.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply what the log holds beyond what Redis knows, send nothing, verify, and end. Workers may run meanwhile."""
    from aiokafka.errors import KafkaError

    from stamgast.log.topics import TopicsError
    from stamgast.settings import SettingsError
    from stamgast.state.errors import StateError
    from streams.maintenance.rebuild import NotThereError
    from streams.runtime.watchdog import end_process

    settings = load_settings()

    async def work() -> None:
        code = WRONG
        try:
            code = await _rebuild(settings, empty=empty, as_json=as_json)
        except SettingsError as error:
            say(f"stamgast: {error}")
            code = MISUSE
        except (TopicsError, KafkaError, StateError, NotThereError) as error:
            say(f"stamgast: {error}")
        end_process(code)  # not `asyncio.run`'s own end: it waits for every task, and a worker's may never end

    asyncio.run(work())


async def _rebuild(settings: Settings, *, empty: bool, as_json: bool) -> int:
    from stamgast.bootstrap import id_key_of, topics_of
    from stamgast.clock.shop_time import is_real
    from stamgast.commands.stamping import stamp
    from stamgast.commands.verify import as_json_document
    from stamgast.commands.verify import tell as tell_report
    from stamgast.log.topics import check_topics
    from streams.maintenance.rebuild import empty as forget
    from streams.maintenance.rebuild import rebuild as run
    from streams.maintenance.rebuild import refuse_other_clocks, refuse_untrusted
    from streams.maintenance.verify import verify_all
    from streams.worker import make_worker

    key, topics = id_key_of(settings), topics_of(settings)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    await refuse_other_clocks(settings)
    await refuse_untrusted(settings)
    await stamp(settings)  # by a wrong clock its worker would wait for ever
    if empty:
        await forget(settings.redis_url)
    make = partial(make_worker, sending=False)
    rebuilt = await run(settings, make, lambda done, total: say(f"{done:,} of {so_many(total, 'record')} applied"))
    real_time = is_real(settings.clock)
    report = await verify_all(kafka_of(settings), settings.redis_url, topics, key, real_time=real_time)
    if as_json:
        print_json({"records": rebuilt.records} | as_json_document(report))
    else:
        answer(f"{so_many(rebuilt.records, 'record is', 'records are')} applied")
        tell_report(report)
    return 0 if report.equal else WRONG
