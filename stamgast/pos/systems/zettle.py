"""Zettle by PayPal: purchases whole in signed webhooks of its Pusher, and in the history of its Purchase API.

A refund is a purchase of its own, with negative amounts and the id of the sale. Facts: iZettle/api-documentation
(purchase.adoc, pusher-api; state of 2022) and what its users write of the webhook's names.
"""

import base64
import binascii
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import msgspec

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis, Minor
from stamgast.pos.adapter import (
    Adapter,
    Answer,
    Api,
    ApiError,
    ApiSpec,
    Capabilities,
    Context,
    Document,
    Found,
    Headers,
    Missing,
    Need,
    Page,
    SignatureError,
)
from stamgast.pos.documents import read_document
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems import amounts, ids, moments, polling
from stamgast.pos.systems.lines import Line, distinct, gtin, half_up, rounded, tax_of, told
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.sale import link, provenance, store, tenders, totals
from stamgast.pos.systems.signatures import check_hmac, header
from stamgast.pos.types import write_instant

_PAGE: Final = 200
_EVENT: Final = "PurchaseCreated"
_SUBSCRIPTIONS: Final = "/organizations/self/subscriptions"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_WHEN: Final = ("timestamp", "created")
_OWN: Final = ("purchaseUUID1", "purchaseUuid1", "purchaseUuid", "purchaseUUID")
_REFUNDED: Final = ("refundsPurchaseUUID1", "refundsPurchaseUuid1", "refundsPurchaseUuid", "refundsPurchaseUUID")
_PLACES: Final = ("userUuid", "userId", "organizationUuid", "organizationId")
_TENDERS: Final = {
    "izettle_card": "card",
    "izettle_cash": "cash",
    "izettle_card_online": "online",
    "izettle_invoice": "account",
    "giftcard": "gift_card",
    "store_credit": "voucher",
    **dict.fromkeys(("swish", "vipps", "mobile_pay", "paypal", "klarna"), "online"),
}
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Zettle(Adapter):
    """Needs from the shop: the `signingKey` of its subscription to `PurchaseCreated` (secret `webhook`), and for the
    poll a client id and an API key, with a `:` between them, which are exchanged for tokens (secret `api`). The account
    is the organisation's UUID.

    A Zettle purchase names no place: `stores:` maps a cash register's UUID, a user's id or UUID, or the organisation's.
    No purchase names its customer: a receipt claim does, or the customer's code at the till.
    """

    name = "zettle"
    capabilities = Capabilities(signed=True, poll=True, subscribes=True)
    kinds = ("purchase",)
    api = ApiSpec(
        "https://purchase.izettle.com",
        token_url="https://oauth.zettle.com/token",  # noqa: S106  an address
        token_fields={
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "client_id": "{part[0]}",
            "assertion": "{part[1]}",
        },
        token_parts=2,
        per_second=5.0,
    )
    hooks = replace(api, base="https://pusher.izettle.com", in_documents=True)
    needs = (
        Need("account", "The organisation's UUID: `organizationUuid` of any webhook", secret=False),
        Need(
            "webhook",
            "The `signingKey` of the answer to creating the subscription of PurchaseCreated; not with --subscribe",
            optional=True,
        ),
        Need("api", "client id:API key, of my.zettle.com/apps/api-keys with the scope READ:PURCHASE", optional=True),
        Need("contact", "--subscribe: an e-mail address that Zettle writes to when webhooks fail", optional=True),
    )
    verify_by = "--header 'X-iZettle-Signature: …'"
    check_first = (
        "--subscribe: that the host is still pusher.izettle.com, and that its test message is answered.",
        "The webhook's own names: purchaseUuid or purchaseUUID, refundsPurchaseUuid; both are read.",
        "That hosts are still purchase.izettle.com and oauth.zettle.com: the documentation at hand is of 2022.",
        "Whether `amount` holds the tip: both are read, by what the payments sum to.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """Zettle signs `timestamp.payload`, two texts inside the body.

        A repeat keeps its first time for three days: the time is not compared with ours.
        """
        given = header(headers, "x-izettle-signature")
        try:
            body = _decode(raw)
        except UNREADABLE:
            body = None
        match body:
            case {"timestamp": str(timestamp), "payload": str(payload)}:
                signed = f"{timestamp}.{payload}".encode("utf-8", "surrogatepass")
                check_hmac(signed, given, secrets, encodings=("hex",))
            case _:
                raise SignatureError("it has no timestamp and payload that could have been signed")

    def ping(self, raw: bytes, headers: Headers) -> Answer | None:  # noqa: ARG002
        """The test message at the making of a subscription, for which there is no key yet."""
        if b"TestMessage" not in raw[:1_000]:
            return None
        try:
            body = _decode(raw)
        except UNREADABLE:
            return None
        return Answer() if isinstance(body, dict) and body.get("eventName") == "TestMessage" else None

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """The message's id: the same when it is repeated."""
        own = body.get("messageId") or body.get("messageUuid") if isinstance(body, dict) else ""
        return own[:200] if isinstance(own, str) else ""

    def refs(self, body: Any) -> Sequence[Found]:
        """The purchase of a message; of what the API answers, each."""
        whole = Part(body)
        if isinstance(whole.content.get("purchases"), list):
            return [Found("purchase", _id_of(each, _OWN) or "", each.content) for each in whole.parts("purchases")]
        event = whole.maybe("eventName")
        if event is None:
            return [Found("purchase", _own_id(whole), whole.content)]
        if event != _EVENT:
            return []
        payload = whole.get("payload")
        if isinstance(payload, str):
            payload = _payload(payload)
        purchase = Part(payload, "/payload")
        beside = {} if purchase.has("organizationUuid") else told({"organizationUuid": whole.maybe("organizationUuid")})
        return [Found("purchase", _own_id(purchase), purchase.content | beside)]

    async def reread(self, ref: Found, api: Api) -> Found:
        """The purchase, by its UUID."""
        return ref._replace(content=await api.call("GET", f"/purchase/v2/{quote(ref.id, safe='')}"))

    async def poll(self, cursor: str, api: Api) -> Page:
        """Purchases by their time, with a day's overlap for offline tills; a new connection reads three years."""
        state = polling.at(cursor)
        query = {"limit": str(_PAGE), "descending": "false"}
        if state.page:
            query["lastPurchaseHash"] = state.page
        elif begin := state.begins(polling.DAY):
            query["startDate"] = begin
        answer = Part(await api.call("GET", "/purchases/v2", query=query))
        purchases = answer.parts("purchases")
        page = answer.maybe("lastPurchaseHash") if len(purchases) >= _PAGE else None
        state = state.read(polling.times_of(purchases, *_WHEN, zone="UTC"), page or "")
        found = [Found("purchase", polling.own_id(each, *_OWN), each.content) for each in purchases]
        return Page(found, state.cursor, more=bool(state.page))

    async def missing(self, address: str, api: Api) -> Sequence[Missing]:
        """The one subscription, where none that is active calls here."""
        return [] if await _subscribed(address, api) else [Missing(_EVENT)]

    async def subscribe(self, missing: Missing, address: str, api: Api, secret: str) -> str:  # noqa: ARG002
        """Zettle signs by a key of its own; it tries the address before it answers."""
        document = {
            "uuid": str(uuid.uuid1(node=uuid.uuid4().node)),
            "transportName": "WEBHOOK",
            "eventNames": [_EVENT],
            "destination": address,
            "contactEmail": "{secret[contact]}",
        }
        try:
            answer = Part(await api.call("POST", _SUBSCRIPTIONS, document=document))
        except ApiError:  # made by a call whose answer was lost, the same again is refused
            if (known := await _subscribed(address, api)) is None:
                raise
            answer = known
        return answer.maybe("signingKey") or ""

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """The purchase, which never changes: that it was refunded is said by the refund itself."""
        with refusing(found.kind):
            return [self._document(Part(found.content), context)]

    def _document(self, purchase: Part, context: Context) -> Document:
        account = purchase.maybe("organizationUuid", "organizationId") or ""
        at = write_instant(_moment(purchase))
        register = purchase.beside("cashRegister")
        till = register.id("uuid") if register else None
        money, lines = _amounts(purchase)
        document: Document = {
            "transaction_id": ids.transaction_id(context, self.name, _own_id(purchase), account),
            "receipt_number": purchase.id("globalPurchaseNumber", "purchaseNumber"),
            "source_version": moments.version_of(at),
            "status": "completed",
            "end_date_time": at,
            "store": store(context, (till, *(purchase.id(name) for name in _PLACES)), till),
            "price_currency": (purchase.maybe("currency") or context.program.currency).upper(),
            "totals": money,
            "line_items": distinct(lines),
            "tenders": tenders(_tender(each) for each in purchase.parts("payments")),
            "provenance": provenance(
                context,
                self.name,
                account,
                channel=purchase.id("source"),
                operator_id=purchase.id("userUuid", "userId"),
            ),
        }
        if money["gross_minor"] < 0 or purchase.flag("refund"):
            document["transaction_link"] = link(context, self.name, _id_of(purchase, _REFUNDED), account)
        return told(document)


def _payload(text: str) -> Any:
    try:
        return read_document(text.encode("utf-8", "surrogatepass"), _decode)
    except RefusedError as refused:
        raise RefusedError([{"pointer": "/payload", "detail": f"payload: {refused.problems[0]['detail']}"}]) from None


def _id_of(purchase: Part, names: Sequence[str]) -> str | None:
    """An id as UUID. The API writes it twice, the second time as its sixteen bytes in base64url."""
    given = [text for name in names if (text := purchase.maybe(name)) is not None]
    for each in given:
        if _UUID.fullmatch(each):
            return each.lower()
    for each in given:
        if len(each) == 22:
            try:
                return str(uuid.UUID(bytes=base64.urlsafe_b64decode(f"{each}==")))
            except (ValueError, binascii.Error):
                continue
    return given[0] if given else None


def _own_id(purchase: Part) -> str:
    own = _id_of(purchase, _OWN)
    if own is None:
        purchase.refuse("purchaseUUID1", "is missing")
    return own


def _moment(purchase: Part) -> datetime:
    """When it was bought: milliseconds in webhooks, text in the API."""
    return purchase.instant(*_WHEN, zone="UTC")


def _amounts(purchase: Part) -> tuple[dict[str, Any], list[Line]]:
    """Totals and lines. `amount` is the truth; whether tips are in it is told by what the payments sum to."""
    amount = purchase.whole("amount")
    payments = purchase.parts("payments")
    tip = sum(each.whole("gratuityAmount", default=0) for each in payments)
    paid = sum(each.whole("amount", default=0) for each in payments) if payments else amount
    goods = amount if tip and paid == amount + tip else amount - tip
    lines = [_line(each) for each in purchase.parts("products")]
    charge = purchase.beside("serviceCharge")
    surcharge = charge.whole("amount", default=0) if charge else 0
    sold = [line for line, _ in lines if line["kind"] not in {"gift_card", DEPOSIT}]
    cards, deposit = (
        sum(line["gross_minor"] for line, _ in lines if line["kind"] == each) for each in ("gift_card", DEPOSIT)
    )
    gross = goods - surcharge - cards - deposit
    _fit(purchase, lines, gross + cards + deposit)
    taxes = [line["tax_minor"] for line in sold if "tax_minor" in line]
    discount = sum(line.get("discount_minor", 0) for line, _ in lines)
    tax = purchase.whole("vatAmount", default=sum(taxes))
    beside = {"tip": tip, "surcharge": surcharge, "gift_card_sold": cards, "deposit": deposit, "discount": discount}
    return totals(gross, tax, paid, **beside), [line for line, _ in lines]


def _line(product: Part) -> tuple[Line, Decimal]:
    """A line and its exact amount, before a discount on the whole basket."""
    quantity = product.number("quantity", default=Decimal(1))
    price = product.whole("unitPrice", default=0)
    discount = product.whole("discountValue", default=0)
    exact = quantity * price - (abs(discount) if quantity >= 0 else -abs(discount))
    rate = product.number("vatPercentage", default=_rate(product))
    kind = "gift_card" if product.word("type") == "giftcard" else "return" if quantity < 0 else "sale"
    kind = DEPOSIT if is_deposit(product.maybe("name")) else kind
    own = product.id("id") or product.id("variantUuid", "productUuid") or "line"
    return told({
        "line_id": own,
        "kind": kind,
        "sku": product.id("sku"),
        "gtin": gtin(product.maybe("barcode")),
        "product_id": product.id("productUuid"),
        "name": ids.short(product.maybe("name")) if product.has("name") else None,
        "category": _category(product),
        "quantity": amounts.quantity_text(quantity),
        "unit": product.id("unitName"),
        "unit_price_minor": price,
        "gross_minor": half_up(exact),
        "discount_minor": abs(discount) or None,
        "tax_rate": amounts.percent_text(rate) if rate >= 0 else None,
        "cost_minor": _cost(product, quantity),
        "original_line_id": own if quantity < 0 else None,
    }), exact  # fmt: skip


def _rate(product: Part) -> Decimal:
    """The rate of a newer product, which lists its taxes; below zero where there is none."""
    rates = product.parts("taxRates")
    return sum((each.number("percentage", default=Decimal(0)) for each in rates), Decimal(0)) if rates else Decimal(-1)


def _category(product: Part) -> str | None:
    category = product.get("category")
    return Part(category, f"{product.place}/category").id("name") if isinstance(category, dict) else None


def _cost(product: Part, quantity: Decimal) -> Minor | None:
    return half_up(abs(quantity) * product.whole("costPrice")) if product.has("costPrice") else None


def _fit(purchase: Part, lines: list[tuple[Line, Decimal]], total: Minor) -> None:
    """Lines sum to the total: a discount on the basket spread over them, in proportion; then the tax of each."""
    exact = [each for _, each in lines]
    if purchase.word("taxationMode") == "exclusive":  # prices are without the tax that the amount holds
        exact = [each * (100 + Decimal(line.get("tax_rate", "0"))) / 100 for line, each in lines]
    before = sum(exact, Decimal(0))
    if purchase.has("discounts") and before and abs(total) < abs(before):
        exact = [each * total / before for each in exact]
    for (line, own), gross in zip(lines, rounded(exact, total), strict=True):
        if abs(gross) < abs(own) and (off := abs(half_up(own) - gross)):
            line["discount_minor"] = line.get("discount_minor", 0) + off
        line["gross_minor"] = gross
        if (tax := tax_of(gross, line.get("tax_rate"))) is not None:
            line["tax_minor"] = tax


def _tender(payment: Part) -> dict[str, Any]:
    return {
        "tender_id": payment.id("uuid"),
        "tender_type": _TENDERS.get(payment.word("type"), "other"),
        "amount_minor": payment.whole("amount", default=0),
        "tip_minor": payment.whole("gratuityAmount", default=0) or None,
    }


async def _subscribed(address: str, api: Api) -> Part | None:
    """The subscription that calls an address; None where there is none, or it rests."""
    listed = await api.call("GET", _SUBSCRIPTIONS)
    for each in Part({"subscriptions": listed}).parts("subscriptions"):
        if each.maybe("destination") == address and each.word("status") in {"", "active"}:
            return each
    return None
