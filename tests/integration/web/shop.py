"""People and purchases of a shop as its till posts them, and what is found of them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stamgast.domain.events import decode_event

JAN = {
    "phone": "06 12 34 56 78",
    "name": "Jan Jansen-Zandstra",
    "email": "jan.zandstra@example.nl",
    "language": "nl",
    "birthday": "1988-10-21",
    "acquisition_source": "flyer",
    "membership_number": "M-100",
    "consents": [
        {"purpose": "marketing", "channel": "whatsapp", "wording_version": "2026-01", "source": "counter"},
        {"purpose": "marketing", "channel": "sms", "wording_version": "2026-01", "source": "counter"},
    ],
}


async def events(web: Any) -> list[Any]:
    return [decode_event(value) for _key, value in await web.records(web.topics.customer_events)]


async def everything_in(redis: Any) -> bytes:
    found = b""
    async for key in redis.scan_iter(count=1_000):
        found += key + b"\n"
        match await redis.type(key):
            case b"string":
                found += await redis.get(key)
            case b"hash":
                found += b"\n".join(part for pair in (await redis.hgetall(key)).items() for part in pair)
        found += b"\n"
    return found


def bread(number: int, customer: dict[str, str], *, days_ago: int) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    if days_ago:
        at = at.replace(hour=11)  # in the evening two of them may be one day of the shop's, where summer time ends
    return {
        "transaction_id": f"till1:{number}",
        "source_version": 1,
        "status": "completed",
        "end_date_time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "store": {"retail_store_id": "dok-noord"},
        "customer": customer,
        "price_currency": "EUR",
        "totals": {"gross_minor": 350},
        "line_items": [{"line_id": "1", "sku": "BROOD", "category": "bread", "quantity": "1", "gross_minor": 350}],
    }


SMALLEST = json.loads((Path(__file__).parents[2] / "golden" / "purchase" / "smallest.json").read_text())


def sale(transaction: str = "till1:1", **changes: Any) -> dict[str, Any]:
    return SMALLEST | {"transaction_id": transaction} | changes


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["detail"]
    return body
