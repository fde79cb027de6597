"""An account of Lightspeed K -> a sale, a refund of another one, or what undoes one; nothing for what only moved it.

Amounts are text in major units with up to six decimals, rounded half to even over the whole account. A line's
`totalNetAmountWithTax` holds its service charge; whether a payment holds its tip is told by what all come to.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import product
from typing import Any, Final, NamedTuple

from stamgast.domain.currencies import exponent_of
from stamgast.domain.units import Minor
from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, ids, moments
from stamgast.pos.systems.lightspeed_k.shared_bills import Payment, Share, id_of, shared, shares_of
from stamgast.pos.systems.lines import Line, distinct, half_up, rounded, told
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.sale import cash_rounding, customer, link, provenance, store, tenders, totals
from stamgast.pos.types import write_instant

OWN: Final = ("accountFiscId", "accountId")
CLOSED: Final = ("timeClosed", "timeOfCloseAndPaid", "timeofCloseAndPaid")

_MOVES: Final = frozenset({"split", "update", "transfer", "float", "transitory", "cross_bl"})
_UNDOES: Final = frozenset({"void", "recall", "cancel"})
_APART: Final = {
    "gift_card": ("gift card", "giftcard", "gift voucher", "cadeaubon", "cadeaukaart", "carte cadeau", "chèque cadeau"),
    "deposit": ("statiegeld", "leeggoed", "vidange", "consigne", "bottle deposit"),
}
_TENDERS: Final = (
    ("cash", "cash"),
    ("gift", "gift_card"),
    ("voucher", "voucher"),
    ("loyal", "loyalty"),
    ("account", "account"),
    ("room", "account"),
    ("online", "online"),
    ("card", "card"),
    ("cc", "card"),
    ("visa", "card"),
    ("master", "card"),
    ("amex", "card"),
    ("maestro", "card"),
    ("bancontact", "card"),
    ("payments", "card"),
)
_NOTHING: Final = Decimal(0)
_NEAR: Final = 1


class _Money(NamedTuple):
    """What an account comes to, in minor units; below zero for what came back."""

    lines: list[Line]
    gross: Minor
    totals: dict[str, Minor]


def documents(sale: Part, context: Context, system: str) -> Sequence[Document]:
    """The purchase that an account is, and the voiding of one that it undoes."""
    kind = sale.word("type")
    if kind in _MOVES:
        return []
    own, initial = sale.text(*OWN), _initial(sale)
    payments = sale.parts("payments")
    currency = _currency(sale, payments, context)
    money = _money(sale, payments, currency, is_back=kind == "refund")
    is_undone = sale.flag("cancelled") or sale.has("voidReason")
    shares = shares_of(_payments(payments, currency, context, system, _place(sale)))
    document = _document(sale, context, system, currency, shares[0])
    if kind in _UNDOES:
        bill = ids.transaction_id(context, system, initial or own, _place(sale))
        undone = [_voided(document, id_of(bill, number), money.gross) for number in range(len(shares))]
        if initial is None or money.gross <= 0 or not payments:
            return undone
        return [_filled(document, money, "voided" if is_undone else "completed"), *undone]
    found = _filled(document, money, "voided" if is_undone else "completed")
    if kind == "refund" or money.gross < 0:
        found["transaction_link"] = link(context, system, initial, _place(sale))
        found["tenders"] = tenders(_tender(each, currency) for each in payments)  # whoever it was given to
        return [found]
    return shared(found, shares)


def _initial(sale: Part) -> str | None:
    """The account that this one came of, if it is another one."""
    for name in ("source", "accountLink"):
        holder = sale.beside(name)
        found = holder.maybe("initialAccountId", "previousAccountId") if holder else None
        if found is not None and found != sale.maybe(*OWN):
            return found
    return None


def _place(sale: Part) -> str:
    return sale.maybe("businessLocationId", "businessId") or ""


def _currency(sale: Part, payments: Sequence[Part], context: Context) -> str:
    for each in (*payments, *sale.parts("salesLines")):
        if word := each.word("currency"):
            return word.upper()
    return context.program.currency


def _document(sale: Part, context: Context, system: str, currency: str, share: Share) -> Document:
    at = write_instant(sale.moment(*CLOSED, "timeOfOpening", "timeofOpening", zone="UTC"))
    stores = context.connection.stores
    own = [sale.id("deviceId"), *(each.id("revenueCenterId") for each in sale.parts("salesLines")[:1])]
    return told(
        {
            "transaction_id": ids.transaction_id(context, system, sale.text(*OWN), _place(sale)),
            "receipt_number": sale.id("receiptId"),
            "source_version": moments.version_of(at),
            "end_date_time": at,
            "store": store(context, (*(each for each in own if each in stores), _place(sale)), sale.id("deviceId")),
            "customer": share.customer,
            "price_currency": currency,
            "tenders": tenders(share.tenders),
            "provenance": provenance(
                context, system, _place(sale), channel=sale.id("accountProfileCode"), operator_id=sale.id("ownerId")
            ),
        }
    )


def _filled(document: Document, money: _Money, status: str) -> Document:
    version = moments.ranked(document["source_version"], status)
    lines = {"line_items": distinct(money.lines), "totals": money.totals}
    return document | lines | {"status": status, "source_version": version}


def _voided(document: Document, own: str, gross: Minor) -> Document:
    """What says that another account counts no longer: a newer version of that one."""
    named = ("end_date_time", "store", "price_currency", "provenance")
    return {name: document[name] for name in named} | {
        "transaction_id": own,
        "source_version": moments.ranked(document["source_version"], "voided"),
        "status": "voided",
        "totals": {"gross_minor": abs(gross)},
    }


def _payments(
    payments: Sequence[Part], currency: str, context: Context, system: str, account: str
) -> Iterator[Payment]:
    for payment in payments:
        known = payment.beside("consumer")
        own = known.maybe("customerId", "id") if known else None
        phone = known.maybe("phoneNumber1", "phoneNumber2") if known else None
        tender = _tender(payment, currency)
        yield Payment(
            customer(context, system, own, account=account, phone=phone), tender["amount_minor"], told(tender)
        )


def _tender(payment: Part, currency: str) -> dict[str, Any]:
    words = f"{payment.word('code')} {payment.word('description')}"
    found = next((kind for word, kind in _TENDERS if word in words), "other")
    return {
        "tender_id": payment.id("fiscId", "uuid"),
        "tender_type": "account" if payment.word("type") == "accounts_receivable" else found,
        "amount_minor": payment.minor(currency, "netAmountWithTax", "amount", default=0),
        "tip_minor": payment.minor(currency, "tip", default=0) or None,
    }


def _money(sale: Part, payments: Sequence[Part], currency: str, *, is_back: bool) -> _Money:
    sign = -1 if is_back else 1
    read = [_line(each, currency, is_back=is_back) for each in sale.parts("salesLines") if not each.has("voidReason")]
    scale = exponent_of(currency)
    whole = [[each.scaleb(scale) for each in column] for column in zip(*(figures for _, figures in read), strict=True)]
    exact, taxes, charges = whole or [[], [], []]
    goods, tax, surcharge = (
        int(sum(each, _NOTHING).quantize(Decimal(1), ROUND_HALF_EVEN)) for each in (exact, taxes, charges)
    )
    if not read:  # asked for without its lines: what was paid is all that is known
        goods = sum(each.minor(currency, "netAmountWithTax", "amount", default=0) for each in payments)
        goods = -abs(goods) if is_back else goods
    lines = [line for line, _ in read]
    for line, gross, of_tax in zip(lines, rounded(exact, goods), rounded(taxes, tax), strict=True):
        line |= {"gross_minor": gross, "tax_minor": of_tax}
    apart = {kind: sum(line["gross_minor"] for line in lines if line["kind"] == kind) for kind in _APART}
    gross = goods - sum(apart.values())
    owed = goods + surcharge
    beside = {"gift_card_sold": apart["gift_card"], "deposit": apart["deposit"]}
    beside["discount"] = sum(line.get("discount_minor", 0) for line in lines)
    paid = _paid(payments, currency, owed, sign)
    beside |= {"tip": paid.tip, "surcharge": surcharge + paid.surcharge, "rounding": paid.rounding}
    return _Money(lines, goods, totals(gross, tax, paid.paid, **beside))


def _line(line: Part, currency: str, *, is_back: bool) -> tuple[Line, tuple[Decimal, Decimal, Decimal]]:
    """A line, its exact amount with tax and without service charge, the tax in it, and the service charge.

    Ids are the SKU's: a refund's line has the id of the sale's then, which Lightspeed does not tell.
    """
    charge = line.number("serviceCharge", default=_NOTHING)
    tax = line.number("taxAmount", default=_NOTHING)
    net = line.number("totalNetAmountWithoutTax", default=_NOTHING)
    gross = line.number("totalNetAmountWithTax", default=net + tax)
    taxes = line.parts("taxLines") if isinstance(line.get("taxLines"), list) else []
    added = [each for each in taxes if each.content.get("taxIncluded") is False]
    if added:
        tax = sum((each.number("taxAmount", default=_NOTHING) for each in added), _NOTHING)
        gross = line.number("totalNetAmountWithoutTax", "totalNetAmountWithTax", default=_NOTHING) + tax
    elif charge and not _is_beside(gross, net + tax, charge, known=line.has("totalNetAmountWithoutTax")):
        gross -= charge
    quantity = line.number("quantity", default=Decimal(1))
    if is_back:
        gross, tax, charge, quantity = (-abs(each) for each in (gross, tax, charge, quantity))
    off = line.minor(currency, "totalDiscountAmount", "discountAmount", default=0)
    group = line.beside("accountingGroup")
    category = (group.maybe("name") if group else None) or line.maybe("statisticGroup")
    cost = line.number("unitCostPrice", default=_NOTHING).scaleb(exponent_of(currency))
    own = line.id("sku", "id") or "line"
    found = {
        "line_id": own,
        "kind": DEPOSIT if is_deposit(line.maybe("nameOverride", "name")) else _kind(category, quantity),
        "sku": line.id("sku"),
        "name": ids.short(line.maybe("nameOverride", "name") or "") or None,
        "category": ids.fitting(category) if category else None,
        "quantity": amounts.quantity_text(quantity),
        "unit_price_minor": line.minor(currency, "menuListPrice") if line.has("menuListPrice") else None,
        "discount_minor": abs(off) or None,
        "tax_rate": amounts.percent_text(line.get("taxRatePercentage")),
        "cost_minor": half_up(cost * abs(quantity)) or None,
        "original_line_id": own if is_back else None,
    }
    return told(found), (gross, tax, charge)


def _is_beside(gross: Decimal, taxed: Decimal, charge: Decimal, *, known: bool) -> bool:
    """Whether the service charge is not in a line's amount: then the amount is what net and tax come to."""
    return known and abs(gross - taxed) < abs(gross - charge - taxed)


def _kind(category: str | None, quantity: Decimal) -> str:
    word = (category or "").lower()
    found = next((kind for kind, words in _APART.items() if any(each in word for each in words)), None)
    return found or ("return" if quantity < 0 else "sale")


class _Paid(NamedTuple):
    """What was paid, and what of it was not for the account."""

    paid: Minor
    tip: Minor
    surcharge: Minor
    rounding: Minor


def _paid(payments: Sequence[Part], currency: str, owed: Minor, sign: int) -> _Paid:
    """Tips and surcharges are in the payments' amounts or beside them: whichever way makes the sum come out."""
    if not payments:
        return _Paid(owed, 0, 0, 0)

    def summed(*names: str) -> Minor:
        found = [each.minor(currency, *names, default=0) for each in payments]
        return sum(found) if sign > 0 else -sum(abs(each) for each in found)

    amount, tip, surcharge = summed("netAmountWithTax", "amount"), summed("tip"), summed("surcharge")
    rounding = sum(each.minor(currency, "roundingAmount", default=0) for each in payments)
    for tip_beside, charge_beside, way in product((tip, 0), (surcharge, 0), (rounding, -rounding)):
        paid = amount + tip_beside + charge_beside
        if abs(owed + tip + surcharge + way - paid) <= _NEAR:
            return _Paid(paid, tip, surcharge, way)
    paid = amount + tip + surcharge
    kinds = [_tender(each, currency)["tender_type"] for each in payments]
    return _Paid(paid, tip, surcharge, rounding or cash_rounding(paid, owed + tip + surcharge, kinds))
