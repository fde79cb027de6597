"""What a merchant's till and website say to `stamgast web`: enrol, sell, refund, look. Plain HTTP, as any client would.

Whatever was not certainly taken is sent again with the same ids, so that a lost answer doubles nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.1
_AGAIN: Final = frozenset({429, 502, 503, 504})


class ShopError(Exception):
    """The engine refused what the trial sent, or did not take it in time."""


class Shop:
    """One merchant's access to the web process."""

    def __init__(self, http: httpx.AsyncClient, merchant: str, key: str) -> None:
        self.merchant = merchant
        self._http = http
        self._path = f"/v1/merchants/{merchant}"
        self._headers = {"Authorization": f"Bearer {key}"}

    async def enrol(self, enrolment: Mapping[str, Any]) -> str:
        """Enrol a person and return the customer id."""
        answer = await self._call("POST", "/customers", enrolment)
        return str(answer["customer"])

    async def send(self, purchases: Sequence[Mapping[str, Any]]) -> list[str]:
        """Hand in purchases and refunds (up to 1,000); return whose they are (empty: a refund) once acknowledged."""
        answer = await self._call("POST", "/purchases", purchases[0] if len(purchases) == 1 else list(purchases))
        return [str(each["customer"] or "") for each in answer["purchases"]]

    async def customer(self, customer: str) -> dict[str, Any] | None:
        """Look a customer up; None while the engine does not know of one."""
        found: dict[str, Any] | None = await self._call("GET", f"/customers/{customer}", missing_is_fine=True)
        return found

    async def _call(self, method: str, path: str, body: Any = None, *, missing_is_fine: bool = False) -> Any:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            trouble, pause = "", _PAUSE_S
            try:
                answer = await self._http.request(method, self._path + path, json=body, headers=self._headers)
                if answer.is_success:
                    return answer.json()
                if missing_is_fine and answer.status_code == httpx.codes.NOT_FOUND:
                    return None
                trouble = f"{answer.status_code} {answer.text[:400]}"
                if answer.status_code not in _AGAIN:
                    raise ShopError(f"{method} {path.split('/')[1]} of {self.merchant}: {trouble}")
                pause = _seconds(answer.headers.get("retry-after"))
            except httpx.TransportError as error:
                trouble = repr(error)
            if time.monotonic() > deadline:
                raise ShopError(f"{method} {path.split('/')[1]} of {self.merchant} was not taken in time: {trouble}")
            await asyncio.sleep(pause)


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdecimal() else _PAUSE_S


def sale(
    transaction: str,
    *,
    at: str,
    store: str,
    currency: str,
    amount: int,
    customer: Mapping[str, str],
    lines: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Write a completed purchase. `amount` in minor units, `at` RFC 3339."""
    return {
        "transaction_id": transaction,
        "source_version": 1,
        "status": "completed",
        "end_date_time": at,
        "store": {"retail_store_id": store},
        "customer": dict(customer),
        "price_currency": currency,
        "totals": {"gross_minor": amount},
        "line_items": [dict(line) for line in lines],
    }


def full_refund(purchase: Mapping[str, Any], *, at: str) -> dict[str, Any]:
    """Write the refund of everything on a receipt, under an id of its own."""
    return {
        "transaction_id": purchase["transaction_id"],
        "refund_id": f"{purchase['transaction_id']}:refund",
        "status": "refund",
        "end_date_time": at,
        "price_currency": purchase["price_currency"],
        "totals": {"gross_minor": purchase["totals"]["gross_minor"]},
        "line_items": [
            {"original_line_id": line["line_id"], "quantity": line["quantity"], "gross_minor": line["gross_minor"]}
            for line in purchase["line_items"]
        ],
    }
