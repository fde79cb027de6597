"""Who may ring something up for whom: the trial's story, and somebody who presses the till meanwhile."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from rules.loader import load_merchant
from stamgast.demo.account import Account
from stamgast.demo.people import regular
from stamgast.demo.shop import ShopError
from stamgast.demo.till import PRODUCTS, NothingToRefundError, Regular, Till

BREAD, COFFEE = PRODUCTS["bread"], PRODUCTS["coffee"]


class Shop:
    """Takes what is handed in, or refuses it once."""

    merchant = "bakkerij-noord"

    def __init__(self) -> None:
        self.taken: list[dict] = []
        self.refuses = False

    async def send(self, purchases):
        if self.refuses:
            raise ShopError("503")
        self.taken.extend(purchases)


@pytest.fixture
def till() -> Till:
    program = load_merchant("config/merchants/bakkerij-noord").program
    still: Any = SimpleNamespace(still=asyncio.Lock(), now=lambda: 890_000_000_000)
    shop: Any = Shop()
    till = Till(shop, program, Account(), still)
    till.regulars.append(Regular(regular(0), "customer-0"))
    return till


async def test_the_story_buys_nothing_more_for_whom_somebody_serves(till):
    (who,) = till.regulars
    assert await till.play(who, COFFEE) is not None
    await till.serve(who, BREAD)
    assert await till.play(who, COFFEE) is None
    await till.take_back(who, who.last.id)
    assert [each["line_items"][0].get("sku", "refund") for each in till.shop.taken] == ["coffee", "bread", "refund"]
    assert till.shop.taken[2]["transaction_id"] == till.shop.taken[1]["transaction_id"]


async def test_a_coffee_that_came_in_between_is_not_taken_back_for_the_bread_that_was_read(till):
    (who,) = till.regulars
    read = await till.play(who, BREAD)
    await till.play(who, COFFEE)
    with pytest.raises(NothingToRefundError):
        await till.take_back(who, read.id)
    assert len(till.shop.taken) == 2


async def test_a_receipt_is_taken_back_once(till):
    (who,) = till.regulars
    await till.serve(who, BREAD)
    await till.take_back(who, who.last.id)
    with pytest.raises(NothingToRefundError):
        await till.take_back(who, who.last.id)
    assert till.account.taken_back == 1


async def test_a_refund_that_the_engine_did_not_take_can_be_pressed_again(till):
    (who,) = till.regulars
    await till.serve(who, BREAD)
    till.shop.refuses = True
    with pytest.raises(ShopError):
        await till.take_back(who, who.last.id)
    till.shop.refuses = False
    await till.take_back(who, who.last.id)
    assert till.account.taken_back == 1
