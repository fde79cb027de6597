"""Purchases come in over HTTP: read whole, taken in or refused (`stamgast.purchases`), then acknowledged.

If Kafka fails half-way the answer is 503; the same batch again is harmless, since versions make repeats no-ops.
"""

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.pos.canonical import Refund
from stamgast.pos.reading import Received, read_purchases
from stamgast.purchases.accept import accept
from stamgast.web.auth import enter, enter_to_change, read_body
from stamgast.web.deps import deps_of

TYPES: Final = frozenset({"application/json", "application/cloudevents+json", "application/cloudevents-batch+json"})
_SMALL: Final = 20_000
"""Bytes that are read at once; a larger body is read in a thread, so that others need not wait."""


async def post_purchases(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/purchases`: one purchase or a list of up to 1,000."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "intake")
    body = await read_body(request, deps.limits.batch_bytes, TYPES)
    large = len(body) >= _SMALL
    received = await asyncio.to_thread(read_purchases, body) if large else read_purchases(body)
    accepted = await accept(
        deps.identities,
        deps.known_transactions,
        deps.appender.append,
        deps.topics.purchases,
        received,
        program=entrance.program,
        at=deps.clock.now(),
        large=large,
    )
    deps.metrics.purchases.labels(entrance.merchant).inc(len(received))
    taken = [_taken(*each) for each in zip(received, accepted.customers, strict=True)]
    answer: dict[str, Any] = {"accepted": len(taken), "purchases": taken}
    deps.metrics.doubts.note(entrance.merchant, accepted.doubts)
    if warnings := [*accepted.doubts, *accepted.beside]:
        answer["warnings"] = [doubt.as_json() for doubt in warnings]
    return JSONResponse(answer, 202)


async def get_public_key(request: Request) -> JSONResponse:
    """`GET /v1/merchants/{merchant}/public-key`: what identifiers are sealed to."""
    entrance = await enter(request, "intake")
    key = deps_of(request).identities.public_key(entrance.merchant)
    return JSONResponse({"merchant": entrance.merchant, "public_key": key})


def _taken(received: Received, customer: str | None) -> dict[str, Any]:
    taken: dict[str, Any] = {"transaction_id": received.purchase.transaction_id}
    if isinstance(received.purchase, Refund):
        taken["refund_id"] = received.purchase.refund_id
    return taken | {"customer": customer}
