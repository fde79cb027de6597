"""A system of tills that nobody sells: the whole seam in one adapter, and nothing of any real system.

It signs `<milliseconds>.<body>` by HMAC-SHA-256 in hex. A sale comes whole, a refund by a name that has to be read again.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from stamgast.domain.currencies import exponent_of
from stamgast.domain.units import MINUTE, Millis
from stamgast.pos.adapter import Adapter, Api, Capabilities, Context, Document, Found, Headers, Page, SignatureError
from stamgast.pos.problems import RefusedError

TOLERANCE = 5 * MINUTE
_TIME = re.compile(r"[0-9]{13}")


def sign(raw: bytes, secret: str, at: Millis) -> dict[str, str]:
    """The headers that Kassa sends with a body."""
    made = hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-kassa-time": str(at), "x-kassa-signature": made}


class Kassa(Adapter):
    """Needs from the shop: the webhook's secret, and a key for its API."""

    name = "kassa"
    capabilities = Capabilities(signed=True, thin=True, poll=True, knows_customer=True)

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:
        at, given = headers.get("x-kassa-time", ""), headers.get("x-kassa-signature", "")
        if not _TIME.fullmatch(at) or abs(now - int(at)) > TOLERANCE:
            raise SignatureError("it was signed more than five minutes ago, or not at all")
        made = (sign(raw, secret, int(at))["x-kassa-signature"] for secret in secrets)
        if not any(hmac.compare_digest(each.encode(), given.encode()) for each in made):
            raise SignatureError("none of the secrets has signed it")

    def delivery_id(self, headers: Headers, body: Any) -> str:
        return str(body.get("id", "")) if isinstance(body, dict) else ""

    def refs(self, body: Any) -> Sequence[Found]:
        match body:
            case {"event": "sale", "sale": {"number": str(number)} as sale}:
                return [Found("sale", number, sale)]
            case {"event": "refund", "number": str(number)}:
                return [Found("refund", number)]
            case {"event": "sale" | "refund" as event}:
                raise RefusedError([{"pointer": f"/{event}", "detail": f"this {event} has no number"}])
            case {"event": str()}:
                return []
        raise RefusedError([{"pointer": "", "detail": "a notice is an object with its event"}])

    async def reread(self, ref: Found, api: Api) -> Found:
        return ref._replace(content=await api.call("GET", f"/{ref.kind}s/{ref.id}"))

    async def poll(self, cursor: str, api: Api) -> Page:
        answer = await api.call("GET", "/sales", query={"after": cursor})
        return Page([Found("sale", each["number"], each) for each in answer["sales"]], answer["cursor"])

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        try:
            return [self._document(found, found.content, context)]
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            detail = f"this {found.kind} lacks or misspells {error}"
            raise RefusedError([{"pointer": f"/{found.kind}", "detail": detail}]) from None

    def _document(self, found: Found, content: Any, context: Context) -> Document:
        currency = context.program.currency
        account = context.connection.account
        told: Document = {
            "end_date_time": content["at"],
            "price_currency": currency,
            "totals": {"gross_minor": _minor(content["total"], currency)},
        }
        if found.kind == "refund":
            return told | {"transaction_id": f"{account}:{content['of']}", "refund_id": found.id, "status": "refund"}
        customer = {"customer": {"phone": content["phone"]}} if "phone" in content else {}
        own = {"transaction_id": f"{account}:{found.id}", "source_version": content["version"], "status": "completed"}
        return told | own | customer | {"store": {"retail_store_id": context.store_of(content["till"])}}


def _minor(amount: Decimal | int, currency: str) -> int:
    """Whole minor units, half of one away from zero, as tills round."""
    if isinstance(amount, bool):
        raise TypeError(f"an amount: {amount}")
    return int(Decimal(amount).scaleb(exponent_of(currency)).quantize(Decimal(1), ROUND_HALF_UP))
