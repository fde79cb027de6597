"""Square's webhooks and its Orders, Payments and Refunds APIs.

Sources: developer.squareup.com, "Validate and process event notifications" (HMAC-SHA256 of the notification's URL and
the raw body, base64); the OpenAPI description of its Connect API.
"""

import uuid
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
    GoneError,
    Headers,
    Missing,
    Need,
    Page,
)
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems import cursors
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.polling import at, own_id, times_of
from stamgast.pos.systems.signatures import check_hmac, header
from stamgast.pos.systems.square.orders import order_documents
from stamgast.pos.systems.square.payments import payment_document, refund_documents

_KINDS: Final = ("order", "payment", "refund")
_EVENTS: Final = tuple(f"{kind}.{what}" for kind in _KINDS for what in ("created", "updated"))
_MOST_PLACES: Final = 10
"""Locations of one search for orders."""
_ORDERS: Final = "orders"
_REFUNDS: Final = "refunds"


class Square(Adapter):
    """Needs from the shop: an application in Square's Developer Console with a webhook subscription to
    `payment.updated`, `order.updated` and `refund.updated` (and the three `….created`); its signature key as `webhook`,
    and as `api` an access token that may read orders, payments, customers and the merchant's profile. Places under
    `stores` are location ids. Give the subscription exactly the address that Stamgast prints: it is signed too.

    A notice of an order only names it; a payment and a refund come whole, but without lines and customer. Where there
    is an API all of them are read again as their order: one sale is one transaction, however it was paid. Without it
    each payment is a transaction of its own. Refunds are told by themselves, with their lines where these are known.
    """

    name = "square"
    capabilities = Capabilities(signed=True, thin=True, poll=True, knows_customer=True, subscribes=True)
    kinds = _KINDS
    api = ApiSpec(base="https://connect.squareup.com/v2", auth="bearer", per_second=5.0, burst=10)
    needs = (
        Need(
            "account",
            "The merchant id (Developer Console, Locations), to tell two accounts apart.",
            secret=False,
            optional=True,
        ),
        Need(
            "webhook",
            "The signature key of the webhook subscription (Developer Console, Webhooks); not with --subscribe.",
            optional=True,
        ),
        Need("api", "An access token that may read orders, payments and customers.", optional=True),
    )
    check_first = (
        "--subscribe: it wants the application's personal access token as `api`, and none of OAuth.",
        "A sale at the Point of Sale app: that payment.updated comes and that its order can be read.",
        "An itemised return, and an exchange: of which order the refund is.",
        "Sandbox and production have other addresses: a token of the sandbox needs api_url.",
        "Whether the total of a line has its share of service charges in it.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """HMAC-SHA256 of the registered URL and the raw body, base64; the key is text."""
        check_hmac(url.encode() + raw, header(headers, "x-square-hmacsha256-signature"), secrets)

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """Of the event; its type is added, since examples of two types share one."""
        if not isinstance(body, dict) or not isinstance(body.get("event_id"), str):
            return ""
        return f"{body['event_id']}:{body.get('type')}"[:200]

    def refs(self, body: Any) -> Sequence[Found]:
        """An order by its name, payments and refunds with what is known of them."""
        part = Part(body)
        kind = part.word("type").partition(".")[0]
        data = part.part("data")
        if data is None:
            for name in _KINDS:
                if (own := part.part(name)) is not None:
                    return [_found(name, own)]
            if "type" in body or "event_id" in body:
                return []
            raise RefusedError([{"pointer": "", "detail": "this is no event: it has no type and no data"}])
        inner = data.part("object")
        if kind == "order":
            named = next(
                (Part(each) for each in (inner.content if inner else {}).values() if isinstance(each, dict)), data
            )
            return [Found("order", named.text("order_id", "id"))]
        if kind in {"payment", "refund"}:
            own = inner.part(kind) if inner is not None else None
            return [Found(kind, data.text("id"))] if own is None else [_found(kind, own)]
        return []

    async def reread(self, ref: Found, api: Api) -> Found:
        """The order of a payment, with its customer; a refund with the order that it is of and what came back of it."""
        if ref.kind == "refund":
            return await _refund(ref, api)
        order = ref.id
        if ref.kind == "payment":
            payment = Part(ref.content) if ref.content is not None else None
            if payment is None:
                payment = _inner(await api.call("GET", f"/payments/{quote(ref.id, safe='')}"), "payment")
            if not payment.has("order_id"):
                return Found("payment", ref.id, payment.content)
            order = payment.text("order_id")
        content = _inner(await api.call("GET", f"/orders/{quote(order, safe='')}"), "order").content
        return Found("order", order, await _with_customer(content, api))

    async def poll(self, cursor: str, api: Api) -> Page:
        """Orders by their last change, ten places at a time, and then refunds."""
        state = at(cursor)
        what, _, rest = (state.page or f"{_ORDERS}~0~").partition("~")
        begin = state.begins(cursors.OVERLAP)
        if what == _REFUNDS:
            query = {"sort_field": "UPDATED_AT", "sort_order": "ASC", "limit": "100"}
            query |= {"updated_at_begin_time": begin} if begin else {}
            answer = Part(await api.call("GET", "/refunds", query=query | ({"cursor": rest} if rest else {})))
            parts, following = answer.parts("refunds"), answer.maybe("cursor")
            found = [Found("refund", own_id(each, "id")) for each in parts]
            page = f"{_REFUNDS}~{following}" if following else ""
        else:
            chunk, _, token = rest.partition("~")
            number = int(chunk) if chunk.isdigit() else 0
            places = [each.text("id") for each in Part(await api.call("GET", "/locations")).parts("locations")]
            asked = places[number * _MOST_PLACES : (number + 1) * _MOST_PLACES]
            answer = Part(
                await api.call("POST", "/orders/search", document=_search(asked, begin, token)) if asked else {}
            )
            parts, following = answer.parts("orders"), answer.maybe("cursor")
            found = [Found("order", own_id(each, "id"), await _with_customer(each.content, api)) for each in parts]
            has_more = (number + 1) * _MOST_PLACES < len(places)
            page = (
                f"{_ORDERS}~{number}~{following}"
                if following
                else f"{_ORDERS}~{number + 1}~"
                if has_more
                else f"{_REFUNDS}~"
            )
        return Page(found, state.read(times_of(parts, "updated_at", "created_at"), page).cursor, bool(page))

    async def missing(self, address: str, api: Api) -> Sequence[Missing]:
        """The one subscription, where none that is enabled calls here."""
        listed = Part(await api.call("GET", "/webhooks/subscriptions", query={"include_disabled": "true"}))
        here = [each for each in listed.parts("subscriptions") if each.maybe("notification_url") == address]
        if any(each.flag("enabled") for each in here):
            return []
        return [Missing(", ".join(_EVENTS), here[0].text("id") if here else "")]

    async def subscribe(self, missing: Missing, address: str, api: Api, secret: str) -> str:  # noqa: ARG002
        """Square signs by a key of its own, which it tells here."""
        if missing.id:
            path = f"/webhooks/subscriptions/{quote(missing.id, safe='')}"
            answer = await api.call("PUT", path, document={"subscription": {"enabled": True}})
        else:
            wanted = {"name": "Stamgast", "event_types": list(_EVENTS), "notification_url": address, "enabled": True}
            document = {"idempotency_key": uuid.uuid4().hex, "subscription": wanted}
            answer = await api.call("POST", "/webhooks/subscriptions", document=document)
        return _inner(answer, "subscription").maybe("signature_key") or ""

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """An order's or a payment's net state, or a refund under its own id."""
        with refusing(found.kind):
            part = _inner(found.content, found.kind)
            match found.kind:
                case "order":
                    return order_documents(part, context)
                case "payment":
                    return [payment_document(part, context)]
                case "refund":
                    return refund_documents(part, context)
            raise RefusedError(
                [{"pointer": "", "detail": f"{found.kind} is no kind of object", "allowed": ", ".join(_KINDS)}]
            )


def _found(kind: str, own: Part) -> Found:
    """A payment and a refund lack what only the API says."""
    return Found(kind, own.text("id"), own.content, partial=kind != "order")


def _inner(body: Any, kind: str) -> Part:
    whole = Part(body)
    return whole.part(kind) or whole


async def _with_customer(content: dict[str, Any], api: Api) -> dict[str, Any]:
    order = Part(content)
    own = order.maybe("customer_id") or next(
        (each.text("customer_id") for each in order.parts("tenders") if each.has("customer_id")), None
    )
    if own is None:
        return content
    try:
        customer = _inner(await api.call("GET", f"/customers/{quote(own, safe='')}"), "customer")
    except GoneError:
        return content
    return content | {"customer": customer.content}


async def _refund(ref: Found, api: Api) -> Found:
    refund = _inner(ref.content or await api.call("GET", f"/refunds/{quote(ref.id, safe='')}"), "refund")
    content = dict(refund.content)
    if refund.has("payment_id"):
        payment = _inner(await api.call("GET", f"/payments/{quote(refund.text('payment_id'), safe='')}"), "payment")
        content["source_order_id"] = payment.maybe("order_id")
    if refund.has("order_id") and refund.maybe("order_id") != content.get("source_order_id"):
        order = _inner(await api.call("GET", f"/orders/{quote(refund.text('order_id'), safe='')}"), "order")
        content["return_order"] = order.content
    return Found("refund", ref.id, content)


def _search(places: list[str], begin: str, token: str) -> dict[str, Any]:
    chosen: dict[str, Any] = {"state_filter": {"states": ["OPEN", "COMPLETED", "CANCELED"]}}
    if begin:
        chosen["date_time_filter"] = {"updated_at": {"start_at": begin}}
    document = {
        "location_ids": places,
        "limit": 100,
        "query": {"filter": chosen, "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"}},
    }
    return document | ({"cursor": token} if token else {})
