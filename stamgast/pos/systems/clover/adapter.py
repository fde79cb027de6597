"""Clover's adapter: thin notices for several merchants at once, under a code that never changes; orders by its API.

Facts: docs.clover.com (webhooks, v3 orders) and clover/clover-android-sdk.
"""

import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from stamgast.domain.errors import UNREADABLE
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
    GoneError,
    Headers,
    Need,
    Page,
    SignatureError,
)
from stamgast.pos.systems import moments, polling
from stamgast.pos.systems.asked import ABSENT, quoted
from stamgast.pos.systems.clover.orders import document
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.signatures import header

_EXPAND: Final = "lineItems,lineItems.discounts,lineItems.taxRates,lineItems.modifications,payments,refunds,customers,\
customers.phoneNumbers,discounts,serviceCharge"
_PAGE: Final = 100
_OVERLAP: Final = timedelta(minutes=10)
_KINDS: Final = {"O": "order", "P": "payment"}


class Clover(Adapter):
    """Needs from the shop: an app that may read orders, payments and customers; its "Clover Auth Code" (secret
    `webhook`) and an API token of the merchant (secret `api`). The account is the merchant's id, of thirteen letters; a
    connection's `api_url` names another region's host (api.eu.clover.com). One notice may be about many merchants: each
    connection finds its own orders and passes over the others'.

    The code in `X-Clover-Auth` is the same for every notice and says nothing of its content: orders are read again.
    A Clover order names no place: all of a merchant is one store, unless `stores:` maps a device's id.
    """

    name = "clover"
    capabilities = Capabilities(signed=True, thin=True, poll=True, knows_customer=True)
    kinds = ("order",)
    api = ApiSpec("https://api.clover.com/v3/merchants/{account}", per_second=8.0, burst=16)
    needs = (
        Need("account", "The merchant's id: in the address of the merchant's dashboard", secret=False),
        Need("webhook", "The Clover Auth Code: developer dashboard, app settings, webhooks"),
        Need("api", "An API token of the merchant: account and setup, API tokens"),
    )
    clicks = (
        "Developer dashboard, Your apps, the app, App settings, Webhooks: paste the address, press Send verification "
        "code, and copy the code that the log of `stamgast web` tells into the field below it. Then tick Orders and "
        "Payments, save, and seal the Clover Auth Code that stands there. Clover has no API for this."
    )
    verify_by = "--header 'X-Clover-Auth: …'"
    check_first = (
        "That the address of the API is right: api.clover.com is North America, Europe has api.eu.clover.com.",
        "How often a notice is repeated: not documented; the poll finds what was missed.",
        "Whether a tip that is added later changes `modifiedTime`: the payments' own times are looked at as well.",
        "Whether `total` holds the service charge: it is taken to, as the lines' sum says.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """Compare the code that Clover sends with every notice."""
        given = header(headers, "x-clover-auth").encode("utf-8", "surrogateescape")
        if not given:
            raise SignatureError("it carries no X-Clover-Auth")
        found = False
        for secret in secrets:
            found |= bool(secret) and hmac.compare_digest(secret.encode(), given)
        if not found:
            raise SignatureError("its X-Clover-Auth is none of the secrets")

    def ping(self, raw: bytes, headers: Headers) -> Answer | None:
        """The code by which Clover verifies an address when it is set up; the shop copies it into the dashboard."""
        if b"verificationCode" not in raw[:1_000] or headers.get("x-clover-auth"):
            return None
        try:
            body = msgspec.json.decode(raw)
        except UNREADABLE:
            return None
        is_set_up = isinstance(body, dict) and isinstance(body.get("verificationCode"), str) and "merchants" not in body
        return Answer(tell=f"verification code {body['verificationCode']}") if is_set_up else None

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """Clover gives deliveries no name."""
        return ""

    def refs(self, body: Any) -> Sequence[Found]:
        """Orders and payments of all merchants, each once; of what the API answers, the order."""
        notice = Part(body)
        if notice.has("verificationCode"):
            return []
        if "merchants" not in notice.content:
            if not notice.has("id") and "elements" not in notice.content:
                notice.refuse("merchants", "is missing")
            orders = notice.parts("elements") if "elements" in notice.content else [notice]
            return [Found("order", each.text("id"), each.content) for each in orders]
        said = notice.content["merchants"]
        merchants = Part({} if said is None else said, "/merchants")
        found: dict[Found, None] = {}
        for merchant in merchants.content:
            for each in merchants.parts(merchant):
                kind, _, own = each.text("objectId").partition(":")
                if kind in _KINDS and own and each.word("type") != "delete":
                    found[Found(_KINDS[kind], own)] = None
        return list(found)

    async def reread(self, ref: Found, api: Api) -> Found:
        """The order, whole; of a payment, the order that it paid. Another merchant's is not there: it means nothing."""
        own = ref.id
        try:
            if ref.kind == "payment":
                payment = Part(await api.call("GET", f"/payments/{quoted(own)}", query={"expand": "order"}))
                order = payment.part("order")
                if order is None:
                    return Found("order", own, ABSENT)
                own = order.text("id")
            return Found("order", own, await api.call("GET", f"/orders/{quoted(own)}", query={"expand": _EXPAND}))
        except GoneError:
            return Found("order", own, ABSENT)

    async def poll(self, cursor: str, api: Api) -> Page:
        """Orders by when they were last changed."""
        state = polling.at(cursor)
        query = {"expand": _EXPAND, "orderBy": "modifiedTime ASC", "limit": str(_PAGE), "offset": state.page or "0"}
        if begin := state.begins(_OVERLAP):
            query["filter"] = f"modifiedTime>={moments.millis_of(begin)}"
        orders = Part(await api.call("GET", "/orders", query=query)).parts("elements")
        token = str(int(state.page or "0") + _PAGE) if len(orders) >= _PAGE else ""
        state = state.read(polling.times_of(orders, "modifiedTime", "createdTime"), token)
        found = [Found("order", polling.own_id(each, "id"), each.content) for each in orders]
        return Page(found, state.cursor, more=bool(state.page))

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """The order's net state: refunds and voided payments are taken off."""
        if found.content is ABSENT:
            return []
        with refusing(found.kind):
            return [document(Part(found.content), context, self.name)]
