"""Waiting for the first sale of a connection, to show the shop that it is connected."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import msgspec

from stamgast.domain.currencies import format_money
from stamgast.domain.errors import UNREADABLE
from stamgast.log.reading import LogReader, TopicPartition

PAUSE_S: Final = 0.25
"""Between two looks."""


class FirstSale(NamedTuple):
    """What was seen of it."""

    store: str
    amount: str
    items: int
    with_customer: bool
    is_refund: bool

    def in_words(self, stores: Mapping[str, Any]) -> str:
        """For whoever waits for it at a terminal."""
        kind = "refund" if self.is_refund else "sale"
        where = self.store.replace("-", " ").replace("_", " ").title() if self.store in stores else self.store
        at = f" at {where}" if self.store else ""
        items = "1 item" if self.items == 1 else f"{self.items} items"
        whose = "with its customer" if self.with_customer else "no customer attached"
        seen = f"first {kind} seen: {self.amount}{at}, {items}, {whose}"
        if not self.store or self.store in stores:
            return seen
        return (
            f"{seen}\nno store of program.yaml is called {self.store!r}: the same command with "
            f"--store {self.store}=STORE says which it is, one of {', '.join(stores)}"
        )


async def first_sale_of(reader: LogReader, source: str, begins: Mapping[TopicPartition, int]) -> FirstSale | None:
    """The first record that came from there since `begins`; None if there is none yet."""
    ends = await reader.ends([(pair.topic, pair.partition) for pair in begins])
    for pair, begin in begins.items():
        async for records in reader.read(pair.topic, pair.partition, begin, ends[pair]):
            for record in records:
                with suppress(*UNREADABLE):
                    event = msgspec.json.decode(record.value or b"")
                    if isinstance(event, dict) and event.get("source") == source:
                        return _seen(event["data"])
    return None


def _seen(data: dict[str, Any]) -> FirstSale:
    return FirstSale(
        data.get("store", {}).get("retail_store_id", ""),
        format_money(data["totals"]["gross_minor"], data["price_currency"]),
        len(data.get("line_items", ())),
        "customer" in data,
        "refund_id" in data,
    )
