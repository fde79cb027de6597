"""Everything that happened is told in the reader's language; taking it along is for owners, after they were asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from stamgast.domain.vocabulary import Stage
from stamgast.people.timeline import Happening, Kind
from stamgast.users.rights import Role
from stamgast.web.pages.marketer.said import WITHHELD
from stamgast.web.pages.rendering import environment
from tests.fakes.house import NOON, ORIGIN, PAGE
from tests.fakes.marketed import Marketed

WHO = f"c{'a' * 24}"
STATUS = {Kind.MESSAGE: "failed", Kind.VOUCHER: "given", Kind.DRAW: "won", Kind.NOT_SPOKEN: "held_out"}


class Nobody:
    """Knows of no customer but one, who has a profile and no state."""

    async def profile(self, _merchant: str, customer: str) -> Any:
        return SimpleNamespace() if customer == WHO else None

    async def value(self, *_key: Any) -> None:
        return None


async def client_of(role: Role) -> httpx.AsyncClient:
    house = Marketed()
    app, token = await house.app(role)
    house.deps.identities = house.deps.filling = Nobody()
    house.deps.slot_of = lambda _key: SimpleNamespace(customer=lambda *_names: "")
    headers = {"Cookie": f"__Host-stamgast={token}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers)


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_every_kind_of_line_is_told_in_every_language(language: str) -> None:
    template = environment(language).get_template("marketer/timeline_words.html")
    words: Any = template.make_module({"withheld": WITHHELD, "currency": "EUR"})
    for kind in Kind:
        what = Stage.LAPSING if kind is Kind.STAGE else "bread"
        line = Happening(NOON, kind, what, "free-loaf", STATUS.get(kind, ""), amount=350, currency="EUR", count=2)
        text = str(words.told(line)).strip()
        assert text, kind
        assert ("did not speak" in text) == (kind is Kind.NOT_SPOKEN and language == "en")


async def test_taking_somebody_along_is_asked_of_owners_alone() -> None:
    async with await client_of(Role.OWNER) as owner:
        page = await owner.get(f"/app/customers/{WHO}/export?lang=nl", headers=PAGE)
        assert (page.status_code, "Wie het meenam, wordt genoteerd" in page.text) == (200, True)
    async with await client_of(Role.MARKETER) as marketer:
        with pytest.raises(Exception, match="to export takes owner"):
            await marketer.get(f"/app/customers/{WHO}/export", headers=PAGE)
