"""What a payment system tells (`role: payment`) is found to the till's sale and added to it; it is no sale itself.

By a reference that both name, within a day, where the amount fits; else by the amount alone: in the same store, within
two minutes, and only if a single sale fits. What fits nothing waits for its sale a week, is told by `pos status`, and
is looked at again when the system tells of it again. That a payment was found is remembered: it goes to no other sale.

What is remembered stands in Redis, for as long as sales and payments may miss each other. Lost with it, a poll finds
both again. What was found is a word on the sale's transaction, on the log (`stamgast.domain.payments`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import msgspec

from stamgast.domain.claims import Asked, encode_claim
from stamgast.domain.program import Program
from stamgast.domain.purchase_record import millis_of
from stamgast.domain.transactions import Payment
from stamgast.domain.units import DAY, MINUTE, Millis, Minor
from stamgast.logs import get_logger
from stamgast.pos.plain_sale import Sale
from stamgast.pos.roles import Role
from stamgast.state.client import RedisClient
from stamgast.state.keys import payment_found, payments_by_name, payments_by_time, sale_paid
from stamgast.tills.table import ConnectionTable

log = get_logger(__name__)

WITHIN: Final = 2 * MINUTE
"""So far apart sale and payment may be, where the amount alone says that they belong together."""
SAME_NAME: Final = DAY
"""The same where both name one reference."""
KEPT: Final = 7 * DAY
_KEPT_S: Final = KEPT // 1_000
_FOUND_S: Final = 60 * DAY // 1_000
_SHORTEST: Final = 3
"""Of a reference: shorter ones are counters that begin anew all the time."""
_MOST_NAMES: Final = 12
_SETTLED: Final = frozenset({"completed", "partially_refunded", "refunded"})


class Sold(msgspec.Struct, frozen=True, array_like=True):
    """A sale that may have been paid by what comes, or came. Moments in milliseconds UTC, money in minor units."""

    transaction: str
    at: Millis
    store: str
    currency: str
    sums: tuple[Minor, ...]
    """What a payment of it may come to: all of it, or what the till says that one way of paying took."""
    names: tuple[str, ...]
    workstation: str = ""


class Paid(msgspec.Struct, frozen=True, array_like=True):
    """A payment, and where it was taken."""

    id: str
    at: Millis
    store: str
    payment: Payment
    names: tuple[str, ...]
    workstation: str = ""
    connection: str = ""


T = TypeVar("T", Sold, Paid)


class Word(NamedTuple):
    """A payment that was found to its sale."""

    transaction: str
    paid: Paid


@dataclass(frozen=True, slots=True)
class Payments:
    """See the module. Everything raises `StateError`."""

    redis: RedisClient
    table: ConnectionTable

    def concern(self, merchant: str) -> bool:
        """Whether any connection of a merchant's only tells how it was paid. Raises `NotLoadedError`."""
        return any(each.role is Role.PAYMENT for each in self.table.of(merchant))

    async def sold(self, merchant: str, sales: Sequence[Sold]) -> list[Word]:
        """Sales that Kafka has: those of the payments that waited which are found to them."""
        words = []
        for sale in sales:
            await self._keep("sale", merchant, sale, sale.at, sale.names)
            waiting = await self._around("paid", merchant, sale.at, WITHIN, Paid)
            waiting += await self._named("paid", merchant, sale.names, Paid)
            for each in {paid.id: paid for paid in sorted(waiting, key=lambda one: one.payment.version)}.values():
                words += await self.paid(merchant, [each])
        return words

    async def paid(self, merchant: str, payments: Iterable[Paid]) -> list[Word]:
        """Payments: those that are found to their sales; the others wait."""
        words = []
        for each in payments:
            await self._keep("paid", merchant, each, each.at, each.names)  # first: its sale may come this moment
            transaction = await self._find(merchant, each)
            if transaction:
                words.append(Word(transaction, each))
        return words

    async def done(self, merchant: str, words: Iterable[Word]) -> None:
        """Kafka has them: they wait no more."""
        for each in words:
            value = msgspec.json.encode(each.paid)
            await self.redis.call("ZREM", payments_by_time(merchant, "paid"), value)
            for name in each.paid.names:
                await self.redis.call("SREM", payments_by_name(merchant, "paid", _short(name)), value)

    async def waiting(self, merchant: str, now: Millis) -> list[Paid]:
        """Payments without a sale, oldest first; each in its newest version."""
        found = await self._around("paid", merchant, now, KEPT, Paid)
        newest = {each.id: each for each in sorted(found, key=lambda one: one.payment.version)}
        return sorted(newest.values(), key=lambda one: (one.at, one.id))

    async def _find(self, merchant: str, paid: Paid) -> str:
        """The transaction that it belongs to; empty: none, or more than one may be."""
        key = payment_found(merchant, _short(paid.id))
        known: bytes | None = await self.redis.call("GET", key)
        if known is not None:
            return known.decode()
        named = await self._named("sale", merchant, paid.names, Sold)
        found = _single([each for each in named if _fits_by_name(each, paid)], paid)
        if found is None and paid.store:
            near = await self._around("sale", merchant, paid.at, WITHIN, Sold)
            free = [each for each in near if _fits_by_sum(each, paid) and not await self._is_paid(merchant, each, paid)]
            found = _single(free, paid)
        if found is None:
            return ""
        await self.redis.call("SET", key, found.transaction, "EX", _FOUND_S)
        await self.redis.call("SET", sale_paid(merchant, _short(found.transaction)), paid.id, "NX", "EX", _KEPT_S)
        return found.transaction

    async def _is_paid(self, merchant: str, sale: Sold, paid: Paid) -> bool:
        by: bytes | None = await self.redis.call("GET", sale_paid(merchant, _short(sale.transaction)))
        return by is not None and by.decode() != paid.id

    async def _keep(self, kind: str, merchant: str, item: Sold | Paid, at: Millis, names: Iterable[str]) -> None:
        value, key = msgspec.json.encode(item), payments_by_time(merchant, kind)
        await self.redis.call("ZADD", key, at, value)
        await self.redis.call("ZREMRANGEBYSCORE", key, "-inf", at - KEPT)
        await self.redis.call("EXPIRE", key, _KEPT_S)
        for name in names:
            by_name = payments_by_name(merchant, kind, _short(name))
            await self.redis.call("SADD", by_name, value)
            await self.redis.call("EXPIRE", by_name, _KEPT_S)

    async def _around(self, kind: str, merchant: str, at: Millis, within: Millis, model: type[T]) -> list[T]:
        key = payments_by_time(merchant, kind)
        values = await self.redis.call("ZRANGEBYSCORE", key, at - within, at + within)
        return [msgspec.json.decode(each, type=model) for each in values]

    async def _named(self, kind: str, merchant: str, names: Iterable[str], model: type[T]) -> list[T]:
        values: dict[bytes, None] = {}
        for name in names:
            values |= dict.fromkeys(await self.redis.call("SMEMBERS", payments_by_name(merchant, kind, _short(name))))
        return [msgspec.json.decode(each, type=model) for each in sorted(values)]


def sold_of(purchase: Sale, program: Program) -> Sold | None:
    """What is remembered of a sale, under the id by which it is told apart; None for one that nobody paid for."""
    if purchase.status not in _SETTLED:
        return None
    totals, tip = purchase.totals, purchase.totals.tip_minor or 0
    whole = totals.gross_minor if totals.paid_minor is None else totals.paid_minor
    sums = {whole, whole - tip, totals.gross_minor, *(each.amount_minor for each in purchase.tenders)}
    tenders = [each.tender_id for each in purchase.tenders]
    return Sold(
        purchase.transaction_id,
        millis_of(purchase.end_date_time),
        _store(purchase, program),
        purchase.price_currency,
        tuple(sorted(each for each in sums if each > 0)),
        _names(purchase.transaction_id, purchase.receipt_number, *tenders),
        purchase.store.workstation_id or "",
    )


def paid_of(purchase: Sale, program: Program, customer: str, connection: str = "") -> Paid | None:
    """A payment as its system told it; None for one that was not made, or came to nothing."""
    totals = purchase.totals
    amount = totals.gross_minor + (totals.tip_minor or 0) if totals.paid_minor is None else totals.paid_minor
    taken = sum(each.amount_minor for each in purchase.tenders) or amount
    if purchase.status not in _SETTLED or max(amount, taken) <= 0:
        return None
    tender = purchase.tenders[0] if purchase.tenders else None
    payment = Payment(
        purchase.source_version,
        max(amount, taken),
        purchase.price_currency,
        tender.tender_type if tender is not None else "other",
        totals.tip_minor or (tender.tip_minor if tender is not None and tender.tip_minor else 0),
        tender.card_ref or "" if tender is not None else "",
        customer,
        (purchase.provenance.provider or "") if purchase.provenance is not None else "",
    )
    return Paid(
        purchase.transaction_id,
        millis_of(purchase.end_date_time),
        _store(purchase, program),
        payment,
        _names(purchase.transaction_id, purchase.receipt_number, *(each.tender_id for each in purchase.tenders)),
        purchase.store.workstation_id or "",
        connection,
    )


def word_of(merchant: str, word: Word, at: Millis) -> tuple[bytes, bytes]:
    """The record of a payment that was found to its sale."""
    paid = word.paid
    request = _short(f"{paid.id}:{paid.payment.version}")
    asked = Asked(word.transaction, f"paid-{request}", paid.id, verdict="paid", payment=paid.payment)
    return encode_claim(merchant, asked, at)


def _names(*words: str | None) -> tuple[str, ...]:
    """References by which the other side may name it: ids of other systems carry their system and account."""
    found: dict[str, None] = {}
    for word in filter(None, words):
        found[word] = None
        found[word.rpartition(":")[2]] = None
    return tuple(each for each in found if len(each) >= _SHORTEST)[:_MOST_NAMES]


def _store(purchase: Sale, program: Program) -> str:
    """Its store, as far as the programme knows it; a shop with one has no other."""
    name = purchase.store.retail_store_id
    return name if name in program.stores else next(iter(program.stores)) if len(program.stores) == 1 else ""


def _fits(sale: Sold, paid: Paid) -> bool:
    here = not sale.store or not paid.store or sale.store == paid.store
    return here and sale.currency == paid.payment.currency


def _fits_by_name(sale: Sold, paid: Paid) -> bool:
    """A part of it may have been paid by it, and a tip that the till knows nothing of may be in it."""
    amount = paid.payment.amount - paid.payment.tip
    near = abs(sale.at - paid.at) <= SAME_NAME
    return _fits(sale, paid) and near and 0 < amount <= max(sale.sums, default=0)


def _fits_by_sum(sale: Sold, paid: Paid) -> bool:
    sums = {paid.payment.amount, paid.payment.amount - paid.payment.tip}
    return _fits(sale, paid) and sale.store == paid.store and not sums.isdisjoint(sale.sums)


def _single(sales: Sequence[Sold], paid: Paid) -> Sold | None:
    """The one that it is; of several the one at whose till it was paid, or whose sum it is."""
    newest = {each.transaction: each for each in sales}
    for among in (
        list(newest.values()),
        [each for each in newest.values() if paid.workstation and each.workstation == paid.workstation],
        [each for each in newest.values() if _fits_by_sum(each, paid)],
    ):
        if len(among) == 1:
            return among[0]
    return None


def _short(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:32]
