"""The small job on Quix Streams, exactly once, in its documented way: stateful apply, RocksDB, changelog topics."""

from __future__ import annotations

from typing import Any

from quixstreams import Application, State
from quixstreams.models import TopicConfig

from benchmarks.meter import Meter
from benchmarks.small.job import apply, fresh, messages
from benchmarks.small.settings import Settings


def main() -> None:
    """Carry the job."""
    settings = Settings.from_command_line()
    meter = Meter()
    app = Application(
        broker_address=settings.bootstrap,
        consumer_group=settings.group,
        auto_offset_reset="earliest",
        state_dir=settings.folder,
        commit_interval=3.0,
        loglevel="WARNING",
        processing_guarantee="exactly-once",
        consumer_extra_config={"session.timeout.ms": 6000, "fetch.wait.max.ms": 100},
        producer_extra_config={"linger.ms": 5},
    )
    source = app.topic(settings.topic, key_deserializer="str", value_deserializer="json")
    shape = TopicConfig(num_partitions=settings.partitions, replication_factor=1)
    target = app.topic(settings.out, key_serializer="str", value_serializer="bytes", config=shape)
    left = settings.events

    def step(event: Any, stored: State) -> list[bytes]:
        nonlocal left
        if not meter.started:
            meter.start()
        state = stored.get("state") or fresh()
        before = state[0]
        reached = apply(state, event["event_id"], event["amount"], event["cost"], event["at"])
        if state[0] != before:
            stored.set("state", state)
        left -= 1
        if not left:
            app.stop()
        return messages(event["customer"], event["event_id"], reached, state[1]) if reached else []

    app.dataframe(source).apply(step, stateful=True, expand=True).to_topic(target)
    app.run()
    meter.tell(settings.events)


if __name__ == "__main__":
    main()
