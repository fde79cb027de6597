"""SumUp's callbacks, which are unsigned, and its transactions.

Sources: developer.sumup.com, "Transactions" (v2.1), "Receipts", "Webhooks"; github.com/sumup/sumup-openapi.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from stamgast.domain.units import Minor
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
    Need,
    Page,
)
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems import amounts, cursors, moments, polling
from stamgast.pos.systems.ids import fitting, short, transaction_id
from stamgast.pos.systems.lines import tax_of
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part, refusing
from stamgast.pos.types import write_instant

_OWN: Final = ("id", "transaction_id", "transaction_code")
_PAGE: Final = 100
_CLIENT: Final = "client:"
"""Before an id of a transaction that is the caller's own."""
_STATUSES: Final = {
    "successful": "completed",
    "paid_out": "completed",
    "cancel_failed": "completed",
    "refund_failed": "completed",
    "refunded": "refunded",
    "chargeback": "refunded",
    "charge_back": "refunded",
    "cancelled": "voided",
    "pending": "open",
}
_BACK: Final = frozenset({"refund", "charge_back", "chargeback"})
_NOT_YET: Final = frozenset({"failed", "cancelled", "pending"})
_TENDERS: Final = {"cash": "cash", "pos": "card", "moto": "card", "ecom": "online", "recurring": "online"}
_MOST: Final = 10**15


class SumUp(Adapter):
    """Needs from the shop: an API key (Developers, API keys) as `api`; `account` is the merchant code, such as
    M1234567. Places under `stores` are the merchant code, or a user's e-mail address as it stands in the transaction,
    where several shops share an account.

    SumUp tells of payments that somebody else's system started, unsigned, and of nothing else: what counts is the poll.
    So that a callback may be given to it all the same, it is a hint, to read that transaction again; that of a checkout
    names none, and waits for the poll. It knows no customer. Products have no article numbers, and what was given back
    names none of them. Where a till tells the sales, give the connection `role: payment`.
    """

    name = "sumup"
    capabilities = Capabilities(signed=False, thin=True, poll=True)
    kinds = ("transaction", "history", "receipt", "checkout")
    api = ApiSpec(base="https://api.sumup.com/v2.1/merchants/{account}", auth="bearer", per_second=3.0, burst=5)
    needs = (
        Need("account", "The merchant code, such as M1234567 (Settings, Business).", secret=False),
        Need("api", "An API key, sup_sk_… (Developers, API keys)."),
    )
    clicks = (
        "SumUp calls an address only for checkouts and readers that were started with it: give it as `return_url` "
        "there. Sales of the app come by the poll alone, within the hour: nothing is to be pasted for them."
    )
    check_first = (
        "A payment with a tip: whether the amount has it inside, as is taken here unless its products say otherwise.",
        "A refund in part: that the payment is listed again, with its refunded_amount.",
        "A refund that fails afterwards: the payment stays lowered.",
        "Payments of a sandbox account: nothing in them says that they are tests.",
    )

    def delivery_id(self, headers: Headers, body: Any) -> str:  # noqa: ARG002
        """The callback's id."""
        own = body.get("id") if isinstance(body, dict) and "event_type" in body else None
        return own[:200] if isinstance(own, str) else ""

    def refs(self, body: Any) -> Sequence[Found]:
        """Which transaction is meant."""
        part = Part(body)
        if part.has("event_type"):
            inner = part.part("payload")
            if inner is None or not inner.has("transaction_id", "client_transaction_id"):
                return []
            own = inner.maybe("transaction_id")
            return [Found("transaction", own or f"{_CLIENT}{inner.text('client_transaction_id')}")]
        if (paid := part.part("transaction_data")) is not None:
            return [Found("receipt", paid.text("transaction_code", "transaction_id"), body)]
        if "transactions" in body:
            return [Found("checkout", part.maybe("id") or "", body, partial=True)]
        if "items" in body:
            return [
                Found("transaction", _id(each), each.content, partial=_is_thin(each)) for each in part.parts("items")
            ]
        if part.has("transaction_code", "transaction_id", "amount"):
            return [Found("transaction", _id(part), body, partial=_is_thin(part))]
        if "id" in body:
            return []
        raise RefusedError([{"pointer": "", "detail": "this is no callback and no transaction of SumUp's"}])

    async def reread(self, ref: Found, api: Api) -> Found:
        """The transaction with its products and everything that happened to it."""
        if ref.kind == "checkout" and ref.content is not None:
            paid = Part(ref.content).parts("transactions")
            if not paid:
                raise GoneError("nobody has paid this checkout yet")
            query = {"id": _id(paid[-1])}
        elif ref.kind == "receipt":
            query = {"transaction_code": ref.id}
        elif ref.id.startswith(_CLIENT):
            query = {"client_transaction_id": ref.id.removeprefix(_CLIENT)}
        else:
            query = {"id": ref.id}
        return Found("transaction", ref.id, await api.call("GET", "/transactions", query=query))

    async def poll(self, cursor: str, api: Api) -> Page:
        """Transactions that changed; each of them is read again for what was bought."""
        query = {"limit": str(_PAGE), "order": "ascending"}
        if begin := cursors.begins(cursor):
            query["changes_since"] = begin
        items = Part(await api.call("GET", "/transactions/history", query=query)).parts("items")
        found = [Found("transaction", polling.own_id(each, *_OWN)) for each in items if _is_payment(each)]
        times = polling.times_of(items, "timestamp")
        return cursors.page(cursor, found, times, full=len(items) == _PAGE)

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """A payment's net state; what was given back is told by the payment, not by itself."""
        with refusing(found.kind):
            part = Part(found.content)
            if found.kind == "receipt":
                return _of_receipt(part, context)
            if found.kind not in self.kinds:
                detail = f"{found.kind} is no kind of object"
                raise RefusedError([{"pointer": "", "detail": detail, "allowed": ", ".join(self.kinds)}])
            if found.kind == "checkout":
                documents = [
                    _documents(_with_currency(each, part), part, [], context) for each in part.parts("transactions")
                ]
            else:
                parts = part.parts("items") if "items" in part.content else [part]
                documents = [_documents(each, each, [], context) for each in parts]
            return [document for each in documents for document in each]


def _id(part: Part) -> str:
    return part.text(*_OWN)


def _with_currency(transaction: Part, checkout: Part) -> Part:
    """In a checkout a transaction may leave to it what both have."""
    named = {name: checkout.get(name) for name in ("currency", "merchant_code") if checkout.has(name)}
    return Part(named | transaction.content, transaction.place)


def _is_payment(part: Part) -> bool:
    return part.word("type") in {"payment", ""}


def _is_thin(part: Part) -> bool:
    return not part.has("products", "transaction_events", "events")


def _of_receipt(receipt: Part, context: Context) -> list[Document]:
    """A receipt has the payment inside, and who took it beside."""
    own = receipt.part("transaction_data")
    if own is None:
        receipt.refuse("transaction_data", "is missing")
    merchant = receipt.part("merchant_data")
    profile = merchant.part("merchant_profile") if merchant is not None else None
    return _documents(own, profile or own, own.parts("events"), context)


def _documents(part: Part, merchant: Part, events: list[Part], context: Context) -> list[Document]:
    status = _STATUSES.get(part.word("status"))
    if status is None or not _is_payment(part):
        return []
    simple = _STATUSES.get(part.word("simple_status"))
    if status == "completed" and simple in {"refunded", "voided"}:
        status = simple
    currency = part.text("currency").upper()
    sums = _Sums(part, events or [*part.parts("transaction_events"), *_compact(part)], currency, status)
    status = sums.status
    at = part.moment("timestamp")
    document: Document = {
        "transaction_id": transaction_id(context, "sumup", _id(part)),
        "source_version": _version(at, status, sums.back, is_whole=not _is_thin(part)),
        "status": status,
        "end_date_time": write_instant(at),
        "store": {"retail_store_id": _store(part, merchant, context)},
        "price_currency": currency,
        "totals": sums.totals(part, currency),
        "line_items": _lines(part, currency, sums),
        "tenders": [{"tender_type": _TENDERS.get(part.word("payment_type"), "other"), "amount_minor": sums.paid}],
        "provenance": {"provider": "sumup", "adapter": "sumup"},
    }
    if number := part.id("transaction_code"):
        document["receipt_number"] = number
    return [document]


def _compact(part: Part) -> list[Part]:
    """The short list of what happened, where the long one is not there."""
    return [] if part.has("transaction_events") else part.parts("events")


class _Sums:
    """The payment's amounts, what was given back taken off."""

    def __init__(self, part: Part, events: list[Part], currency: str, status: str) -> None:
        whole, tip = part.minor(currency, "amount"), part.minor(currency, "tip_amount", default=0)
        sold = sum(_gross(each, currency) for each in part.parts("products"))
        self.deposit = sum(_gross(each, currency) for each in part.parts("products") if is_deposit(each.maybe("name")))
        if tip and sold == whole:
            whole += tip  # the products are all of the amount, so that the tip is none of it
        done = [
            abs(each.minor(currency, "amount", default=0))
            for each in events
            if each.word("event_type", "type") in _BACK and each.word("status") not in _NOT_YET
        ]
        back = abs(part.minor(currency, "refunded_amount", default=sum(done)))
        if status == "refunded" and not back:
            back = whole
        self.back = min(back, whole) if status in {"completed", "refunded"} else 0
        self.status = status
        if self.back:
            self.status = "refunded" if self.back >= whole else "partially_refunded"
        self.was = whole - tip - self.deposit
        self.goods = max(0, self.was - self.back)
        more = max(0, self.back - self.was)
        self.tip = tip - min(more, tip)
        self.deposit -= max(0, more - tip)
        self.paid = whole - self.back
        self.whole = whole

    def totals(self, part: Part, currency: str) -> dict[str, int]:
        """As the contract has them."""
        found = {"gross_minor": self.goods, "paid_minor": self.paid} | ({"tip_minor": self.tip} if self.tip else {})
        found |= {"deposit_minor": self.deposit} if self.deposit else {}
        if part.has("vat_amount"):
            tax = part.minor(currency, "vat_amount")
            found["tax_minor"] = tax * self.paid // self.whole if self.back and self.whole else tax
        return found


def _version(at: Any, status: str, back: Minor, *, is_whole: bool) -> int:
    """A transaction does not say when it changed: it grows with what was given back."""
    made = moments.version_at(at)
    return moments.ranked(made + 20_000 * min(back, _MOST), status, whole=is_whole)


def _gross(product: Part, currency: str) -> Minor:
    if product.has("total_with_vat"):
        return product.minor(currency, "total_with_vat")
    if product.has("price_with_vat"):
        value = product.number("price_with_vat") * product.number("quantity", default=Decimal(1))
        return amounts.minor(value, currency)
    if product.has("total_price"):
        return product.minor(currency, "total_price")
    value = product.number("price", default=Decimal(0)) * product.number("quantity", default=Decimal(1))
    return amounts.minor(value, currency)


def _lines(part: Part, currency: str, sums: _Sums) -> list[dict[str, Any]]:
    lines = []
    for number, product in enumerate(part.parts("products")):
        quantity = product.number("quantity", default=Decimal(1))
        line: dict[str, Any] = {
            "line_id": str(number + 1),
            "quantity": amounts.quantity_text(quantity),
            "gross_minor": _gross(product, currency),
        }
        if name := product.maybe("name"):
            line["name"] = short(name)
            if is_deposit(name):
                line["kind"] = DEPOSIT
        if product.has("price_with_vat", "price"):
            line["unit_price_minor"] = product.minor(currency, "price_with_vat", "price")
        if product.has("vat_amount"):
            line["tax_minor"] = product.minor(currency, "vat_amount")
        elif product.has("single_vat_amount"):
            line["tax_minor"] = amounts.minor(product.number("single_vat_amount") * quantity, currency)
        if rate := _rate(product.content.get("vat_rate")):
            line["tax_rate"] = rate
            if "tax_minor" not in line and product.has("total_with_vat", "price_with_vat"):
                line["tax_minor"] = tax_of(line["gross_minor"], rate) or 0
        lines.append(line)
    if not sums.back:
        return lines
    return amounts.at_most(amounts.lowered(lines, sums.goods, sums.was), deposit=sums.deposit)


def _rate(value: Any) -> str | None:
    """A rate as a fraction, 0.21, or in percent, 21."""
    try:
        read = amounts.decimal(value)
    except ValueError:
        return None
    return amounts.rate_text(read) if read < 1 else amounts.percent_text(read)


def _store(part: Part, merchant: Part, context: Context) -> str:
    """A user, where the connection maps it; else the merchant."""
    for name in ("username", "user"):
        user = part.maybe(name)
        if user and user in context.connection.stores:
            return context.store_of(user)
    return context.store_of(fitting(merchant.maybe("merchant_code") or context.connection.account or "unknown"))
