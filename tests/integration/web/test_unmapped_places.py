"""A till whose place is no store of the programme: the shop sees it, with what to write."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from stamgast.settings import Settings
from tests.builders import sure
from tests.conftest import eventually
from tests.fakes.bodies_loyverse import RECEIPT
from tests.integration.asking import asked
from tests.integration.web.conftest import MERCHANT, Web, environment
from tests.integration.web.tills import tills_of

pytestmark = pytest.mark.slow


async def test_sales_of_a_place_that_is_no_store_are_shown_with_what_to_write(
    web: Web, settings: Settings, tmp_path: Path
):
    async with tills_of(web, settings, None, ["loyverse"]) as tills:
        await tills.connect("loyverse", {"S-1": "dok-noord"}, api=False)
        for number, place in enumerate(["S-1", "dok-nord", "dok-nord", "b7c0a1"]):
            await tills.loyverse(RECEIPT | {"receipt_number": f"2-{number}", "store_id": place})
        await sure(web.parts.tills).feeds.keep()

        async def shown() -> list[dict[str, Any]]:
            (row,) = (await web.get("/pos")).json()["connections"]
            return list(row["unmapped"])

        found = {each["place"]: each for each in await shown()}
        assert {place: (each["count"], each["nearest"]) for place, each in found.items()} == {
            "dok-nord": (2, "dok-noord"),
            "b7c0a1": (1, None),
        }
        assert found["dok-nord"]["in_connection"] == 'stores: {"dok-nord": dok-noord}'
        assert found["b7c0a1"]["in_program"] == "stores: {b7c0a1: {}}"

        words = ("pos", "status", "--merchant", MERCHANT)
        code, said = await asyncio.to_thread(asked, words, tmp_path, environment(settings))
        assert code == 0, said
        assert "2 sales and refunds of 'dok-nord'" in said
        assert 'pos/loyverse.yaml: `stores: {"dok-nord": dok-noord}` (the nearest store)' in said
        assert '`stores: {"b7c0a1": STORE}` (STORE is one of dok-noord, korenmarkt)' in said
        code, said = await asyncio.to_thread(asked, (*words, "--json"), tmp_path, environment(settings))
        assert json.loads(said)[0]["unmapped"] == await shown()

        await tills.connect("loyverse", {"S-1": "dok-noord", "dok-nord": "dok-noord"}, api=False)

        async def one_is_left() -> bool:
            return [each["place"] for each in await shown()] == ["b7c0a1"]

        await eventually(one_is_left, why="what is mapped by now is no question")
