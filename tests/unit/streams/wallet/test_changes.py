"""Whom the topics say to look at: each once, of what a card shows and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka import TopicPartition

from stamgast.domain.told import Line, Told, encode_line
from streams.wallet.changes import Change, Who, batch_of

SHOP, NOOR = "bakkerij-noord", "cnoor"


@dataclass
class Record:
    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    partition: int = 1


def line(offset: int, at: int, kind: str = Told.STAMPS, customer: str = NOOR) -> Record:
    said = Line(kind=kind, became="x", merchant=SHOP, customer=customer, at=at)
    return Record("facts.v1", offset, f"{SHOP}:{customer}".encode(), encode_line(said))


def person(offset: int, letter: str) -> Record:
    return Record("identities.v1", offset, f"{SHOP}:{letter}:{NOOR}".encode(), b"{}")


def test_many_lines_of_one_customer_are_one_look_at_the_newest():
    batch = batch_of([line(7, 10), line(8, 30, Told.VOUCHER), line(9, 20, Told.BY_HAND)], "identities.v1")
    assert batch.changed == {Who(SHOP, NOOR): Change(at=30)}
    assert batch.reached == {TopicPartition("facts.v1", 1): 10}


def test_what_no_card_shows_is_read_past():
    lines = [line(number, 10, kind) for number, kind in enumerate((Told.DECISION, Told.BUDGET, Told.SEGMENT))]
    rubbish = [Record("facts.v1", 3, None, b"{"), Record("facts.v1", 4, b"\xff", b'{"kind":"stamps"}')]
    batch = batch_of([*lines, *rubbish], "identities.v1")
    assert (batch.changed, batch.reached) == ({}, {TopicPartition("facts.v1", 1): 5})


def test_a_revoked_card_another_language_and_a_new_device_are_looked_at_anyway():
    for letter in "cpw":
        found = batch_of([person(1, letter), line(2, 30)], "identities.v1").changed
        assert found == {Who(SHOP, NOOR): Change(at=30, anyway=True)}
    others = [person(1, "a"), person(2, "d"), Record("identities.v1", 3, b"odd", b"{}")]
    assert batch_of(others, "identities.v1").changed == {}
