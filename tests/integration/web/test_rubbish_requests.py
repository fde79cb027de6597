"""Whatever bytes a request holds: it is told what is wrong with them, and web has no mistake of its own to log."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.web.conftest import MERCHANT
from tests.integration.web.shop import problem

BODIES = {
    "bad UTF-8": b'{"transaction_id": "\xff\xfe"}',
    "a bad name": b'{"\xc3": 1}',
    "a lone surrogate": b'{"transaction_id": "\\ud800"}',
    "a lone surrogate in UTF-8": b'{"transaction_id": "\xed\xa0\x80"}',
    "the second half of one": b'{"phone": "\\udc00x"}',
    "half a document": b'{"transaction_id": ',
    "no JSON": b"transaction_id=1",
    "brackets": b"[" * 50_000,
    "nothing": b"",
    "a number beyond all": b'{"source_version": 1' + b"0" * 5_000 + b"}",
    "NaN": b'{"source_version": NaN}',
}
VOUCHER = "/vouchers/0-AAAAAAAAAAAAAAAA/redemptions"


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_what_is_no_json_is_answered_with_400(web: Any, body: bytes):
    for path in ("/purchases", "/customers", VOUCHER):
        if path == VOUCHER and not body:
            continue  # a redemption needs no body
        headers = web.headers(Content_Type="application/json", Idempotency_Key="k")
        answer = await web.client.post(f"/v1/merchants/{MERCHANT}{path}", content=body, headers=headers)
        assert problem(answer, 400)["type"] == "urn:stamgast:problem:malformed"


async def test_what_nobody_can_have_meant_is_refused_in_every_place(web: Any):
    base = f"/v1/merchants/{MERCHANT}"
    odd = [b"\xff\xfe", b"\xed\xa0\x80", "é".encode(), "ÿ".encode("latin-1"), b"\x7f", b"%00", b"x" * 5_000]
    for text in odd:
        headers = [
            {"Authorization": b"Bearer " + text},
            web.headers() | {"Idempotency-Key": text},
            web.headers() | {"Content-Type": text},
            {"X-Twilio-Signature": text, "Content-Type": "application/x-www-form-urlencoded"},
        ]
        name = quote(text)
        asked = [
            *(web.client.get(f"{base}/customers/{name}", headers=each) for each in headers),
            *(web.client.delete(f"{base}/customers/{name}", headers=each) for each in headers),
            *(web.client.post(f"{base}{VOUCHER}", headers=each, content=b"{}") for each in headers),
            *(web.client.post(f"/v1/merchants/{name}/purchases", headers=each, content=b"{}") for each in headers),
            web.client.post(f"{base}/vouchers/{name}/redemptions", headers=web.headers(Idempotency_Key="k")),
            web.client.post(f"/twilio/inbound?{name}={name}", headers=headers[-1], content=text + b"=" + text),
            web.client.post(f"/twilio/status?m={name}&c={name}", headers=headers[-1], content=b"%ff=%ff&=%ed%a0%80"),
            web.client.get(f"/{name}?{name}", headers=headers[0]),
        ]
        for answer in await asyncio.gather(*asked):
            assert 400 <= answer.status_code < 500, (text, answer.request.url, answer.text)


async def test_what_is_signed_and_no_text_is_refused_too(web: Any):
    for form in (b"Body=%ff&From=%2B31612345678&MessageSid=SM1", b"\xff=1", b"Body=%ed%a0%80&MessageSid=SM1"):
        headers = {"X-Twilio-Signature": "x", "Content-Type": "application/x-www-form-urlencoded"}
        answer = await web.client.post("/twilio/inbound", content=form, headers=headers)
        assert answer.status_code in {400, 403}
