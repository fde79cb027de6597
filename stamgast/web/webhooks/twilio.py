"""What Twilio calls us with: here statuses of messages, and what all its calls share. Signed, or refused with 403."""

from collections.abc import Iterable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from channels.model import (
    MalformedWebhookError,
    StatusEvent,
    WebhookRefusedError,
    WebhookRequest,
)
from channels.reasons import reason_of
from stamgast.domain.event import Event
from stamgast.domain.events import ActivationOutcome, encode_event, key_of
from stamgast.domain.program import MERCHANT
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Treatment
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.web.access.doors import Way, open_to
from stamgast.web.auth import CUSTOMER, read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem

log = get_logger(__name__)

_FORM: Final = frozenset({"application/x-www-form-urlencoded"})


@open_to(Way.SIGNED)
async def post_status(request: Request) -> Response:
    """`POST /twilio/status?m=…&c=…&x=…&a=…`: one `activation_outcome` on the customer's stream."""
    deps = deps_of(request)
    webhook = await webhook_of(request, deps)
    try:
        status = deps.carrier.parse_status(webhook)
    except WebhookRefusedError:
        raise forged() from None
    except MalformedWebhookError as error:
        raise Problem(400, "malformed", f"{error}.") from None
    deps.metrics.webhooks.labels(status.status or "other").inc()
    key = status.key
    if not (MERCHANT.fullmatch(key.merchant) and CUSTOMER.fullmatch(key.customer)):
        raise Problem(400, "malformed", "The callback's URL names no customer of ours.")
    if status.status:
        at = deps.clock.now()
        if status.treatment is Treatment.OPT_OUT:
            await _stop_customer(deps, key.merchant, key.customer, status.provider_id, at)
        treatment = await _treatment(deps, status)
        if treatment is Treatment.CONFIG:
            log.error("the carrier refuses a sender or a template", merchant=key.merchant, code=status.code)
            deps.metrics.config_faults.labels(key.merchant, status.code).inc()
        await append_events(deps, [outcome_told(status, treatment, at)])
    return Response(status_code=204)


async def webhook_of(request: Request, deps: Deps) -> WebhookRequest:
    """The request as the carrier signed it."""
    body = await read_body(request, deps.limits.body_bytes, _FORM)
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    return WebhookRequest(
        path=path.decode("latin-1").partition("?")[0],
        query=request.scope["query_string"].decode("latin-1"),
        body=body,
        signature=request.headers.get("x-twilio-signature"),
    )


def forged() -> Problem:
    """The answer to what is not signed, or not with a token of ours."""
    return Problem(403, "signature", "The signature is missing or wrong. Nothing was done.")


async def _stop_customer(deps: Deps, merchant: str, customer: str, message: str, at: Millis) -> None:
    """The carrier says that this person stopped us there: remember it for their phone, as if they had told us."""
    profile = await deps.identities.profile(merchant, customer)
    if profile is None or not profile.phone or await deps.identities.heard(merchant, message):
        return
    phone_hash = deps.identities.hash_phone(merchant, profile.phone)
    await deps.identities.record_stop(merchant, phone_hash, at, message)
    await deps.redis.set(deps.slot_of(key_of(merchant, customer)).stop(merchant, phone_hash), at)


async def _treatment(deps: Deps, status: StatusEvent) -> Treatment:
    """What is to be done about it; nothing about a number that has been replaced by another one meanwhile."""
    key = status.key
    if status.treatment is not Treatment.BAD_NUMBER or not key.address:
        return status.treatment
    profile = await deps.identities.profile(key.merchant, key.customer)
    is_theirs = profile is not None and deps.identities.hash_phone(key.merchant, profile.phone) == key.address
    return status.treatment if is_theirs else Treatment.PERMANENT


def outcome_told(status: StatusEvent, treatment: Treatment, at: Millis) -> ActivationOutcome:
    """What a callback says of a message, for its customer's stream."""
    key = status.key
    return ActivationOutcome(
        merchant=key.merchant,
        customer=key.customer,
        at=at,
        activation=key.activation,
        attempt=key.attempt,
        status=status.status,
        rank=status.rank,
        reason=reason_of(status.fault, status.treatment),
        code=status.code,
        provider_id=status.provider_id,
        treatment="" if treatment is Treatment.NONE else treatment,
        address=key.address if treatment is Treatment.BAD_NUMBER else "",
        parts=key.parts,
        country=key.country,
    )


async def append_events(deps: Deps, events: Iterable[Event]) -> None:
    """Append each to its customer's stream, in their order; returns once Kafka has them."""
    records = [(key_of(event.merchant, event.customer), encode_event(event)) for event in events]
    topics: Topics = deps.topics
    if records:
        await deps.appender.append(topics.customer_events, records)
