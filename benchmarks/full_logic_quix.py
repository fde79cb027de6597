"""`stamgast.service` inside Quix Streams: stateful apply, exactly once, RocksDB and changelog topics.

It runs on the peers' Python, whose packages come first; what the service itself needs is found among ours behind them.
A customer's state and the fields of their ledger are entries of the stream's state; of the ledger those are read that
the event asks for, as our worker does.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from benchmarks.meter import Meter

SETTINGS: dict[str, Any] = json.loads(sys.argv[1])
sys.path.append(SETTINGS["libraries"])

from quixstreams import Application, State  # noqa: E402
from quixstreams.models import TopicConfig  # noqa: E402

from benchmarks.bakery import VOUCHER_KEY, bundle  # noqa: E402
from benchmarks.scene import PARTITIONS  # noqa: E402
from stamgast.domain.customer import Customer, decode_customer, encode_customer  # noqa: E402
from stamgast.domain.events import AnyEvent, decode_event  # noqa: E402
from stamgast.lifecycle.garbage import collect_rarely  # noqa: E402
from stamgast.service import Change, Context, handle, ledger_keys  # noqa: E402
from stamgast.state.outbox import encode_note, encode_submission  # noqa: E402

_STATE = "state"
_ENTRY = "ledger:"


class Service:
    """The use case, an event at a time, and what it came to."""

    def __init__(self) -> None:
        self._context = Context(bundle(), 3, VOUCHER_KEY)
        self.counters: Counter[str] = Counter()
        self.submissions = 0

    def apply(self, value: bytes, stored: State) -> list[bytes]:
        """Think, keep, and return the messages and notes that go out."""
        event = decode_event(value)
        known = stored.get_bytes(_STATE)
        state = None if known is None else decode_customer(known)
        change = handle(state, event.customer, (event,), self._context, self._ledger(state, event, stored))
        self._keep(change, stored)
        self.submissions += len(change.submissions)
        self.counters.update(change.counters)
        return [*map(encode_submission, change.submissions), *map(encode_note, change.notes)]

    def _ledger(self, state: Customer | None, event: AnyEvent, stored: State) -> dict[bytes, bytes]:
        fields = ledger_keys(state, (event,), self._context.bundle.program) or ()
        found = {field: stored.get_bytes(_ENTRY + field.hex()) for field in fields}
        return {field: entry for field, entry in found.items() if entry is not None}

    @staticmethod
    def _keep(change: Change, stored: State) -> None:
        stored.set_bytes(_STATE, encode_customer(change.state))
        for field, entry in change.ledger.items():
            if entry is None:
                stored.delete(_ENTRY + field.hex())
            else:
                stored.set_bytes(_ENTRY + field.hex(), entry)


def main() -> None:
    """Carry the stream, and tell what it took from the warm-up on."""
    service, meter = Service(), Meter()
    app = Application(
        broker_address=SETTINGS["bootstrap"],
        consumer_group=SETTINGS["group"],
        auto_offset_reset="earliest",
        state_dir=SETTINGS["folder"],
        commit_interval=3.0,
        loglevel="WARNING",
        processing_guarantee="exactly-once",
        consumer_extra_config={"session.timeout.ms": 6000, "fetch.wait.max.ms": 100},
        producer_extra_config={"linger.ms": 5},
    )
    source = app.topic(SETTINGS["topic"], key_deserializer="str", value_deserializer="bytes")
    shape = TopicConfig(num_partitions=PARTITIONS, replication_factor=1)
    target = app.topic(SETTINGS["out"], key_serializer="str", value_serializer="bytes", config=shape)
    done = 0

    def step(value: bytes, stored: State) -> list[bytes]:
        nonlocal done
        if done == SETTINGS["warm"]:
            meter.start()
        done += 1
        said = service.apply(value, stored)
        if done == SETTINGS["events"]:
            app.stop()
        return said

    app.dataframe(source).apply(step, stateful=True, expand=True).to_topic(target)
    collect_rarely()  # as the worker does
    app.run()
    totals = {each: service.counters[each] for each in ("purchases", "spend")}
    meter.tell(SETTINGS["events"] - SETTINGS["warm"], submissions=service.submissions, **totals)


if __name__ == "__main__":
    main()
