"""WooCommerce's webhooks and REST API v3.

Sources: woocommerce.github.io, "WooCommerce REST API" (orders, order refunds, webhooks); of its code
`WC_Webhook::generate_signature`: HMAC-SHA256 of the body, base64, under the secret without its HTML entities.
"""

import html
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from stamgast.domain.units import Millis
from stamgast.pos.adapter import (
    Adapter,
    Answer,
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
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems import cursors, polling
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.signatures import check_hmac, header
from stamgast.pos.systems.woocommerce.orders import order_document
from stamgast.pos.systems.woocommerce.refunds import ZONE, is_thin, refund_document

_PAGE: Final = 100
_TOPICS: Final = ("order.created", "order.updated")
_ACTIVE: Final = "active"


class WooCommerce(Adapter):
    """Needs from the shop: two webhooks (WooCommerce, Settings, Advanced, Webhooks), "Order created" and "Order
    updated", API version 3, with one secret of your own, which is `webhook`; a REST API key with read access, as `api`
    in the form `ck_…:cs_…`. `account` is the site's address, such as shop.example. Places under `stores` are `online`,
    `pos` for what a till's plugin sold, or the number that the plugin gives a store.

    WooCommerce never repeats a delivery: without the API's key, what is missed is missed. There is no notice of a
    refund: an order with refunds is read again for their lines, and without the API goes down in proportion. Fees named
    as a tip, a deposit or a surcharge stand beside the goods; gift cards are known by the meta data of three plugins.
    """

    name = "woocommerce"
    capabilities = Capabilities(signed=True, thin=True, poll=True, knows_customer=True, subscribes=True)
    kinds = ("order", "refund")
    api = ApiSpec(base="https://{account}/wp-json/wc/v3", auth="basic", per_second=2.0, burst=5)
    needs = (
        Need("account", "The site's address without https://, such as shop.example.", secret=False),
        Need("webhook", "The secret that you gave the webhooks (WooCommerce, Settings, Advanced, Webhooks)."),
        Need(
            "api",
            "A REST API key of read access (--subscribe: read and write), as ck_…:cs_… (Settings, Advanced, REST API).",
            optional=True,
        ),
    )
    check_first = (
        "A secret with & or quotes: whether the signature holds.",
        "The names of fees that plugins make for tips and deposits.",
        "An order that is paid with a gift card: whether its plugin lowers the total.",
        "That the host lets the header Authorization through to WordPress.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """HMAC-SHA256 of the raw body, base64. A secret that was kept with HTML entities signs without them."""
        both = dict.fromkeys(form for secret in secrets for form in (secret, html.unescape(secret)))
        check_hmac(raw, header(headers, "x-wc-webhook-signature"), both)

    def ping(self, raw: bytes, headers: Headers) -> Answer | None:  # noqa: ARG002
        """`webhook_id=…`, which comes unsigned when a webhook is saved."""
        return Answer() if raw.startswith(b"webhook_id=") and len(raw) < 100 else None

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """Of the order's state: WooCommerce's own delivery id is one of the second, not of the delivery."""
        if not isinstance(body, dict):
            return ""
        number, modified = body.get("id"), body.get("date_modified_gmt")
        if not isinstance(number, int) or not isinstance(modified, str):
            return ""
        refunds = body.get("refunds")
        back = [str(each.get("id")) for each in refunds if isinstance(each, dict)] if isinstance(refunds, list) else []
        return f"{number}:{modified}:{body.get('status')}:{','.join(back)}"[:200]

    def notice(self, body: Any, headers: Headers) -> Sequence[Found]:
        """Nothing for the topics of products, coupons and customers."""
        topic = header(headers, "x-wc-webhook-topic").lower()
        if topic and not topic.startswith("order."):
            return []
        return self.refs(body)

    def refs(self, body: Any) -> Sequence[Found]:
        """An order comes whole, but for its refunds' lines; one that was deleted is only named."""
        part = Part(body)
        if "billing_period" in body or "action" in body or "webhook_id" in body:
            return []
        if "line_items" in body and ("status" in body or "total" in body):
            return [Found("order", part.text("id"), body, partial=is_thin(part))]
        if set(body) == {"id"}:
            return [Found("order", part.text("id"))]
        if "id" in body:
            return []
        raise RefusedError([{"pointer": "", "detail": "this is no order: it has no id"}])

    async def reread(self, ref: Found, api: Api) -> Found:
        """The order with its refunds and their lines."""
        if ref.kind != "order":
            return ref
        path = f"/orders/{quote(ref.id, safe='')}"
        order = Part(await api.call("GET", path)).content
        if order.get("refunds"):
            refunds = await api.call("GET", f"{path}/refunds", query={"per_page": str(_PAGE)})
            order = order | {"refunds": refunds}
        return Found("order", ref.id, order)

    async def poll(self, cursor: str, api: Api) -> Page:
        """Orders by their last change, those in the bin too."""
        query = {
            "status": "any,trash",
            "per_page": str(_PAGE),
            "orderby": "modified",
            "order": "asc",
            "dates_are_gmt": "true",
        }
        if begin := cursors.begins(cursor):
            query["modified_after"] = begin
        orders = Part({"orders": await api.call("GET", "/orders", query=query)}).parts("orders")
        found = [Found("order", polling.own_id(each, "id"), each.content, partial=is_thin(each)) for each in orders]
        times = polling.times_of(orders, "date_modified_gmt", "date_created_gmt", zone=ZONE)
        return cursors.page(cursor, found, times, full=len(orders) == _PAGE)

    async def missing(self, address: str, api: Api) -> Sequence[Missing]:
        """Topics that no active webhook sends here; one that was switched off after failures has its id."""
        listed = Part({"webhooks": await api.call("GET", "/webhooks", query={"per_page": str(_PAGE)})})
        here = [each for each in listed.parts("webhooks") if each.maybe("delivery_url") == address]
        active = {each.word("topic") for each in here if each.word("status") == _ACTIVE}
        off = {each.word("topic"): each.text("id") for each in here if each.word("status") != _ACTIVE}
        return [Missing(topic, off.get(topic, "")) for topic in _TOPICS if topic not in active]

    async def subscribe(self, missing: Missing, address: str, api: Api, secret: str) -> str:
        """With the secret that the shop gave."""
        document = {"status": _ACTIVE, "secret": secret}
        if missing.id:
            await api.call("PUT", f"/webhooks/{quote(missing.id, safe='')}", document=document)
        else:
            named = {"name": f"Stamgast {missing.topic}", "topic": missing.topic, "delivery_url": address}
            await api.call("POST", "/webhooks", document=named | document)
        return ""

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """An order's net state, or a refund under its own id."""
        with refusing(found.kind):
            part = Part(found.content)
            if found.kind == "refund":
                return [refund_document(part, context)]
            if found.kind == "order":
                return [order_document(part, context)]
            raise RefusedError(
                [{"pointer": "", "detail": f"{found.kind} is no kind of object", "allowed": "order, refund"}]
            )
