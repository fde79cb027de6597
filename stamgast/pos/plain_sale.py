"""What nearly every sale is, read ten times as fast as by the contract's models: nothing unusual, and nothing wrong.

The models of `stamgast.pos.canonical` are the contract. What is read here they would take as well, and the record of it
has the very same bytes; whatever else there may be to say of a document they say: each refusal, with its place, and
each purchase that has something rare about it (a link to another one, a control character, a currency's exponent). A
property test holds both to the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from stamgast.domain.currencies import CURRENCIES, exponent_of
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.purchase_record import MOST_LINES
from stamgast.pos.canonical import Canonical, CustomerReference, Purchase
from stamgast.pos.types import MOST_MINOR, read_instant

Id = Annotated[str, Meta(min_length=1, max_length=200)]
"""Without control characters: what is written of the whole tells that of all texts at once."""
Amount = Annotated[int, Meta(ge=-MOST_MINOR, le=MOST_MINOR)]
_ONE: Final = "1"
_SALE: Final = "sale"
_ESCAPES: Final = b"\\"
_DELETE: Final = b"\x7f"
_WRITTEN: Final = len("2026-10-01T07:42:10Z")
"""Of a moment as a record has it already."""


class _Strict(Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """Fields stand in the order of their model, and are written in it."""


class PlainStore(_Strict, frozen=True, kw_only=True):
    """As `canonical.Store`."""

    retail_store_id: Id
    workstation_id: Id | None = None


class PlainTotals(_Strict, frozen=True, kw_only=True):
    """As `canonical.Totals`."""

    gross_minor: Amount
    tax_minor: Amount | None = None
    discount_minor: Amount | None = None
    tip_minor: Amount | None = None
    surcharge_minor: Amount | None = None
    shipping_minor: Amount | None = None
    deposit_minor: Amount | None = None
    gift_card_sold_minor: Amount | None = None
    rounding_minor: Amount | None = None
    paid_minor: Amount | None = None


class PlainLine(_Strict, frozen=True, kw_only=True):
    """As `canonical.LineItem`."""

    line_id: Id
    kind: Literal["sale", "return", "fee", "shipping", "deposit", "gift_card", "reward"] = _SALE
    sku: Id | None = None
    gtin: Annotated[str, Meta(pattern=r"^([0-9]{8}|[0-9]{12,14})\Z")] | None = None
    product_id: Id | None = None
    name: Annotated[str, Meta(max_length=500)] | None = None
    category: Id | None = None
    quantity: Annotated[str, Meta(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,6})?\Z")] = _ONE
    unit: Id | None = None
    unit_price_minor: Amount | None = None
    gross_minor: Amount
    discount_minor: Amount | None = None
    tax_minor: Amount | None = None
    tax_rate: Annotated[str, Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?\Z")] | None = None
    cost_minor: Amount | None = None
    original_line_id: Id | None = None


class PlainTender(_Strict, frozen=True, kw_only=True):
    """As `canonical.Tender`."""

    tender_id: Id | None = None
    tender_type: Literal["card", "cash", "gift_card", "voucher", "loyalty", "online", "account", "other"]
    amount_minor: Amount
    tip_minor: Amount | None = None
    card_ref: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"[^0-9 -]")] | None = None
    status: Id | None = None


class PlainCustomer(_Strict, frozen=True, kw_only=True):
    """As `canonical.CustomerReference`; whom it names is looked at where it is read."""

    customer_id: Annotated[str, Meta(pattern=r"^c[a-z2-7]{24}\Z")] | None = None
    phone: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    membership_number: Id | None = None
    provider_customer_id: Id | None = None
    sealed: Annotated[str, Meta(max_length=1_000, pattern=r"^[A-Za-z0-9_-]+\Z")] | None = None
    method: Id | None = None
    confidence: Literal["claimed", "likely", "verified"] | None = None


class PlainProvenance(_Strict, frozen=True, kw_only=True):
    """As `canonical.Provenance`."""

    provider: Id | None = None
    account: Id | None = None
    adapter: Id | None = None
    offline: bool = False
    test: bool = False
    history: bool = False
    channel: Id | None = None
    operator_id: Id | None = None


class Credited(Struct, frozen=True, gc=False):
    """What a record says of its customer."""

    customer_id: str


class PlainSale(_Strict, frozen=True, kw_only=True):
    """As `canonical.Purchase`. Its customer comes last: that is where a record has it."""

    transaction_id: Id
    receipt_number: Id | None = None
    source_version: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    status: Literal["open", "completed", "partially_refunded", "refunded", "voided"]
    end_date_time: Annotated[datetime, Meta(tz=True)]
    business_day_date: date | None = None
    store: PlainStore
    price_currency: str
    currency_exponent: int | None = None
    prices_include_tax: bool = True
    totals: PlainTotals
    line_items: Annotated[list[PlainLine], Meta(max_length=MOST_LINES)] = msgspec.field(default_factory=list)
    tenders: Annotated[list[PlainTender], Meta(max_length=100)] = msgspec.field(default_factory=list)
    refund_ids: Annotated[list[Id], Meta(max_length=1_000)] = msgspec.field(default_factory=list)
    provenance: PlainProvenance | None = None
    time_suspect: bool = False
    customer: PlainCustomer | None = None


Sale = Purchase | PlainSale
SaleCustomer = CustomerReference | PlainCustomer
Told = Canonical | PlainSale
"""A purchase or a refund that was read, by the contract's models or here."""

_encode: Final = msgspec.json.Encoder().encode


def read_plain(document: Mapping[str, Any]) -> PlainSale | None:
    """The sale that a document is; None where the contract's models have to look at it."""
    try:
        text = document.get("end_date_time")
        if not (type(text) is str and len(text) == _WRITTEN and text[10] == "T" and text[-1] == "Z"):
            moment = read_instant(text)
            if moment.microsecond:
                return None
            document = {**document, "end_date_time": moment}
        sale = msgspec.convert(document, PlainSale)
        written = _encode(sale)
    except UNREADABLE:
        return None
    is_plain = (
        _ESCAPES not in written
        and _DELETE not in written
        and sale.price_currency in CURRENCIES
        and sale.currency_exponent in (None, exponent_of(sale.price_currency))
        and sale.prices_include_tax
        and len({line.line_id for line in sale.line_items}) == len(sale.line_items)
        and (sale.customer is None or _names_somebody(sale.customer))
    )
    return sale if is_plain else None


def _names_somebody(named: PlainCustomer) -> bool:
    return bool(
        named.phone or named.provider_customer_id or named.membership_number or named.customer_id or named.sealed
    )


def changed(purchase: Told, **fields: Any) -> Told:
    """The same with other values in some fields."""
    if isinstance(purchase, PlainSale):
        return msgspec.structs.replace(purchase, **fields)
    return purchase.model_copy(update=fields)


def credited_to(sale: PlainSale, customer_id: str | None) -> PlainSale:
    """What its record says: of its customer only whom it was resolved to, and nothing that goes without saying."""
    lines = sale.line_items
    if any(line.quantity == _ONE and line.quantity is not _ONE for line in lines):
        lines = [msgspec.structs.replace(line, quantity=_ONE) if line.quantity == _ONE else line for line in lines]
    credited: Any = None if customer_id is None else Credited(customer_id)
    return msgspec.structs.replace(sale, line_items=lines, customer=credited)
