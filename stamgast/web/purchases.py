"""Purchases come in: read whole, resolved to customers, appended to `purchases.v1`, then acknowledged.

All or nothing: one bad purchase refuses its batch, with a problem for each place, and nothing of it was accepted.
If Kafka fails half-way the answer is 503; the same batch again is harmless, since versions make repeats no-ops.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.domain.deliveries import LARGEST_RECEIPT, decode_record, millis_of
from stamgast.domain.program import Program
from stamgast.identity.ids import Identifier
from stamgast.identity.phones import BadPhoneError, normalise_phone
from stamgast.identity.sealing import SealError
from stamgast.pos.canonical import CustomerReference, Refund
from stamgast.pos.doubts import Seen, doubts_about
from stamgast.pos.problems import Problem as Fault
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Received, read_purchases
from stamgast.pos.record import to_record
from stamgast.state.identities import IdentityStore
from stamgast.web.deps import deps_of
from stamgast.web.door import enter, enter_to_change, read_body
from stamgast.web.problem import Problem

TYPES: Final = frozenset({"application/json", "application/cloudevents+json", "application/cloudevents-batch+json"})
_SMALL: Final = 20_000
"""Bytes that are read at once; a larger body is read in a thread, so that others need not wait."""


async def post_purchases(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/purchases`: one purchase or a list of up to 1,000."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "intake")
    body = await read_body(request, deps.limits.batch_bytes, TYPES)
    if len(body) < _SMALL:
        received = read_purchases(body)
        references = _references(received, entrance.program, deps.identities)
    else:
        received = await asyncio.to_thread(read_purchases, body)
        references = await asyncio.to_thread(_references, received, entrance.program, deps.identities)
    at = deps.clock.now()
    named = {place: identifiers for place, identifiers in references.items() if isinstance(identifiers, list)}
    resolved = await deps.identities.resolve_many(entrance.merchant, list(named.values()), at)
    customers = {place: who for place, who in references.items() if isinstance(who, str)}
    customers |= dict(zip(named, resolved, strict=True))
    records = [
        to_record(
            each.purchase,
            entrance.merchant,
            customers.get(each.place),
            at,
            earliest=entrance.program.earliest(at),
            event_id=each.event_id,
            event_source=each.event_source,
        )
        for each in received
    ]
    _refuse_large(received, records)
    await deps.appender.append(deps.topics.purchases, records)
    deps.metrics.purchases.labels(entrance.merchant).inc(len(records))
    taken = [_taken(each, customers.get(each.place)) for each in received]
    answer: dict[str, Any] = {"accepted": len(taken), "purchases": taken}
    seen = map(_seen, received, records)
    if len(body) < _SMALL:
        doubts = doubts_about(seen, entrance.program, at)
    else:
        doubts = await asyncio.to_thread(doubts_about, seen, entrance.program, at)
    if doubts:
        deps.metrics.doubts.note(entrance.merchant, doubts)
        answer["warnings"] = [doubt.as_json() for doubt in doubts]
    return JSONResponse(answer, 202)


async def get_public_key(request: Request) -> JSONResponse:
    """`GET /v1/merchants/{merchant}/public-key`: what identifiers are sealed to."""
    entrance = await enter(request, "intake")
    key = deps_of(request).identities.public_key(entrance.merchant)
    return JSONResponse({"merchant": entrance.merchant, "public_key": key})


def _references(
    received: Sequence[Received], program: Program, identities: IdentityStore
) -> dict[str, list[Identifier] | str]:
    """Place -> whom the purchase names: a customer id, or identifiers still to be resolved."""
    found: dict[str, list[Identifier] | str] = {}
    faults: list[Fault] = []
    for each in received:
        purchase = each.purchase
        if isinstance(purchase, Refund) or purchase.customer is None:
            continue
        if purchase.customer.customer_id is not None:
            found[each.place] = purchase.customer.customer_id
            continue
        try:
            customer = _opened(purchase.customer, identities, program.merchant)
            found[each.place] = _identifiers(customer, program.region_of(purchase.store.retail_store_id))
        except SealError as error:
            faults.append({"pointer": f"{each.place}/customer/sealed", "detail": f"sealed {error}"})
        except BadPhoneError as error:
            where = "sealed" if purchase.customer.sealed else "phone"
            faults.append({"pointer": f"{each.place}/customer/{where}", "detail": f"phone {error}"})
    if faults:
        raise RefusedError(faults)
    return found


def _opened(customer: CustomerReference, identities: IdentityStore, merchant: str) -> CustomerReference:
    """The same with what was sealed; that counts before what stands beside it."""
    if customer.sealed is None:
        return customer
    return customer.model_copy(update=msgspec.to_builtins(identities.unseal(merchant, customer.sealed)))


def _identifiers(customer: CustomerReference, region: str) -> list[Identifier]:
    found = []
    if customer.phone:
        found.append(Identifier("phone", normalise_phone(customer.phone, region)))
    if customer.membership_number:
        found.append(Identifier("membership", customer.membership_number))
    if customer.provider_customer_id:
        found.append(Identifier("provider", customer.provider_customer_id))
    return found


def _seen(received: Received, record: tuple[bytes, bytes]) -> Seen:
    return Seen(received.place, millis_of(received.purchase.end_date_time), decode_record(record[1]).data)


def _refuse_large(received: Sequence[Received], records: Sequence[tuple[bytes, bytes]]) -> None:
    for each, (_, value) in zip(received, records, strict=True):
        if len(value) > LARGEST_RECEIPT:
            detail = f"{each.place or 'The purchase'} takes {len(value):,} bytes; at most {LARGEST_RECEIPT:,} fit."
            raise Problem(413, "record-too-large", f"{detail} Leave out what no rule needs, such as names of lines.")


def _taken(received: Received, customer: str | None) -> dict[str, Any]:
    taken: dict[str, Any] = {"transaction_id": received.purchase.transaction_id}
    if isinstance(received.purchase, Refund):
        taken["refund_id"] = received.purchase.refund_id
    return taken | {"customer": customer}
