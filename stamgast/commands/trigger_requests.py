"""The requests by which something happens at a running web, as a till or Twilio would send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from channels.twilio.signatures import compute_signature

INBOUND: Final = "/twilio/inbound"
_GROSS: Final = 350
_LINE: Final = "1"


class Happening(StrEnum):
    """What can be triggered."""

    PURCHASE = "purchase"
    REFUND = "refund"
    VOID = "void"
    ENROLMENT = "enrolment"
    STOP = "stop"


class About(NamedTuple):
    """Whom and what it is about. `moment` is RFC 3339; `number` tells one run from another."""

    merchant: str
    phone: str
    store: str
    currency: str
    category: str
    moment: str
    number: str


class Sent(NamedTuple):
    """A POST: JSON, or a form where it holds fields."""

    path: str
    body: Mapping[str, Any]


def requests_for(happening: Happening, about: About) -> Sequence[Sent]:
    """In the order in which they are sent: what is taken back is sold first."""
    purchases = f"/v1/merchants/{about.merchant}/purchases"
    sold = Sent(purchases, _sale(about))
    match happening:
        case Happening.PURCHASE:
            return [sold]
        case Happening.REFUND:
            return [sold, Sent(purchases, _refund(about))]
        case Happening.VOID:
            return [sold, Sent(purchases, _sale(about) | {"source_version": 2, "status": "voided"})]
        case Happening.ENROLMENT:
            return [Sent(f"/v1/merchants/{about.merchant}/customers", _enrolment(about))]
        case Happening.STOP:
            raise ValueError("a STOP is a form of Twilio's: stop_from makes it")


def stop_from(phone: str, to: str, account: str, number: str) -> dict[str, str]:
    """A person's STOP to the shop's number, as Twilio tells it."""
    return {
        "MessageSid": f"SM{number}",
        "AccountSid": account,
        "From": phone,
        "To": to,
        "Body": "STOP",
        "NumMedia": "0",
    }


def signed_form(fields: Mapping[str, str], public_url: str, token: str) -> tuple[bytes, dict[str, str]]:
    """A form's bytes and headers, signed for the address that the web is known by."""
    signature = compute_signature(token, f"{public_url.rstrip('/')}{INBOUND}", fields.items())
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return urlencode(fields).encode(), headers


def _sale(about: About) -> dict[str, Any]:
    line = {"line_id": _LINE, "sku": "TRIGGERED", "quantity": "1", "gross_minor": _GROSS}
    return {
        "transaction_id": f"trigger:{about.number}",
        "source_version": 1,
        "status": "completed",
        "end_date_time": about.moment,
        "customer": {"phone": about.phone},
        "price_currency": about.currency,
        "totals": {"gross_minor": _GROSS},
        "line_items": [line | ({"category": about.category} if about.category else {})],
    } | ({"store": {"retail_store_id": about.store}} if about.store else {})


def _refund(about: About) -> dict[str, Any]:
    return {
        "transaction_id": f"trigger:{about.number}",
        "refund_id": f"trigger:{about.number}:1",
        "status": "refund",
        "end_date_time": about.moment,
        "price_currency": about.currency,
        "totals": {"gross_minor": _GROSS},
        "line_items": [{"original_line_id": _LINE, "quantity": "1", "gross_minor": _GROSS}],
    }


def _enrolment(about: About) -> dict[str, Any]:
    consent = {"purpose": "marketing", "wording_version": "trigger", "source": "trigger"}
    return {"phone": about.phone, "consents": [consent | {"channel": each} for each in ("whatsapp", "sms")]}
