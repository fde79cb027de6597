"""A list of millions of receipts is read through in little memory; those that stand in more than one place are found."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from stamgast.lists.mapping import Mapping
from stamgast.lists.runs import Runs
from stamgast.lists.survey import survey


@given(st.lists(st.sampled_from("abcdef"), max_size=30))
def test_what_begins_again_after_another_one_is_broken(names: list[str]):
    runs, begun, broken = Runs(), list[str](), set[str]()
    for at, name in enumerate(names):
        runs.add(name)
        if at == 0 or names[at - 1] != name:
            (broken.add if name in begun else begun.append)(name)
    assert runs.broken() == {hash(name) for name in broken}


def test_a_receipt_takes_eight_bytes_and_not_a_hundred():
    runs, many = Runs(), 200_000
    tracemalloc.start()
    for number in range(many):
        runs.add(f"R{number}")
    broken = runs.broken()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not broken
    assert peak < 20 * many


def test_rows_of_scattered_receipts_are_counted_each_and_blank_ones_are_none(sheet):
    rows = ["a;1", "a;1", "b;1", "a;1", ";1", "c;1", ";1", "b;1", "d;1"]
    content = "transaction;amount;date\n" + "".join(f"{row};2025-10-13\n" for row in rows)
    assert survey(sheet(content), Mapping()).scattered == {"a": 3, "b": 2}
