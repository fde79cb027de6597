"""Which records of `purchases.v1` may be merged as they are, and how the others become such."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from stamgast.domain.errors import UNREADABLE, why_unreadable
from stamgast.domain.event import Source
from stamgast.domain.program import MERCHANT, Program
from stamgast.domain.purchase_record import LARGEST_RECEIPT, CustomerRef, Warned, decode_record, millis_of
from stamgast.domain.purchase_record import Record as Purchase
from stamgast.domain.recorded import bounded, is_ahead
from stamgast.domain.units import Millis
from stamgast.log.partitioning import partition_for
from stamgast.pos.canonical import EVENT_TYPE
from stamgast.pos.documents import read_document
from stamgast.pos.links import settled
from stamgast.pos.plain_sale import Told
from stamgast.pos.problems import UNKNOWN, Problem, RefusedError
from stamgast.pos.reading import read_purchase
from stamgast.pos.record import data_of, doubt_date, key_of, to_record
from stamgast.pos.scope import scoped
from streams.intake.record_mac import OTHERS, OURS, Origin, Proofs
from streams.runtime.emission import Emission
from streams.runtime.job import Record

_QUOTED: Final = re.compile(r"'.*'|\".*\"", re.DOTALL)
_TOLD: Final = 3
_LONGEST_PLACE: Final = 100
_CUSTOMER_ID: Final = re.compile(r"c[a-z2-7]{24}")


class UnreadableError(ValueError):
    """A record that cannot become a purchase. The text names no person."""


class Read(msgspec.Struct, frozen=True, gc=False):
    """A record that was read. `wanting` says that it has to be re-appended in canonical form first."""

    merchant: str
    transaction: str
    purchase: Purchase
    record: Record
    wanting: bool
    stamped: bool
    """Whether its recorded time may stay as it is."""
    recorded_at: Millis
    """Its recorded time, held to the log's; 0 without one."""
    source: Source | None
    """Where we took it over from; None for what others wrote, whatever it says."""
    origin: Origin
    """Whose it is. What others wrote is always wanting: their merchant has to be proved first."""


def read_record(record: Record, *, is_here: bool, proofs: Proofs, real_time: bool = False, held: bool = False) -> Read:
    """Decode a record and see whether it is canonical.

    `is_here`: its key belongs to the partition in which it stands. `real_time`: shop time and the broker's clock are
    the same. `held`: our own stamps are held to that clock, too.

    Raises:
        UnreadableError: it is no purchase, nobody knows whose it is, or it holds a phone in the clear.
    """
    if len(record.value or b"") > LARGEST_RECEIPT:
        raise UnreadableError(f"{len(record.value or b'')} bytes are more than the {LARGEST_RECEIPT} of any receipt")
    try:
        purchase = decode_record(record.value or b"")
        key = record.key or _partition_key(record.value or b"")
    except UNREADABLE as error:  # brackets in brackets in brackets
        raise UnreadableError(f"not a purchase: {why_unreadable(error)}") from None
    merchant, _, transaction = key.decode(errors="replace").partition(":")
    if not _is_merchant(merchant) or transaction != purchase.data.transaction_id:
        raise UnreadableError("its key is not merchant:transaction of what it holds")
    if purchase.type != EVENT_TYPE:
        raise UnreadableError(f"its type is not {EVENT_TYPE}")
    customer = purchase.data.customer
    if customer is not None:
        _refuse_what_names_a_person(customer)
    claimed = purchase.stamgastsource
    source = claimed if claimed is not None and proofs.holds(record.key or b"", record.value or b"") else None
    origin = OURS if source is not None else proofs.origin(merchant, record)
    stamped = (
        purchase.stamgastrecordedat is not None
        and origin is not OTHERS
        and not (real_time and source is None and _is_ahead(purchase, record))
    )
    wanting = not (is_here and stamped and _is_resolved(customer) and source == claimed)
    if wanting and source is not None:
        raise UnreadableError("it was appended again already and is still not canonical")
    stamp = purchase.stamgastrecordedat or 0
    recorded_at = bounded(stamp, record.timestamp) if held else stamp
    return Read(merchant, transaction, purchase, record, wanting, stamped, recorded_at, source, origin)


@lru_cache(maxsize=4_096)
def _is_merchant(name: str) -> bool:
    """Whether anybody may be called so: a name stands in keys, in states and in metrics."""
    return MERCHANT.fullmatch(name) is not None


def recorded_at_of(read: Read, now: Millis) -> Millis:
    """When it counts as recorded if it is appended again now."""
    stamp = read.purchase.stamgastrecordedat
    return stamp if read.stamped and stamp is not None else now


class Document(NamedTuple):
    """A record's JSON, and the purchase in it."""

    json: dict[str, Any]
    purchase: Told


def document_of(read: Read) -> Document:
    """Read the record as HTTP reads a purchase.

    Raises:
        UnreadableError: HTTP would refuse it, for the reasons that it names: place, what is wrong and what was meant.
    """
    try:
        document: dict[str, Any] = read_document(read.record.value or b"")
        if "specversion" not in document:
            raise UnreadableError("specversion is missing: a record is a CloudEvent 1.0, with the purchase as its data")
        received = read_purchase({name: value for name, value in document.items() if not name.startswith("stamgast")})
    except RefusedError as refused:
        told = "; ".join(map(_told, refused.problems[:_TOLD]))
        more = len(refused.problems) - _TOLD
        raise UnreadableError(f"{told}; and {more} more" if more > 0 else told) from None
    return Document(document, received.purchase)


def canonical(
    read: Read,
    document: Document,
    customer: str | None,
    source: Source,
    proofs: Proofs,
    *,
    program: Program,
    topic: str,
    partitions: int,
    now: Millis,
    warned: Sequence[Warned] = (),
) -> list[Emission]:
    """Return the same purchase in canonical form: stamped, for the right partition, with its source and its proof.

    `document` is `document_of` it, `customer` is whom its identifiers were resolved to, which stay behind; None: it
    names nobody. `program` says which dates can be right: what is found of that stands in the record, so that every
    later reading agrees, whatever the programme says by then; so does what else looks wrong about it, `warned`. A
    return that is a receipt of its own comes as two (`stamgast.pos.links`).
    """
    recorded_at = recorded_at_of(read, now)
    earliest = program.earliest(recorded_at)
    own, *refunds = settled(_within(document.purchase, program))
    whole = document.json
    if refunds or own is not document.purchase:
        data = data_of(own)
        whole |= {"data": data, "subject": own.transaction_id}
    whole["data"].pop("customer", None)
    if customer is not None:
        whole["data"]["customer"] = {"customer_id": customer}
    doubt_date(whole["data"], millis_of(read.purchase.data.end_date_time), recorded_at, earliest)
    documents = [whole]
    for refund in refunds:
        _, value = to_record(refund, read.merchant, None, recorded_at, earliest=earliest)
        documents.append(json.loads(value))
    emissions = []
    for index, each in enumerate(documents):
        key = key_of(read.merchant, each["data"]["transaction_id"]).encode()
        stamped = {name: value for name, value in each.items() if not name.startswith("stamgast")}
        stamped["partitionkey"] = key.decode()
        stamped["stamgastrecordedat"] = recorded_at
        stamped["stamgastsource"] = [*source[:3], source[3] + index]
        if warned and not index:
            stamped["stamgastwarnings"] = warned
        proven = proofs.add(key, msgspec.json.encode(stamped))
        emissions.append(Emission(topic, partition_for(key, partitions), key, proven))
    return emissions


def _within(purchase: Told, program: Program) -> Told:
    try:
        return scoped(purchase, program)
    except RefusedError as refused:
        raise UnreadableError("; ".join(map(_told, refused.problems))) from None


def _told(problem: Problem) -> str:
    """A problem without the value that it quotes: reasons are read by others than the dead letters themselves.

    A field's name that is none of ours, nor like one, is somebody's too.
    """
    place, detail = problem["pointer"], _QUOTED.sub("this", problem["detail"])
    if detail.endswith(UNKNOWN) and "nearest" not in problem:
        place, detail = place.rpartition("/")[0], f"a name {UNKNOWN}"
    near = f", did you mean {problem['nearest']}?" if "nearest" in problem else ""
    allowed = f" ({problem['allowed'][:_LONGEST_PLACE]})" if "allowed" in problem and not near else ""
    return f"{place[:_LONGEST_PLACE]}: {detail}{near}{allowed}"


def _is_ahead(purchase: Purchase, record: Record) -> bool:
    """Say whether somebody else stamped it with a time to come, which would make all after it late (invariant 8).

    The broker's time of the record judges, so that every reading agrees. What was taken over once has our own stamp,
    which is held to the broker's time and not replaced: a broker whose clock is slow must not have everything appended
    again for ever.
    """
    return is_ahead(purchase.stamgastrecordedat or 0, record.timestamp)


def _is_resolved(customer: CustomerRef | None) -> bool:
    """Say whether it names nobody, or a customer by their id."""
    return (
        customer is None
        or customer.customer_id is not None
        or not (customer.membership_number or customer.provider_customer_id or customer.sealed)
    )


def _refuse_what_names_a_person(customer: CustomerRef) -> None:
    if customer.phone is not None:
        raise UnreadableError(
            "a phone in the clear is not taken from the topic: seal it (docs/producing.md), or name a membership number"
        )
    if customer.customer_id is not None and not _CUSTOMER_ID.fullmatch(customer.customer_id):
        raise UnreadableError("its customer_id is not one of ours: c and 24 letters a-z or digits 2-7")


def _partition_key(value: bytes) -> bytes:
    """What a producer that sets no key says in the CloudEvents attribute for it."""
    try:
        text = json.loads(value).get("partitionkey", "")
    except (ValueError, AttributeError):
        return b""
    return str(text).encode()
