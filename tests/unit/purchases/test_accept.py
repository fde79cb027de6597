"""A batch is taken item by item, whatever is wrong with one of them."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from stamgast.identity.joining import Resolved
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Refused, read_purchases
from stamgast.purchases.accept import accept, take_in_together
from tests.builders import ANNA, T0, line, program, refund, snapshot
from tests.fakes.people import lately

SALE = snapshot("1", store="shop", lines=[line("1", 700)])
BACK = snapshot("2", store="shop", lines=[line("1", 350)]) | {
    "transaction_link": {"relation": "return_of", "transaction_id": "1", "business_day_date": "2026-10-01"}
}


class Register:
    """Knows Anna, and no transaction."""

    async def resolve_many(self, merchant: str, references: Any, at: int, last_heard: Any) -> list[Resolved]:
        return [Resolved(ANNA) for _ in references]

    async def unknown(self, merchant: str, customers: Any) -> frozenset[str]:
        return frozenset(customers) - {ANNA}

    def unseal(self, merchant: str, sealed: str) -> Any:
        raise AssertionError

    @contextmanager
    def asking(self, merchant: str, names: Any) -> Iterator[Any]:
        self.asked = list(names)
        yield self

    async def answer(self) -> dict[str, Any]:
        return {}


class SlowRegister(Register):
    """Tells of transactions when it is let to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.told = asyncio.Event()

    async def answer(self) -> dict[str, Any]:
        await self.told.wait()
        return {}


async def taken(*batch: Any) -> Any:
    """What became of it, and how many records were appended."""
    appended: list[Any] = []

    async def append(topic: str, records: Any) -> list[int]:
        appended.extend(records)
        return [0 for _ in records]

    shop = program(transaction_scope="store_day")
    items = read_purchases(json.dumps(batch).encode())
    return await accept(Register(), Register(), append, "p", items, program=shop, at=T0, last_heard=lately), len(
        appended
    )


async def test_a_refund_that_does_not_say_of_which_sale_it_is_holds_up_nothing_else():
    accepted, records = await taken(SALE, refund("1"), BACK)
    first, wrong, last = accepted.outcomes
    assert (first.customer, last.customer, records) == (ANNA, ANNA, 3), "a return is two records"
    assert isinstance(wrong, Refused)
    assert [each["pointer"] for each in wrong.problems] == ["/1/sale/retail_store_id", "/1/sale/business_day_date"]
    assert wrong.named["transaction_id"] == first.received.purchase.transaction_id == "1", "as the till calls it"


async def test_where_nothing_can_be_taken_all_of_the_places_are_told():
    with pytest.raises(RefusedError) as refused:
        await taken(refund("1"), "text")
    assert [each["pointer"] for each in refused.value.problems][-1] == "/1"


async def test_what_came_at_the_same_time_is_appended_at_once_and_each_hears_of_its_own_alone():
    appended: list[Any] = []

    async def append(topic: str, records: Any) -> list[int]:
        appended.append([json.loads(value) for _, value in records])
        return [0 for _ in records]

    shop = program(transaction_scope="store_day")
    strange = snapshot("7", store="elsewhere", lines=[line("1", 700)])
    groups = [read_purchases(json.dumps(batch).encode()) for batch in ([SALE], [strange, refund("1")], [refund("2")])]
    told = take_in_together(Register(), Register(), append, "p", groups, program=shop, at=T0, last_heard=lately)
    plain, odd, refused = await told
    [records] = appended
    assert [each["data"]["transaction_id"].rpartition(":")[2] for each in records] == ["1", "7"]
    assert ["stamgastwarnings" in each for each in records] == [False, True]
    assert [len(each.taken) for each in (plain, odd, refused)] == [1, 1, 0]
    assert (plain.doubts, [each.kind for each in odd.doubts], refused.doubts) == ([], ["unknown_store"], [])
    assert isinstance(odd.outcomes[1], Refused)
    assert isinstance(refused.outcomes[0], Refused)
    nothing = take_in_together(
        Register(), Register(), append, "p", groups[2:] * 2, program=shop, at=T0, last_heard=lately
    )
    assert [len(each.outcomes) for each in await nothing] == [1, 1]
    assert len(appended) == 1, "where nothing can be taken nothing is appended"


async def test_what_is_known_is_asked_before_a_sale_is_appended_and_nothing_waits_for_the_answer():
    register = SlowRegister()

    async def append(topic: str, records: Any) -> list[int]:
        assert register.asked == ["1", "2"], "by the worker's own words for it the answer would be of this sale itself"
        register.told.set()
        return [0 for _ in records]

    items = read_purchases(json.dumps([SALE, snapshot("2", store="shop", lines=[line("1", 350)])]).encode())
    told = accept(register, register, append, "p", items, program=program(), at=T0, last_heard=lately)
    assert len((await asyncio.wait_for(told, 60)).taken) == 2
