"""A merchant's customers are written down, a partition at a time; or one customer is (`stamgast export`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from stamgast.broker import kafka_of
from stamgast.domain.events import key_of
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.lists.export import Tables, document_of
from stamgast.lists.lives import Life, read_life, read_lives, set_apart, spool_of_partitions
from stamgast.lists.pictures import Named, Pictures
from stamgast.log.address import KafkaAddress
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.lookup import People
from stamgast.settings import Settings
from stamgast.state.transactions import KnownTransactions

_AT_ONCE: Final = 250
_RECEIPTS: Final = "receipts.jsonl"
_CUSTOMERS: Final = "customers.jsonl"

Tell = Callable[[int, int], None]


async def read_customer(settings: Settings, describing: Describing, customer: str) -> dict[str, Any]:
    """All that is kept of one customer, with what they wrote in the last thirty days and sent in the last sixty.

    Raises NotLoadedError, NotFilledError, StateError, StoreError.
    """
    return await _read_one(kafka_of(settings), describing, customer)


async def read_kept(bootstrap: str, people: People, program: Program, customer: str, at: Millis) -> dict[str, Any]:
    """The same where no picture is written beside it: each is named, with how to get it.

    Raises NotLoadedError, NotFilledError, StateError.
    """
    return await _read_one(bootstrap, Describing(people, program, at, Named()), customer)


async def _read_one(bootstrap: KafkaAddress | str, describing: Describing, customer: str) -> dict[str, Any]:
    merchant, topics = describing.program.merchant, describing.people.topics
    partition = partition_for(key_of(merchant, customer), topics.partitions)
    async with LogReader(bootstrap, client_id="stamgast-export") as reader:
        life = await read_life(reader, topics, merchant, partition, customer)
    return (await describing.some({customer: life}))[0]


async def write_merchant(settings: Settings, describing: Describing, folder: Path, tell: Tell) -> Mapping[str, int]:
    """Write down a merchant's customers and receipts; how many rows each file has.

    Raises `FolderError`, NotLoadedError, NotFilledError, StateError, StoreError.
    """
    tables, topics, merchant = Tables(folder), describing.people.topics, describing.program.merchant
    tables.open()
    with (
        closing(tables),
        tables.file(_CUSTOMERS) as whole,
        tables.file(_RECEIPTS) as receipts,
        spool_of_partitions(folder, topics) as spool,
    ):
        customers = count = 0
        async with LogReader(kafka_of(settings), client_id="stamgast-export") as reader:
            await set_apart(reader, topics, merchant, spool)
            for partition, beside in enumerate(spool.groups()):
                async for lives in read_lives(reader, topics, merchant, partition, folder=folder, beside=beside):
                    async for document in describing.all(lives):
                        whole.write(msgspec.json.encode(document).decode() + "\n")
                        tables.add(document)
                        customers += 1
                count += await _write_receipts(reader, topics.purchases, merchant, partition, receipts)
                tell(partition + 1, topics.partitions)
        return {_CUSTOMERS: customers, _RECEIPTS: count} | {f"{name}.csv": rows for name, rows in tables.rows.items()}


@dataclass(frozen=True, slots=True)
class Describing:
    """Makes documents of customers, as they are at a moment."""

    people: People
    program: Program
    at: Millis
    pictures: Pictures | Named

    async def all(self, lives: Mapping[str, Life]) -> AsyncIterator[dict[str, Any]]:
        """The documents of many, in their order; asked for so many at once."""
        known = [(customer, life) for customer, life in lives.items() if customer]
        for first in range(0, len(known), _AT_ONCE):
            for document in await self.some(dict(known[first : first + _AT_ONCE])):
                yield document

    async def some(self, lives: Mapping[str, Life]) -> list[dict[str, Any]]:
        """The documents of some."""
        people, merchant, names = self.people, self.program.merchant, list(lives)
        identities, partition_of = people.identities, partial(people.appender.partition_of, people.topics.purchases)
        kept = await identities.profiles.many(merchant, names)
        phones = [
            identities.hash_phone(merchant, each.profile.phone) if each.profile and each.profile.phone else ""
            for each in kept
        ]
        stops = await identities.wishes.stops_of(merchant, [each for each in phones if each])
        states = await people.states_of(merchant, names)
        bought = [name for life in lives.values() for name in life.purchases]
        known = await KnownTransactions(people.redis, partition_of).of(merchant, bought)
        return [
            document_of(
                name,
                life,
                self.program,
                self.at,
                profile=profile,
                state=states.get(name),
                key=key,
                stopped=stops.get(phone),
                known=known,
                pictures=await self.pictures.show(name, life.pictures.values(), key),
                passes=await identities.passes.of(merchant, name),
            )
            for (name, life), (profile, key), phone in zip(lives.items(), kept, phones, strict=True)
        ]


async def _write_receipts(reader: LogReader, topic: str, merchant: str, partition: int, file: IO[str]) -> int:
    """Whatever tills told, as it stands: also of sales that are nobody's."""
    prefix, count = f"{merchant}:".encode(), 0
    async for records in reader.read_all(topic, partition):
        for record in records:
            if (record.key or b"").startswith(prefix) and record.value is not None:
                file.write(record.value.decode(errors="replace").replace("\n", " ") + "\n")
                count += 1
    return count
