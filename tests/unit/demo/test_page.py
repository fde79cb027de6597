"""The trial's page with everything on it that it can show, in each language."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from stamgast.demo.board import Bakery, Customer, Message, Records, Shelved, Shown, Sold, Voucher
from stamgast.demo.counts import Counts
from stamgast.demo.driver import Phase
from stamgast.demo.page import create_app
from stamgast.domain.look import Look

ANNA = Customer(
    "Anna", "nl", "+31612345678", 2, 1, visits=3, spend=1_050, card_url="http://127.0.0.1:1/c/abc",
    vouchers=[Voucher("K7PM-4XQ5", "Een gratis brood", "1998-05-01")], receipt=Sold("till1:1", "bread", 350, False),
    messages=[Message("SM1", "Uw kaart is vol", "whatsapp", "read", False)],
)  # fmt: skip
SHOWN = Shown(
    phase=Phase.LIVE, held=True, now=891_000_000_000, zone="Europe/Amsterdam", days_per_second=1.5, sent=10,
    taken_back=1, counts=Counts(9, 4, 1, 1, 1, {}, {"late": 3, "no_consent": 2, "something_new": 1}),
    bakery=Bakery("bakkerij-noord", "Bakkerij Noord", "EUR", 7, [Shelved("bread", 350, True)], [ANNA], ""),
    records=Records("platenzaak", "De Groef", "EUR", 10, [ANNA], [Message("SM2", "5 euro", "sms", "sent", False, "Vera")]),
    phones_url="http://127.0.0.1:2",
)  # fmt: skip


async def _shown() -> Shown:
    return SHOWN


@pytest.mark.parametrize(
    ("language", "why"), [("en", "The news was too old"), ("nl", "Het nieuws was te oud"), ("fr", ""), ("de", "")]
)
async def test_all_that_can_be_shown_is_said_in_each_language(language: str, why: str):
    board: Any = SimpleNamespace(shown=_shown, till=SimpleNamespace(program=SimpleNamespace(look=Look())))
    sign_in: Any = None
    transport = httpx.ASGITransport(create_app(board, sign_in))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        page = await client.get(f"/?lang={language}", headers={"Accept": "text/html"})
        told = await client.get("/", headers={"Accept": "application/json"})
    assert page.status_code == 200
    assert why in page.text
    assert "something_new" in page.text
    assert "K7PM-4XQ5" in page.text
    assert told.json()["bakery"]["regulars"][0]["name"] == "Anna"
