"""Payments that were found to their sales become words on the log; sales that come in are looked at for payments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.identity.joining import LastHeard
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.references import identifiers_of_sale, opened
from stamgast.identity.sealing import SealError
from stamgast.logs import get_logger
from stamgast.pos.adapter import Context
from stamgast.pos.canonical import Refund
from stamgast.pos.plain_sale import Sale, SaleCustomer
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Item, Received
from stamgast.pos.scope import scoped
from stamgast.purchases.accept import Append, People, Taken
from stamgast.state.errors import StateError
from stamgast.state.views import NotLoadedError
from stamgast.tills.payments import Payments, Sold, Word, paid_of, sold_of, word_of

log = get_logger(__name__)


class TakesPayments(Protocol):
    """As much as is needed of `stamgast.tills.intake.Door`."""

    @property
    def people(self) -> People:
        """Who is who."""
        ...

    @property
    def append(self) -> Append:
        """Where to append."""
        ...

    @property
    def topic(self) -> str:
        """`purchases.v1`."""
        ...

    @property
    def last_heard(self) -> LastHeard:
        """When customers were last heard of."""
        ...

    @property
    def payments(self) -> Payments | None:
        """What finds payments to their sales."""
        ...


async def found_to_sales(door: TakesPayments, items: Sequence[Item], context: Context, at: Millis) -> int:
    """Payments of a system that tells nothing else, recorded `at`; how many were found to their sales.

    Raises:
        NotLoadedError, StateError, NotAppendedError: not now; the same again later.
    """
    if door.payments is None:
        return 0
    program, name = context.program, context.connection.name
    told = [each.purchase for each in items if isinstance(each, Received) and not isinstance(each.purchase, Refund)]
    payments = [
        paid
        for each in told
        if (paid := paid_of(each, program, await _payer(door, each, program, at), name)) is not None
    ]
    return await _append(door, door.payments, program, await door.payments.paid(program.merchant, payments), at)


async def with_payments(door: TakesPayments, taken: Sequence[Taken], program: Program, at: Millis) -> int:
    """Sales that Kafka has: how many payments that waited were found to them. It never costs anybody a sale.

    Raises `NotAppendedError`: the same again later.
    """
    try:
        if door.payments is None or not door.payments.concern(program.merchant):
            return 0
        sales = [sold for each in taken if (sold := _sold(each, program)) is not None]
        return await _append(door, door.payments, program, await door.payments.sold(program.merchant, sales), at)
    except (NotLoadedError, StateError) as error:
        log.warning("payments were not looked for", merchant=program.merchant, why=str(error))
        return 0


async def _append(door: TakesPayments, payments: Payments, program: Program, words: Sequence[Word], at: Millis) -> int:
    if words:
        await door.append(door.topic, [word_of(program.merchant, each, at) for each in words])
        await payments.done(program.merchant, words)
    return len(words)


def _sold(taken: Taken, program: Program) -> Sold | None:
    try:
        within = scoped(taken.received.purchase, program)
    except RefusedError:
        return None
    return sold_of(within, program) if not isinstance(within, Refund) else None


async def _payer(door: TakesPayments, purchase: Sale, program: Program, at: Millis) -> str:
    """The customer whom a payment system knows; empty where it knows nobody who can be named."""
    if purchase.customer is None:
        return ""
    return await _customer(door, purchase.customer, purchase.store.retail_store_id, program, at)


async def _customer(door: TakesPayments, named: SaleCustomer, store: str, program: Program, at: Millis) -> str:
    merchant = program.merchant
    if named.customer_id is not None:
        return "" if await door.people.unknown(merchant, [named.customer_id]) else named.customer_id
    try:
        whose = opened(named, partial(door.people.unseal, merchant))
        identifiers = identifiers_of_sale(whose, program.region_of(store)).identifiers
    except (SealError, BadPhoneError):
        return ""
    if not identifiers:
        return ""
    [(customer, _)] = await door.people.resolve_many(merchant, [identifiers], at, door.last_heard)
    return customer
