"""Purchases of a known key that are there whole and plain, taken without ASGI (`stamgast.web.short_way`).

It takes what `post_purchases` would take as well, and answers the same: a test sends both whatever there is. What that
would refuse, and what is rare, it does not touch.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.responses import Response
from starlette.types import Scope

from stamgast.domain.program import Program
from stamgast.pos.plain_sale import PlainSale
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Received, TooManyError, read_purchases
from stamgast.purchases.accept import Accepted, ReceiptTooLargeError, some_taken
from stamgast.state.views import NotLoadedError
from stamgast.web.api.purchases import TYPES, answer_to
from stamgast.web.auth import is_fit
from stamgast.web.deps import Deps
from stamgast.web.whole_requests import Coming

_BEARER: Final = b"Bearer "
_UNUSUAL: Final = frozenset({b"idempotency-key", b"content-encoding", b"transfer-encoding"})
_TYPES: Final = frozenset(each.encode() for each in TYPES)


def purchases_at_once(deps: Deps, scope: Scope, path: Mapping[str, str], body: bytes) -> Coming | None:
    """Take the purchases of a request; None: the long way looks at it."""
    headers = dict(reversed(scope["headers"]))  # of one that comes twice the first counts
    if not _UNUSUAL.isdisjoint(headers) or headers.get(b"content-type") not in _TYPES:
        return None
    merchant = path["merchant"]
    try:
        key = _key_id(deps, headers, merchant)
        program = deps.merchants.at_hand(merchant) if deps.merchants.loaded and is_fit(deps) else None
        if key is None or program is None or deps.tills is None or deps.tills.payments.concern(merchant):
            return None
        items = read_purchases(body)
    except (NotLoadedError, RefusedError, TooManyError):
        return None
    if not all(isinstance(each, Received) and isinstance(each.purchase, PlainSale) for each in items):
        return None
    now = deps.clock.now()
    if deps.by_key.take(key):  # nothing was taken, and the long way says so
        return None
    scope["state"]["rate_limit"] = deps.by_key.told(key)
    done = deps.gathering.begin(items, program, now, deps.door.take_together)
    return Coming(done, partial(_answer, deps, program))


def _key_id(deps: Deps, headers: Mapping[bytes, bytes], merchant: str) -> str | None:
    """The id of the key that this came with, if it is good for it. Raises `NotLoadedError`."""
    given = headers.get(b"authorization", b"")
    if not given.startswith(_BEARER):
        return None
    key = deps.api_keys.find(given[len(_BEARER) :].decode("latin-1").strip())
    return key.id if key is not None and key.merchant == merchant and key.allows("intake") else None


def _answer(deps: Deps, program: Program, accepted: Accepted) -> Response:
    try:
        some_taken(accepted)
    except (RefusedError, ReceiptTooLargeError):
        deps.metrics.refused_of(program.merchant).inc(len(accepted.outcomes))
        raise
    return answer_to(deps, program, accepted, deps.clock.now())
