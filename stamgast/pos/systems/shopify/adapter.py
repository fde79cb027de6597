"""Shopify's webhooks and REST Admin API.

Sources: shopify.dev, "Webhooks" (X-Shopify-Hmac-SHA256 over the raw body, base64, under the app's client secret) and
"Order", "Refund" and "Transaction" of the REST Admin API.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from stamgast.domain.units import Millis
from stamgast.pos.adapter import (
    Adapter,
    Api,
    ApiSpec,
    Capabilities,
    Context,
    Document,
    Found,
    Headers,
    Missing,
    Need,
    Page,
)
from stamgast.pos.plain_sale import PlainSale
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems import cursors, polling
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.shopify.orders import order_document
from stamgast.pos.systems.shopify.plain_order import OrderAsSent, order_sent, plain_order
from stamgast.pos.systems.shopify.refunds import refund_document
from stamgast.pos.systems.signatures import check_hmac, header

_PAGE: Final = 250
_ORDER_KEYS: Final = ("line_items", "total_price", "current_total_price", "financial_status")
_OTHER_KEYS: Final = ("invoice_url", "abandoned_checkout_url", "tracking_number", "tracking_numbers")
"""Of a draft, an abandoned checkout and a fulfillment, which have lines as well."""
_TOPICS: Final = (
    "orders/create",
    "orders/paid",
    "orders/updated",
    "orders/edited",
    "orders/cancelled",
    "refunds/create",
    "order_transactions/create",
)
_OF_ORDERS: Final = "orders/"
_JSON: Final = "application/json"
_OWN_TOPICS: Final = ("orders/", "refunds/", "order_transactions/")
_OTHER_TOPICS: Final = ("draft_orders/", "checkouts/", "carts/", "fulfillments/", "products/", "customers/")


class Shopify(Adapter):
    """Needs from the shop: a custom app (Settings, Apps, Develop apps) with `read_orders`, `read_all_orders` for
    what is older than 60 days, `read_customers` for phones; its client secret as `webhook`, its Admin API token as
    `api`. `account` is the shop's own address, such as dok-noord.myshopify.com. Subscribe orders/create, orders/paid,
    orders/updated, orders/edited, orders/cancelled, refunds/create and order_transactions/create, as JSON. Places under
    `stores` are location ids; what is sold in the web shop is of the place `online`.

    One sale comes under several topics; each is the order's whole state, so that the newest counts. A refund counts by
    the money that its successful transactions gave back, and takes off the lines that it names. Selling a gift card
    earns nothing; what is paid with one does. Orders marked `test` are kept and never earn.
    """

    name = "shopify"
    capabilities = Capabilities(signed=True, thin=True, poll=True, knows_customer=True, subscribes=True)
    kinds = ("order", "refund")
    api = ApiSpec(
        base="https://{account}/admin/api/2026-10",
        auth="header",
        header="x-shopify-access-token",
        per_second=2.0,
        burst=20,
    )
    needs = (
        Need("account", "The shop's address, such as dok-noord.myshopify.com (Settings, Domains).", secret=False),
        Need("webhook", "The app's client secret (Settings, Apps, Develop apps, API credentials)."),
        Need("api", "The app's Admin API access token; it is shown once, when the app is installed.", optional=True),
    )
    verify_by = "--header 'X-Shopify-Hmac-Sha256: …'"
    check_first = (
        "--subscribe: that the app may read orders; Shopify makes no webhook for what an app may not read.",
        "A sale at the POS with a tip: whether the tip is a line of its own too, and is not counted twice.",
        "A discount on shipping: whether total_shipping_price_set is without it.",
        "A sale in another currency than the shop's: the amounts of its refunds.",
        "What the webhook says of a POS exchange.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """HMAC-SHA256 of the raw body, base64; the header came without its X- as well."""
        check_hmac(raw, header(headers, "x-shopify-hmac-sha256", "shopify-hmac-sha256"), secrets)

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """Of the event, the same over its topics' repeats."""
        event = header(headers, "x-shopify-event-id", "shopify-event-id")
        topic = header(headers, "x-shopify-topic", "shopify-topic")
        delivery = header(headers, "x-shopify-webhook-id", "shopify-webhook-id")
        return f"{event}:{topic}" if event and topic else event or delivery

    def decode(self, raw: bytes, headers: Headers) -> Any:
        """An order that may be plain, as far as it counts; all else is JSON to be read whole."""
        is_order = header(headers, "x-shopify-topic", "shopify-topic").startswith(_OF_ORDERS)
        return order_sent(raw) if is_order and _JSON in headers.get("content-type", _JSON) else None

    def notice(self, body: Any, headers: Headers) -> Sequence[Found]:
        """By the topic where it is said, else by what the body looks like."""
        if isinstance(body, OrderAsSent):
            return [Found("order", body.id, body)]
        topic = header(headers, "x-shopify-topic", "shopify-topic").lower()
        if topic.startswith(_OTHER_TOPICS):
            return []
        try:
            return self.refs(body)
        except RefusedError:
            if not topic or topic.startswith(_OWN_TOPICS):
                raise
            return []  # app/uninstalled, shop/update: whatever a shop has subscribed beside them

    def refs(self, body: Any) -> Sequence[Found]:
        """Orders and refunds come whole; an edit, a transaction and a deletion only name their order."""
        part = Part(body)
        if (edit := part.part("order_edit")) is not None:
            return [Found("order", edit.text("order_id"))]
        if any(key in body for key in _OTHER_KEYS):
            return []
        if "order_id" in body:
            return _of_an_order(part)
        if "id" in body and any(key in body for key in _ORDER_KEYS):
            return (
                [Found("order", part.text("id"), body)] if "line_items" in body else [Found("order", part.text("id"))]
            )
        if set(body) == {"id"}:
            return [Found("order", part.text("id"))]
        if "id" in body or any(key.startswith("admin_graphql_api") for key in body if isinstance(key, str)):
            return []
        raise RefusedError([{"pointer": "", "detail": "this is no order and no refund: it has no id"}])

    async def reread(self, ref: Found, api: Api) -> Found:
        """The order, with all that was given back of it."""
        if ref.kind != "order":
            return ref
        answer = await api.call("GET", f"/orders/{quote(ref.id, safe='')}.json", query={"status": "any"})
        return Found("order", ref.id, answer)

    async def poll(self, cursor: str, api: Api) -> Page:
        """Orders by their last change."""
        query = {"status": "any", "limit": str(_PAGE), "order": "updated_at asc"}
        if begin := cursors.begins(cursor):
            query["updated_at_min"] = begin
        orders = Part(await api.call("GET", "/orders.json", query=query)).parts("orders")
        found = [Found("order", polling.own_id(each, "id"), each.content) for each in orders]
        return cursors.page(cursor, found, polling.times_of(orders, "updated_at"), full=len(orders) == _PAGE)

    async def missing(self, address: str, api: Api) -> Sequence[Missing]:
        """Topics that no webhook of this app sends here."""
        query = {"address": address, "limit": str(_PAGE)}
        known = Part(await api.call("GET", "/webhooks.json", query=query)).parts("webhooks")
        there = {each.word("topic") for each in known if each.maybe("address") == address}
        return [Missing(topic) for topic in _TOPICS if topic not in there]

    async def subscribe(self, missing: Missing, address: str, api: Api, secret: str) -> str:  # noqa: ARG002
        """Signed by the app's client secret, as all of them."""
        webhook = {"topic": missing.topic, "address": address, "format": "json"}
        await api.call("POST", "/webhooks.json", document={"webhook": webhook})
        return ""

    def plain(self, found: Found, context: Context) -> PlainSale | None:
        """Of nearly every order of a till."""
        return plain_order(found.content, context) if found.kind == "order" else None

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """An order's net state, or a refund under its own id."""
        with refusing(found.kind):
            whole = Part(found.content.whole() if isinstance(found.content, OrderAsSent) else found.content)
            inner = whole.part(found.kind) or whole
            if found.kind == "refund":
                return refund_document(inner, context)
            if found.kind == "order":
                return [order_document(inner, context)]
            raise RefusedError(
                [{"pointer": "", "detail": f"{found.kind} is no kind of object", "allowed": "order, refund"}]
            )


def _of_an_order(part: Part) -> Sequence[Found]:
    body = part.content
    if "refund_line_items" in body or ("transactions" in body and "line_items" not in body):
        return [Found("refund", part.text("id"), body)]
    is_transaction = "kind" in body or "payment_method" in body
    return [Found("order", part.text("order_id"))] if is_transaction and part.has("order_id") else []
