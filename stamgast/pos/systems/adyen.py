"""Adyen's standard webhooks.

Sources: docs.adyen.com, "Verify HMAC signatures", "Webhook types", "Currency codes"; github.com/Adyen/adyen-openapi.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from stamgast.domain.currencies import exponent_of
from stamgast.domain.units import Millis
from stamgast.pos.adapter import (
    Adapter,
    Answer,
    Capabilities,
    Context,
    Document,
    Found,
    Headers,
    Need,
    SignatureError,
)
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.customers import customer_of
from stamgast.pos.systems.ids import fitting, transaction_id
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.signatures import header, is_signed
from stamgast.pos.types import write_instant

KIND: Final = "notification_item"
_SALES: Final = frozenset({"AUTHORISATION", "CAPTURE", "AUTHORISATION_ADJUSTMENT"})
_VOIDS: Final = frozenset({"CANCELLATION", "TECHNICAL_CANCEL", "VOID_PENDING_REFUND", "CAPTURE_FAILED", "EXPIRE"})
_BACK: Final = frozenset({"REFUND", "REFUND_WITH_DATA", "CHARGEBACK", "SECOND_CHARGEBACK"})
_UNDONE: Final = frozenset({"REFUND_FAILED", "REFUNDED_REVERSED", "CHARGEBACK_REVERSED"})
_ORDER: Final = "ORDER_CLOSED"
_EITHER: Final = "CANCEL_OR_REFUND"
_KNOWN: Final = _SALES | _VOIDS | _BACK | _UNDONE | {_ORDER, _EITHER}
_ABOVE: Final = {"CAPTURE": 1, _ORDER: 2} | dict.fromkeys([*_VOIDS, _EITHER], 3)
"""Whose state stands above others' of the same payment, whenever they come: in steps of 2 ** 60."""
_STEP: Final = 2**60
_DECIMALS: Final = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}
"""Where Adyen counts in other units than ISO 4217."""
_PARTS: Final = re.compile(r"order-([0-9]{1,2})-pspReference", re.ASCII)
_MOST_PARTS: Final = 50
_CARD_MARKS: Final = ("PaymentAccountReference", "paymentAccountReference", "cardAlias", "alias")
_SHOPPERS: Final = ("shopperReference", "tokenization.shopperReference", "recurring.shopperReference")
_GIFT_CARDS: Final = ("giftcard", "givex", "svs", "valuelink")


class Adyen(Adapter):
    """Needs from the shop: a standard webhook (Customer Area, Developers, Webhooks) and its HMAC key, as `webhook`,
    in hexadecimal. Add the additional data "shopper reference" and "payment account reference". Places under `stores`
    are the store of the payment where Adyen names one, else the merchant account. Its API tells no payments: what is
    missed can only be sent again from the Customer Area.

    Adyen only takes the money: it knows no lines, and a customer only by the shop's own shopper reference. Where a till
    tells the sales, give the connection `role: payment`. A successful authorisation is a sale; a capture corrects its
    amount, and a sale that was paid in parts counts once, when its order is closed. What is not `live` never earns.
    """

    name = "adyen"
    capabilities = Capabilities(signed=True, knows_customer=True)
    kinds = (KIND,)
    needs = (
        Need("account", "The merchant account, to tell two of them apart.", secret=False, optional=True),
        Need("webhook", "The webhook's HMAC key (Customer Area, Developers, Webhooks, Security)."),
    )
    clicks = (
        "Customer Area, Developers, Webhooks, + Webhook, Standard webhook: paste the address, leave JSON, "
        "generate the HMAC key and seal it as `webhook`; under Additional settings add the shopper's and the account's "
        "reference. Adyen's API for this wants a key of its own; it is not used."
    )
    check_first = (
        "Several captures of one payment: only the last one's amount counts.",
        "A sale paid in parts of which one is given back: its refund names that part.",
        "A tip at the terminal: it is inside the amount, and not told apart.",
        "A payment at a terminal: in which field its store is named.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """Every item by itself: HMAC-SHA256 of eight fields under the key's bytes, base64. Others sign the body."""
        keys = [key for secret in secrets if (key := _key(secret))]
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            raise SignatureError("it is no JSON, so that nothing in it is signed") from None
        if given := header(headers, "hmacsignature"):
            if not is_signed(raw, (given,), keys):
                raise SignatureError("none of the keys has signed it")
            return
        items = _items(body)
        if not items:
            raise SignatureError("it has no item that could be signed")
        for item in items:
            more = item.get("additionalData")
            made = more.get("hmacSignature") if isinstance(more, dict) else None
            if not isinstance(made, str) or not is_signed(_signed_text(item), (made,), keys):
                raise SignatureError("an item carries no signature, or none of the keys has signed it")

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """Of the items, by what tells two of them apart."""
        names = [
            ":".join(str(item.get(name)) for name in ("pspReference", "eventCode", "success")) for item in _items(body)
        ]
        return fitting(",".join(names)) if names else ""

    def answer(self, body: Any) -> Answer:  # noqa: ARG002
        """What it has to hear, or it sends it again and again."""
        return Answer(text="[accepted]")

    def refs(self, body: Any) -> Sequence[Found]:
        """Each item that moves money."""
        part = Part(body)
        items = _items(body)
        if not items:
            if part.has("type") or part.has("live"):
                return []
            part.refuse("notificationItems", "is missing: this is no notification of Adyen's")
        found = []
        for number, item in enumerate(items):
            place = f"/notificationItems/{number}/NotificationRequestItem" if "notificationItems" in body else ""
            own = Part(item, place)
            if own.text("eventCode") in _KNOWN:
                found.append(Found(KIND, own.text("pspReference"), item | {"live": body.get("live", item.get("live"))}))
        return found

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """The payment's state as this item tells it, or what was given back of it."""
        with refusing(found.kind):
            if found.kind != KIND:
                raise RefusedError([{"pointer": "", "detail": f"{found.kind} is no kind of object", "allowed": KIND}])
            whole = Part(found.content)
            return _documents(whole.part("NotificationRequestItem") or whole, context)


def _items(body: Any) -> list[dict[str, Any]]:
    """The items of a notification, or the one that stands alone."""
    if not isinstance(body, dict):
        return []
    listed = body.get("notificationItems", body)
    items = []
    for each in listed if isinstance(listed, list) else [listed]:
        own = each.get("NotificationRequestItem", each) if isinstance(each, dict) else None
        if not isinstance(own, dict) or "eventCode" not in own:
            return []
        items.append(own)
    return items


def _key(secret: str) -> bytes:
    try:
        return bytes.fromhex(secret)
    except ValueError:
        return b""


def _signed_text(item: Mapping[str, Any]) -> bytes:
    amount = item.get("amount")
    money: Mapping[str, Any] = amount if isinstance(amount, dict) else {}
    fields = (
        item.get("pspReference"),
        item.get("originalReference"),
        item.get("merchantAccountCode"),
        item.get("merchantReference"),
        money.get("value"),
        money.get("currency"),
        item.get("eventCode"),
        item.get("success"),
    )
    words = ("" if each is None else str(each).lower() if isinstance(each, bool) else str(each) for each in fields)
    return ":".join(words).encode("utf-8", "surrogatepass")


def _documents(item: Part, context: Context) -> list[Document]:
    code, own = item.text("eventCode"), item.text("pspReference")
    done = item.word("success") == "true" or item.content.get("success") is True
    if code == _ORDER:
        return _parts(item, context, is_paid=done)
    if not done or code not in _KNOWN:
        return []
    if code == _EITHER:
        action = (_more(item).maybe("modification.action") or "").lower()
        code = "REFUND" if action == "refund" else "CANCELLATION"
    payment = own if code == "AUTHORISATION" else item.maybe("originalReference")
    if payment is None:
        item.refuse("originalReference", f"is missing: {code} does not say of which payment it is")
    if code in _BACK or code in _UNDONE:
        return [_refund(item, payment, context, is_undone=code in _UNDONE)]
    return [_sale(item, payment, context, "voided" if code in _VOIDS else "completed")]


def _sale(item: Part, payment: str, context: Context, status: str) -> Document:
    currency, money = _amount(item)
    more = _more(item)
    document = _common(item, payment, context) | {
        "status": status,
        "price_currency": currency,
        "totals": {"gross_minor": money, "paid_minor": money},
        "tenders": [_tender(payment, item.word("paymentMethod"), money)],
    }
    mark = next((found for name in _CARD_MARKS if (found := more.id(name))), None)
    if mark and any(each.isalpha() for each in mark):
        document["tenders"][0]["card_ref"] = mark
    shopper = next((found for name in _SHOPPERS if (found := more.maybe(name))), None)
    return document | customer_of(context, "adyen", shopper, more.maybe("shopperTelephone", "telephoneNumber"))


def _refund(item: Part, payment: str, context: Context, *, is_undone: bool) -> Document:
    """Money that went back; one that failed, or was reversed, takes nothing, under the same id."""
    currency, money = _amount(item)
    back = 0 if is_undone else money
    moment = _moment(item)
    return {
        "transaction_id": transaction_id(context, "adyen", payment),
        "refund_id": fitting(item.text("pspReference")),
        "source_version": moments.version_of(moment) + is_undone,
        "status": "refund",
        "end_date_time": moment,
        "price_currency": currency,
        "totals": {"gross_minor": back, "paid_minor": back},
        "provenance": _provenance(item),
    }


def _parts(item: Part, context: Context, *, is_paid: bool) -> list[Document]:
    """A sale that was paid in parts is the first part's transaction, over all of it; the others are undone. So are all
    of them where the order was not paid in time: Adyen gives the money back.
    """
    more = _more(item)
    numbers = sorted(int(match[1]) for key in more.content if isinstance(key, str) and (match := _PARTS.fullmatch(key)))
    documents = []
    currency, whole = _amount(item)
    for place, number in enumerate(numbers[:_MOST_PARTS]):
        part = more.text(f"order-{number}-pspReference")
        amount = more.maybe(f"order-{number}-paymentAmount") or ""
        code, _, figure = amount.partition(" ")
        try:
            own = amounts.minor(figure, code or currency) if figure else 0
        except ValueError as error:
            more.refuse(f"order-{number}-paymentAmount", str(error))
        counts = is_paid and place == 0
        money = whole if counts else own
        document = _common(item, part, context) | {
            "status": "completed" if counts else "voided",
            "price_currency": currency,
            "totals": {"gross_minor": money, "paid_minor": money},
        }
        if counts:
            document["tenders"] = [
                _tender(
                    more.text(f"order-{each}-pspReference"),
                    more.word(f"order-{each}-paymentMethod"),
                    _figure(more, each, currency),
                )
                for each in numbers[:_MOST_PARTS]
            ]
        documents.append(document)
    return documents


def _figure(more: Part, number: int, currency: str) -> int:
    figure = (more.maybe(f"order-{number}-paymentAmount") or "").partition(" ")[2]
    try:
        return amounts.minor(figure or Decimal(0), currency)
    except ValueError as error:
        more.refuse(f"order-{number}-paymentAmount", str(error))


def _common(item: Part, payment: str, context: Context) -> Document:
    moment, more = _moment(item), _more(item)
    place = more.maybe("store", "storeId") or item.maybe("merchantAccountCode") or "unknown"
    document: Document = {
        "transaction_id": transaction_id(context, "adyen", payment),
        "source_version": moments.version_of(moment) + _ABOVE.get(item.text("eventCode"), 0) * _STEP,
        "end_date_time": moment,
        "store": {"retail_store_id": context.store_of(place)},
        "provenance": _provenance(item),
    }
    if terminal := more.id("terminalId", "poiId", "POIID"):
        document["store"]["workstation_id"] = terminal
    if receipt := item.id("merchantReference"):
        document["receipt_number"] = receipt
    return document


def _amount(item: Part) -> tuple[str, int]:
    own = item.part("amount")
    if own is None:
        item.refuse("amount", "is missing")
    currency = own.text("currency").upper()
    value = own.whole("value", default=0)
    decimals = _DECIMALS.get(currency, exponent_of(currency))
    return currency, abs(amounts.scaled(value, decimals, currency))


def _more(item: Part) -> Part:
    return item.part("additionalData") or Part({}, f"{item.place}/additionalData")


def _moment(item: Part) -> str:
    return write_instant(item.moment("eventDate"))


def _tender(payment: str, method: str, money: int) -> dict[str, Any]:
    kind = "gift_card" if any(name in method for name in _GIFT_CARDS) else "card" if method in _CARDS else "online"
    return {"tender_id": fitting(payment), "tender_type": kind, "amount_minor": money}


_CARDS: Final = frozenset(
    {"visa", "mc", "amex", "maestro", "bcmc", "vpay", "diners", "discover", "scheme", "eftpos_australia"}
)


def _provenance(item: Part) -> dict[str, Any]:
    provenance: dict[str, Any] = {"provider": "adyen", "adapter": "adyen"}
    live = item.content.get("live")
    if live is False or (isinstance(live, str) and live.lower() == "false"):
        provenance["test"] = True
    return provenance
