"""What one exchange with Twilio proves about a submission. The heart of "at most once"."""

from datetime import timedelta
from typing import Final

import httpx

from channels.model import Fault, Outcome, SendResult
from channels.twilio.client import Exchange
from channels.twilio.errors import look_up, look_up_http
from channels.twilio.status import our_status
from stamgast.domain.vocabulary import Status, Treatment

_KEPT_FIELDS: Final = ("sid", "status", "num_segments", "error_code", "code", "messaging_service_sid", "more_info")
_MOST_RAW: Final = 200

# Raised before a connection was made, so before any byte of the request was sent.
_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def classify_exchange(exchange: Exchange) -> SendResult:
    """Accepted, rejected, certainly not sent, or in doubt. Anything that is not proof is doubt."""
    if exchange.error is not None:
        return _of_error(exchange.error)
    status = exchange.status
    if status is None:
        return _doubt(exchange, "the answer was not read")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return _throttled(exchange)
    if httpx.codes.is_success(status):
        return _of_success(exchange)
    if httpx.codes.is_client_error(status) and status != httpx.codes.REQUEST_TIMEOUT:
        return _of_refusal(exchange, status)
    return _doubt(exchange, f"HTTP {status}")


def _of_error(error: Exception) -> SendResult:
    kind = type(error).__name__
    if isinstance(error, _NEVER_LEFT):
        return SendResult(
            Outcome.NOT_SENT_RETRY,
            fault=Fault.TRANSIENT,
            treatment=Treatment.RETRY_NOW,
            code=kind,
            reason="no connection was made",
        )
    return SendResult(Outcome.IN_DOUBT, fault=Fault.TRANSIENT, code=kind, reason="the connection broke on the way")


def _of_success(exchange: Exchange) -> SendResult:
    payload = exchange.payload
    sid = payload.get("sid")
    if not isinstance(sid, str) or not sid:
        return _doubt(exchange, "accepted without naming the message")
    code = payload.get("error_code")
    entry = look_up(code) if code else None
    return SendResult(
        Outcome.ACCEPTED,
        provider_id=sid,
        status=our_status(str(payload.get("status") or Status.ACCEPTED)) or Status.ACCEPTED,
        fault=entry.fault if entry else Fault.NONE,
        treatment=entry.treatment if entry else Treatment.NONE,
        code=entry.code if entry else "",
        raw=_raw(exchange),
    )


def _of_refusal(exchange: Exchange, status: int) -> SendResult:
    code = str(exchange.payload.get("code") or "")
    entry = look_up_http(code, status)
    # What a person has to mend first says nothing about this message: it goes when it is mended. Only Twilio's own
    # code proves that; a bare 403 may be a proxy's.
    ours = bool(code) and entry.fault is Fault.CONFIG and entry.treatment is Treatment.CONFIG
    return SendResult(
        Outcome.NOT_SENT_RETRY if ours else Outcome.REJECTED,
        fault=entry.fault,
        treatment=entry.treatment,
        code=code or f"http-{status}",
        reason=entry.meaning,
        raw=_raw(exchange),
    )


def _throttled(exchange: Exchange) -> SendResult:
    return SendResult(
        Outcome.NOT_SENT_RETRY,
        fault=Fault.THROTTLED,
        treatment=Treatment.RETRY_NOW,
        code=str(exchange.payload.get("code") or "http-429"),
        reason="too many requests at once; not processed",
        retry_after=_retry_after(exchange),
        raw=_raw(exchange),
    )


def _doubt(exchange: Exchange, reason: str) -> SendResult:
    return SendResult(
        Outcome.IN_DOUBT,
        fault=Fault.TRANSIENT,
        code=f"http-{exchange.status}" if exchange.status else "",
        reason=reason,
        raw=_raw(exchange),
    )


def asked_pause(exchange: Exchange) -> int | None:
    """Milliseconds that a 429 asks us to wait; None if it is none, or names no pause."""
    return _retry_after(exchange) if exchange.status == httpx.codes.TOO_MANY_REQUESTS else None


def _retry_after(exchange: Exchange) -> int | None:
    """Milliseconds the provider asks us to wait; a date instead of seconds is not used by Twilio."""
    text = (exchange.headers or {}).get("Retry-After", "")
    return int(timedelta(seconds=min(int(text), 86_400)) / timedelta(milliseconds=1)) if text.isdecimal() else None


def _raw(exchange: Exchange) -> dict[str, str]:
    """What is worth keeping of the answer: no recipient, no text, nothing long."""
    payload = exchange.payload
    return {name: str(payload[name])[:_MOST_RAW] for name in _KEPT_FIELDS if payload.get(name) is not None}
