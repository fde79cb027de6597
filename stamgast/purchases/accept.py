"""Purchases that were read come in: resolved to customers, stamped, appended to `purchases.v1`, then acknowledged.

Item by item: one that cannot be taken is answered with a problem for each place, and holds up none of the others.
If Kafka fails half-way, the same batch again is harmless, since versions make repeats no-ops.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import islice
from typing import ParamSpec, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from stamgast.domain.program import Program
from stamgast.domain.purchase_record import LARGEST_RECEIPT, decode_record, millis_of
from stamgast.domain.transactions import Transaction
from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.joining import LastHeard, Resolved
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.references import identifiers_of_sale, opened
from stamgast.identity.sealed import Identifiers
from stamgast.identity.sealing import SealError
from stamgast.pos.canonical import Refund
from stamgast.pos.doubt import Doubt
from stamgast.pos.known import doubts_about_known
from stamgast.pos.links import settled
from stamgast.pos.misnamed import UNKNOWN_CUSTOMER, Misnamed, asked_about, misnamed_phone
from stamgast.pos.plain_sale import Told
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Item, Received, Refused, names_of
from stamgast.pos.record import to_record, with_warnings
from stamgast.pos.scope import scoped
from stamgast.pos.warnings import Seen, doubts_about

Append = Callable[[str, Sequence[tuple[bytes, bytes | None]]], Awaitable[list[int]]]
"""Append records to a topic, each to the partition of its key; returns once all are acknowledged."""

Record = tuple[bytes, bytes]

P = ParamSpec("P")
T = TypeVar("T")


class People(Protocol):
    """Who is who (`stamgast.state.identities`)."""

    async def resolve_many(
        self, merchant: str, references: Sequence[Sequence[Identifier]], at: Millis, last_heard: LastHeard
    ) -> list[Resolved]:
        """Return a customer for each reference; unknown identifiers become new customers."""
        ...

    async def unknown(self, merchant: str, customers: Collection[str]) -> frozenset[str]:
        """Return those of these ids by which nobody is known."""
        ...

    def unseal(self, merchant: str, sealed: str) -> Identifiers:
        """Return what was sealed to the merchant's public key. Raises `SealError`."""
        ...


class Asking(Protocol):
    """A question that is on its way."""

    async def answer(self) -> dict[str, Transaction]:
        """Return those that are known."""
        ...


class Known(Protocol):
    """What is known of transactions (`stamgast.state.transactions`)."""

    def asking(self, merchant: str, names: Iterable[str]) -> AbstractContextManager[Asking]:
        """Ask for those that are known."""
        ...


class ReceiptTooLargeError(ValueError):
    """A purchase takes more bytes than any receipt, and nothing beside it was taken."""


class Taken(Struct, frozen=True):
    """One purchase that Kafka has, and whom it was credited to."""

    received: Received
    customer: str | None


Outcome = Taken | Refused
"""What became of one item."""


class Accepted(Struct, frozen=True):
    """What became of purchases of which Kafka has some, at least."""

    outcomes: list[Outcome]
    """In their order."""
    doubts: list[Doubt]
    """What was taken in although it looks wrong."""
    beside: list[Doubt]
    """The same beside what was known already, where that was asked: workers count it, who see all of it in order."""

    @property
    def taken(self) -> list[Taken]:
        """Those that Kafka has."""
        return [each for each in self.outcomes if isinstance(each, Taken)]


class _Part(Struct, frozen=True):
    """What is appended of a purchase: it is two where a return is a receipt of its own."""

    purchase: Told
    record: Record


class _Named(Struct, frozen=True):
    """A purchase, and whom it names as far as its own words tell: by a customer id, by identifiers, or nobody."""

    received: Received
    within: Told
    """The same under the id by which it is told apart."""
    identifiers: list[Identifier]
    customer: str | None = None
    misnamed: tuple[Misnamed, ...] = ()


async def accept(
    people: People,
    known: Known,
    append: Append,
    topic: str,
    items: Sequence[Item],
    *,
    program: Program,
    at: Millis,
    last_heard: LastHeard,
    large: bool = False,
) -> Accepted:
    """As `take_in`, but refuse what nothing can be taken of.

    Raises:
        RefusedError: nothing could be taken; it has all of the places.
        ReceiptTooLargeError: the same, since each is.
        NotLoadedError, StateError, NotAppendedError: not now; the same again later.
    """
    accepted = await take_in(
        people, known, append, topic, items, program=program, at=at, last_heard=last_heard, large=large
    )
    return some_taken(accepted)


async def take_in(
    people: People,
    known: Known,
    append: Append,
    topic: str,
    items: Sequence[Item],
    *,
    program: Program,
    at: Millis,
    last_heard: LastHeard,
    large: bool = False,
) -> Accepted:
    """Take in a merchant's purchases, recorded `at`. `large`: work in a thread, so that others need not wait.

    One that cannot be taken holds up none of the others.

    Raises:
        NotLoadedError, StateError, NotAppendedError: not now; the same again later.
    """
    together = take_in_together(
        people, known, append, topic, [items], program=program, at=at, last_heard=last_heard, large=large
    )
    return (await together)[0]


async def take_in_together(
    people: People,
    known: Known | None,
    append: Append,
    topic: str,
    groups: Sequence[Sequence[Item]],
    *,
    program: Program,
    at: Millis,
    last_heard: LastHeard,
    large: bool = False,
) -> list[Accepted]:
    """The same for several at once who know nothing of each other: one question who they are of, one append.

    What looks wrong about a group's purchases is told of it alone. `known`: None where nobody wants to hear what does
    not go with what was known before.
    """
    items = [each for group in groups for each in group]
    read = await _done(large, _read_names, items, program, people)
    names = [part.transaction_id for each in read if isinstance(each, _Named) for part in settled(each.within)]
    if not names:
        outcomes = iter([each for each in read if isinstance(each, Refused)])
        return [Accepted(list(islice(outcomes, len(group))), [], []) for group in groups]
    # Asked before they are appended: then the worker may know them. Heard after it: nothing of them waits for that.
    with known.asking(program.merchant, names) if known is not None else nullcontext() as asked:
        named = await _resolved(people, last_heard, read, program, at)
        written = await _done(large, _all_written, named, [len(group) for group in groups], program, at)
        if records := [record for each in written for record in each.records]:
            await append(topic, records)
        if asked is None:
            return [Accepted(each.outcomes, each.doubts, []) for each in written]
        transactions = await asked.answer()
    return await _done(large, _all_accepted, written, transactions, at)


class _Written(Struct, frozen=True):
    """What is to be appended of a group, and what is told of it then."""

    records: Sequence[Record]
    outcomes: list[Outcome]
    seen: list[Seen]
    doubts: list[Doubt]


def _all_written(
    named: Sequence[_Named | Refused], sizes: Sequence[int], program: Program, at: Millis
) -> list[_Written]:
    """Of groups of so many each."""
    rest = iter(_records(named, program, at))
    return [_written(list(islice(rest, size)), program, at) for size in sizes]


def _all_accepted(written: Sequence[_Written], transactions: Mapping[str, Transaction], at: Millis) -> list[Accepted]:
    return [Accepted(each.outcomes, each.doubts, doubts_about_known(each.seen, transactions, at)) for each in written]


def _written(made: Sequence[tuple[_Named, list[_Part]] | Refused], program: Program, at: Millis) -> _Written:
    taken = [each for each in made if not isinstance(each, Refused)]
    records: Sequence[Record] = [part.record for _, parts in taken for part in parts]
    seen = [_seen(named, part) for named, parts in taken for part in parts]
    doubts = doubts_about(seen, program, at)
    if doubts:
        records = _noted(records, seen, program, at)
    outcomes = [each if isinstance(each, Refused) else Taken(each[0].received, each[0].customer) for each in made]
    return _Written(records, outcomes, seen, doubts)


def _read_names(items: Sequence[Item], program: Program, people: People) -> list[_Named | Refused]:
    unseal = partial(people.unseal, program.merchant)
    return [each if isinstance(each, Refused) else _named(each, program, unseal) for each in items]


def _named(received: Received, program: Program, unseal: Callable[[str], Identifiers]) -> _Named | Refused:
    purchase = received.purchase
    try:
        within = scoped(purchase, program, received.place)
    except RefusedError as refused:
        return Refused(refused.problems, received.place, names_of(received))
    if isinstance(purchase, Refund) or purchase.customer is None:
        return _Named(received, within, [])
    customer = purchase.customer
    if customer.customer_id is not None:
        return _Named(received, within, [], customer.customer_id)
    where = "sealed"
    try:
        whose = opened(customer, unseal)
        where = "sealed" if customer.sealed else "phone"
        usable = identifiers_of_sale(whose, program.region_of(purchase.store.retail_store_id))
    except SealError as error:
        return _unnamed(received, where, f"sealed {error}")
    except BadPhoneError as error:
        return _unnamed(received, where, f"phone {error}")
    return _Named(received, within, usable.identifiers, misnamed=misnamed_phone(usable, where))


def _unnamed(received: Received, where: str, detail: str) -> Refused:
    problem = {"pointer": f"{received.place}/customer/{where}", "detail": detail}
    return Refused([problem], received.place, names_of(received))


async def _resolved(
    people: People, last_heard: LastHeard, named: Sequence[_Named | Refused], program: Program, at: Millis
) -> list[_Named | Refused]:
    """Whom each purchase names, with one question for all of them. An id that is nobody's credits nobody."""
    asked = [each for each in named if isinstance(each, _Named)]
    given = {each.customer for each in asked if each.customer is not None}
    unknown = await people.unknown(program.merchant, given) if given else frozenset()
    references = [each.identifiers for each in asked if each.identifiers]
    resolved = iter(await people.resolve_many(program.merchant, references, at, last_heard) if references else ())
    found: list[_Named | Refused] = []
    for each in named:
        if isinstance(each, Refused):
            found.append(each)
        elif each.identifiers:
            customer, question = next(resolved)
            asked_of = asked_about(question, each.identifiers, sealed=_is_sealed(each))
            found.append(replace(each, customer=customer, misnamed=each.misnamed + asked_of))
        elif each.customer in unknown:
            found.append(replace(each, customer=None, misnamed=(UNKNOWN_CUSTOMER,)))
        else:
            found.append(each)
    return found


def _is_sealed(named: _Named) -> bool:
    purchase = named.received.purchase
    return not isinstance(purchase, Refund) and purchase.customer is not None and purchase.customer.sealed is not None


def _records(
    named: Sequence[_Named | Refused], program: Program, at: Millis
) -> list[tuple[_Named, list[_Part]] | Refused]:
    earliest = program.earliest(at)
    return [each if isinstance(each, Refused) else _record(each, program.merchant, at, earliest) for each in named]


def _record(named: _Named, merchant: str, at: Millis, earliest: Millis) -> tuple[_Named, list[_Part]] | Refused:
    received = named.received
    parts = []
    for number, part in enumerate(settled(named.within)):
        record = to_record(
            part,
            merchant,
            None if number else named.customer,
            at,
            earliest=earliest,
            event_id="" if number else received.event_id,
            event_source=received.event_source,
        )
        parts.append(_Part(part, record))
    largest = max(len(part.record[1]) for part in parts)
    if largest <= LARGEST_RECEIPT:
        return named, parts
    detail = f"takes {largest:,} bytes; at most {LARGEST_RECEIPT:,} fit."
    detail += " Leave out what no rule needs, such as names of lines."
    return Refused([{"pointer": received.place, "detail": detail}], received.place, names_of(received), too_large=True)


def _noted(records: Sequence[Record], seen: Sequence[Seen], program: Program, at: Millis) -> list[Record]:
    """The records, each with what looks wrong about it: the day's report counts them there."""
    noted = []
    for (key, value), each in zip(records, seen, strict=True):
        warned = [doubt.noted for doubt in doubts_about([each._replace(pointer="")], program, at)]
        noted.append((key, with_warnings(value, warned)))
    return noted


def _seen(named: _Named, part: _Part) -> Seen:
    moment = millis_of(part.purchase.end_date_time)
    misnamed = () if isinstance(part.purchase, Refund) else named.misnamed
    return Seen(named.received.place, moment, decode_record(part.record[1]).data, misnamed)


def some_taken(accepted: Accepted) -> Accepted:
    """What was accepted, if anything was. Raises `RefusedError`, `ReceiptTooLargeError`: as `accept`."""
    if not any(isinstance(each, Taken) for each in accepted.outcomes):
        raise refusal([each for each in accepted.outcomes if isinstance(each, Refused)])
    return accepted


def refusal(refused: Sequence[Refused]) -> RefusedError | ReceiptTooLargeError:
    """What is answered where nothing could be taken: all of the places, or the first hundred."""
    problems = [problem for each in refused for problem in each.problems]
    if all(each.too_large for each in refused):
        return ReceiptTooLargeError(f"{problems[0]['pointer'] or 'The purchase'} {problems[0]['detail']}")
    error = RefusedError(problems)
    error.more |= any(each.more for each in refused)
    return error


async def _done(large: bool, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.to_thread(work, *args, **kwargs) if large else work(*args, **kwargs)
