"""Purchases come in over HTTP: read whole, taken in or refused one by one (`stamgast.purchases`), then acknowledged.

202 says that all of them were taken, 207 that some were and some were not, 422 that none was.
If Kafka fails half-way the answer is 503; the same batch again is harmless, since versions make repeats no-ops.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Refused, names_of, read_purchases
from stamgast.purchases.accept import Accepted, Outcome, ReceiptTooLargeError
from stamgast.tills.found_payments import with_payments
from stamgast.tills.intake import accept_at
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.auth import Entrance, enter, enter_to_change, read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.idempotency import one_request

TYPES: Final = frozenset({"application/json", "application/cloudevents+json", "application/cloudevents-batch+json"})
MOST_ERRORS: Final = 10
"""That a refused purchase of a batch is told of."""
_SMALL: Final = 20_000
"""Bytes that are read at once; a larger body is read in a thread, so that others need not wait."""


@open_to(KeyWith("intake"))
async def post_purchases(request: Request) -> Response:
    """`POST /v1/merchants/{merchant}/purchases`: one purchase or a list of up to 1,000."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "intake")
    body = await read_body(request, deps.limits.batch_bytes, TYPES)
    async with one_request(request, entrance.merchant, body):
        return await _take(deps, entrance, body)


async def _take(deps: Deps, entrance: Entrance, body: bytes) -> Response:
    large = len(body) >= _SMALL
    items = await asyncio.to_thread(read_purchases, body) if large else read_purchases(body)
    door, program = deps.door, entrance.program
    with counting_refusals(deps, entrance.merchant, len(items)):
        accepted = await accept_at(door, items, program, deps.clock.now(), large=large)
    now = deps.clock.now()
    answer = answer_to(deps, program, accepted, now)
    if deps.tills is not None:
        await with_payments(door, accepted.taken, program, now)
    return answer


@contextmanager
def counting_refusals(deps: Deps, merchant: str, size: int) -> Iterator[None]:
    """A context that counts `size` purchases as refused where none of them could be taken."""
    try:
        yield
    except (RefusedError, ReceiptTooLargeError):
        deps.metrics.refused_of(merchant).inc(size)
        raise


def answer_to(deps: Deps, program: Program, accepted: Accepted, now: Millis) -> Response:
    """What is answered to purchases of which some were taken; they are counted, and their stores were heard of."""
    taken, merchant = accepted.taken, program.merchant
    refused = len(accepted.outcomes) - len(taken)
    deps.metrics.purchases_of(merchant).inc(len(taken))
    answer: dict[str, Any] = {"accepted": len(taken)}
    if refused:
        deps.metrics.refused_of(merchant).inc(refused)
        answer["refused"] = refused
    answer["purchases"] = [_answer(each, status=refused > 0) for each in accepted.outcomes]
    deps.metrics.doubts.note(merchant, accepted.doubts)
    if deps.tills is not None:
        deps.tills.feeds.note(program, taken, now)
    if warnings := [*accepted.doubts, *accepted.beside]:
        answer["warnings"] = [doubt.as_json() for doubt in warnings]
    return Response(msgspec.json.encode(answer), 207 if refused else 202, media_type="application/json")


@open_to(KeyWith("intake"))
async def get_public_key(request: Request) -> JSONResponse:
    """`GET /v1/merchants/{merchant}/public-key`: what identifiers are sealed to."""
    entrance = await enter(request, "intake")
    key = deps_of(request).identities.public_key(entrance.merchant)
    return JSONResponse({"merchant": entrance.merchant, "public_key": key})


def _answer(outcome: Outcome, *, status: bool) -> dict[str, Any]:
    """What became of one purchase; with `status` where not all of them share one."""
    if isinstance(outcome, Refused):
        told: dict[str, Any] = {"status": 413 if outcome.too_large else 422, **outcome.named}
        if len(outcome.problems) > MOST_ERRORS:
            told["more_errors"] = len(outcome.problems) - MOST_ERRORS
        return told | {"errors": outcome.problems[:MOST_ERRORS]}
    told = {"status": 202} if status else {}
    return told | names_of(outcome.received) | {"customer": outcome.customer}
