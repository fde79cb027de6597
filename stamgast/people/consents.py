"""What a customer agreed to and took back, with the proofs, from their stream: the log is where consents are proved."""

from __future__ import annotations

from dataclasses import dataclass

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import ConsentChanged, Replied, decode_event, key_of
from stamgast.domain.units import Millis
from stamgast.identity.proofs import Proof, open_proof
from stamgast.identity.sealing import DataKey
from stamgast.log.address import KafkaAddress
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics


@dataclass(frozen=True, slots=True)
class Told:
    """A consent as it was told. `proof` is None where its key is gone with the person.

    `said_at` is when they said so, `at` when it was recorded: an imported list tells of long before.
    """

    at: Millis
    said_at: Millis
    purpose: str
    channel: str
    granted: bool
    proof: Proof | None
    topic: str = ""
    """The topic that it is about, without a purpose; empty: it is a consent."""
    field: str = ""
    """What they told of themselves in answer to a question, without a purpose."""


async def read_consents(
    bootstrap: KafkaAddress | str, topics: Topics, customer: tuple[str, str], key: DataKey | None
) -> list[Told]:
    """Everything that a customer (merchant, id) ever said about messages, oldest first."""
    wanted, found = key_of(*customer), []
    async with LogReader(bootstrap) as reader:
        partition = partition_for(wanted, topics.partitions)
        async for records in reader.read_all_of(topics.customer_events, partition, wanted):
            found += [told for each in records if (told := _told(each.value, key))]
    return found


def _told(value: bytes | None, key: DataKey | None) -> Told | None:
    try:
        event = decode_event(value or b"")
    except UNREADABLE:  # not of our making
        return None
    if isinstance(event, Replied):
        return said_of_themselves(event, key)
    return told_of(event, key) if isinstance(event, ConsentChanged) else None


def said_of_themselves(event: Replied, key: DataKey | None) -> Told | None:
    """That an answer filled in something of them, with its proof; None: it filled nothing."""
    if not event.fills:
        return None
    proof = open_proof(key, (event.merchant, event.customer), event.proof)
    return Told(event.at, event.at, "", event.channel, granted=True, proof=proof, field=event.fills)


def told_of(event: ConsentChanged, key: DataKey | None) -> Told:
    """A consent with its proof opened by the customer's data key."""
    in_the_clear = Proof(event.wording, event.origin)
    proof = open_proof(key, (event.merchant, event.customer), event.proof) if event.proof else in_the_clear
    since = event.since or event.at
    return Told(event.at, since, event.purpose, event.channel, event.granted, proof, event.topic)
