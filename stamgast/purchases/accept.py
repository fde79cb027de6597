"""Purchases that were read come in: resolved to customers, stamped, appended to `purchases.v1`, then acknowledged.

All or nothing: one that cannot be taken refuses its batch, with a problem for each place, and nothing of it was taken.
If Kafka fails half-way, the same batch again is harmless, since versions make repeats no-ops.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from stamgast.domain.program import Program
from stamgast.domain.purchase_record import LARGEST_RECEIPT, decode_record, millis_of
from stamgast.domain.transactions import Transaction
from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.references import identifiers_of, opened
from stamgast.identity.sealed import Identifiers
from stamgast.identity.sealing import SealError
from stamgast.pos.canonical import Refund
from stamgast.pos.known import doubts_about_known
from stamgast.pos.links import settled
from stamgast.pos.problems import Problem, RefusedError
from stamgast.pos.reading import Received
from stamgast.pos.record import to_record
from stamgast.pos.scope import scoped_all
from stamgast.pos.warnings import Doubt, Seen, doubts_about

Append = Callable[[str, Sequence[tuple[bytes, bytes | None]]], Awaitable[list[int]]]
"""Append records to a topic, each to the partition of its key; returns once all are acknowledged."""

Record = tuple[bytes, bytes]

P = ParamSpec("P")
T = TypeVar("T")


class People(Protocol):
    """Who is who (`stamgast.state.identities`)."""

    async def resolve_many(self, merchant: str, references: Sequence[Sequence[Identifier]], at: Millis) -> list[str]:
        """Return a customer id for each reference; unknown identifiers become new customers."""
        ...

    def unseal(self, merchant: str, sealed: str) -> Identifiers:
        """Return what was sealed to the merchant's public key. Raises `SealError`."""
        ...


class Known(Protocol):
    """What is known of transactions (`stamgast.state.transactions`)."""

    async def of(self, merchant: str, names: Iterable[str]) -> dict[str, Transaction]:
        """Return those that are known."""
        ...


class ReceiptTooLargeError(ValueError):
    """A purchase takes more bytes than any receipt; nothing of its batch was taken."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of purchases that Kafka has."""

    customers: list[str | None]
    """Whom each of them names, in their order."""
    doubts: list[Doubt]
    """What was taken in although it looks wrong."""
    beside: list[Doubt]
    """The same beside what was known already: workers count it, who see all of it in order."""


async def accept(
    people: People,
    known: Known,
    append: Append,
    topic: str,
    received: Sequence[Received],
    *,
    program: Program,
    at: Millis,
    large: bool = False,
) -> Accepted:
    """Take in a merchant's purchases, recorded `at`. `large`: work in a thread, so that others need not wait.

    Raises:
        RefusedError: some name nobody that could be known; it has all of the places.
        ReceiptTooLargeError: one is.
        NotLoadedError, StateError, NotAppendedError: not now; the same again later.
    """
    within = scoped_all(received, program)
    customers = await _resolved(people, received, program, at, large=large)
    parts, records = _records(within, customers, program, at)
    _refuse_large(parts, records)
    names = [part.purchase.transaction_id for part in parts]
    transactions = await known.of(program.merchant, names)  # before they are appended: then the worker may know them
    await append(topic, records)
    seen = list(map(_seen, parts, records))
    doubts = await _done(large, doubts_about, seen, program, at)
    beside = await _done(large, doubts_about_known, seen, transactions, at)
    return Accepted(customers, doubts, beside)


def _records(
    received: Sequence[Received],
    customers: Sequence[str | None],
    program: Program,
    at: Millis,
) -> tuple[list[Received], list[Record]]:
    """What is appended, and which purchase each record holds: a return that is a receipt of its own is two."""
    parts: list[Received] = []
    records: list[Record] = []
    for each, customer in zip(received, customers, strict=True):
        for number, part in enumerate(settled(each.purchase)):
            parts.append(replace(each, purchase=part))
            record = to_record(
                part,
                program.merchant,
                None if number else customer,
                at,
                earliest=program.earliest(at),
                event_id="" if number else each.event_id,
                event_source=each.event_source,
            )
            records.append(record)
    return parts, records


async def _resolved(
    people: People, received: Sequence[Received], program: Program, at: Millis, *, large: bool
) -> list[str | None]:
    """Whom each purchase names, with one question for all of them."""
    named = await _done(large, _references, received, program, people)
    unknown = [each for each in named if isinstance(each, list)]
    resolved = iter(await people.resolve_many(program.merchant, unknown, at))
    return [next(resolved) if isinstance(each, list) else each for each in named]


def _references(received: Sequence[Received], program: Program, people: People) -> list[list[Identifier] | str | None]:
    """Whom each purchase names: a customer id, identifiers still to be resolved, or nobody."""
    faults: list[Problem] = []
    unseal = partial(people.unseal, program.merchant)
    found = [_reference(each, program, unseal, faults) for each in received]
    if faults:
        raise RefusedError(faults)
    return found


def _reference(
    received: Received, program: Program, unseal: Callable[[str], Identifiers], faults: list[Problem]
) -> list[Identifier] | str | None:
    purchase = received.purchase
    if isinstance(purchase, Refund) or purchase.customer is None:
        return None
    customer = purchase.customer
    if customer.customer_id is not None:
        return customer.customer_id
    try:
        return identifiers_of(opened(customer, unseal), program.region_of(purchase.store.retail_store_id))
    except SealError as error:
        faults.append({"pointer": f"{received.place}/customer/sealed", "detail": f"sealed {error}"})
    except BadPhoneError as error:
        where = "sealed" if customer.sealed else "phone"
        faults.append({"pointer": f"{received.place}/customer/{where}", "detail": f"phone {error}"})
    return None


def _seen(received: Received, record: Record) -> Seen:
    return Seen(received.place, millis_of(received.purchase.end_date_time), decode_record(record[1]).data)


def _refuse_large(received: Sequence[Received], records: Sequence[Record]) -> None:
    for each, (_, value) in zip(received, records, strict=True):
        if len(value) > LARGEST_RECEIPT:
            detail = f"{each.place or 'The purchase'} takes {len(value):,} bytes; at most {LARGEST_RECEIPT:,} fit."
            raise ReceiptTooLargeError(f"{detail} Leave out what no rule needs, such as names of lines.")


async def _done(large: bool, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.to_thread(work, *args, **kwargs) if large else work(*args, **kwargs)
