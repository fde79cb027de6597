"""What nearly every order of a till is, read straight to the sale that it is: nothing unusual, and nothing wrong.

`stamgast.pos.systems.shopify.orders` says what an order means, and the contract's models what a sale may hold. What is
read here means the very same there, and whatever else there may be to an order is looked at there: each refusal, and
all that is rare at a till (something given back, shipped, taken off or paid by two means; a price that has no cents).
A property test holds both to the same record.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from stamgast.domain.currencies import CURRENCIES, exponent_of
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Minor
from stamgast.pos.adapter import Context
from stamgast.pos.documents import read_json
from stamgast.pos.plain_sale import (
    PlainCustomer,
    PlainLine,
    PlainProvenance,
    PlainSale,
    PlainStore,
    PlainTender,
    PlainTotals,
)
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.customers import is_phone
from stamgast.pos.systems.ids import customer_id, fitting, short, transaction_id
from stamgast.pos.systems.names import is_deposit
from stamgast.pos.systems.shopify.orders import ONLINE, tender_of

_COMPLETED: Final = "completed"
_RATE: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?", re.ASCII)
_CENTS: Final = re.compile(r"-?[0-9]{1,6}\.[0-9]{2}", re.ASCII)
_WITH_CENTS: Final = frozenset(each for each in CURRENCIES if exponent_of(each) == len("00")) - {"XXX"}

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Nothing = Annotated[list[Any], Meta(max_length=0)] | None
Pieces = Annotated[int, Meta(ge=1, le=999)]


class _Money(Struct, gc=False):
    amount: str
    currency_code: str


class _Both(Struct, gc=False):
    """An amount in the shop's currency, and in the buyer's, which is not asked for."""

    shop_money: _Money


class _Tax(Struct, gc=False):
    price: str | None = None
    price_set: _Both | None = None
    rate: Decimal | None = None


class _Share(Struct, gc=False):
    """Of a discount."""

    amount: str | None = None
    amount_set: _Both | None = None


class _Line(Struct, gc=False):
    id: Id
    quantity: Pieces
    current_quantity: Pieces | None = None
    price: str | None = None
    price_set: _Both | None = None
    total_discount: str | None = None
    total_discount_set: _Both | None = None
    discount_allocations: Annotated[list[_Share], Meta(max_length=20)] | None = None
    tax_lines: Annotated[list[_Tax], Meta(max_length=20)] | None = None
    name: str | None = None
    title: str | None = None
    sku: str | None = None
    product_id: Id | None = None
    variant_id: Id | None = None
    gift_card: bool | None = None
    tip_payment_gateway: Any = UNSET
    tip_payment_method: Any = UNSET


class _Address(Struct, gc=False):
    phone: str | None = None


class _Customer(Struct, gc=False):
    id: Id | None = None
    phone: str | None = None
    default_address: _Address | None = None


class _Order(Struct, gc=False):
    """The fields that count."""

    id: Id
    line_items: Annotated[list[_Line], Meta(max_length=100)]
    financial_status: str
    currency: str | None = None
    taxes_included: bool | None = None
    processed_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    name: str | None = None
    location_id: Id | None = None
    device_id: Id | None = None
    user_id: Id | None = None
    source_name: str | None = None
    test: bool | None = None
    total_price: str | None = None
    total_price_set: _Both | None = None
    current_total_price_set: _Both | None = None
    total_tax: str | None = None
    total_tax_set: _Both | None = None
    total_discounts: str | None = None
    total_discounts_set: _Both | None = None
    total_tip_received: str | None = None
    total_tip_received_set: _Both | None = None
    total_shipping_price: str | None = None
    total_shipping_price_set: _Both | None = None
    total_cash_rounding_payment_adjustment: str | None = None
    total_cash_rounding_payment_adjustment_set: _Both | None = None
    payment_gateway_names: list[str] | None = None
    phone: str | None = None
    customer: _Customer | None = None
    billing_address: _Address | None = None
    cancelled_at: None = None
    refunds: Nothing = None
    shipping_lines: Nothing = None
    transactions: Nothing = None
    original_total_duties: None = None
    original_total_duties_set: None = None
    original_total_additional_fees: None = None
    original_total_additional_fees_set: None = None
    order: UnsetType = UNSET
    """It stands inside of something else."""
    order_edit: UnsetType = UNSET
    order_id: UnsetType = UNSET
    invoice_url: UnsetType = UNSET
    abandoned_checkout_url: UnsetType = UNSET
    tracking_number: UnsetType = UNSET
    tracking_numbers: UnsetType = UNSET
    """By these it is something else that has lines (`adapter.refs`)."""


class OrderAsSent(Struct, frozen=True, gc=False):
    """An order of a webhook: the fields that count of it, and its bytes for whoever has to see it whole."""

    order: _Order
    raw: bytes

    @property
    def id(self) -> str:
        """As it is named."""
        return str(self.order.id)

    def whole(self) -> Any:
        """All of it."""
        return read_json(self.raw)


_decode: Final = msgspec.json.Decoder(_Order).decode
_encode: Final = msgspec.json.Encoder().encode
_ESCAPE: Final = b"\\"
_ESCAPED: Final = b"\\u"


class _UnusualError(ValueError):
    """The long way has to look at it."""


def order_sent(raw: bytes) -> OrderAsSent | None:
    """An order that may be plain, read without what does not count; None where its bytes have to be read whole.

    What does not count is passed over, so that whether it is text at all is asked here.
    """
    try:
        raw.decode()
        # Of one byte it is asked ten times as fast, and nearly no order has that.
        is_escaped = _ESCAPE in raw and _ESCAPED in raw
        return None if is_escaped else OrderAsSent(_decode(raw), raw)
    except (*UNREADABLE, ArithmeticError):
        return None


def plain_order(content: Any, context: Context) -> PlainSale | None:
    """What an order says; None where `order_document` has to read it."""
    try:
        if isinstance(content, OrderAsSent):
            return _sale(content.order, context)
        sale = _sale(msgspec.convert(content, _Order), context)
        _encode(sale)  # what came otherwise than by bytes may hold text that is none
        return sale
    except (*UNREADABLE, ArithmeticError):
        return None


def _sale(order: _Order, context: Context) -> PlainSale:
    """Every amount is within the contract's bounds: `_read` takes six digits before the cents, `Pieces` three."""
    named = order.total_price_set or order.current_total_price_set
    currency = order.currency if named is None else named.shop_money.currency_code
    number, shipping = order.name, _cents(order.total_shipping_price_set, order.total_shipping_price)
    if order.financial_status != "paid" or currency not in _WITH_CENTS or not number or shipping:
        raise _UnusualError
    if order.total_price_set is None and order.total_price is None:
        raise _UnusualError
    tip = _cents(order.total_tip_received_set, order.total_tip_received)
    goods = _cents(order.total_price_set, order.total_price) - tip
    tax = _cents(order.total_tax_set, order.total_tax)
    rounding = _cents(order.total_cash_rounding_payment_adjustment_set, order.total_cash_rounding_payment_adjustment)
    paid = goods + tip + rounding
    changed = order.updated_at or order.processed_at or order.created_at
    return PlainSale(
        transaction_id=transaction_id(context, "shopify", str(order.id)),
        receipt_number=fitting(_word(number)),
        source_version=_version(changed),
        status=_COMPLETED,
        end_date_time=_second(order.processed_at or order.created_at),
        store=_store(order, context),
        price_currency=currency,
        totals=PlainTotals(
            gross_minor=goods,
            tax_minor=tax,
            discount_minor=_cents(order.total_discounts_set, order.total_discounts) or None,
            tip_minor=tip or None,
            rounding_minor=rounding or None,
            paid_minor=paid,
        ),
        line_items=_lines(order, goods, tax),
        tenders=_tenders(order, paid),
        provenance=PlainProvenance(
            provider="shopify",
            adapter="shopify",
            test=bool(order.test),
            channel=_id(order.source_name),
            operator_id=None if order.user_id is None else str(order.user_id),
        ),
        customer=_customer(order, context),
    )


def _store(order: _Order, context: Context) -> PlainStore:
    store = context.store_of(ONLINE if order.location_id is None else str(order.location_id))
    if fitting(store) != store:
        raise _UnusualError
    return PlainStore(retail_store_id=store, workstation_id=None if order.device_id is None else str(order.device_id))


def _lines(order: _Order, goods: Minor, tax: Minor) -> list[PlainLine]:
    """Those of goods; where a discount or a tax stands at no line, the long way spreads it."""
    included = bool(order.taxes_included)
    lines = [_line(each, included=included) for each in order.line_items]
    if sum([each.gross_minor for each in lines]) > goods or (tax and not any(each.tax_minor for each in lines)):
        raise _UnusualError
    if len({each.line_id for each in lines}) != len(lines):
        raise _UnusualError
    return lines


def _line(item: _Line, *, included: bool) -> PlainLine:
    quantity = item.quantity
    if (
        item.gift_card
        or item.tip_payment_gateway is not UNSET
        or item.tip_payment_method is not UNSET
        or item.current_quantity not in (None, quantity)
    ):
        raise _UnusualError
    price, taxes = _cents(item.price_set, item.price), item.tax_lines or ()
    tax = sum([_cents(each.price_set, each.price) for each in taxes])
    if item.discount_allocations:
        discount = sum([_cents(each.amount_set, each.amount) for each in item.discount_allocations])
    else:
        discount = _cents(item.total_discount_set, item.total_discount)
    product = item.variant_id if item.product_id is None else item.product_id
    return PlainLine(
        line_id=str(item.id),
        quantity=str(quantity),
        unit_price_minor=price,
        gross_minor=price * quantity - discount + (0 if included else tax),
        tax_minor=tax,
        discount_minor=discount or None,
        name=_name(item.name, item.title),
        sku=_id(item.sku),
        product_id=None if product is None else str(product),
        tax_rate=_rate(taxes[0].rate) if tax and len(taxes) == 1 else None,
    )


def _tenders(order: _Order, paid: Minor) -> list[PlainTender]:
    names = order.payment_gateway_names
    if not names or len(names) != 1:
        return []
    kind: Any = tender_of(names[0].lower(), order.source_name or "")
    return [PlainTender(tender_type=kind, amount_minor=paid)]


def _customer(order: _Order, context: Context) -> PlainCustomer | None:
    customer = order.customer
    address = None if customer is None else customer.default_address
    told = (customer and customer.phone, order.phone, address and address.phone, order.billing_address)
    phones = (_stripped(each.phone if isinstance(each, _Address) else each) for each in told if each)
    phone = next(filter(None, phones), None)
    phone = phone if phone and is_phone(phone) else None
    own = None if customer is None or customer.id is None else customer_id(context, "shopify", str(customer.id))
    if phone is None and own is None:
        return None
    return PlainCustomer(phone=phone, provider_customer_id=own)


def _cents(both: _Both | None, text: str | None) -> Minor:
    """An amount; nothing where it is not there."""
    if both is not None:
        return _read(both.shop_money.amount)
    return 0 if text is None else _read(text)


@lru_cache(maxsize=8192)
def _read(text: str) -> Minor:
    if _CENTS.fullmatch(text) is None:
        raise _UnusualError
    return int(text.replace(".", ""))


@lru_cache(maxsize=256)
def _rate(fraction: Decimal | None) -> str | None:
    rate = None if fraction is None else amounts.rate_text(fraction)
    if rate is not None and _RATE.fullmatch(rate) is None:
        raise _UnusualError
    return rate


@lru_cache(maxsize=1024)
def _version(text: str | None) -> int:
    return moments.ranked(moments.version_at(moments.moment(text)), _COMPLETED)


@lru_cache(maxsize=1024)
def _second(text: str | None) -> datetime:
    moment = moments.moment(text)
    if moment.microsecond:
        raise _UnusualError
    return moment


@lru_cache(maxsize=4096)
def _name(name: str | None, title: str | None) -> str | None:
    """What a line is called. An article is sold again and again."""
    title = _stripped(title)
    name = _stripped(name) or title
    if is_deposit(title or name) or not (name or "").isprintable():
        raise _UnusualError
    return short(name) if name else None


@lru_cache(maxsize=4096)
def _id(text: str | None) -> str | None:
    word = _stripped(text)
    return fitting(word) if word else None


def _word(text: str) -> str:
    word = _stripped(text)
    if word is None:
        raise _UnusualError
    return word


def _stripped(text: str | None) -> str | None:
    """A word; None where there is none."""
    return (text.strip() or None) if text else None
