"""The small job on stock Faust in its documented way: an agent, a Table with its changelog topic, event by event."""

from __future__ import annotations

import os
import sys
from typing import Any

import faust

from benchmarks.meter import Meter
from benchmarks.small.job import apply, fresh, messages
from benchmarks.small.settings import Settings


def make_app(settings: Settings) -> faust.App:
    """The app with its one agent; the process ends itself after the last event."""
    app = faust.App(
        settings.group,
        broker=f"kafka://{settings.bootstrap}",
        store="memory://",
        datadir=settings.folder,
        web_enabled=False,
        topic_disable_leader=True,
        topic_replication_factor=1,
        topic_partitions=settings.partitions,
        broker_session_timeout=10,
        broker_heartbeat_interval=1,
        broker_commit_interval=3.0,
        producer_linger=0.005,
        producer_acks=-1,
    )
    options: Any = {"key_serializer": "raw", "partitions": settings.partitions}
    source = app.topic(settings.topic, value_type=None, value_serializer="json", **options)
    target = app.topic(settings.out, value_serializer="raw", **options)
    states = app.Table("states", default=fresh, partitions=settings.partitions, key_type=str)
    meter = Meter()
    left = settings.events

    @app.agent(source)
    async def carry(stream: Any) -> None:
        nonlocal left
        async for event in stream:
            if not meter.started:
                meter.start()
            customer = event["customer"]
            state = states[customer]
            before = state[0]
            reached = apply(state, event["event_id"], event["amount"], event["cost"], event["at"])
            if state[0] != before:
                states[customer] = state
            if reached:
                for text in messages(customer, event["event_id"], reached, state[1]):
                    await target.send(key=customer.encode(), value=text)
            left -= 1
            if not left:
                await app.producer.flush()
                await app.commit(topics=[settings.topic])
                meter.tell(settings.events)
                os._exit(0)

    return app


def main() -> None:
    """Carry the job."""
    app = make_app(Settings.from_command_line())
    sys.argv = ["faust"]
    faust.Worker(app, loglevel="WARN", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
