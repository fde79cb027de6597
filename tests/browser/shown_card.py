"""A customer's page as its handler answers it, of a state that a test makes: no Kafka, no Redis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from rules.loader import load_merchant
from stamgast.domain.customer import Card, Customer, Voucher
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import VoucherState
from stamgast.web.pages.customer.card import show_card
from stamgast.web.pages.customer.drawing import mark_of, qr
from stamgast.web.pages.customer.holder import shared, speaks
from stamgast.web.pages.rendering import answer

CONFIG = Path(__file__).parents[2] / "config" / "merchants"
NOW = 1_790_848_800_000
DAY = 86_400_000
CUSTOMER = "cabcdefghijklmnopqrstuvwxy"[:25]
TOKEN = "a" * 31
PATH = f"/c/{TOKEN}"
LATELY = [
    {
        "day": date(2026, 9, 30).isoformat(),
        "spend": 1_240,
        "stamps": {"bread": 1},
        "refunds": 0,
        "waits_for_review": False,
    },
    {"day": date(2026, 9, 28).isoformat(), "spend": 0, "stamps": {}, "refunds": 350, "waits_for_review": False},
]


def program() -> Program:
    return load_merchant(CONFIG / "bakkerij-noord").program


def regular() -> Customer:
    """Four stamps of seven, and a voucher."""
    return Customer(
        cards={"bread": Card(balance=4, completed=2)},
        vouchers=[
            Voucher(
                code="0A5-K7PM4XQ9TR2WZHBC",
                reward="free_loaf",
                state=VoucherState.OPEN,
                cause="card:bread:2",
                rule="",
                issued_at=NOW - DAY,
                expires_at=NOW + 9 * DAY,
            )
        ],
    )


def card(request: Request, state: Customer, of: Program, **more: Any) -> Response:
    """The page of a card."""
    bought: list[Mapping[str, Any]] = LATELY if state.cards else []
    shown = show_card((CUSTOMER, of, state), speaks(request, of.languages[0]), NOW, bought, f"{PATH}.png?v=1")
    values = {"path": PATH, "mark": mark_of(of.look), "till": qr(CUSTOMER.upper()), "done": "", **more}
    codes = {each.code: qr(each.code) for each in shown.vouchers}
    return answer(request, "customer/card.html", shown, **shared(of, of.languages[0]), **values, codes=codes)
