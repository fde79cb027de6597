"""What else comes over HTTP than a purchase: requests of each kind, and a shop in which they find something."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, cycle
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import httpx

from benchmarks.bakery import MERCHANT, PROGRAM
from benchmarks.latency import phone_of

TWILIO: Final = {
    "public_url": "http://127.0.0.1:8000",
    "twilio_auth_token": "benchmark-token",
    "twilio_account_sid": "ACsandbox1",
}
BATCH: Final = 1_000
_BASE: Final = f"/v1/merchants/{MERCHANT}"
_RULE: Final = (
    "rule: loaf\ndescription: Every purchase gives a loaf.\nstatus: live\nwhen: purchase\nthen:\n  - give: loaf\n"
)
FILES: Final = {"program.yaml": PROGRAM, "rules/loaf.yaml": _RULE, "templates/nl/hello.j2": "Dank u!"}
"""A merchant who gives a voucher for every purchase."""


class Case(NamedTuple):
    """A kind of request: its name, how many a round, and what makes the next one."""

    name: str
    size: int
    make: Callable[[], bytes]
    of: int = 1
    """How many things each request brings."""


NEW: Final = "a new customer"
REDEEMED: Final = 100
"""Vouchers that are redeemed in a round."""


class Cases:
    """All kinds, as one key sends them. `sized` says how many of each."""

    def __init__(self, people: Sequence[str], key: str, sized: Callable[[int, int], int]) -> None:
        self._key = key
        self._sized = sized
        self._numbers = count()
        self._known = cycle(range(len(people)))
        self._whose = cycle(people)

    def of_web_alone(self) -> list[Case]:
        """What web answers by itself."""
        return [
            Case("a batch of 1,000", self._sized(8, 1), self._batch, BATCH),
            Case(NEW, self._sized(600, 50), lambda: self._enrol(f"+3168{next(self._numbers):07d}")),
            Case("a known customer", self._sized(600, 50), lambda: self._enrol(phone_of(next(self._known)))),
            Case("a callback of Twilio", self._sized(1_000, 50), self._callback),
        ]

    def of_owners(self, codes: Iterator[tuple[str, str]]) -> list[Case]:
        """What a worker has to have applied, or to answer. `codes`: whose voucher, and its code."""
        return [
            Case("a customer by phone", self._sized(1_000, 50), self._look_up),
            Case("a customer's vouchers", self._sized(1_000, 50), self._vouchers),
            Case("a redemption", self._sized(REDEEMED, 20), lambda: self._redeem(*next(codes))),
        ]

    def _ask(self, method: str, path: str, document: Any = None, **headers: str) -> bytes:
        body = json.dumps(document).encode() if document else b""
        return request(method, _BASE + path, body, self._key, headers)

    def _batch(self) -> bytes:
        return self._ask("POST", "/purchases", [sale(f"batch-{next(self._numbers)}") for _ in range(BATCH)])

    def _enrol(self, phone: str) -> bytes:
        consent = {"purpose": "marketing", "channel": "whatsapp", "wording_version": "2026-1", "source": "till"}
        person = {"phone": phone, "name": "Noor", "language": "nl", "consents": [consent]}
        return self._ask("POST", "/customers", person)

    def _look_up(self) -> bytes:
        return self._ask("POST", "/customers/lookup", {"phone": phone_of(next(self._known))})

    def _vouchers(self) -> bytes:
        return self._ask("GET", f"/customers/{next(self._whose)}/vouchers")

    def _redeem(self, customer: str, code: str) -> bytes:
        once = {"Idempotency-Key": f"redeem-{next(self._numbers)}"}
        return self._ask("POST", f"/vouchers/{code}/redemptions", {"store": "dok", "customer": customer}, **once)

    def _callback(self) -> bytes:
        number = next(self._numbers)
        path = f"/twilio/status?m={MERCHANT}&c={next(self._whose)}&x=act{number}&a=att1"
        form = {"MessageSid": f"SM{number:032x}", "MessageStatus": "delivered", "AccountSid": "ACsandbox1"}
        text = TWILIO["public_url"] + path + "".join(name + form[name] for name in sorted(form))
        mac = base64.b64encode(hmac.new(TWILIO["twilio_auth_token"].encode(), text.encode(), hashlib.sha1).digest())
        kind = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": mac.decode()}
        return request("POST", path, urlencode(form).encode(), "", kind)


def sale(name: str, phone: str = "") -> dict[str, Any]:
    """A sale of three lines."""
    lines = [
        {"line_id": str(place), "sku": f"SKU{place}", "category": "bread", "quantity": "1", "gross_minor": price}
        for place, price in enumerate((320, 240, 680), 1)
    ]
    made = {
        "transaction_id": name, "source_version": 1, "status": "completed", "end_date_time": "2026-10-01T07:58:00Z",
        "store": {"retail_store_id": "dok"}, "price_currency": "EUR",
        "totals": {"gross_minor": 1_240, "tax_minor": 57}, "line_items": lines,
    }  # fmt: skip
    return made | ({"customer": {"phone": phone}} if phone else {})


def request(method: str, path: str, body: bytes, key: str, headers: Mapping[str, str]) -> bytes:
    """As a client sends it."""
    told = {"Host": "localhost", "Content-Type": "application/json", **headers}
    told |= {"Authorization": f"Bearer {key}"} if key else {}
    told |= {"Content-Length": str(len(body))} if method == "POST" else {}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def vouchers(port: int, people: Sequence[str], key: str) -> list[tuple[str, str]]:
    """Let each of these people buy, and wait until each has a voucher: whose, and its code."""
    found: dict[str, str] = {}
    headers = {"Authorization": f"Bearer {key}"}
    url = f"http://127.0.0.1:{port}{_BASE}"
    async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=30) as http:
        bought = [sale(f"first-{number}", phone_of(number)) for number in range(len(people))]
        (await http.post(f"{url}/purchases", json=bought)).raise_for_status()

        for customer in people:
            while customer not in found:
                told = await http.get(f"{url}/customers/{customer}/vouchers")
                if told.status_code == 200 and (his := told.json()["vouchers"]):
                    found[customer] = his[0]["code"]
                else:  # the worker has not come so far
                    await asyncio.sleep(0.05)
    return list(found.items())
