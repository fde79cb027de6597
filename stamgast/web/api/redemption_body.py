"""What a till says with a redemption, and what it is told of what the voucher took off its receipt."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.requests import Request

from stamgast.domain.errors import in_plain_words
from stamgast.domain.program import Program
from stamgast.domain.rewards import Answer
from stamgast.domain.till_events import TillName
from stamgast.pos.documents import read_document
from stamgast.pos.problems import RefusedError
from stamgast.pos.scope import scoped_id
from stamgast.pos.types import ANY_ID, MOST_MINOR
from stamgast.web.auth import CUSTOMER, read_body
from stamgast.web.deps import Deps

_Id = Annotated[str, Meta(min_length=1, max_length=200, pattern=ANY_ID)]
_WORDS: Final = "store, customer, till, operator_id, transaction_id, business_day_date, total_minor, price_currency"


class UseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body, which may be left out. `customer` helps where the till has scanned it as well.

    `transaction_id` names the receipt, with the day where ids are told apart by it, and `total_minor` is what that
    comes to before the voucher.
    """

    store: str | None = None
    customer: str | None = None
    transaction_id: _Id | None = None
    business_day_date: date | None = None
    total_minor: Annotated[int, Meta(ge=1, le=MOST_MINOR)] | None = None
    price_currency: str | None = None
    till: TillName = ""
    operator_id: TillName = ""

    @property
    def of_receipt(self) -> list[Any]:
        """What is said of the receipt; nothing where nothing is, so that requests from before look as they did."""
        said = [self.transaction_id, self.business_day_date, self.total_minor, self.price_currency]
        return [] if said == [None] * len(said) else said

    def receipt_in(self, program: Program) -> str:
        """The transaction as its sale is known. Raises RefusedError where that cannot be said."""
        currency = self.price_currency
        if currency is not None and currency != program.currency:
            detail = f"price_currency: vouchers of {program.merchant} take off {program.currency}, not {currency[:8]}"
            raise RefusedError([{"pointer": "/price_currency", "detail": detail, "allowed": program.currency}])
        if self.transaction_id is None:
            return ""
        return scoped_id(program, self.transaction_id, self.store, self.business_day_date)


async def read_use(request: Request, deps: Deps) -> UseRequest:
    """Read the body. Raises RefusedError or `Problem`."""
    body = b""
    if request.headers.get("content-type"):
        body = await read_body(request, deps.limits.body_bytes)
    document = read_document(body or b"{}")
    try:
        given = msgspec.convert(document, UseRequest)
    except msgspec.ValidationError as error:
        raise RefusedError([{"pointer": "", "detail": in_plain_words(error), "allowed": _WORDS}]) from None
    if given.customer is not None and not CUSTOMER.fullmatch(given.customer):
        raise RefusedError([{"pointer": "/customer", "detail": "customer is not a customer id"}])
    return given


def told_of(answer: Answer) -> dict[str, Any]:
    """What a voucher took off, and what is left of it, where there is anything to tell."""
    told = {"discount_minor": answer.discount, "uses_left": answer.uses_left, "rest_minor": answer.rest}
    return {name: figure for name, figure in told.items() if figure is not None}
