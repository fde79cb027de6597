"""Loyverse: whole receipts in `receipts.update`, again with every change, and in a list by the time of the change.

A refund is a receipt of its own that names its sale. Facts: the API's documentation, and a receipt as Pipedream's
component has it.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from stamgast.domain.units import Millis, Minor
from stamgast.pos.adapter import (
    Adapter,
    Api,
    ApiSpec,
    Capabilities,
    Context,
    Document,
    Found,
    Headers,
    IncapableError,
    Missing,
    Need,
    Page,
)
from stamgast.pos.systems import amounts, ids, moments, polling
from stamgast.pos.systems.asked import Asked, quoted
from stamgast.pos.systems.lines import Line, distinct, half_up, told
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.sale import cash_rounding, customer, link, provenance, store, tenders, totals
from stamgast.pos.systems.signatures import check_hmac, header
from stamgast.pos.types import write_instant

_PAGE: Final = 250
_EVENT: Final = "receipts.update"
_ENABLED: Final = "enabled"
_UNSIGNED: Final = "Loyverse signs only the webhooks that an OAuth app has made, and this one is unsigned"


class Loyverse(Adapter):
    """Needs from the shop: an access token of its back office (secret `api`), and for signed webhooks the client secret
    of an OAuth app that made them (secret `webhook`). A webhook that was made with a token is not signed: its address
    is secret then, and its receipts are read again. `stores:` maps Loyverse's store ids.

    Loyverse's own points are passed over.
    """

    name = "loyverse"
    capabilities = Capabilities(signed=True, poll=True, knows_customer=True, subscribes=True)
    kinds = ("receipt",)
    api = ApiSpec("https://api.loyverse.com/v1.0", per_second=1.0, burst=5)
    needs = (
        Need("account", "The merchant's id: `merchant_id` of any webhook", secret=False, optional=True),
        Need("webhook", "The client secret of the OAuth app that made the webhook", optional=True),
        Need("api", "An access token: back office, Integrations, Access tokens"),
    )
    verify_by = "--header 'X-Loyverse-Signature: …'"
    check_first = (
        "--subscribe: whether a webhook that is switched off is listed; if not, another one is made.",
        "Whether X-Loyverse-Signature is base64 (as documented) or hex (as users write): both are taken.",
        "The sign of a refund's amounts: they are read as money given back, whichever they have.",
        "Whether `total_money` holds tip and surcharge: the lines' sum decides, and without lines it is taken to.",
        "How often and how long a webhook is repeated: not documented; the poll finds what was missed.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """HMAC-SHA-1 of the body with the app's client secret."""
        given = header(headers, "x-loyverse-signature")
        if not given:
            raise IncapableError(_UNSIGNED)
        check_hmac(raw, given, secrets, "sha1", encodings=("base64", "hex"))

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """Loyverse gives deliveries no name; a receipt's number and version tell a repeat."""
        return ""

    def refs(self, body: Any) -> Sequence[Found]:
        """Every receipt of the list; one that names a customer lacks who that is."""
        whole = Part(body)
        event = whole.maybe("type")
        if event is not None and event != _EVENT:
            return []
        if event is None and whole.has("receipt_number"):
            return [_found(whole)]
        if "receipts" not in whole.content:
            whole.refuse("receipts", "is missing")
        merchant = told({"merchant_id": whole.maybe("merchant_id")})
        return [_found(Part(merchant | each.content, each.place)) for each in whole.parts("receipts")]

    async def reread(self, ref: Found, api: Api) -> Found:
        """The receipt as it is now, with its customer."""
        receipt = Part(await api.call("GET", f"/receipts/{quoted(ref.id)}"))
        return Found("receipt", ref.id, await _with_customer(receipt, Asked(api, "/customers/{}")))

    async def poll(self, cursor: str, api: Api) -> Page:
        """Receipts by the time of their last change; a new connection reads what Loyverse keeps."""
        state = polling.at(cursor)
        query = {"limit": str(_PAGE)}
        if begin := state.begins(polling.HOUR):
            query["updated_at_min"] = begin
        if state.page:
            query["cursor"] = state.page
        answer = Part(await api.call("GET", "/receipts", query=query))
        receipts, customers = answer.parts("receipts"), Asked(api, "/customers/{}")
        found = [
            Found("receipt", polling.own_id(each, "receipt_number"), await _with_customer(each, customers))
            for each in receipts
        ]
        state = state.read(polling.times_of(receipts, "updated_at", "created_at"), answer.maybe("cursor") or "")
        return Page(found, state.cursor, more=bool(state.page))

    async def missing(self, address: str, api: Api) -> Sequence[Missing]:
        """The one webhook, where none that is enabled calls here."""
        here = [
            each
            for each in Part(await api.call("GET", "/webhooks")).parts("webhooks")
            if each.maybe("url") == address and each.maybe("type") == _EVENT
        ]
        if any(each.word("status") == _ENABLED for each in here):
            return []
        return [Missing(_EVENT, here[0].text("id") if here else "")]

    async def subscribe(self, missing: Missing, address: str, api: Api, secret: str) -> str:  # noqa: ARG002
        """One that a token makes is not signed."""
        own = {"id": missing.id} if missing.id else {}
        document = {**own, "url": address, "type": missing.topic, "status": _ENABLED.upper()}
        await api.call("POST", "/webhooks", document=document)
        return ""

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """The receipt. Its refund's receipt says by itself what came back."""
        with refusing(found.kind):
            return [self._document(Part(found.content), context)]

    def _document(self, receipt: Part, context: Context) -> Document:
        account = receipt.maybe("merchant_id") or ""
        currency = context.program.currency
        is_refund = receipt.word("receipt_type") == "refund" or receipt.has("refund_for")
        money, lines = _amounts(receipt, currency, -1 if is_refund else 1)
        at = write_instant(receipt.moment("receipt_date", "created_at", zone="UTC"))
        version = receipt.moment("updated_at", "cancelled_at", "created_at", "receipt_date", zone="UTC")
        document: Document = {
            "transaction_id": ids.transaction_id(context, self.name, receipt.text("receipt_number"), account),
            "receipt_number": receipt.id("receipt_number"),
            "source_version": moments.version_at(version),
            "status": "voided" if receipt.has("cancelled_at") else "completed",
            "end_date_time": at,
            "store": store(context, (receipt.maybe("store_id"),), receipt.id("pos_device_id")),
            "customer": _customer(receipt, context),
            "price_currency": currency,
            "totals": money,
            "line_items": distinct(lines),
            "tenders": tenders(_tender(each, currency) for each in receipt.parts("payments")),
            "transaction_link": link(context, self.name, receipt.maybe("refund_for"), account) if is_refund else None,
            "provenance": provenance(
                context, self.name, account, channel=receipt.id("source"), operator_id=receipt.id("employee_id")
            ),
        }
        return told(document)


def _found(receipt: Part) -> Found:
    partial = receipt.has("customer_id") and not receipt.has("customer")
    return Found("receipt", receipt.text("receipt_number"), receipt.content, partial=partial)


async def _with_customer(receipt: Part, customers: Asked) -> dict[str, Any]:
    own = receipt.maybe("customer_id")
    found = await customers.get(own) if own else None
    return receipt.content | told({"customer": found})


def _customer(receipt: Part, context: Context) -> dict[str, Any] | None:
    known = receipt.beside("customer")
    return customer(
        context,
        Loyverse.name,
        receipt.maybe("customer_id") or (known.maybe("id") if known else None),
        account=receipt.maybe("merchant_id") or "",
        phone=known.maybe("phone_number") if known else None,
        membership=known.maybe("customer_code") if known else None,
    )


def _amounts(receipt: Part, currency: str, sign: int) -> tuple[dict[str, Minor], list[Line]]:
    """Totals and lines, below zero for what came back. What the lines sum to says what `total_money` holds."""
    items = receipt.parts("line_items")
    lines = [_line(each, currency, sign) for each in items]
    added = [sign * _added(each, currency) for each in items]
    total, tip, surcharge = (
        sign * abs(receipt.minor(currency, name, default=default))
        for name, default in (("total_money", None), ("tip", 0), ("surcharge", 0))
    )
    summed, with_added = (sum(line["gross_minor"] for line in lines) + more for more in (0, sum(added)))
    is_beside = bool(lines) and total in {summed, with_added} and (tip or surcharge)
    gross = total if is_beside else total - tip - surcharge
    if gross == with_added != summed:
        for line, tax in zip(lines, added, strict=True):
            line["gross_minor"] += tax
    payments = receipt.parts("payments")
    owed = gross + tip + surcharge
    paid = sum(sign * abs(each.minor(currency, "money_amount", default=0)) for each in payments) if payments else owed
    rounding = cash_rounding(paid, owed, [_tender_type(each) for each in payments])
    tax = sign * abs(receipt.minor(currency, "total_tax", default=sum(line.get("tax_minor", 0) for line in lines)))
    discount = abs(receipt.minor(currency, "total_discount", default=0))
    deposit = sum(line["gross_minor"] for line in lines if line["kind"] == DEPOSIT)
    beside = {"tip": tip, "surcharge": surcharge, "deposit": deposit, "rounding": rounding, "discount": discount}
    return totals(gross - deposit, tax, paid, **beside), lines


def _line(item: Part, currency: str, sign: int) -> Line:
    """Ids are the product's: a refund's line has the id of the sale's then, which Loyverse does not tell."""
    quantity = abs(item.number("quantity", default=Decimal(1)))
    taxes = item.parts("line_taxes")
    cost = item.minor(currency, "cost_total", default=half_up(item.minor(currency, "cost", default=0) * quantity))
    own = item.id("variant_id", "item_id", "sku", "id") or "line"
    gross = item.minor(currency, "total_money", "gross_total_money", default=0)
    return told(
        {
            "line_id": own,
            "kind": DEPOSIT if is_deposit(item.maybe("item_name")) else "return" if sign < 0 else "sale",
            "sku": item.id("sku"),
            "product_id": item.id("item_id"),
            "name": ids.short(item.maybe("item_name") or "") or None,
            "quantity": amounts.quantity_text(sign * quantity),
            "unit_price_minor": item.minor(currency, "price", default=0),
            "gross_minor": sign * abs(gross) if sign < 0 else gross,
            "discount_minor": abs(item.minor(currency, "total_discount", default=0)) or None,
            "tax_minor": sign * abs(sum(each.minor(currency, "money_amount", default=0) for each in taxes))
            if taxes
            else None,
            "tax_rate": amounts.percent_text(taxes[0].get("rate")) if len(taxes) == 1 else None,
            "cost_minor": cost or None,
            "original_line_id": own if sign < 0 else None,
        }
    )


def _added(item: Part, currency: str) -> Minor:
    """The taxes of a line that come on top of its price."""
    on_top = [each for each in item.parts("line_taxes") if each.word("type") == "added"]
    return abs(sum(each.minor(currency, "money_amount", default=0) for each in on_top))


def _tender_type(payment: Part) -> str:
    kind = payment.word("type")
    if "cash" in kind:
        return "cash"
    return "card" if "card" in kind or kind in {"sumup", "worldpay", "zettle", "tyro", "yoco"} else "other"


def _tender(payment: Part, currency: str) -> dict[str, Any]:
    return {
        "tender_id": payment.id("id", "payment_type_id"),
        "tender_type": _tender_type(payment),
        "amount_minor": payment.minor(currency, "money_amount", default=0),
    }
