"""`/till/attach`: a sale that was nobody's becomes this customer's, by its receipt's QR or its number."""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.claims import ClaimOutcome
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.web.access.doors import Way, open_to
from stamgast.web.api.claims import ClaimRequest, claim_receipt
from stamgast.web.api.customers import state_of
from stamgast.web.api.scanned import customer_of
from stamgast.web.pages.till.showing import Deed, Done, Shown, show
from stamgast.web.pages.till.standing import Stand, stand_to_change, tried
from stamgast.web.problem import Problem

_RECEIPT: Final = re.compile(r"/r/([^/?#\s]+)")


@open_to(Way.PAIRED)
async def post_attach(request: Request) -> Response:
    """Claim the receipt for the customer who is before the till."""
    at = await stand_to_change(request)
    customer = customer_of(at.said("customer"))
    if not customer:
        return await show(request, at, Shown(problem=Problem(404, "no-customer", "This is no customer.")))
    await state_of(at.deps, at.entrance, customer)
    done, problem = await tried(_attach(at, customer))
    return await show(request, at, Shown(customer, done=done, problem=problem))


async def _attach(at: Stand, customer: str) -> Done:
    told = await claim_receipt(at.deps, at.entrance, at.key, _read(at, customer))
    outcome = told.content["status"]
    about = About(at.merchant, customer=customer, till=at.device.id, store=at.device.store)
    await note(at.deps.audit, at.device.who, Did.SALE_ATTRIBUTED, about)
    looked_at = told.pending and outcome != "pending"
    deed = Deed.LOOKED_AT if looked_at and outcome != ClaimOutcome.CLAIMED else Deed.ATTACHED
    return Done(deed, told.pending and not looked_at)


def _read(at: Stand, customer: str) -> ClaimRequest:
    text = at.said("receipt")
    document: dict[str, Any] = {
        "customer": {"customer_id": customer},
        "store": at.device.store or None,
        "operator_id": at.device.operator_id or None,
    }
    if link := _RECEIPT.search(text):
        document["token"] = link[1]
    else:
        document["transaction_id"] = text
        document["business_day_date"] = at.said("day") or at.today
    try:
        return ClaimRequest.model_validate(document, strict=False)
    except ValidationError as error:
        raise RefusedError(problems_of(error, ClaimRequest)) from None
