"""A merchant's customers are written down, a partition at a time; or one customer is (`stamgast export`)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from stamgast.broker import kafka_of
from stamgast.domain.events import key_of
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.lists.export import Tables, document_of
from stamgast.lists.lives import Life, read_lives
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.replies import read_replies
from stamgast.lookup import People
from stamgast.settings import Settings
from stamgast.state.transactions import KnownTransactions

_AT_ONCE: Final = 64
_RECEIPTS: Final = "receipts.jsonl"
_CUSTOMERS: Final = "customers.jsonl"

Tell = Callable[[int, int], None]


async def read_customer(
    settings: Settings, people: People, program: Program, customer: str, at: Millis
) -> dict[str, Any]:
    """All that is kept of one customer, with what they wrote in the last thirty days."""
    merchant = program.merchant
    partition = partition_for(key_of(merchant, customer), people.topics.partitions)
    async with LogReader(kafka_of(settings), client_id="stamgast-export") as reader:
        lives = await read_lives(reader, people.topics, merchant, partition, customer)
    key = await people.identities.key_of(merchant, customer)
    replies = await read_replies(kafka_of(settings), people.topics.replies, (merchant, customer), key, at)
    return await _document(people, program, customer, lives.get(customer, Life()), at, replies=replies)


async def write_merchant(
    settings: Settings, people: People, program: Program, folder: Path, *, at: Millis, tell: Tell
) -> Mapping[str, int]:
    """Write down a merchant's customers and receipts; how many rows each file has.

    Raises `FolderError`, NotLoadedError, NotFilledError, StateError.
    """
    tables, topics = Tables(folder), people.topics
    tables.open()
    with closing(tables), tables.file(_CUSTOMERS) as whole, tables.file(_RECEIPTS) as receipts:
        customers = count = 0
        async with LogReader(kafka_of(settings), client_id="stamgast-export") as reader:
            for partition in range(topics.partitions):
                lives = sorted((await read_lives(reader, topics, program.merchant, partition)).items())
                for first in range(0, len(lives), _AT_ONCE):
                    some = lives[first : first + _AT_ONCE]
                    documents = await asyncio.gather(
                        *(_document(people, program, customer, life, at) for customer, life in some if customer)
                    )
                    for document in documents:
                        whole.write(json.dumps(document, ensure_ascii=False) + "\n")
                        tables.add(document)
                        customers += 1
                count += await _write_receipts(reader, topics.purchases, program.merchant, partition, receipts)
                tell(partition + 1, topics.partitions)
        return {_CUSTOMERS: customers, _RECEIPTS: count} | {f"{name}.csv": rows for name, rows in tables.rows.items()}


async def _document(
    people: People, program: Program, customer: str, life: Life, at: Millis, **more: Any
) -> dict[str, Any]:
    merchant, identities = program.merchant, people.identities
    profile = await identities.profile(merchant, customer)
    stopped = None
    if profile is not None and profile.phone:
        stopped = await identities.stopped_at(merchant, identities.hash_phone(merchant, profile.phone))
    partition_of = partial(people.appender.partition_of, people.topics.purchases)
    known = await KnownTransactions(people.redis, partition_of).of(merchant, life.purchases)
    return document_of(
        customer,
        life,
        program,
        at,
        profile=profile,
        state=await people.state_of(merchant, customer),
        key=await identities.key_of(merchant, customer),
        stopped=stopped,
        known=known,
        **more,
    )


async def _write_receipts(reader: LogReader, topic: str, merchant: str, partition: int, file: IO[str]) -> int:
    """Whatever tills told, as it stands: also of sales that are nobody's."""
    prefix, count = f"{merchant}:".encode(), 0
    async for records in reader.read_all(topic, partition):
        for record in records:
            if (record.key or b"").startswith(prefix) and record.value is not None:
                file.write(record.value.decode(errors="replace").replace("\n", " ") + "\n")
                count += 1
    return count
