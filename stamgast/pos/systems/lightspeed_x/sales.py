"""A sale of Lightspeed X in three dialects -> its net state.

Vend's own (webhooks: `register_sale_products`, `status`), API 2.0 (`line_items` with `price_total`) and the dated API
(`line_items` with `pricing`, `totals`). Amounts are in major units without tax, with five decimals, and the tax beside
them: the sum is rounded, not the lines. `price` is of one piece and after its discount.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from stamgast.domain.currencies import exponent_of
from stamgast.domain.units import Minor
from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, ids, moments
from stamgast.pos.systems.lines import Line, distinct, half_up, rounded, told
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.sale import cash_rounding, customer, link, provenance, store, tenders, totals
from stamgast.pos.types import write_instant

ITEMS: Final = ("line_items", "register_sale_products")
PRODUCT: Final = "stamgast_products"
"""Where `reread` puts the products that a sale names, by id."""

_PAYMENTS: Final = ("payments", "register_sale_payments")
_VOIDED: Final = frozenset({"voided", "deleted", "cancelled"})
_NOTHING: Final = Decimal(0)
_NEAR: Final = Decimal("0.05")
"""In major units: rounding, and no charge that was left out."""


def document(sale: Part, context: Context, system: str) -> Document:
    """The purchase that a sale is, or the return."""
    currency = _currency(sale, context)
    account = sale.maybe("domain_prefix") or ""
    payments = [each for each in sale.parts(*_PAYMENTS) if not each.has("deleted_at")]
    money = _Money(sale, payments, currency)
    status = _status(sale, payments, money.owed, currency)
    at = _moment(sale, "sale_date", "date", "created_at", "updated_at")
    source = sale.beside("source") or sale
    till = source.id("register_id")
    author = source.beside("author")
    of = _original(sale)
    is_return = of is not None or any(line["kind"] == "return" for line in money.lines)
    has_sold = any(line["kind"] not in {"return", DEPOSIT} for line in money.lines)
    relation = "exchange_of" if has_sold else "return_of"
    return told(
        {
            "transaction_id": ids.transaction_id(context, system, sale.text("id"), account),
            "receipt_number": sale.id("receipt_number", "invoice_number"),
            "source_version": _version(sale, status),
            "status": status,
            "end_date_time": write_instant(at),
            "store": store(
                context, (till if till in context.connection.stores else None, _outlet(sale, source), till), till
            ),
            "customer": _customer(sale, context, system, account),
            "price_currency": currency,
            "totals": money.totals(status),
            "line_items": distinct(money.lines),
            "tenders": tenders(_tender(each, currency) for each in payments),
            "transaction_link": link(context, system, of, account, relation) if is_return else None,
            "provenance": provenance(
                context, system, account, operator_id=sale.id("user_id") or (author.id("id") if author else None)
            ),
        }
    )


class _Money:
    """What a sale comes to, and its lines: of the exact amounts the sum is rounded, and the lines made to fit."""

    def __init__(self, sale: Part, payments: list[Part], currency: str) -> None:
        self.scale = exponent_of(currency)
        products = sale.get(PRODUCT)
        items = [each for each in sale.parts(*ITEMS) if each.word("status") not in _VOIDED]
        read = [_line(each, currency, products if isinstance(products, dict) else {}) for each in items]
        extra = list(_charges(sale))
        exact = [amount.scaleb(self.scale) for _, amount, _ in read]
        tip = sum((each for kind, each in extra if kind == "tip"), _NOTHING)
        surcharge = sum((each for kind, each in extra if kind == "surcharge"), _NOTHING)
        self.tip, self.surcharge = half_up(tip.scaleb(self.scale)), half_up(surcharge.scaleb(self.scale))
        of_tax = _tax(sale, [tax for _, _, tax in read])
        goods = half_up(_goods(sale, [amount for _, amount, _ in read], tip + surcharge, of_tax).scaleb(self.scale))
        self.lines = [line for line, _, _ in read]
        for line, gross in zip(self.lines, rounded(exact, goods), strict=True):
            line["gross_minor"] = gross
        taxes = [tax.scaleb(self.scale) for _, _, tax in read]
        self.tax = half_up(of_tax.scaleb(self.scale))
        for line, tax in zip(self.lines, rounded(taxes, self.tax), strict=True):
            line["tax_minor"] = tax
        self.cards, self.deposit = (
            sum(line["gross_minor"] for line in self.lines if line["kind"] == each) for each in ("gift_card", DEPOSIT)
        )
        self.gross = goods - self.cards - self.deposit
        self.owed = goods + self.tip + self.surcharge
        real = [each for each in payments if not _is_rounding(each)]
        self.paid = sum(each.minor(currency, "amount", default=0) for each in real) if real else None
        written_off = sum(each.minor(currency, "amount", default=0) for each in payments if _is_rounding(each))
        kinds = [_tender(each, currency)["tender_type"] for each in real]
        self.rounding = -written_off or (0 if self.paid is None else cash_rounding(self.paid, self.owed, kinds))

    def totals(self, status: str) -> dict[str, Minor]:
        """As the contract has them; what is paid is what was owed, where a sale that is closed names no payment."""
        paid = self.owed if self.paid is None and status == "completed" else self.paid
        discount = sum(line.get("discount_minor", 0) for line in self.lines)
        beside = {"tip": self.tip, "surcharge": self.surcharge, "gift_card_sold": self.cards, "rounding": self.rounding}
        beside["deposit"] = self.deposit
        return totals(self.gross, self.tax, paid, discount=discount, **beside)


def _currency(sale: Part, context: Context) -> str:
    """Of the payments, where they name one; the account's is the programme's."""
    named = (word for each in sale.parts(*_PAYMENTS) if (word := each.word("currency")))
    return next(named, context.program.currency).upper()


def _status(sale: Part, payments: list[Part], owed: Minor, currency: str) -> str:
    """Closed counts. On account, on layby and awaiting pickup count once they are paid; parked is none yet."""
    state, status = sale.word("state"), sale.word("status")
    if "void" in state or "void" in status or sale.has("deleted_at"):
        return "voided"
    if status.endswith("closed") or (state == "closed" and not status.startswith(("layby", "onaccount"))):
        return "completed"
    if state == "parked" or status in {"saved", "open"}:
        return "open"
    paying = [each for each in payments if "account" not in _method(each) and not _is_rounding(each)]
    real = sum(each.minor(currency, "amount", default=0) for each in paying)
    waits = status.startswith(("layby", "onaccount", "awaiting", "dispatch", "picked")) or state == "pending"
    return "completed" if waits and owed > 0 and real >= owed else "open"


def _moment(sale: Part, *names: str) -> datetime:
    """A time; Vend's own dialect writes UTC without saying so."""
    return sale.moment(*names, zone="UTC")


def _version(sale: Part, status: str) -> int:
    known = sale.beside("_metadata")
    own = (known.whole("version", default=0) if known else 0) or sale.number("version", default=_NOTHING)
    if own > 0:
        return int(own)
    changed = _moment(sale, "updated_at", "sale_date", "date", "created_at")
    return moments.ranked(moments.version_at(changed), status)


def _original(sale: Part) -> str | None:
    back = sale.beside("return")
    return sale.maybe("return_for") or (back.maybe("original_sale_id") if back else None)


def _outlet(sale: Part, source: Part) -> str | None:
    outlet = sale.beside("outlet")
    return source.maybe("outlet_id") or sale.maybe("outlet_id") or (outlet.maybe("id") if outlet else None)


def _customer(sale: Part, context: Context, system: str, account: str) -> dict[str, Any] | None:
    known = sale.beside("customer")
    own = sale.maybe("customer_id") or (known.maybe("id") if known else None)
    phone = known.maybe("mobile", "phone") if known else None
    code = known.maybe("customer_code") if known else None
    return customer(context, system, own, account=account, phone=phone, membership=code)


def _charges(sale: Part) -> Iterator[tuple[str, Decimal]]:
    """Tips and surcharges, which are no lines."""
    for each in sale.parts("adjustments"):
        kind = each.word("adjustment_type", "type")
        if kind == "tip":
            yield "tip", each.number("total", default=_NOTHING)
        elif kind in {"surcharge", "non_cash_fee"}:
            yield "surcharge", each.number("total", default=_NOTHING)
    for each in sale.parts("ecom_custom_charges"):
        yield "surcharge", each.number("total_incl", "total", default=_NOTHING)
    told_totals = sale.beside("totals")
    if told_totals and not any(
        each.word("adjustment_type", "type") == "surcharge" for each in sale.parts("adjustments")
    ):
        yield "surcharge", told_totals.number("surcharge", default=_NOTHING)


def _goods(sale: Part, lines: list[Decimal], beside: Decimal, tax: Decimal) -> Decimal:
    """The goods' exact sum, with tax: what the sale says, unless that holds what is told `beside` as well."""
    summed = sum(lines, _NOTHING)
    whole = sale.beside("totals")
    holder = whole if whole and whole.has("price", "total_price", "price_incl_tax") else sale
    if holder.has("price_incl_tax"):
        said = holder.number("price_incl_tax")
    elif holder.has("total_price", "price"):
        said = holder.number("total_price", "price") + holder.number("total_tax", "tax", default=tax)
    else:
        return summed
    return said - beside if lines and beside and abs(said - beside - summed) <= _NEAR else said


def _tax(sale: Part, taxes: list[Decimal]) -> Decimal:
    whole = sale.beside("totals")
    if whole and whole.has("tax", "total_tax"):
        return whole.number("tax", "total_tax")
    return sale.number("total_tax", default=sum(taxes, _NOTHING))


def _line(item: Part, currency: str, products: dict[str, Any]) -> tuple[Line, Decimal, Decimal]:
    """A line, its exact amount with tax, and the tax in it.

    Ids are the product's: a return's line has the id of the sale's then, which Lightspeed does not tell.
    """
    price = item.beside("pricing") or item
    tax = item.beside("tax")
    product = item.beside("product")
    back = item.beside("return")
    quantity = item.number("quantity", default=Decimal(1))
    of_tax = (
        tax.number("total", default=tax.number("amount", default=_NOTHING) * quantity)
        if tax
        else item.number("tax_total", "total_tax", default=item.number("tax", "unit_tax", default=_NOTHING) * quantity)
    )
    each = price.number("price", "unit_price", default=_NOTHING)
    net = price.number("price_total", "total_price", "total", default=each * quantity)
    own = item.id("product_id") or (product.id("id") if product else None)
    known = products.get(own) if own else None
    named = Part(known) if isinstance(known, dict) else product or item
    apart = DEPOSIT if is_deposit(named.maybe("variant_name", "name")) else ""
    apart = "gift_card" if item.has("gift_card_number") else apart
    is_back = item.flag("is_return") or bool(back and back.flag("is_return")) or quantity < 0
    cost = price.number(
        "cost_total", "total_cost", default=price.number("cost", "unit_cost", default=_NOTHING) * quantity
    )
    off = price.number(
        "discount_total", "total_discount", default=price.number("discount", default=_NOTHING) * quantity
    )
    line_id = own or item.id("id") or "line"
    return (
        told(
            {
                "line_id": line_id,
                "kind": apart or ("return" if is_back else "sale"),
                "sku": named.id("sku"),
                "product_id": own,
                "name": ids.short(named.maybe("variant_name", "name") or "") or None,
                "quantity": amounts.quantity_text(quantity),
                "unit_price_minor": amounts.minor(each + (of_tax / quantity if quantity else _NOTHING), currency),
                "discount_minor": abs(amounts.minor(off + (off * of_tax / net if net else _NOTHING), currency)) or None,
                "cost_minor": abs(amounts.minor(cost, currency)) or None,
                "original_line_id": line_id if is_back else None,
            }
        ),
        net + of_tax,
        of_tax,
    )


def _method(payment: Part) -> str:
    """How it was paid, in the words of the shop."""
    for name in ("type", "retailer_payment_type", "payment_type"):
        kind = payment.beside(name)
        if kind and kind.word("name"):
            return kind.word("name")
    return payment.word("name")


def _is_rounding(payment: Part) -> bool:
    return "rounding" in _method(payment)


def _tender(payment: Part, currency: str) -> dict[str, Any]:
    method = _method(payment)
    kind = "other"
    for word, found in (
        ("gift", "gift_card"),
        ("loyalty", "loyalty"),
        ("store credit", "voucher"),
        ("account", "account"),
        ("cash", "cash"),
        ("card", "card"),
        ("eftpos", "card"),
        ("pin", "card"),
        ("bancontact", "card"),
        ("payments", "card"),
    ):
        if word in method:
            kind = found
            break
    else:
        kind = "cash" if payment.maybe("payment_type_id") == "1" else kind
    return {
        "tender_id": payment.id("id"),
        "tender_type": kind,
        "amount_minor": payment.minor(currency, "amount", default=0),
    }
