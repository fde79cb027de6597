"""Pages of one customer's purchases and vouchers: each entry once, newest first, whatever is added meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from stamgast.domain.apart import encode_apart
from stamgast.domain.customer import Apart, Card, Customer, Voucher
from stamgast.domain.ledger import Entry, encode_entry, field_of
from stamgast.people.pages import Asked, BadCursorError, Place, purchases_page, read_cursor, vouchers_page, write_cursor
from tests.builders import program


class Hashes:
    """A Redis with one hash, told in pieces as HSCAN does: now and then one field twice."""

    def __init__(self, at_once: int = 1_000) -> None:
        self.fields: dict[bytes, bytes] = {}
        self.at_once = at_once
        self.asked: set[str] = set()

    async def call(self, word: str, key: str, cursor: bytes, *_: Any) -> list[Any]:
        assert word == "HSCAN"
        self.asked.add(key)
        begin = int(cursor)
        names = list(self.fields)[max(0, begin - 1) : begin + self.at_once]
        end = begin + self.at_once
        flat = [each for name in names for each in (name, self.fields[name])]
        return [b"0" if end >= len(self.fields) else str(end).encode(), flat]


def state(**more: Any) -> Any:
    async def read() -> Customer:
        return Customer(cards={"bread": Card()}, **more)

    return read


def bought(hashes: Hashes, number: int, day: int, **more: Any) -> None:
    name = f"till1:{number}"
    hashes.fields[field_of(name)] = encode_entry(Entry(day, 350, 199, stamps={"bread": 1}, **more), ["bread"])


async def pages_of(hashes: Hashes, limit: int, meanwhile: Any = None) -> list[list[dict[str, Any]]]:
    found, after = [], None
    while True:
        page = await purchases_page(hashes, "l", state(), Asked(limit, after))  # type: ignore[arg-type]
        found.append(page.items)
        if page.next is None:
            return found
        after = read_cursor(page.next)
        if meanwhile is not None:
            meanwhile()


@pytest.mark.parametrize("limit", [1, 7, 199, 200])
async def test_every_purchase_is_on_one_page_the_newest_first(limit: int):
    hashes = Hashes(at_once=10)
    for number in range(200):
        bought(hashes, number, 20_000 + number // 3)
    pages = await pages_of(hashes, limit)
    assert {len(each) for each in pages[:-1]} <= {limit}
    shown = [each for page in pages for each in page]
    assert sorted(each["purchase"] for each in shown) == sorted(name.hex() for name in hashes.fields)
    days = [each["day"] for each in shown]
    assert days == sorted(days, reverse=True)
    assert shown[0]["stamps"] == {"bread": 1}
    assert hashes.asked == {"l"}, "nothing is read of anybody else"


async def test_what_is_bought_between_two_pages_moves_nothing():
    hashes = Hashes()
    for number in range(9):
        bought(hashes, number, 20_000 + number)
    before = {name.hex() for name in hashes.fields}
    numbers = iter(range(100, 200))
    pages = await pages_of(hashes, 2, lambda: bought(hashes, next(numbers), 30_000))
    shown = [each["purchase"] for page in pages for each in page]
    assert sorted(shown) == sorted(before)


async def test_a_hundred_thousand_purchases_are_read_a_piece_at_a_time():
    hashes = Hashes()
    for number in range(100_000):
        bought(hashes, number, number % 5_000)
    page = await purchases_page(hashes, "l", state(), Asked(3))  # type: ignore[arg-type]
    assert [each["day"] for each in page.items] == ["1983-09-09"] * 3
    assert page.next


async def test_what_waits_for_a_person_counts_for_nothing_yet():
    hashes = Hashes()
    bought(hashes, 1, 20_000, held=b"x")
    bought(hashes, 2, 20_001, counts=0)
    page = await purchases_page(hashes, "l", state(), Asked())  # type: ignore[arg-type]
    assert [(each["counts"], each["waits_for_review"]) for each in page.items] == [(False, False), (False, True)]


def voucher(number: int) -> Voucher:
    return Voucher(f"0-{number:016}", "free_loaf", "open", 1_000 * number, 2_000_000_000_000, "card:bread:1", "")


async def test_vouchers_at_hand_and_apart_are_one_list():
    hashes = Hashes(at_once=2)
    bought(hashes, 1, 20_000)
    for number in range(10):
        hashes.fields[b"v%010d" % number] = encode_apart([voucher(2 * number), voucher(2 * number + 1)])
    known = state(vouchers=[voucher(number) for number in range(20, 25)], apart=Apart(count=20))
    after, codes = None, []
    while True:
        page = await vouchers_page(hashes, "l", known, program(), Asked(4, after))  # type: ignore[arg-type]
        codes += [each["code"] for each in page.items]
        if page.next is None:
            break
        assert "0-0" not in str(read_cursor(page.next)), "whoever knows a code can redeem it"
        after = read_cursor(page.next)
    assert codes == [voucher(number).code for number in reversed(range(25))]


@pytest.mark.parametrize("text", ["", "2", "x" * 300, "MTox\n", "Onh5", "MTo", "ééé", "MDE6YQ", "LTA6YQ"])
def test_a_cursor_that_nobody_gave_out_is_none(text: str):
    with pytest.raises(BadCursorError):
        read_cursor(text)


def test_a_cursor_is_read_as_it_was_written():
    for place in (Place(20_000, "ab" * 8), Place(-1, "a"), Place(1_700_000_000_000, "0")):
        assert read_cursor(write_cursor(place)) == place
