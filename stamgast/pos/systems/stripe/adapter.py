"""Stripe's webhooks and API.

Sources: docs.stripe.com, "Check the webhook signatures" (`Stripe-Signature: t=…,v1=…`: HMAC-SHA256 of `t.body`, hex,
the secret as text with its whsec_), "Currencies", the objects of its API; github.com/stripe/openapi.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
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
    SignatureError,
)
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems import cursors
from stamgast.pos.systems.moments import moment
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.polling import at
from stamgast.pos.systems.signatures import check_time, header, is_signed
from stamgast.pos.systems.stripe.refunds import dispute_documents, refund_documents
from stamgast.pos.systems.stripe.sales import sale_documents

_SALES: Final = ("checkout_session", "payment_intent", "charge")
_KINDS: Final = (*_SALES, "refund", "dispute")
_EVENTS: Final = {
    "checkout.session.completed": "checkout_session",
    "checkout.session.async_payment_succeeded": "checkout_session",
    "checkout.session.async_payment_failed": "checkout_session",
    "payment_intent.succeeded": "payment_intent",
    "payment_intent.canceled": "payment_intent",
    "charge.succeeded": "charge",
    "charge.captured": "charge",
    "charge.expired": "charge",
    "charge.refunded": "charge",
    "charge.refund.updated": "refund",
    "refund.created": "refund",
    "refund.updated": "refund",
    "refund.failed": "refund",
    "charge.dispute.created": "dispute",
    "charge.dispute.updated": "dispute",
    "charge.dispute.closed": "dispute",
    "charge.dispute.funds_withdrawn": "dispute",
    "charge.dispute.funds_reinstated": "dispute",
}
_MOST_SIGNATURES: Final = 20


class Stripe(Adapter):
    """Needs from the shop: an endpoint for events (Developers, Webhooks) with checkout.session.completed and
    ….async_payment_succeeded, payment_intent.succeeded, charge.succeeded, charge.refunded and charge.dispute.*; its
    signing secret as `webhook`, and as `api` a restricted key that may read charges, payment intents, sessions of
    Checkout, refunds, disputes and events. With that key refund.created and refund.updated may be subscribed as well;
    without it not: charge.refunded does not name the refunds that it sums up. Places under `stores` are what stands in
    the payment's metadata under `store`, or a Terminal's location or reader; all else is of the place `online`.

    A session, its payment intent and its charge are one transaction, that of the payment intent. Only Checkout knows
    lines, and only the API tells them. An open dispute counts as given back, a dispute that was won does not. What is
    not `livemode` is kept and never earns. Where a till tells the sales and Stripe only takes the money, give the
    connection `role: payment`.
    """

    name = "stripe"
    capabilities = Capabilities(signed=True, thin=True, poll=True, knows_customer=True, subscribes=True)
    kinds = _KINDS
    api = ApiSpec(base="https://api.stripe.com/v1", auth="bearer", per_second=20.0, burst=20)
    needs = (
        Need("account", "The account's id, acct_…, to tell two accounts apart.", secret=False, optional=True),
        Need(
            "webhook",
            "The endpoint's signing secret, whsec_… (Developers, Webhooks); not with --subscribe.",
            optional=True,
        ),
        Need(
            "api",
            "A restricted key, rk_…, with read access; --subscribe: and write for Webhook Endpoints.",
            optional=True,
        ),
    )
    check_first = (
        "--subscribe: that a restricted key may make endpoints; else a secret key, sk_…, as `api`.",
        "A payment at a Terminal: where its location is told.",
        "A tip at the reader: that amount_details.tip comes with the payment intent.",
        "A refund by bank transfer that fails later: refund.failed.",
        "A session whose metadata does not reach the payment intent: of which place it is.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """HMAC-SHA256 of time and raw body, hex; several v1 while a secret is being changed."""
        given = header(headers, "stripe-signature")
        if not given:
            raise SignatureError("it carries no signature")
        pairs = [each.strip().partition("=") for each in given.split(",")[:_MOST_SIGNATURES]]
        seconds = next((value for name, _, value in pairs if name == "t"), "")
        check_time(seconds, now)
        made = [value for name, _, value in pairs if name == "v1"]
        if not is_signed(f"{seconds}.".encode() + raw, made, secrets, encodings=("hex",)):
            raise SignatureError("none of the secrets has signed it")

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """The event's id."""
        own = body.get("id") if isinstance(body, dict) else None
        return own[:200] if isinstance(own, str) else ""

    def refs(self, body: Any) -> Sequence[Found]:
        """What an event is about, with the event itself: it says when."""
        part = Part(body)
        kind = part.word("object")
        if kind == "v2.core.event":
            related = part.part("related_object")
            named = related.word("type").replace(".", "_") if related is not None else ""
            return [Found(named, related.text("id"))] if related is not None and named in _KINDS else []
        if kind == "event" or (not kind and part.has("data")):
            inner = _object_of(part)
            named = _EVENTS.get(part.word("type"), "")
            return [Found(named, inner.text("id"), body, partial=named in _SALES)] if named else []
        if (named := kind.replace(".", "_")) in _KINDS:
            return [Found(named, part.text("id"), body, partial=named in _SALES)]
        if kind:
            return []
        raise RefusedError(
            [{"pointer": "", "detail": "this is no event and no object of Stripe's: it has no `object`"}]
        )

    async def reread(self, ref: Found, api: Api) -> Found:
        """The whole of a payment: its session with lines, its charge with refunds."""
        if ref.kind == "dispute" or (ref.kind == "refund" and ref.content is None):
            return ref._replace(content=await api.call("GET", f"/{ref.kind}s/{quote(ref.id, safe='')}"))
        if ref.kind not in _SALES:
            return ref
        if ref.kind == "checkout_session":
            query = {"expand[0]": "line_items", "expand[1]": "payment_intent.latest_charge.refunds"}
            session = await api.call("GET", f"/checkout/sessions/{quote(ref.id, safe='')}", query=query)
            return Found("checkout_session", ref.id, session)
        if ref.kind == "charge":
            charge = Part(await api.call("GET", f"/charges/{quote(ref.id, safe='')}", query={"expand[0]": "refunds"}))
            if not charge.has("payment_intent"):
                return Found("charge", ref.id, charge.content)
            return await _whole(charge.text("payment_intent"), api)
        return await _whole(ref.id, api)

    async def poll(self, cursor: str, api: Api) -> Page:
        """Events, which Stripe keeps for thirty days; the newest come first."""
        state = at(cursor)
        query = {"limit": "100"}
        query |= {f"types[{number}]": name for number, name in enumerate(_EVENTS)}
        if begin := state.begins(cursors.OVERLAP):
            query["created[gte]"] = str(int(moment(begin).timestamp()))
        if state.page:
            query["starting_after"] = state.page
        answer = Part(await api.call("GET", "/events", query=query))
        events = answer.parts("data")
        found = [each for event in events for each in self.refs(event.content)]
        times = [datetime.fromtimestamp(event.whole("created"), UTC) for event in events]
        token = events[-1].text("id") if events and answer.flag("has_more") else ""
        return Page(found, state.read(times, token).cursor, bool(token))

    async def missing(self, address: str, api: Api) -> Sequence[Missing]:
        """The one endpoint, where none that is enabled calls here."""
        listed = Part(await api.call("GET", "/webhook_endpoints", query={"limit": "100"}))
        here = [each for each in listed.parts("data") if each.maybe("url") == address]
        if any(each.word("status") == "enabled" for each in here):
            return []
        return [Missing(f"{len(_EVENTS)} events", here[0].text("id") if here else "")]

    async def subscribe(self, missing: Missing, address: str, api: Api, secret: str) -> str:  # noqa: ARG002
        """Stripe signs by a secret of its own, which it tells here alone."""
        if missing.id:
            path = f"/webhook_endpoints/{quote(missing.id, safe='')}"
            await api.call("POST", path, form={"disabled": "false"})
            return ""
        wanted = {"url": address, "description": "Stamgast"}
        wanted |= {f"enabled_events[{number}]": name for number, name in enumerate(_EVENTS)}
        answer = Part(await api.call("POST", "/webhook_endpoints", form=wanted, once=uuid.uuid4().hex))
        return answer.maybe("secret") or ""

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """A payment's net state, or a refund or dispute under its own id."""
        with refusing(found.kind):
            whole = Part(found.content)
            event = whole if whole.word("object") == "event" or whole.has("data") else None
            own = _object_of(whole) if event is not None else whole
            kind = found.kind.replace(".", "_")
            if (word := own.word("object").replace(".", "_")) not in {"", kind}:
                own.refuse("object", f"is {word[:40]}, not {kind}")
            if kind in _SALES:
                return sale_documents(kind, own, event, context)
            if kind == "refund":
                return refund_documents(own, event, context)
            if kind == "dispute":
                return dispute_documents(own, event, context)
            raise RefusedError(
                [{"pointer": "", "detail": f"{found.kind} is no kind of object", "allowed": ", ".join(_KINDS)}]
            )


def _object_of(event: Part) -> Part:
    data = event.part("data")
    own = data.part("object") if data is not None else None
    if own is None:
        event.refuse("data", "has no object: what happened is missing")
    return own


async def _whole(intent: str, api: Api) -> Found:
    query = {"expand[0]": "latest_charge.refunds"}
    payment = await api.call("GET", f"/payment_intents/{quote(intent, safe='')}", query=query)
    query = {"payment_intent": intent, "limit": "1", "expand[0]": "data.line_items"}
    sessions = Part(await api.call("GET", "/checkout/sessions", query=query)).parts("data")
    if sessions:
        return Found("checkout_session", sessions[0].text("id"), sessions[0].content | {"payment_intent": payment})
    return Found("payment_intent", intent, payment)
