"""Lightspeed K's adapter: its Financial API is polled, since webhooks are sent for an integrator's own orders alone.

Facts: Lightspeed's OpenAPI of the K-Series (Financial, FinancialV2, Order and Pay: Webhook).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from stamgast.pos.adapter import (
    Adapter,
    Api,
    ApiSpec,
    Capabilities,
    Context,
    Document,
    Found,
    Headers,
    Need,
    Page,
)
from stamgast.pos.systems import polling
from stamgast.pos.systems.asked import ABSENT
from stamgast.pos.systems.lightspeed_k.sales import CLOSED, OWN, documents
from stamgast.pos.systems.lines import told
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.types import write_instant

_PAGE: Final = 100
_INCLUDE: Final = "payments,consumer,table,revenue_center"
_OVERLAP: Final = timedelta(hours=6)
_SALES: Final = "/f/v2/business-location/{account}/sales"


class LightspeedK(Adapter):
    """Needs from the shop: access to the Financial API of Lightspeed Restaurant (scope `financial-api`): client id,
    client secret and refresh token of an approved app with `:` between them, or a token that does not end (secret
    `api`). The account is the business location's id: a connection is one location, and `stores:` maps that id, or a
    device's or revenue centre's where one location is several stores.

    Nothing is sent by webhook but an integrator's own orders, unsigned: what such a notice names is looked up. A bill
    that several known customers pay is a purchase of each, of what they paid; its lines, and what nobody known paid,
    are with the first. What is paid on a customer's account counts when the bill is closed: nothing is sent when that
    account is settled.
    """

    name = "lightspeed_k"
    capabilities = Capabilities(signed=False, thin=True, poll=True, knows_customer=True)
    kinds = ("sale",)
    api = ApiSpec(
        "https://api.lsk.lightspeed.app",
        per_second=2.0,
        token_url="https://api.lsk.lightspeed.app/oauth/token",  # noqa: S106  an address
        token_fields={
            "grant_type": "refresh_token",
            "client_id": "{part[0]}",
            "client_secret": "{part[1]}",
            "refresh_token": "{part[2]}",
        },
        token_parts=3,
        renewed_part=2,
    )
    needs = (
        Need("account", "The business location's id: back office, in the address", secret=False),
        Need("api", "client id:client secret:refresh token of the app that Lightspeed approved, scope financial-api"),
    )
    clicks = (
        "Lightspeed Restaurant tells an address only of orders that an app of its partners made: sales of the tills "
        "come by the poll alone, within the hour. Nothing is to be pasted for them."
    )
    check_first = (
        "The sign of a refund's lines: they are read as money given back, whichever they have.",
        "That what undoes a bill of several customers names them at its payments: else only the first's is undone.",
        "That VOID, RECALL and CANCEL name the account that they undo as `initialAccountId`: it is voided then.",
        "That a location whose prices are without tax has `taxIncluded: false` in its tax lines: tax is added then.",
        "Whether `netAmountWithTax` of a payment holds the tip: what the lines sum to says so.",
        "Gift cards and bottle deposits are known by their accounting group's name: Gift cards, Cadeaubon, Statiegeld.",
        "That the app's refresh token stays good, and that its client id and secret are taken in the form.",
        "On which terms Lightspeed gives access to the Financial API.",
    )

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """The key by which Lightspeed repeats a notice."""
        return headers.get("x-lightspeed-idempotency-key", "")[:200]

    def refs(self, body: Any) -> Sequence[Found]:
        """Sales of what the API answers; of a notice the account that it names, to be looked up."""
        if isinstance(body, list):
            body = {"sales": body}
        whole = Part(body)
        if "sales" in whole.content:
            place = told({"businessLocationId": whole.maybe("businessLocationId")})
            return [_found(Part(place | each.content, each.place)) for each in whole.parts("sales")]
        if whole.has(*OWN) and whole.has("salesLines", "payments", *CLOSED):
            return [_found(whole)]
        for holder in (whole, *(whole.beside(name) for name in ("account", "order", "payload"))):
            if holder and (own := holder.maybe(*OWN, "accountIdentifier")):
                return [Found("sale", own)]
        if not whole.has("type", "notificationType", "event", "status"):
            whole.refuse("sales", "is missing: this is neither an answer of the Financial API nor a notice")
        return []

    async def reread(self, ref: Found, api: Api) -> Found:
        """The account among those of the current business day: the API has none by its id.

        One that is open still is not there, and means nothing yet: the poll finds it once it is closed.
        """
        answer = Part(await api.call("GET", "/f/finance/{account}/dailyFinancials", query=_daily()))
        for each in answer.parts("sales"):
            if each.maybe(*OWN) == ref.id:
                return ref._replace(content=each.content)
        return ref._replace(content=ABSENT)

    async def poll(self, cursor: str, api: Api) -> Page:
        """Sales by when they were closed, with some hours' overlap for tills that were offline.

        A new connection begins with the current business day, which the API knows without being told a date.
        """
        if not cursor:
            answer = Part(await api.call("GET", "/f/finance/{account}/dailyFinancials", query=_daily()))
            state, page = polling.Poll(), ""
            if not answer.parts("sales"):
                begin = answer.moment("nextStartOfDayAsIso8601") - polling.DAY
                return Page([], write_instant(begin))
        else:
            state = polling.at(cursor)
            query = {"from": state.begins(_OVERLAP), "include": _INCLUDE, "pageSize": str(_PAGE)}
            if state.page:
                query["nextPageToken"] = state.page
            answer = Part(await api.call("GET", _SALES, query=query))
            page = answer.maybe("nextPageToken") or ""
        sales = [_found(each) for each in answer.parts("sales")]
        state = state.read(polling.times_of(answer.parts("sales"), *CLOSED), page)
        return Page(sales, state.cursor, more=bool(page))

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """The sale; nothing for an account that was split, moved or counted."""
        if found.content is ABSENT:
            return []
        with refusing(found.kind):
            return documents(Part(found.content), context, self.name)


def _found(sale: Part) -> Found:
    return Found("sale", sale.text(*OWN), sale.content)


def _daily() -> Mapping[str, str]:
    return {"include": _INCLUDE, "includeConsumers": "true"}
