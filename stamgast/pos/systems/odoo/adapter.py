"""Odoo's adapter: notices of an automation rule, which nobody signs, and its JSON-2 API.

Facts: odoo/odoo (point_of_sale, pos_loyalty, base_automation) and the documentation of Odoo 19's External JSON-2 API.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from stamgast.pos.adapter import (
    Adapter,
    Api,
    ApiError,
    ApiSpec,
    Capabilities,
    Context,
    Document,
    Found,
    GoneError,
    Headers,
    Need,
    Page,
)
from stamgast.pos.systems import polling
from stamgast.pos.systems.odoo.orders import ZONE, documents, many2one
from stamgast.pos.systems.part import Part, refusing

_PAGE: Final = 100
_PARTNER: Final = ("phone", "barcode")
_PRODUCT: Final = ("default_code", "barcode", "display_name", "categ_id")
_SALE: Final = ("uuid", "pos_reference")
_WHO: Final = ("{part[0]}", "{number[1]}", "{part[2]}")
"""Database, user and key, which JSON-RPC wants in each call's document."""


class Odoo(Adapter):
    """Needs from the shop: an API key of an Odoo user who may read the Point of Sale (secret `api`): the key alone for
    Odoo 19 and later, `database:user id:key` for 17 and 18, which are asked by JSON-RPC.

    The account is Odoo's host name. For notices at once, an automation rule on `pos.order` (on save, state paid, done
    or cancelled) with the action "Send Webhook Notification" to the address that `stamgast pos connect` prints: Odoo
    signs nothing, so the address is secret and the order is read again. Without it the poll finds every order.
    `stores:` maps a point of sale's id or name (`config_id`), or a company's. Tips are told apart where the point of
    sale has them switched on; Odoo's own loyalty is taken as a discount.
    """

    name = "odoo"
    capabilities = Capabilities(signed=False, thin=True, poll=True, knows_customer=True)
    kinds = ("order",)
    api = ApiSpec("https://{account}", per_second=5.0, burst=10, in_documents=True)
    needs = (
        Need("account", "Odoo's host name, such as bakery.odoo.com", secret=False),
        Need("api", "An API key (preferences, account security); database:user id:key for Odoo 17 and 18"),
    )
    clicks = (
        "Settings, Technical, Automation Rules, New: model Point of Sale Orders, trigger On save, action Send Webhook "
        "Notification; paste the address and choose the fields id and write_date. Odoo has no API for this beyond the "
        "rule itself; without it sales come by the poll, within the hour."
    )
    check_first = (
        "That Odoo 17 and 18 answer 404 where 19 has its JSON-2 API: they are asked by JSON-RPC then.",
        "Whether several databases answer at one host: the API wants X-Odoo-Database then, which is not sent.",
        "A gift card that pays is a reward line in Odoo, and lowers what the sale earns by; no field tells it apart.",
        "Whether a gift card's line has `gift_code`: it is sold as a gift card then, and earns nothing.",
    )

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """Odoo gives deliveries no name."""
        return ""

    def refs(self, body: Any) -> Sequence[Found]:
        """The order of a notice; of what the API answers, each."""
        if isinstance(body, dict) and isinstance(body.get("result"), list):
            body = body["result"]
        if isinstance(body, list):
            return [_found(each) for each in Part({"orders": body}).parts("orders")]
        notice = Part(body)
        model = notice.maybe("_model", "model")
        if model not in {None, "pos.order"} or notice.has("_test"):
            return []
        return [_found(notice)]

    async def reread(self, ref: Found, api: Api) -> Found:
        """The order by its database id, or by its uuid, with its lines, payments, products and customer."""
        is_number = ref.id.isascii() and ref.id.isdigit() and len(ref.id) < 19
        domain = [["id", "=", int(ref.id)]] if is_number else [["uuid", "=", ref.id]]
        orders = await _search(api, "pos.order", domain, limit=1)
        if not orders:
            raise GoneError(f"Odoo has no order {ref.id[:40]}")
        [found] = await _completed(orders, api)
        return ref._replace(content=found)

    async def poll(self, cursor: str, api: Api) -> Page:
        """Orders by when they were last written, those in the making left out."""
        state = polling.at(cursor)
        domain: list[Any] = [["state", "!=", "draft"]]
        if begin := state.begins(polling.HOUR):
            domain.append(["write_date", ">=", begin[:19].replace("T", " ")])
        offset = int(state.page) if state.page else 0
        orders = await _search(api, "pos.order", domain, order="write_date, id", limit=_PAGE, offset=offset)
        times = polling.times_of(map(Part, orders), "write_date", zone=ZONE)
        state = state.read(times, str(offset + _PAGE) if len(orders) >= _PAGE else "")
        found = [_found(Part(each, f"/{index}")) for index, each in enumerate(await _completed(orders, api))]
        return Page(found, state.cursor, more=bool(state.page))

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """The order, and what it took back of others."""
        with refusing(found.kind):
            return documents(Part(found.content), context, self.name)


def _found(order: Part) -> Found:
    lines = order.get("lines", "line_ids")
    whole = isinstance(lines, list) and order.has("amount_total") and not any(isinstance(each, int) for each in lines)
    own = order.maybe("id", "_id") or order.maybe("uuid", "pos_reference")
    if own is None:
        order.refuse("id", "is missing")
    return Found("order", own, order.content if whole else None)


async def _search(api: Api, model: str, domain: list[Any], **more: Any) -> list[dict[str, Any]]:
    """All fields: which there are depends on Odoo's version and on the modules that are installed."""
    return await _asked(api, model, "search_read", domain, more)


async def _read(api: Api, model: str, owns: Iterable[int], fields: Sequence[str] = ()) -> Mapping[int, dict[str, Any]]:
    """Records by their id."""
    wanted = sorted(set(owns))
    if not wanted:
        return {}
    found = await _asked(api, model, "read", wanted, {"fields": list(fields)} if fields else {})
    return {each["id"]: each for each in found if isinstance(each.get("id"), int)}


async def _asked(api: Api, model: str, method: str, which: list[Any], more: dict[str, Any]) -> list[dict[str, Any]]:
    """What a method of a model answers: by JSON-2, or by JSON-RPC where Odoo has not that yet."""
    named = {"ids" if method == "read" else "domain": which} | more
    try:
        answer = await api.call("POST", f"/json/2/{model}/{method}", document=named)
    except GoneError:
        document = {
            "jsonrpc": "2.0",
            "method": "call",
            "params": {"service": "object", "method": "execute_kw", "args": [*_WHO, model, method, [which], more]},
        }
        told = Part(await api.call("POST", "/jsonrpc", document=document))
        if told.has("error"):
            error = told.beside("error")
            why = error.maybe("message") if error else None
            raise ApiError(f"Odoo answers: {(why or 'an error')[:100]}") from None
        answer = told.content.get("result")
    return [each.content for each in Part({"records": answer}).parts("records")]


async def _completed(orders: list[dict[str, Any]], api: Api) -> list[dict[str, Any]]:
    """Orders with what they name by an id alone: everything of one kind in one call."""
    lines = await _read(api, "pos.order.line", _ids(orders, "lines"))
    payments = await _read(api, "pos.payment", _ids(orders, "payment_ids"))
    partners = await _read(api, "res.partner", _ones(orders, "partner_id"), _PARTNER)
    products = await _read(api, "product.product", _ones(lines.values(), "product_id"), _PRODUCT)
    returned = await _read(api, "pos.order.line", _ones(lines.values(), "refunded_orderline_id"), ("order_id",))
    sales = await _read(api, "pos.order", _ones(returned.values(), "order_id"), _SALE)
    for line in lines.values():
        line["product"] = products.get(_one(line, "product_id"))
        line["refunded_order"] = sales.get(_one(returned.get(_one(line, "refunded_orderline_id"), {}), "order_id"))
    return [
        order
        | {
            "lines": [lines[each] for each in _ids([order], "lines") if each in lines],
            "payment_ids": [payments[each] for each in _ids([order], "payment_ids") if each in payments],
            "partner": partners.get(_one(order, "partner_id")),
        }
        for order in orders
    ]


def _ids(records: Iterable[dict[str, Any]], name: str) -> list[int]:
    """What is no list names nothing: it costs no page of orders its others."""
    lists = (listed for record in records if isinstance(listed := record.get(name), list))
    return [each for listed in lists for each in listed if isinstance(each, int)]


def _one(record: Mapping[str, Any], name: str) -> int:
    own, _ = many2one(record.get(name))
    return int(own) if own and own.isascii() and own.isdigit() and len(own) < 19 else 0


def _ones(records: Iterable[Mapping[str, Any]], name: str) -> list[int]:
    return [own for record in records if (own := _one(record, name))]
