"""Which records of `purchases.v1` may be merged as they are, and how the others become such."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from stamgast.domain.deliveries import CLOCK_TOLERANCE, CustomerRef, decode_record
from stamgast.domain.deliveries import Record as Purchase
from stamgast.domain.events import Source
from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier, Kind
from stamgast.log.partitioning import partition_for
from stamgast.pos.canonical import EVENT_TYPE
from streams.emission import Emission
from streams.jobs import Record

_CUSTOMER_ID: Final = re.compile(r"c[a-z2-7]{24}")


LARGEST: Final = 240_000
"""Bytes of a purchase. Its customer's event holds it up to four times (before, after and each at its peak)."""


class Resolves(Protocol):
    """Tells whom identifiers name (`stamgast.state.identities`)."""

    async def resolve_many(self, merchant: str, references: Sequence[Sequence[Identifier]], at: Millis) -> list[str]:
        """Return a customer id for each reference; unknown identifiers become new customers."""
        ...


class UnreadableError(ValueError):
    """A record that cannot become a purchase. The text names no person."""


@dataclass(frozen=True, slots=True)
class Read:
    """A record that was read. `wanting` says that it has to be re-appended in canonical form first."""

    merchant: str
    transaction: str
    purchase: Purchase
    record: Record
    wanting: bool
    stamped: bool
    """Whether its recorded time may stay as it is."""


def read_record(record: Record, partition: int, partitions: int, *, real_time: bool = False) -> Read:
    """Decode a record and see whether it is canonical. `real_time`: shop time and the broker's clock are the same.

    Raises:
        UnreadableError: it is no purchase, nobody knows whose it is, or it holds a phone in the clear.
    """
    if len(record.value or b"") > LARGEST:
        raise UnreadableError(f"{len(record.value or b'')} bytes are more than the {LARGEST} of any receipt")
    try:
        purchase = decode_record(record.value or b"")
        key = record.key or _partition_key(record.value or b"")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:  # brackets in brackets in brackets
        raise UnreadableError(f"not a purchase: {error}") from None
    merchant, _, transaction = key.decode(errors="replace").partition(":")
    if not merchant or transaction != purchase.data.transaction_id:
        raise UnreadableError("its key is not merchant:transaction of what it holds")
    if purchase.type != EVENT_TYPE:
        raise UnreadableError(f"its type is not {EVENT_TYPE}")
    customer = purchase.data.customer
    if customer is not None:
        _refuse_what_names_a_person(customer)
    resolved = customer is None or customer.customer_id is not None or not _identifiers(customer)
    here = record.key is not None and partition_for(record.key, partitions) == partition
    stamped = purchase.stamgastrecordedat is not None and not (real_time and _is_ahead(purchase, record))
    wanting = not here or not resolved or not stamped
    if wanting and purchase.stamgastsource is not None:
        raise UnreadableError("it was appended again already and is still not canonical")
    return Read(merchant, transaction, purchase, record, wanting, stamped)


async def canonical(
    read: Read, source: Source, people: Resolves, *, topic: str, partitions: int, now: Millis
) -> Emission:
    """Return the same purchase in canonical form: resolved, stamped, with its source, for the right partition."""
    document: dict[str, Any] = json.loads(read.record.value or b"")
    identifiers = _identifiers(read.purchase.data.customer)
    if identifiers:
        (customer,) = await people.resolve_many(read.merchant, [identifiers], now)
        document["data"]["customer"] = {"customer_id": customer}
    if not read.stamped:
        document["stamgastrecordedat"] = now
    document["stamgastsource"] = list(source)
    key = f"{read.merchant}:{read.transaction}".encode()
    document["partitionkey"] = key.decode()
    return Emission(topic, partition_for(key, partitions), key, msgspec.json.encode(document))


def _is_ahead(purchase: Purchase, record: Record) -> bool:
    """Say whether somebody else stamped it with a time to come, which would make all after it late (invariant 8).

    The broker's time of the record judges, so that every reading agrees. What was taken over once has our own stamp,
    and keeps it: a broker whose clock is slow must not have everything appended again for ever.
    """
    if purchase.stamgastsource is not None or record.timestamp <= 0:
        return False
    return (purchase.stamgastrecordedat or 0) > record.timestamp + CLOCK_TOLERANCE


def _identifiers(customer: CustomerRef | None) -> list[Identifier]:
    if customer is None or customer.customer_id is not None:
        return []
    named: tuple[tuple[Kind, str | None], ...] = (
        ("membership", customer.membership_number),
        ("provider", customer.provider_customer_id),
    )
    return [Identifier(kind, value) for kind, value in named if value]


def _refuse_what_names_a_person(customer: CustomerRef) -> None:
    if customer.phone is not None:
        raise UnreadableError("a phone in the clear is not taken from the topic: seal it, or name a membership number")
    if customer.sealed is not None:
        raise UnreadableError("sealed identifiers are not taken yet: name a membership number or a customer id")
    if customer.customer_id is not None and not _CUSTOMER_ID.fullmatch(customer.customer_id):
        raise UnreadableError("its customer_id is not one of ours: c and 24 letters a-z or digits 2-7")


def _partition_key(value: bytes) -> bytes:
    """What a producer that sets no key says in the CloudEvents attribute for it."""
    try:
        text = json.loads(value).get("partitionkey", "")
    except (ValueError, AttributeError):
        return b""
    return str(text).encode()
