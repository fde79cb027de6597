"""What does a customer cost in Redis? Keys, timers and expiry included, from the difference in used memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
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
from stamgast.domain.units import DAY
from stamgast.log.partitioning import partition_for
from stamgast.state import keys
from stamgast.state.client import RedisClient
from stamgast.state.partitions import Lease, Writes
from stamgast.state.roll import entry_of
from streams.intake.old_transactions import REMEMBERED_DAYS, SETTLED, OldTransactions, put_down, recent_entry

_PARTITIONS = 32
_EXPIRES_MS = REMEMBERED_DAYS * 86_400_000
_RECORDED_AT = 1_790_000_000_000
_BATCH = 5_000
_STEP = 500
_YOUNG_DAYS = SETTLED // DAY
TARGETS = {"customer": 500, "ledger_entry": 40, "transaction": 162}
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
        client.flushall()
        weighed: list[int] = [client.info("memory")["used_memory"]]
        asyncio.run(
            _remember(scene.redis.url, values, count, lambda: weighed.append(client.info("memory")["used_memory"]))
        )
        client.flushall()
    young, boxed = ((each - weighed[0]) / count for each in weighed[1:])
    transaction = (young * _YOUNG_DAYS + boxed * (REMEMBERED_DAYS - _YOUNG_DAYS)) / REMEMBERED_DAYS
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
        (f"a remembered transaction, on average over {REMEMBERED_DAYS} days", transaction, TARGETS["transaction"]),
        (f"  in its first {_YOUNG_DAYS} days, under a key of its own", young, ""),
        ("    of which the value", _mean(values), ""),
        ("  afterwards, in a box", boxed, ""),
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


async def _remember(url: str, values: Sequence[bytes], count: int, weigh: Callable[[], None]) -> None:
    """Let each partition hold what intake writes of its sales; weigh; let all of it grow old, and weigh again."""
    redis = RedisClient(url)
    of: dict[int, list[tuple[str, bytes]]] = {}
    for number in range(count):
        name = f"till{number % 9}:{number:08d}"
        place = partition_for(f"{MERCHANT}:{name}".encode(), _PARTITIONS)
        of.setdefault(place, []).append((name, values[number % len(values)]))
    leases = {place: await Lease.take(redis, keys.transactions(place), {"topic": "t"}) for place in of}
    for place, sales in of.items():
        for start in range(0, len(sales), _STEP):
            writes, some, names = Writes(), sales[start : start + _STEP], leases[place].keys
            for name, value in some:
                writes.do("SET", names.transaction(MERCHANT, name), value, "PX", _EXPIRES_MS)
            put_down([recent_entry(f"{MERCHANT}:{name}", _RECORDED_AT) for name, _ in some], names, writes)
            await leases[place].commit(leases[place].watermark + 1, writes)
    weigh()
    for lease in leases.values():
        old = OldTransactions(lease, _RECORDED_AT + SETTLED, real_time=True)
        while old.wanted:
            await old.next()
    weigh()
    await redis.aclose()


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
