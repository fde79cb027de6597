"""Google fetches a shop's own logo under an address of its version; an address of before leads to it."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from rules.program.drawings import redraw
from stamgast.domain.look import Look
from stamgast.wallet.google.loyalty import class_json
from stamgast.wallet.images import pictured_as
from stamgast.web.api.wallet import get_own_logo
from tests.builders import program

MARK = redraw('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M4 4h16v16H4z"/></svg>')
SHOP = program(look=Look(colour="#0b6e4f", stamp=MARK))
ACCOUNT: Any = SimpleNamespace(issuer="1", public_url="https://loyalty.example.com")


async def _answer(path: str, shop: Any = SHOP) -> httpx.Response:
    async def get(_merchant: str) -> Any:
        return shop

    app = Starlette(routes=[Route("/wallet/logo/{merchant}/{version}.png", get_own_logo)])
    merchants = SimpleNamespace(loaded=True, get=get)
    app.state.deps = SimpleNamespace(wallets=SimpleNamespace(google=object()), merchants=merchants)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://loyalty.example.com") as client:
        return await client.get(path)


async def test_the_picture_stands_where_the_class_says_and_one_of_before_leads_there() -> None:
    uri = class_json(ACCOUNT, SHOP)["programLogo"]["sourceUri"]["uri"]
    version = pictured_as("#0b6e4f", SHOP.look)
    assert uri == f"https://loyalty.example.com/wallet/logo/{SHOP.merchant}/{version}.png"
    found = await _answer(uri)
    assert (found.status_code, found.headers["content-type"]) == (200, "image/png")
    before = await _answer(f"/wallet/logo/{SHOP.merchant}/000000000000.png")
    assert (before.status_code, before.headers["location"]) == (302, f"/wallet/logo/{SHOP.merchant}/{version}.png")


async def test_a_shop_without_drawings_has_none_there() -> None:
    plain = program(look=Look(colour="#0b6e4f"))
    assert class_json(ACCOUNT, plain)["programLogo"]["sourceUri"]["uri"].endswith("/wallet/logo/0b6e4f.png")
    with pytest.raises(Exception, match="no such picture"):
        await _answer(f"/wallet/logo/{plain.merchant}/000000000000.png", plain)
