"""The keys that are in force, as a web process holds them."""

from typing import Any

from stamgast.api_keys.model import ApiKey, encode_key
from stamgast.api_keys.table import ApiKeyTable
from tests.builders import MERCHANT
from tests.fakes.records import LogRecord


async def test_a_revoked_key_takes_no_room():
    table = ApiKeyTable()

    def record(revoked_at: int) -> Any:
        key = ApiKey("id", MERCHANT, ("read",), "digest", 1, revoked_at)
        return LogRecord(0, encode_key(key), b"id")

    await table.apply([record(0)], {})
    assert len(table._keys) == 1
    await table.apply([record(2)], {})
    assert table._keys == {}


async def test_a_revoked_key_stays_so_whoever_appends_its_older_record_again():
    table, key = ApiKeyTable(), ApiKey("id", MERCHANT, ("read",), "digest", 1)
    revoked = ApiKey("id", MERCHANT, ("read",), "digest", 1, 2)

    for each in (key, revoked, key):
        record: Any = LogRecord(0, encode_key(each), b"id")
        await table.apply([record], {})

    assert table._keys == {}
