"""The small job's input and, computed from it in the plainest way, what its output must be.

Purchases of about 250 bytes, ten a customer, one in a hundred delivered twice. Standard library only.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

CATEGORIES = ("coffee", "bakery", "lunch", "grocery", "retail")
PER_CUSTOMER = 10
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def purchases(count: int, seed: int = 7) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values, the same in every run."""
    draw = random.Random(seed)
    customers = max(1, count // PER_CUSTOMER)
    recent: list[tuple[bytes, bytes]] = []
    for number in range(count):
        if recent and draw.random() < 0.01:
            yield draw.choice(recent)
            continue
        amount = draw.randrange(150, 9000)
        event = {
            "event_id": "".join(draw.choices(_LETTERS, k=16)),
            "type": "purchase",
            "customer": f"c{draw.randrange(customers):07d}",
            "store": f"s{draw.randrange(400):04d}",
            "at": 1_790_000_000_000 + number * 37,
            "currency": "EUR",
            "amount": amount,
            "cost": round(amount * draw.uniform(0.3, 0.8)),
            "category": draw.choice(CATEGORIES),
            "channel": "pos",
            "items": [{"sku": f"SKU{draw.randrange(9999):05d}", "quantity": draw.randrange(1, 4)}],
        }
        record = (str(event["customer"]).encode(), json.dumps(event, separators=(",", ":")).encode())
        recent.append(record)
        if len(recent) > 500:
            recent = recent[250:]
        yield record


Message = tuple[str, str, int, int, str]
"""Customer, kind, number, spend so far, id of the purchase that caused it."""


def expected_messages(count: int, seed: int = 7) -> set[Message]:
    """Fold the input by hand: all of a customer's purchases in order, each id once."""
    by_customer: dict[str, list[dict[str, object]]] = {}
    for _key, value in purchases(count, seed):
        event = json.loads(value)
        by_customer.setdefault(event["customer"], []).append(event)
    wanted: set[Message] = set()
    for customer, events in by_customer.items():
        seen: list[object] = []
        spend = number = 0
        for event in events:
            if event["event_id"] in seen[-8:]:
                continue
            seen.append(event["event_id"])
            number += 1
            before, spend = spend, spend + int(str(event["amount"]))
            cause = str(event["event_id"])
            if number % 10 == 0:
                wanted.add((customer, "card", number // 10, spend, cause))
            if before // 50_000 != spend // 50_000:
                wanted.add((customer, "level", spend // 50_000, spend, cause))
    return wanted
