"""What does a customer cost in Redis? Keys, timers and expiry included, from the difference in used memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import redis

from benchmarks.bakery import customer_id, purchases
from benchmarks.figures import Figure, table, tell
from benchmarks.scene import Scene
from benchmarks.ten_purchases import MERCHANT, shipped_bakery
from stamgast.domain.customer import decode_customer
from stamgast.domain.events import PurchaseChanged, key_of
from stamgast.domain.purchase_record import CustomerRef, Delivery, LineItem, StoreRef, Totals
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Transaction, encode_transaction
from stamgast.log.partitioning import partition_for
from stamgast.state import keys
from stamgast.state.roll import entry_of

_PARTITIONS = 32
_EXPIRES_MS = 400 * 86_400_000
_BATCH = 5_000
TARGETS = {"customer": 500, "ledger_entry": 40, "transaction": 400}
REMEMBERED = 200
"""Bytes that a remembered purchase is to take at most, with its entry in the ledger."""


def run(scene: Scene) -> None:
    """Fill an empty Redis with one kind of thing after the other and weigh it."""
    count = scene.sized(100_000, 2_000)
    fold = shipped_bakery(min(count, 2_000))
    states, ledgers = list(fold.states.values()), list(fold.ledgers.values())
    quiet = list(shipped_bakery(min(count, 2_000), with_rules=False).states.values())
    values = list(_transactions(scene.sized(2_000, 200)))
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()

        def weigh(fill: Callable[[Any, int], None]) -> float:
            before = client.info("memory")["used_memory"]
            for start in range(0, count, _BATCH):
                with client.pipeline(transaction=False) as pipe:
                    for number in range(start, min(start + _BATCH, count)):
                        fill(pipe, number)
                    pipe.execute()
            return float(client.info("memory")["used_memory"] - before) / count

        plain = weigh(lambda pipe, n: pipe.set(_names(n).customer(MERCHANT, customer_id(n)), quiet[n % len(quiet)]))
        client.flushall()
        state = weigh(lambda pipe, n: pipe.set(_names(n).customer(MERCHANT, customer_id(n)), states[n % len(states)]))
        timer = weigh(lambda pipe, n: _put_timer(pipe, n, states[n % len(states)]))
        roll = weigh(lambda pipe, n: pipe.rpush(_names(n).roll(MERCHANT), entry_of(customer_id(n))))
        ledger = weigh(lambda pipe, n: _put_ledger(pipe, n, ledgers[n % len(ledgers)]))
        transaction = weigh(lambda pipe, n: _put_transaction(pipe, n, values[n % len(values)]))
        client.flushall()
    entries = sum(map(len, ledgers)) / len(ledgers)
    found = {
        "customer": plain + timer + roll,
        "customer_with_messages": state + timer + roll,
        "ledger_entry": ledger / entries,
        "transaction": transaction,
    }
    rows = [
        ("a customer after ten purchases: cards, CLV, stage, timer", found["customer"], TARGETS["customer"]),
        ("  the state with its key", plain, ""),
        ("  of which the value", _mean(quiet), ""),
        ("  the timer, of who has one", timer, ""),
        ("  the place on the roll", roll, ""),
        ("the same with the shipped rules' messages, vouchers and occasions", found["customer_with_messages"], ""),
        ("  of which the value", _mean(states), ""),
        (f"an entry of the ledger ({entries:.1f} a customer, the hash's key shared)", found["ledger_entry"], 40),
        ("a remembered transaction with its expiry", transaction, TARGETS["transaction"]),
        ("  of which the value", _mean(values), ""),
    ]
    table(f"Redis memory in bytes, {count} customers", ("what", "bytes", "at most"), rows)
    tell(
        Figure(f"memory_{name}", value, "bytes", "target, at most" if name in TARGETS else "", TARGETS.get(name))
        for name, value in found.items()
    )
    both = found["transaction"] + found["ledger_entry"]
    tell([Figure("bytes_per_remembered_purchase", both, "bytes", "goal, at most", REMEMBERED)])


def _mean(values: list[bytes]) -> float:
    return sum(map(len, values)) / len(values)


def _names(number: int) -> keys.PartitionKeys:
    return keys.customers(partition_for(key_of(MERCHANT, customer_id(number)), _PARTITIONS))


def _put_timer(pipe: Any, number: int, state: bytes) -> None:
    due = min(decode_customer(state).timers.values())
    pipe.zadd(_names(number).timers, {f"{MERCHANT}:{customer_id(number)}": due + number})


def _put_ledger(pipe: Any, number: int, ledger: dict[bytes, bytes]) -> None:
    # Field names are hashes of transaction ids: the sample's are as good as any.
    pipe.hset(_names(number).ledger(MERCHANT, customer_id(number)), mapping=ledger)


def _put_transaction(pipe: Any, number: int, value: bytes) -> None:
    transaction = f"till{number % 9}:{number:08d}"
    names = keys.transactions(partition_for(f"{MERCHANT}:{transaction}".encode(), _PARTITIONS))
    pipe.set(names.transaction(MERCHANT, transaction), value, px=_EXPIRES_MS)


def _transactions(count: int) -> Iterator[bytes]:
    """What intake remembers of the bakery's sales, one to four lines each."""
    for event in purchases(count, customers=count):
        if event.before is None and event.after is not None:
            transaction = Transaction()
            merge(transaction, as_delivery(event), event.at)
            yield encode_transaction(transaction)


def as_delivery(event: PurchaseChanged) -> Delivery:
    """The sale as the till reported it."""
    sold = event.after
    assert sold is not None
    return Delivery(
        transaction_id=event.transaction,
        status="completed",
        end_date_time=datetime.fromtimestamp(sold.occurred_at / 1000, UTC),
        price_currency=sold.currency,
        totals=Totals(sold.spend),
        source_version=event.at * 1000,
        store=StoreRef(sold.store),
        customer=CustomerRef(customer_id=customer_id(event.at)),
        line_items=tuple(
            LineItem(gross_minor=line.gross, line_id=line.id, sku=line.sku, category=line.category)
            for line in sold.lines
        ),
    )
