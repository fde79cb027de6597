"""The connections in force, as web and workers hold them."""

import pytest

from stamgast.pos.connections import Connection
from stamgast.state.views import NotLoadedError
from stamgast.tills.record import (
    CursorRecord,
    Name,
    connection_key,
    cursor_key,
    encode_connection,
    encode_cursor,
    record_of,
)
from stamgast.tills.table import ConnectionTable
from tests.builders import sure
from tests.fakes.records import LogRecord

FRONT, BACK = Name("m1", "front"), Name("m1", "back")


def connected(name: Name, system: str = "kassa", *, at: int = 1) -> LogRecord:
    record = record_of(Connection(name.merchant, name.connection, system), at)
    return LogRecord(0, encode_connection(record), connection_key(name))


async def loaded(*records: LogRecord) -> ConnectionTable:
    table = ConnectionTable()
    await table.apply(records, {})
    await table.open()
    return table


async def test_the_only_connection_to_a_system_is_found_without_its_name():
    table = await loaded(connected(FRONT), connected(BACK, "other"), connected(Name("m2", "front")))
    assert sure(table.find("m1", "kassa")).name == "front"
    assert sure(table.find("m1", "other", "back")).name == "back"
    assert table.find("m1", "kassa", "back") is None
    assert table.find("m3", "kassa") is None
    two = await loaded(connected(FRONT), connected(BACK))
    assert two.find("m1", "kassa") is None
    assert [each.name for each in two.all()] == ["back", "front"]


async def test_the_newest_record_counts_and_an_empty_one_ends_it():
    table = await loaded(connected(FRONT), connected(FRONT, "other", at=2))
    assert [each.system for each in table.all("m1")] == ["other"]
    await table.apply([LogRecord(0, None, connection_key(FRONT))], {})
    assert table.all() == []


async def test_what_is_nothing_of_ours_or_under_anothers_name_is_no_connection():
    foreign = connected(Name("m2", "front"))
    table = await loaded(
        LogRecord(0, b"{", connection_key(FRONT)),
        LogRecord(0, foreign.value, connection_key(BACK)),
        LogRecord(0, b"x", b"something"),
        LogRecord(0, b"x", None),
    )
    assert table.all() == []


async def test_a_cursor_stands_beside_its_connection():
    table = await loaded(connected(FRONT), LogRecord(0, encode_cursor(CursorRecord("5", 7)), cursor_key(FRONT)))
    assert sure(table.cursor(FRONT)).cursor == "5"
    assert table.cursor(BACK) is None
    assert len(table.all()) == 1


async def test_nobody_is_answered_while_it_is_being_read():
    table = ConnectionTable()
    with pytest.raises(NotLoadedError):
        table.find("m1", "kassa")
