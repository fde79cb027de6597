"""Who bought something between two days, by the log: what every transaction comes to now, after edits and refunds."""

from __future__ import annotations

from typing import Final

import msgspec

from rules.buyers import FARTHEST, Buyers
from stamgast.domain.calendar import date_of
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import PurchaseChanged, decode_event
from stamgast.domain.program import Program
from stamgast.domain.units import Day
from stamgast.log.reading import ConsumerRecord, LogReader
from stamgast.log.topics import Topics

_KIND: Final = b'"purchase_changed"'


class TooFarBackError(ValueError):
    """So far back nobody is asked for."""


def check_reach(buyers: Buyers, today: Day) -> None:
    """Raise `TooFarBackError` for days that are too long ago."""
    if buyers.is_too_far_back(today):
        earliest = date_of(today - FARTHEST)
        raise TooFarBackError(
            f"it asks for purchases since {date_of(buyers.first)}, and {FARTHEST} days back is the most: "
            f"write from: {earliest}, or later"
        )


async def find_buyers(bootstrap: str, topics: Topics, program: Program, buyers: Buyers) -> set[str]:
    """Read the whole log of the customers. Raises LogTruncatedError or KafkaError."""
    found: set[str] = set()
    async with LogReader(bootstrap, client_id="stamgast-buyers") as reader:
        for partition in range(topics.partitions):
            search = Search(program, buyers)
            async for records in reader.read_all(topics.customer_events, partition):
                for record in records:
                    search.see(record)
            found |= search.found
    return found


class Search:
    """Goes through one partition. What may matter is decoded: what names the goods, and changes of who bought them."""

    def __init__(self, program: Program, buyers: Buyers) -> None:
        self.bought: dict[str, set[str]] = {}
        """Customer -> transactions that hold it."""
        self.merchant = program.merchant
        self._program = program
        self._buyers = buyers
        self._key = f"{program.merchant}:".encode()
        self._word = msgspec.json.encode(buyers.product or buyers.category)

    @property
    def found(self) -> set[str]:
        """Who has bought it by now."""
        return {customer for customer, transactions in self.bought.items() if transactions}

    def see(self, record: ConsumerRecord) -> None:
        """Take in a record."""
        key, value = record.key or b"", record.value or b""
        if not key.startswith(self._key) or _KIND not in value:
            return
        customer = key[len(self._key) :].decode(errors="replace")
        if self._word not in value and customer not in self.bought:
            return
        try:
            event = decode_event(value)
        except UNREADABLE:
            return  # it stands in the dead letters
        if not isinstance(event, PurchaseChanged):
            return
        if event.after is not None and self._buyers.holds(event.after, self._program):
            self.bought.setdefault(customer, set()).add(event.transaction)
        elif customer in self.bought:
            self.bought[customer].discard(event.transaction)
