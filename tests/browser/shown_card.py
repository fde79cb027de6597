"""Pages of customers as their handlers answer them, of states that are made here: no Kafka, no Redis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from rules.loader import load_merchant
from stamgast.domain.customer import Card, Customer, Voucher
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import VoucherState
from stamgast.identity.records import Profile
from stamgast.web.pages.customer import claim, data, join, preferences
from stamgast.web.pages.customer.card import show_card
from stamgast.web.pages.customer.drawing import mark_of, qr
from stamgast.web.pages.customer.holder import Holder, speaks
from stamgast.web.pages.languages import NAMES
from stamgast.web.pages.rendering import PageRoute, answer
from stamgast.web.pages.routes import page_routes

CONFIG = Path(__file__).parents[2] / "config" / "merchants"
NOW = 1_790_848_800_000
DAY = 86_400_000
CUSTOMER = "cabcdefghijklmnopqrstuvwxy"[:25]
TOKEN = "a" * 31
PATH = f"/c/{TOKEN}"
LATELY: list[Mapping[str, Any]] = [
    {
        "day": date(2026, 9, 30).isoformat(),
        "spend": 1_240,
        "stamps": {"bread": 1},
        "refunds": 0,
        "waits_for_review": False,
    },
    {"day": date(2026, 9, 28).isoformat(), "spend": 0, "stamps": {}, "refunds": 350, "waits_for_review": False},
]


@cache
def program() -> Program:
    return load_merchant(CONFIG / "bakkerij-noord").program


def regular() -> Customer:
    """Four stamps of seven, and a voucher."""
    return Customer(
        cards={"bread": Card(balance=4, completed=2)},
        vouchers=[
            Voucher(
                code="A5-K7PM4XQ5TR2WZHBC",
                reward="free_loaf",
                state=VoucherState.OPEN,
                cause="card:bread:2",
                rule="",
                issued_at=NOW - DAY,
                expires_at=NOW + 9 * DAY,
            )
        ],
    )


def holder(state: Customer, of: Program) -> Holder:
    nobody: Any = SimpleNamespace(identities=SimpleNamespace(hash_phone=lambda *_: "hash"))
    return Holder(nobody, of, CUSTOMER, TOKEN, state, Profile(phone="+31612345678", first_name="Noor", language="nl"))


async def get_card(request: Request) -> Response:
    """Four stamps of seven and a voucher, or `?state=new`."""
    of, is_new = program(), request.query_params.get("state") == "new"
    state = Customer() if is_new else regular()
    bought: list[Mapping[str, Any]] = [] if is_new else LATELY
    language = speaks(request, of.languages[0])
    shown = show_card((CUSTOMER, of, state), language, NOW, bought, f"{PATH}.png?v=1")
    values: dict[str, Any] = {
        "mark": mark_of(of.look),
        "till": qr(CUSTOMER.upper()),
        "done": request.query_params.get("done", ""),
    }
    codes = {each.code: qr(each.code) for each in shown.vouchers}
    values["wallets"] = {} if is_new else {"apple": f"{PATH}.pkpass", "google": f"{PATH}/google"}
    return answer(request, "customer/card.html", shown, **holder(state, of).shared, **values, codes=codes)


async def get_preferences(request: Request) -> Response:
    of = program()
    who = holder(Customer(left={"offers": NOW}), of)
    shown = preferences.preferences_of(who, speaks(request, who.usual), stopped=False)
    done = request.query_params.get("done", "")
    return answer(request, "customer/preferences.html", shown, **who.shared, done=done, names=NAMES)


async def get_data(request: Request) -> Response:
    who = holder(regular(), program())
    shown = data.Data(request.query_params.get("waits", ""), "sms")
    fields = data._fields(who, speaks(request, who.usual))
    done = request.query_params.get("done", "")
    return answer(request, "customer/data.html", shown, **who.shared, done=done, fields=fields)


async def get_join(request: Request) -> Response:
    of, query = program(), request.query_params
    return join._page(request, of, of.join["brood"], wrong=query.get("wrong", ""), sent="sent" in query)


async def get_claim(request: Request) -> Response:
    query = request.query_params
    receipt = claim.Receipt(program(), "t1")
    return claim._page(request, receipt, own="own" in query, outcome=query.get("outcome", ""), wrong="wrong" in query)


def site() -> Starlette:
    """All of them, with the files that they name."""
    made = {
        PATH: get_card,
        f"{PATH}/preferences": get_preferences,
        f"{PATH}/data": get_data,
        "/j/brood": get_join,
        "/r/token": get_claim,
    }
    return Starlette(routes=[*(PageRoute(path, handler) for path, handler in made.items()), *page_routes()])
