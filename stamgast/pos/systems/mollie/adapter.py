"""Mollie's webhooks, the classic and the next generation's, and its Payments API.

Sources: docs.mollie.com, "Webhooks" (a form with the id, unsigned by design), "Next-gen webhooks" (X-Mollie-Signature:
sha256= and HMAC-SHA256 of the raw body, hex), "Payments API", "Refunds API".
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

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
    IncapableError,
    Missing,
    Need,
    Page,
    SignatureError,
)
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.mollie.payments import is_thin, payment_document, refund_documents
from stamgast.pos.systems.moments import moment
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.polling import at, own_id, times_of
from stamgast.pos.systems.signatures import header, is_signed

_PAGE: Final = 250
_OVERLAP: Final = timedelta(days=3)
"""Payments are listed by when they were made, and a bank transfer is paid days later."""
_BY_ID: Final = {"tr_": "payment", "re_": "refund", "ord_": "order", "pl_": "payment_link"}
_EVENTS: Final = {"payment": "payment", "refund": "refund", "payment-link": "payment_link"}
_WANTED: Final = ("payment.paid", "refund.refunded", "refund.failed", "payment-link.paid")
_WITH: Final = {"embed": "refunds,chargebacks"}


class Mollie(Adapter):
    """Needs from the shop: an API key, live_…, as `api`, since Mollie only names what changed. Either the address that
    Stamgast prints stands as `webhookUrl` in the shop's payments (the classic way, unsigned by design, therefore a
    secret address), or a next-gen webhook is made for payment and refund events and its signing secret is `webhook`.
    Places under `stores` are terminal ids or profile ids, or what stands in the payment's metadata under `store`.

    Mollie takes the money: a customer is known where the shop makes Mollie customers, or gives a phone with the billing
    address; lines where it sends them. A refund counts when it was carried out, a chargeback until it is reversed. What
    is in test mode is kept and never earns. Where a till tells the sales, give the connection `role: payment`.
    """

    name = "mollie"
    capabilities = Capabilities(signed=True, thin=True, poll=True, knows_customer=True, subscribes=True)
    kinds = ("payment", "refund")
    api = ApiSpec(base="https://api.mollie.com/v2", auth="bearer", per_second=5.0, burst=10)
    hooks = ApiSpec(api.base, auth="bearer", secret="organization", per_second=5.0, burst=10)  # noqa: S106  its name
    needs = (
        Need("account", "The profile's id, pfl_…, to tell two accounts apart.", secret=False, optional=True),
        Need("webhook", "The signing secret of a next-gen webhook; leave it out for the classic ones.", optional=True),
        Need("api", "The profile's API key, live_… (Developers, API keys)."),
        Need(
            "organization",
            "--subscribe: an organization access token with webhooks.read, webhooks.write and payments.read.",
            optional=True,
        ),
    )
    check_first = (
        "--subscribe: that Mollie takes all of these event types for the account; next-gen webhooks are in beta.",
        "A next-gen webhook's signature, and whether two come while its secret is being changed.",
        "A refund of a payment at a terminal: that its status becomes refunded.",
        "How long Mollie repeats a notice that was not taken.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """HMAC-SHA256 of the raw body in hex. A classic notice has no signature, and only the id in its body."""
        given = header(headers, "x-mollie-signature")
        if not given:
            if raw.startswith(b"id="):
                raise IncapableError("Mollie's classic webhooks are unsigned by design: only the id in them is used")
            raise SignatureError("it carries no signature")
        made = [each.strip().removeprefix("sha256=") for each in given.split(",")[:10]]
        if not is_signed(raw, made, secrets, encodings=("hex",)):
            raise SignatureError("none of the secrets has signed it")

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """The event's id; a classic notice has none, since the same id comes for every state."""
        own = body.get("id") if isinstance(body, dict) and body.get("resource") == "event" else None
        return own[:200] if isinstance(own, str) else ""

    def refs(self, body: Any) -> Sequence[Found]:
        """What changed, by its id; a next-gen event may hold the object as it was then."""
        part = Part(body)
        resource = part.word("resource")
        if resource == "event":
            kind = _EVENTS.get(part.word("type").partition(".")[0])
            if kind is None:
                return []
            embedded = part.part("_embedded")
            entity = embedded.part("entity") if embedded is not None else part.part("entity")
            content = entity.content if entity is not None and kind != "payment_link" else None
            return [Found(kind, part.text("entityId"), content, partial=content is not None)]
        if resource in {"payment", "refund"}:
            return [Found(resource, part.text("id"), body, partial=resource == "refund" or is_thin(part))]
        if resource:
            return []
        own = part.text("id")
        kind = next((kind for prefix, kind in _BY_ID.items() if own.startswith(prefix)), None)
        return [Found(kind, own)] if kind is not None else []

    async def reread(self, ref: Found, api: Api) -> Found:
        """The payment with all its refunds and chargebacks, whatever was named."""
        if ref.kind == "payment":
            return await _payment(ref.id, api)
        if ref.kind == "refund":
            known = Part(ref.content).maybe("paymentId") if ref.content is not None else None
            return await _payment(known or await _sale_of(ref.id, api), api)
        if ref.kind == "order":
            query = {"embed": "payments"}
            order = Part(await api.call("GET", f"/orders/{quote(ref.id, safe='')}", query=query))
            paid = _paid(order)
            found = await _payment(paid, api)
            return found._replace(content={"lines": order.content.get("lines")} | found.content)
        if ref.kind == "payment_link":
            listed = await api.call("GET", f"/payment-links/{quote(ref.id, safe='')}/payments")
            return await _payment(_paid(Part(listed)), api)
        return ref

    async def poll(self, cursor: str, api: Api) -> Page:
        """Payments and then refunds, the newest first, until they are older than where the last poll ended."""
        state = at(cursor)
        what, _, begin_at = (state.page or "payments~").partition("~")
        begin = moment(state.begins(_OVERLAP)) if state.since else None
        query = {"limit": str(_PAGE)} | ({"from": begin_at} if begin_at else {})
        answer = Part(await api.call("GET", "/refunds" if what == "refunds" else "/payments", query=query))
        embedded = answer.part("_embedded")
        parts = embedded.parts(what) if embedded is not None else []
        times = times_of(parts, "createdAt")
        following = _next(answer) if not _reaches(times, begin) else ""
        if what == "refunds":
            sales = dict.fromkeys(own_id(each, "paymentId") for each in parts)
            found = [Found("payment", each) for each in sales]
            page = f"refunds~{following}" if following else ""
        else:
            found = [Found("payment", own_id(each, "id"), each.content, partial=is_thin(each)) for each in parts]
            page = f"payments~{following}" if following else "refunds~"
        return Page(found, state.read(times, page).cursor, bool(page))

    async def missing(self, address: str, api: Api) -> Sequence[Missing]:
        """The one next-gen webhook, where none that is enabled calls here."""
        answer = Part(await api.call("GET", "/webhooks", query={"limit": str(_PAGE)}))
        embedded = answer.part("_embedded")
        here = [each for each in embedded.parts("webhooks") if each.maybe("url") == address] if embedded else []
        return [] if any(each.word("status") == "enabled" for each in here) else [Missing(", ".join(_WANTED))]

    async def subscribe(self, missing: Missing, address: str, api: Api, secret: str) -> str:  # noqa: ARG002
        """Mollie signs by a secret of its own, which it tells here alone."""
        wanted = {"name": "Stamgast", "url": address, "eventTypes": list(_WANTED)}
        answer = Part(await api.call("POST", "/webhooks", document=wanted, once=str(uuid.uuid4())))
        return answer.maybe("webhookSecret") or ""

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """A payment's net state, or a refund under its own id."""
        with refusing(found.kind):
            part = Part(found.content)
            if found.kind == "payment":
                return [payment_document(part, context)]
            if found.kind == "refund":
                return refund_documents(part, context)
            detail = f"{found.kind} is no kind of object"
            raise RefusedError([{"pointer": "", "detail": detail, "allowed": "payment, refund"}])


async def _payment(own: str, api: Api) -> Found:
    return Found("payment", own, await api.call("GET", f"/payments/{quote(own, safe='')}", query=_WITH))


async def _sale_of(refund: str, api: Api) -> str:
    """The payment of a refund, which cannot be asked for by its id alone: the newest ones are looked through."""
    embedded = Part(await api.call("GET", "/refunds", query={"limit": str(_PAGE)})).part("_embedded")
    for each in embedded.parts("refunds") if embedded is not None else []:
        if each.maybe("id") == refund:
            return each.text("paymentId")
    raise GoneError(f"refund {refund[:60]} is not among the newest {_PAGE}")


def _paid(whole: Part) -> str:
    """Of several attempts the one that was paid, else the newest."""
    embedded = whole.part("_embedded")
    payments = embedded.parts("payments") if embedded is not None else []
    if not payments:
        raise GoneError("nobody has tried to pay yet")
    return next((each for each in payments if each.word("status") == "paid"), payments[0]).text("id")


def _next(answer: Part) -> str:
    links = answer.part("_links")
    following = links.part("next") if links is not None else None
    address = following.maybe("href") if following is not None else None
    return parse_qs(urlsplit(address).query).get("from", [""])[0] if address else ""


def _reaches(times: Sequence[datetime], begin: datetime | None) -> bool:
    return not times or (begin is not None and min(times) < begin)
