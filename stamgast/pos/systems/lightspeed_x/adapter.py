"""Lightspeed X's adapter: `sale.update` as a form, and sales by their version.

Facts: x-series-api.lightspeedhq.com (webhooks; Sales API 2026-07, OpenAPI); of the signature, what users of Vend write.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

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
    IncapableError,
    Missing,
    Need,
    Page,
    SignatureError,
)
from stamgast.pos.documents import read_document
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.asked import Asked, quoted
from stamgast.pos.systems.lightspeed_x.sales import ITEMS, PRODUCT, document
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.systems.signatures import check_hmac, header

_PAGE: Final = 100
_TOPIC: Final = "sale.update"
_SIGNATURE: Final = re.compile(r"(?:^|[,\s])signature=([^,\s]+)")
_UNSIGNED: Final = "this webhook of Lightspeed X carries no X-Signature"
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class LightspeedX(Adapter):
    """Needs from the shop: a personal token of Lightspeed Retail with `sales:read`, `customers:read`, `products:read`
    (secret `api`), and a webhook for `sale.update`. The account is the domain prefix: `bakery` of
    bakery.retail.lightspeed.app. Webhooks that an app has made are signed with its client secret (secret `webhook`);
    of others the address is secret. `stores:` maps an outlet's or a register's id.

    Sales are read again in either case, with their customer and the products' SKUs: a webhook is only a hint.
    """

    name = "lightspeed_x"
    capabilities = Capabilities(signed=True, thin=True, poll=True, knows_customer=True, subscribes=True)
    kinds = ("sale",)
    api = ApiSpec("https://{account}.retail.lightspeed.app/api/2026-07", per_second=4.0, burst=20)
    needs = (
        Need("account", "The domain prefix: bakery of bakery.retail.lightspeed.app", secret=False),
        Need("webhook", "The client secret of the app that made the webhook", optional=True),
        Need("api", "A personal token: setup, personal tokens; --subscribe: with the scope webhooks"),
    )
    verify_by = "--header 'X-Signature: signature=…, algorithm=HMAC-SHA256'"
    check_first = (
        "--subscribe: that a personal token with the scope webhooks may make one, and that it comes unsigned.",
        "Whether X-Signature is still sent: only users of Vend describe it. Without it a webhook is taken as unsigned.",
        "That a sale on account or on layby gets another version when it is paid: it counts from then on.",
        "Whether `price` is after the line's discount: it is taken to, as the totals of known sales say.",
        "How tips and surcharges come in webhooks: the API of 2026-07 has them as adjustments, where they are read.",
    )

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """HMAC-SHA-256 of the form in hex: `signature=…, algorithm=HMAC-SHA256`."""
        given = header(headers, "x-signature")
        if not given:
            raise IncapableError(_UNSIGNED)
        match = _SIGNATURE.search(given)
        if match is None:
            raise SignatureError("its X-Signature has no signature=…")
        check_hmac(raw, match[1], secrets, encodings=("hex",))

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """Lightspeed gives deliveries no name; a sale's version tells a repeat."""
        return ""

    def refs(self, body: Any) -> Sequence[Found]:
        """The sale of a form's `payload`, which is a hint; of what the API answers, each."""
        whole = Part(body)
        account = whole.maybe("domain_prefix")
        if "payload" in whole.content:
            if whole.word("type") not in {"", _TOPIC}:
                return []  # another topic at the same address
            payload = whole.content["payload"]
            sale = Part(_payload(payload) if isinstance(payload, str) else payload, "/payload")
        elif isinstance(whole.get("data"), list):
            return [_found(each) for each in whole.parts("data")]
        else:
            sale = whole.part("data") or whole
        if not sale.has(*ITEMS) and not sale.has("sale_date", "state", "invoice_number"):
            if sale.has("id") and sale.has("handle", "sku", "customer_code", "count", "inventory"):
                return []  # a product, a customer or an inventory: another topic at the same address
            sale.refuse(ITEMS[0], "is missing: this is no sale")
        found = _found(sale)
        return [found._replace(content=found.content | {"domain_prefix": account}) if account else found]

    async def reread(self, ref: Found, api: Api) -> Found:
        """The sale as it is now, with its customer and its products."""
        answer = Part(await api.call("GET", f"/sales/{quoted(ref.id)}"))
        sale = answer.part("data") or answer
        content = await _completed(sale, Asked(api, "/customers/{}"), Asked(api, "/products/{}"))
        return Found("sale", ref.id, content)

    async def poll(self, cursor: str, api: Api) -> Page:
        """Sales whose version is greater than the cursor: versions grow over all sales, so that nothing is missed."""
        after = cursor if cursor.isascii() and cursor.isdigit() else ""
        query = {"page_size": str(_PAGE)} | ({"after": after} if after else {})
        answer = Part(await api.call("GET", "/sales", query=query))
        customers, products = Asked(api, "/customers/{}"), Asked(api, "/products/{}")
        sales = answer.parts("data")
        found = [Found("sale", each.text("id"), await _completed(each, customers, products)) for each in sales]
        versions = answer.beside("version")
        newest = versions.maybe("max") if versions else None
        return Page(found, newest or after, more=bool(sales) and newest not in {None, after})

    async def missing(self, address: str, api: Api) -> Sequence[Missing]:
        """The one webhook, where none that is active calls here."""
        listed = Part(await api.call("GET", "/webhooks")).parts("data")
        here = [each for each in listed if each.maybe("url") == address and each.maybe("type") == _TOPIC]
        if any(each.flag("active") for each in here):
            return []
        return [Missing(_TOPIC, here[0].text("id") if here else "")]

    async def subscribe(self, missing: Missing, address: str, api: Api, secret: str) -> str:  # noqa: ARG002
        """Lightspeed makes no secret for it."""
        document = {"active": True, "type": missing.topic, "url": address}
        path = f"/webhooks/{quoted(missing.id)}" if missing.id else "/webhooks"
        await api.call("PUT" if missing.id else "POST", path, document=document)
        return ""

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """The sale; a return is a sale of its own that names the first one."""
        whole = Part(found.content)
        with refusing(found.kind):
            return [document(whole.part("data") or whole, context, self.name)]


def _found(sale: Part) -> Found:
    return Found("sale", sale.text("id"), sale.content, partial=True)


def _payload(text: str) -> Any:
    try:
        return read_document(text.encode("utf-8", "surrogatepass"), _decode)
    except RefusedError as refused:
        raise RefusedError([{"pointer": "/payload", "detail": f"payload: {refused.problems[0]['detail']}"}]) from None


async def _completed(sale: Part, customers: Asked, products: Asked) -> Mapping[str, Any]:
    """The sale with what it names by an id alone."""
    own = sale.maybe("customer_id")
    named = [each for line in sale.parts(*ITEMS) if (each := line.maybe("product_id") or _inner(line)) is not None]
    known = await products.each(dict.fromkeys(named))
    return sale.content | {"customer": await customers.get(own) if own else None, PRODUCT: known}


def _inner(line: Part) -> str | None:
    product = line.beside("product")
    return product.maybe("id") if product else None
