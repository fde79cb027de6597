"""The pure core alone, fed the way the worker feeds it: chunks of records, grouped by customer, no Kafka, no Redis."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Sequence

from benchmarks.bakery import VOUCHER_KEY, bundle
from benchmarks.meter import cpu_seconds
from stamgast.domain.customer import decode_customer, encode_customer
from stamgast.domain.events import AnyEvent, decode_event
from stamgast.domain.told import encode_line
from stamgast.service import Bundle, Change, Context, handle, ledger_keys

CHUNK = 1_000


class Core:
    """States and ledgers as bytes, as Redis would hold them."""

    def __init__(self, rules: Bundle | None = None) -> None:
        self.states: dict[str, bytes] = {}
        self.ledgers: dict[str, dict[bytes, bytes]] = defaultdict(dict)
        self.submissions = 0
        self.told = 0
        self._context = Context(rules or bundle(), 3, VOUCHER_KEY)

    def apply(self, values: Sequence[bytes]) -> None:
        """Decode, think, encode."""
        by_customer: dict[str, list[AnyEvent]] = {}
        for value in values:
            event = decode_event(value)
            by_customer.setdefault(event.customer, []).append(event)
        for customer, events in by_customer.items():
            known = self.states.get(customer)
            state = None if known is None else decode_customer(known)
            fields = ledger_keys(state, events, self._context.bundle.program)
            ledger = self.ledgers[customer]
            read = (
                ledger
                if fields is None or (state and state.apart)
                else {name: ledger[name] for name in fields if name in ledger}
            )
            self._keep(customer, handle(state, customer, events, self._context, read))

    def _keep(self, customer: str, change: Change) -> None:
        self.states[customer] = encode_customer(change.state)
        self.submissions += len(change.submissions)
        self.told += sum(map(len, map(encode_line, change.told)))
        ledger = self.ledgers[customer]
        for name, value in change.ledger.items():
            if value is None:
                ledger.pop(name, None)
            else:
                ledger[name] = value


def events_per_cpu_second(values: Sequence[bytes], warm_up: int, rules: Bundle | None = None) -> float:
    """Apply everything; measured is what comes after the warm-up."""
    core = Core(rules)
    for start in range(0, warm_up, CHUNK):
        core.apply(values[start : min(start + CHUNK, warm_up)])
    gc.collect()
    gc.set_threshold(50_000, 20, 50)  # as the worker does
    began = cpu_seconds()
    for start in range(warm_up, len(values), CHUNK):
        core.apply(values[start : start + CHUNK])
    return (len(values) - warm_up) / (cpu_seconds() - began)
