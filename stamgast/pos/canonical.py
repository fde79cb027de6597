"""The public purchase contract, `stamgast.purchase.v1`: these models are its source; the schemas are generated.

A source says what it knows: the net state of a transaction at a version (`Purchase`), or one refund of it
under the refund's own id (`Refund`). Whatever is not listed here is refused by name. Money is integer minor
units of `price_currency`, tax included; times carry their offset.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from stamgast.domain.currencies import exponent_of
from stamgast.domain.purchase_record import MOST_LINES
from stamgast.pos.types import (
    Amount,
    CalendarDay,
    Currency,
    Gln,
    Gtin,
    Id,
    Instant,
    PositiveAmount,
    PositiveQuantity,
    Quantity,
    Rate,
    Text,
    TimeZone,
    Version,
)

EVENT_TYPE: Final = "stamgast.purchase.v1"

Status = Literal["open", "completed", "partially_refunded", "refunded", "voided"]
LineKind = Literal["sale", "return", "fee", "shipping", "deposit", "gift_card", "reward"]
TenderType = Literal["card", "cash", "gift_card", "voucher", "loyalty", "online", "account", "other"]


class Strict(BaseModel):
    """Refuses unknown fields and values of another type; writes no more than was given."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _nothing() -> Any:
    """An empty list where nobody gave one. By a factory: pydantic copies `= []` by `copy.deepcopy`, 5 us each time."""
    return Field(default_factory=list, json_schema_extra={"default": []})


class Store(Strict):
    """Where it was sold. `time_zone` decides nothing: program.yaml says that of each store."""

    retail_store_id: Id
    workstation_id: Id | None = None
    gln: Gln | None = None
    time_zone: TimeZone | None = None


class Totals(Strict):
    """`gross_minor`: goods after discounts, with tax, without what the others from `tip_minor` to `rounding_minor` say.

    `paid_minor` is all of them together: gross, tip, surcharge, shipping, deposit, gift cards sold and rounding. Lines
    of a kind that has its own total here (shipping, deposit, gift_card, fee) are no part of `gross_minor`.
    """

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


class LineItem(Strict):
    """One line, net of the refunds that the snapshot has taken off. Lines need not sum to the total."""

    line_id: Id
    kind: LineKind = "sale"
    sku: Id | None = None
    gtin: Gtin | None = None
    product_id: Id | None = None
    name: Text | None = None
    category: Id | None = None
    quantity: Quantity = "1"
    unit: Id | None = None
    unit_price_minor: Amount | None = None
    gross_minor: Amount
    discount_minor: Amount | None = None
    tax_minor: Amount | None = None
    tax_rate: Rate | None = None
    cost_minor: Amount | None = None
    original_line_id: Id | None = None


class Tender(Strict):
    """How it was paid, which decides nothing. `card_ref` is a keyed hash of the card, never its number."""

    tender_id: Id | None = None
    tender_type: TenderType
    amount_minor: Amount
    tip_minor: Amount | None = None
    card_ref: Annotated[Id, Field(pattern=r"[^0-9 -]")] | None = None
    status: Id | None = None


class CustomerReference(Strict):
    """Who bought it: one identifier is enough.

    With several, the customer id counts first, then whichever identifier is known already, in the order
    phone, membership number, provider's customer id. What is `sealed` to the merchant's public key counts before
    what stands beside it.
    """

    customer_id: Annotated[str, Field(pattern=r"^c[a-z2-7]{24}$")] | None = None
    phone: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    membership_number: Id | None = None
    provider_customer_id: Id | None = None
    sealed: Annotated[str, Field(max_length=1_000, pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    method: Id | None = None
    confidence: Literal["claimed", "likely", "verified"] | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        named = (self.customer_id, self.phone, self.membership_number, self.provider_customer_id, self.sealed)
        if not any(named):
            raise PydanticCustomError(
                "nobody", "names nobody: give customer_id, phone, membership_number, provider_customer_id or sealed"
            )
        return self


class TransactionLink(Strict):
    """How this transaction belongs to another one. `linked` false: a return without its receipt.

    What came back by a `return_of` or an `exchange_of` is a refund of the linked sale. `replaces` decides nothing, nor
    do `cumulative_refunded_minor` and `full`.
    """

    relation: Literal["return_of", "exchange_of", "replaces"]
    transaction_id: Id | None = None
    retail_store_id: Id | None = None
    """The linked sale's store, where transaction ids are told apart by it; the receipt's own where it is missing."""
    business_day_date: CalendarDay | None = None
    """The linked sale's day, where transaction ids are told apart by it."""
    linked: bool = True
    cumulative_refunded_minor: Amount | None = None
    full: bool | None = None


class Provenance(Strict):
    """Where the purchase came from. `test` purchases are stored and never earn. `offline` decides nothing: whether a
    purchase is late follows from its `end_date_time`. `history` purchases were made before the programme: they change
    what is known of a customer, ask no rule, and stamp only cards that count history.
    """

    provider: Id | None = None
    account: Id | None = None
    raw_event_ids: Annotated[list[Id], Field(max_length=100)] = _nothing()
    adapter: Id | None = None
    offline: bool = False
    test: bool = False
    history: bool = False
    channel: Id | None = None
    operator_id: Id | None = None


class Purchase(Strict):
    """A transaction's net state at a version: the newest version is what counts, in whatever order they arrive."""

    transaction_id: Id
    receipt_number: Id | None = None
    source_version: Version
    status: Status
    end_date_time: Instant
    business_day_date: CalendarDay | None = None
    """The day on which the till books it: it decides the day, if it lies within two of `end_date_time`."""
    store: Store
    customer: CustomerReference | None = None
    price_currency: Currency
    currency_exponent: Annotated[int, Field(ge=0, le=4)] | None = None
    prices_include_tax: bool = True
    """Amounts are taken as they stand, with tax; false is told."""
    totals: Totals
    line_items: Annotated[list[LineItem], Field(max_length=MOST_LINES)] = _nothing()
    tenders: Annotated[list[Tender], Field(max_length=100)] = _nothing()
    refund_ids: Annotated[list[Id], Field(max_length=1_000)] = _nothing()
    """Refunds that totals and lines have taken off already; only others are subtracted."""
    transaction_link: TransactionLink | None = None
    provenance: Provenance | None = None
    time_suspect: bool = False
    """The till's clock cannot have been right: `end_date_time` is when we received it."""
    link_settled: bool = False
    """What came back was taken off the linked sale, by a refund of it: total and lines are what was bought beside."""

    @model_validator(mode="after")
    def _exponent_fits(self) -> Self:
        _fits(self.price_currency, self.currency_exponent)
        return self

    @model_validator(mode="after")
    def _line_ids_differ(self) -> Self:
        seen: dict[str, int] = {}
        for index, line in enumerate(self.line_items):
            first = seen.setdefault(line.line_id, index)
            if first != index:
                raise PydanticCustomError(
                    "same_line_id",
                    "line_items {first} and {index} have the same line_id",
                    {"first": first, "index": index},
                )
        return self


def _fits(currency: str, exponent: int | None) -> None:
    """An exponent that is not the currency's would mean other amounts than those that are counted."""
    if exponent is not None and exponent != exponent_of(currency):
        raise PydanticCustomError(
            "exponent",
            "currency_exponent is {given}, and {currency} has {decimals} decimals: amounts are in minor units of those",
            {"given": exponent, "currency": currency, "decimals": exponent_of(currency)},
        )


class RefundTotals(Strict):
    """What was given back, as a positive amount."""

    gross_minor: PositiveAmount
    tax_minor: PositiveAmount | None = None
    discount_minor: PositiveAmount | None = None
    tip_minor: PositiveAmount | None = None
    surcharge_minor: PositiveAmount | None = None
    shipping_minor: PositiveAmount | None = None
    deposit_minor: PositiveAmount | None = None
    gift_card_sold_minor: PositiveAmount | None = None
    rounding_minor: Amount | None = None
    paid_minor: PositiveAmount | None = None


class SaleReference(Strict):
    """Which of the sales with its transaction id is meant; its store is the refund's own where it is missing."""

    retail_store_id: Id | None = None
    business_day_date: CalendarDay | None = None


class RefundLine(Strict):
    """What was given back of one line of the sale, as positive figures."""

    original_line_id: Id
    line_id: Id | None = None
    sku: Id | None = None
    category: Id | None = None
    name: Text | None = None
    quantity: PositiveQuantity = "1"
    gross_minor: PositiveAmount


class Refund(Strict):
    """One refund of a transaction, from a source that knows only the refund. Amounts are positive."""

    transaction_id: Id
    refund_id: Id
    source_version: Version = 0
    status: Literal["refund"]
    end_date_time: Instant
    store: Store | None = None
    sale: SaleReference | None = None
    """Where and when the sale was, where transaction ids are told apart by that."""
    price_currency: Currency
    currency_exponent: Annotated[int, Field(ge=0, le=4)] | None = None
    totals: RefundTotals
    line_items: Annotated[list[RefundLine], Field(max_length=MOST_LINES)] = _nothing()
    provenance: Provenance | None = None
    time_suspect: bool = False
    """The till's clock cannot have been right: `end_date_time` is when we received it."""

    @model_validator(mode="after")
    def _exponent_fits(self) -> Self:
        _fits(self.price_currency, self.currency_exponent)
        return self


Canonical = Purchase | Refund
"""Told apart by `status`: `refund` is a refund, every other one a snapshot."""
