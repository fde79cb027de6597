"""A card that counts money counts what was paid: what a discount line took off again earns nothing."""

from typing import Any

import pytest

from stamgast.domain.earning import entry_for
from stamgast.domain.net_purchase import net
from stamgast.domain.purchase_record import decode_record
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Transaction
from tests.builders import T0, card, line, program, record, snapshot, sure

ANY = card("any", 9, per="amount", amount=1000)
BREAD = card("bread", 9, per="amount", amount=1000, categories=["bread"])
RYE = card("rye", 9, per="amount", amount=1000, products=["RYE"])


def earned(*lines: dict[str, Any], gross: int | None = None) -> list[int]:
    """Stamps of the three cards."""
    transaction = Transaction()
    data = snapshot(lines=lines) if gross is None else snapshot(lines=lines, gross=gross)
    merge(transaction, decode_record(record(data, T0)[1]).data, T0)
    stamps = entry_for(sure(net(transaction)), program(ANY, BREAD, RYE)).stamps
    return [stamps.get(name, 0) for name in ("any", "bread", "rye")]


def bread(gross: int, **more: Any) -> dict[str, Any]:
    return line("1", gross, category="bread", sku="RYE", **more)


@pytest.mark.parametrize(
    ("off", "wanted"),
    [
        (line("2", -200), [0, 0, 0]),
        (line("2", -200, kind="fee"), [0, 0, 0]),
        (line("2", -200, "-1", kind="return"), [0, 0, 0]),
        (line("2", -200, kind="reward", category="bread", sku="RYE"), [0, 0, 0]),
        (line("2", -200, category="cheese", sku="GOUDA"), [0, 1, 1]),
        (line("2", -200, sku="DISCOUNT"), [0, 0, 0]),
        (line("2", -25, "-1", kind="deposit"), [1, 1, 1]),
    ],
    ids=[
        "a discount",
        "as a fee",
        "a return",
        "of the card's goods",
        "of other goods",
        "as a product",
        "a deposit back",
    ],
)
def test_ten_euros_of_which_something_was_taken_off_again_are_not_ten_euros(off: dict[str, Any], wanted: list[int]):
    assert earned(bread(1_000)) == [1, 1, 1]
    assert earned(bread(1_000), off) == wanted
    assert earned(off, bread(1_000)) == wanted


def test_a_discount_on_the_whole_receipt_is_taken_off_in_proportion():
    cheese = line("3", 1_000, category="cheese", sku="GOUDA")
    assert earned(bread(1_000), cheese, line("2", -200)) == [1, 0, 0]
    assert earned(bread(1_100), cheese, line("2", -190)) == [1, 1, 1]


def test_a_discount_that_stands_in_no_line_is_in_the_total_alone():
    assert earned(bread(1_000), gross=800) == [0, 1, 1]


def test_a_return_of_more_than_was_bought_earns_nothing():
    assert earned(bread(1_000), line("2", -1_500, "-1", kind="return")) == [0, 0, 0]
