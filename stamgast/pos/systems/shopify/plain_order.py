"""What nearly every order of a till is, read three times as fast as field by field: nothing unusual, and nothing wrong.

`stamgast.pos.systems.shopify.orders` says what an order means. What is read here means the very same there, and
whatever else there may be to an order is looked at there: each refusal, and all that is rare at a till (something
given back, shipped, taken off or paid by two means; a price that has no cents). A property test holds both to the same
answer.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from stamgast.domain.currencies import CURRENCIES, exponent_of
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Minor
from stamgast.pos.adapter import Context, Document
from stamgast.pos.documents import read_json
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.customers import customer_of
from stamgast.pos.systems.ids import fitting, short, transaction_id
from stamgast.pos.systems.names import is_deposit
from stamgast.pos.systems.shopify.orders import ONLINE, tender_of
from stamgast.pos.types import write_instant

_COMPLETED: Final = "completed"
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
_ESCAPED: Final = b"\\u"


class _UnusualError(ValueError):
    """The long way has to look at it."""


def order_sent(raw: bytes) -> OrderAsSent | None:
    """An order that may be plain, read without what does not count; None where its bytes have to be read whole.

    What does not count is passed over, so that whether it is text at all is asked here.
    """
    try:
        raw.decode()
        return None if _ESCAPED in raw else OrderAsSent(_decode(raw), raw)
    except (*UNREADABLE, ArithmeticError):
        return None


def plain_order(content: Any, context: Context) -> Document | None:
    """What an order says; None where `order_document` has to read it."""
    try:
        order = content.order if isinstance(content, OrderAsSent) else msgspec.convert(content, _Order)
        return _document(order, context)
    except (*UNREADABLE, ArithmeticError):
        return None


def _document(order: _Order, context: Context) -> Document:
    named = order.total_price_set or order.current_total_price_set
    currency = order.currency if named is None else named.shop_money.currency_code
    number = _stripped(order.name)
    shipping = _cents(order.total_shipping_price_set, order.total_shipping_price)
    if order.financial_status != "paid" or currency not in _WITH_CENTS or number is None or shipping:
        raise _UnusualError
    if order.total_price_set is None and order.total_price is None:
        raise _UnusualError
    whole, tax = _cents(order.total_price_set, order.total_price), _cents(order.total_tax_set, order.total_tax)
    tip = _cents(order.total_tip_received_set, order.total_tip_received)
    rounding = _cents(order.total_cash_rounding_payment_adjustment_set, order.total_cash_rounding_payment_adjustment)
    paid, goods = whole + rounding, whole - tip
    beside = {
        "discount_minor": _cents(order.total_discounts_set, order.total_discounts),
        "tip_minor": tip,
        "rounding_minor": rounding,
    }
    changed = moments.moment(order.updated_at or order.processed_at or order.created_at)
    place = ONLINE if order.location_id is None else str(order.location_id)
    store = {"retail_store_id": context.store_of(place)}
    if order.device_id is not None:
        store["workstation_id"] = str(order.device_id)
    return {
        "transaction_id": transaction_id(context, "shopify", str(order.id)),
        "receipt_number": fitting(number),
        "source_version": moments.ranked(moments.version_at(changed), _COMPLETED),
        "status": _COMPLETED,
        "end_date_time": write_instant(moments.moment(order.processed_at or order.created_at)),
        "store": store,
        "price_currency": currency,
        "totals": {
            "gross_minor": goods,
            "tax_minor": tax,
            **{name: size for name, size in beside.items() if size},
            "paid_minor": paid,
        },
        "line_items": _lines(order, goods, tax),
        "tenders": _tenders(order, paid),
        "refund_ids": [],
        "provenance": _provenance(order),
        **_customer(order, context),
    }


def _lines(order: _Order, goods: Minor, tax: Minor) -> list[dict[str, Any]]:
    """Those of goods; where a discount or a tax stands at no line, the long way spreads it."""
    lines = [_line(each, included=bool(order.taxes_included)) for each in order.line_items]
    if sum(each["gross_minor"] for each in lines) > goods or (tax and not any(each["tax_minor"] for each in lines)):
        raise _UnusualError
    if len({each["line_id"] for each in lines}) != len(lines):
        raise _UnusualError
    return lines


def _line(item: _Line, *, included: bool) -> dict[str, Any]:
    title, quantity = _stripped(item.title), item.quantity
    name = _stripped(item.name) or title
    if (
        item.gift_card
        or item.tip_payment_gateway is not UNSET
        or item.tip_payment_method is not UNSET
        or item.current_quantity not in (None, quantity)
        or is_deposit(title or name)
    ):
        raise _UnusualError
    price, taxes = _cents(item.price_set, item.price), item.tax_lines or ()
    tax = sum([_cents(each.price_set, each.price) for each in taxes])
    if item.discount_allocations:
        discount = sum([_cents(each.amount_set, each.amount) for each in item.discount_allocations])
    else:
        discount = _cents(item.total_discount_set, item.total_discount)
    line: dict[str, Any] = {
        "line_id": str(item.id),
        "quantity": str(quantity),
        "unit_price_minor": price,
        "gross_minor": price * quantity - discount + (0 if included else tax),
        "tax_minor": tax,
    }
    if discount:
        line["discount_minor"] = discount
    if name:
        line["name"] = short(name)
    if sku := _stripped(item.sku):
        line["sku"] = fitting(sku)
    product = item.variant_id if item.product_id is None else item.product_id
    if product is not None:
        line["product_id"] = str(product)
    if tax and len(taxes) == 1 and (rate := _rate(taxes[0].rate)):
        line["tax_rate"] = rate
    return line


def _tenders(order: _Order, paid: Minor) -> list[dict[str, Any]]:
    names = order.payment_gateway_names
    if not names or len(names) != 1:
        return []
    return [{"tender_type": tender_of(names[0].lower(), order.source_name or ""), "amount_minor": paid}]


def _provenance(order: _Order) -> dict[str, Any]:
    provenance: dict[str, Any] = {"provider": "shopify", "adapter": "shopify"}
    if order.test:
        provenance["test"] = True
    if channel := _stripped(order.source_name):
        provenance["channel"] = fitting(channel)
    if order.user_id is not None:
        provenance["operator_id"] = str(order.user_id)
    return provenance


def _customer(order: _Order, context: Context) -> dict[str, Any]:
    customer, address = order.customer, order.billing_address
    own = str(customer.id) if customer is not None and customer.id is not None else None
    told = [customer and customer.phone, order.phone, customer and customer.default_address, address]
    phones = (_stripped(each.phone if isinstance(each, _Address) else each) for each in told if each)
    return customer_of(context, "shopify", own, next(filter(None, phones), None))


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
    return None if fraction is None else amounts.rate_text(fraction)


def _stripped(text: str | None) -> str | None:
    """A word; None where there is none."""
    return (text.strip() or None) if text else None
